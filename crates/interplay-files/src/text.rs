//! Text files that a person wrote.

use std::fs;
use std::io;
use std::path::Path;

use crate::FileError;

/// Reads a text file in UTF-8, without a byte order mark at its start.
///
/// # Errors
/// A file that cannot be read or is not UTF-8.
pub fn read_text(path: impl AsRef<Path>) -> Result<String, FileError> {
    let path = path.as_ref();
    let wrong = FileError::io("read", path);
    let mut text = fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => {
            let text = "it is not text in UTF-8; convert it first";
            wrong(io::Error::new(io::ErrorKind::InvalidData, text))
        }
        _ => wrong(error),
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_is_no_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        fs::write(&path, "\u{feff}a = 1\r\n").unwrap();
        assert_eq!(read_text(&path).unwrap(), "a = 1\r\n");
        fs::write(&path, b"a = \"\xe9\"").unwrap();
        let message = read_text(&path).unwrap_err().to_string();
        assert!(
            message.contains("a.toml: it is not text in UTF-8"),
            "{message}"
        );
        assert!(read_text(folder.path().join("gone")).is_err());
    }
}
