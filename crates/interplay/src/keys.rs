//! Keys: hashes of everything that determines a result.
//!
//! Two stages with the same key have the same output. So a finished stage is not run again, and a
//! stage of another experiment is not mistaken for it.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::InterplayError;

/// Changes whenever the same inputs would give another output.
const FORMAT: &str = "interplay/stage/v2";

/// The key of a value as 16 hexadecimal digits; `what` names the value in errors.
///
/// # Errors
/// [`InterplayError::Key`] if the value cannot be written as JSON. Without this error, all such
/// values would share one key.
pub(crate) fn key(what: &'static str, parts: &impl Serialize) -> Result<String, InterplayError> {
    let text =
        serde_json::to_string(parts).map_err(|source| InterplayError::Key { what, source })?;
    let mut hash = Sha256::new();
    hash.update(FORMAT);
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(text);
    let digits = hash.finalize();
    let digits = digits.iter().take(8).map(|byte| format!("{byte:02x}"));
    Ok(digits.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_inputs_apart() {
        let key = |parts: (&str, u32)| key("a test", &parts).unwrap();
        assert_eq!(key(("a", 1)), key(("a", 1)));
        assert_ne!(key(("a", 1)), key(("a", 2)));
        assert_eq!(key(("a", 1)).len(), 16);
    }

    #[test]
    fn a_value_that_cannot_be_written_has_no_key() {
        let unwritable = std::collections::BTreeMap::from([([1, 2], 3)]);
        let error = key("a test", &unwritable).unwrap_err().to_string();
        assert!(
            error.starts_with("no key can be made of a test: "),
            "{error}"
        );
    }
}
