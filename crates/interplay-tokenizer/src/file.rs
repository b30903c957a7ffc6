//! `tokenizer.json` on disk.
//!
//! The file is the Hugging Face format, so the Python packages `tokenizers` and `transformers`
//! read it as well. A file is replaced whole: readers see the old one or the new one.

use std::path::Path;

use crate::error::TokenizerError;
use crate::tokenizer::Tokenizer;

impl Tokenizer {
    /// Reads a `tokenizer.json`, with or without a byte order mark.
    ///
    /// # Errors
    /// If the file cannot be read, is not a `tokenizer.json`, lacks a special token of the framing
    /// or does not keep every byte of a text: it is not byte-level, has a normalizer, or a
    /// pre-tokenizer that adds or removes white space.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TokenizerError> {
        let path = path.as_ref();
        let json = interplay_files::read_text(path)?;
        let inner = json.parse().map_err(|source| TokenizerError::Malformed {
            path: path.to_owned(),
            source,
        })?;
        Self::from_inner(inner, json, path)
    }

    /// Writes `tokenizer.json`, whole or not at all.
    ///
    /// A tokenizer that was loaded is written with the bytes it was read from, without a byte order
    /// mark.
    ///
    /// # Errors
    /// When the file cannot be written; an existing one is then left as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), TokenizerError> {
        Ok(interplay_files::write(path, &self.json)?)
    }
}
