//! Reading of a folder's JSON files.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::error::ModelError;

/// The bytes of a file, without the byte order mark that some editors put in front.
pub(super) fn read_text(path: &Path) -> Result<Vec<u8>, ModelError> {
    let mut text = std::fs::read(path).map_err(ModelError::io("read", path))?;
    if text.starts_with(b"\xef\xbb\xbf") {
        text.drain(..3);
    }
    Ok(text)
}

/// The value in the text of a file.
pub(super) fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, ModelError> {
    serde_json::from_slice(text).map_err(|source| ModelError::Json {
        path: path.to_owned(),
        source,
    })
}

/// The value in a file.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ModelError> {
    parse(path, &read_text(path)?)
}
