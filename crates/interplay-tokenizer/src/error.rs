//! What can be wrong with a tokenizer, its training or its file.

use std::path::PathBuf;

use interplay_files::FileError;

/// Why a tokenizer could not be trained, read, written or applied.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TokenizerError {
    /// The vocabulary has no room for the special tokens and the 256 bytes.
    #[error(
        "`vocab_size` is {found}, but the {special} special tokens and the {bytes} bytes alone \
         need {}; raise it",
        special + bytes
    )]
    VocabularyTooSmall {
        /// The requested size.
        found: usize,
        /// How many special tokens there are.
        special: usize,
        /// How many letters the byte alphabet has.
        bytes: usize,
    },
    /// The training corpus held no text.
    #[error("the tokenizer was given no text to learn from; check that the corpus is not empty")]
    EmptyCorpus,
    /// A file could not be read, or written whole.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is not a `tokenizer.json`.
    #[error("`{}` is not a valid tokenizer.json ({source}); is it complete?", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: tokenizers::Error,
    },
    /// A tokenizer lacks special tokens of the framing.
    #[error(
        "`{}` has no token {}; a tokenizer of this project needs all ten special tokens, so train \
         it with `Tokenizer::train` or add them to the file",
        path.display(),
        missing.join(", ")
    )]
    MissingSpecialTokens {
        /// The file.
        path: PathBuf,
        /// The missing tokens.
        missing: Vec<&'static str>,
    },
    /// A tokenizer is of a kind that changes texts or whose tokens cannot be read as bytes.
    #[error(
        "`{}` is not a tokenizer that keeps every byte: {found}; expected {expected}; take another \
         file or train one with `Tokenizer::train`",
        path.display()
    )]
    NotByteLevel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
    /// The crate `tokenizers` refused an operation.
    #[error("the tokenizer failed while {action}: {source}")]
    Backend {
        /// What was being done.
        action: &'static str,
        /// What the crate said.
        #[source]
        source: tokenizers::Error,
    },
}
