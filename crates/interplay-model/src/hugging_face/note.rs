//! What a caller should know about a folder that could be read.

use std::fmt;
use std::path::PathBuf;

use serde_json::Value;

/// Something in a folder that did not keep it from being read, but that its user may not expect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LoadNote {
    /// `tie_word_embeddings` is set, but the folder holds an output layer that differs from the embedding. As in
    /// `transformers`, the stored output layer is used, and the loaded configuration says untied.
    UntiedOutput {
        /// The `config.json` that says tied.
        path: PathBuf,
    },
    /// A key of `config.json` that has no effect beside the others, such as a `factor` of the rotary type
    /// `default`.
    UnusedKey {
        /// The file.
        path: PathBuf,
        /// The key, with that of the object which holds it.
        key: String,
    },
    /// A key of `generation_config.json` that `transformers` would sample with and this crate does not implement.
    UnsupportedGeneration {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// Its value.
        value: Value,
    },
}

impl fmt::Display for LoadNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UntiedOutput { path } => write!(
                f,
                "{}: `tie_word_embeddings` is true, but `lm_head.weight` differs from the embedding; loaded \
                 untied, set it to false to silence this note",
                path.display()
            ),
            Self::UnusedKey { path, key } => {
                write!(f, "{}: `{key}` has no effect", path.display())
            }
            Self::UnsupportedGeneration { path, key, value } => write!(
                f,
                "{}: `{key}` is {value}, which sampling here does not implement; `transformers` would generate \
                 other tokens",
                path.display()
            ),
        }
    }
}
