//! Keys: hashes of everything that determines a stage's output.
//!
//! Two stages with the same key have the same output, so that a finished stage is not run again
//! and one of another experiment is not taken for it.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Changes whenever the same inputs would give another output.
const FORMAT: &str = "interplay/stage/v1";

/// The key of a value that can be written as JSON; 16 hexadecimal digits.
pub(crate) fn key(parts: &impl Serialize) -> String {
    let text = serde_json::to_string(parts).unwrap_or_default();
    let mut hash = Sha256::new();
    hash.update(FORMAT);
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(text);
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_inputs_apart() {
        assert_eq!(key(&("a", 1)), key(&("a", 1)));
        assert_ne!(key(&("a", 1)), key(&("a", 2)));
        assert_eq!(key(&"a").len(), 16);
    }
}
