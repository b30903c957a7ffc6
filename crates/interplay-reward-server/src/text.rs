//! Texts as Python treats them.

use crate::error::ItemError;

/// The bytes of a JSON string as Unicode.
pub(crate) fn unicode<'t>(bytes: &'t [u8], text: &'static str) -> Result<&'t str, ItemError> {
    std::str::from_utf8(bytes).map_err(|_| ItemError::Surrogates { text })
}

/// What Python counts as white space.
pub(crate) fn is_space(letter: char) -> bool {
    letter.is_whitespace() || ('\x1c'..='\x1f').contains(&letter)
}
