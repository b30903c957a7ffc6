//! `tokenizer.json` on disk.
//!
//! The file is the Hugging Face format, so the Python packages `tokenizers` and `transformers`
//! read it as well. A file is replaced whole: readers see the old one or the new one.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::error::TokenizerError;
use crate::tokenizer::Tokenizer;

impl Tokenizer {
    /// Reads a `tokenizer.json`.
    ///
    /// # Errors
    /// When the file cannot be read, is no `tokenizer.json`, lacks a special token of the framing
    /// or does not keep every byte of a text: it is not byte-level, has a normalizer, or a
    /// pre-tokenizer that adds or removes white space.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TokenizerError> {
        let path = path.as_ref();
        let json = std::fs::read_to_string(path).map_err(|source| TokenizerError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })?;
        let inner = json.parse().map_err(|source| TokenizerError::Malformed {
            path: path.to_owned(),
            source,
        })?;
        Self::from_inner(inner, json, path)
    }

    /// Writes `tokenizer.json`: first beside its place, then by a rename.
    ///
    /// A tokenizer that was loaded is written with the bytes it was read from.
    ///
    /// # Errors
    /// When the file cannot be written; an existing one is then left as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), TokenizerError> {
        let path = path.as_ref();
        let mut partial = OsString::from(path);
        partial.push(format!(".{}.partial", std::process::id()));
        let partial = Path::new(&partial);
        let fail = |action, source| TokenizerError::Io {
            action,
            path: path.to_owned(),
            source,
        };
        write_synced(partial, self.json.as_bytes())
            .map_err(|source| fail("write", source))
            .and_then(|()| std::fs::rename(partial, path).map_err(|source| fail("rename", source)))
            .inspect_err(|_| {
                // Nothing is lost if the leftover cannot be removed either.
                let _ = std::fs::remove_file(partial);
            })
    }
}

fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
