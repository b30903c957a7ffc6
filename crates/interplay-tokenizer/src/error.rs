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
    /// A `tokenizer.json` that is larger than any tokenizer.
    #[error("`{}` has {bytes} bytes, more than {limit}; is it a tokenizer.json?", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// A pre-tokenizer splits by an expression that is wrong, or that may take too much time or memory.
    #[error(
        "`{}`: the pattern of step {step} of its pre-tokenizer {problem}; expected one as in the tokenizers of Qwen2 \
         or Llama 3",
        path.display()
    )]
    Pattern {
        /// The file.
        path: PathBuf,
        /// The step, counted from one.
        step: usize,
        /// What is wrong with the pattern.
        problem: String,
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
    /// The settings beside a tokenizer are not of their format.
    #[error(
        "`{}` is not a file of settings as `transformers` writes it ({source}); write the tokenizer again with its \
         `save_pretrained`",
        path.display()
    )]
    BadSettings {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// The settings name a token that the vocabulary does not have.
    #[error(
        "`{}`: `{key}` is `{token}`, which tokenizer.json does not have; expected a token of its vocabulary",
        path.display()
    )]
    UnknownToken {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        token: String,
    },
    /// A model's settings name an end of a sequence that the vocabulary does not have.
    #[error(
        "`{}`: `eos_token_id` of config.json or generation_config.json has {id}, which tokenizer.json does not have; \
         use the tokenizer with which the model was trained",
        path.display()
    )]
    UnknownEnd {
        /// The folder.
        path: PathBuf,
        /// The identifier.
        id: u32,
    },
    /// No file tells which token ends a sequence.
    #[error(
        "`{}` does not tell which token ends a sequence; expected `eos_token` in tokenizer_config.json, or \
         `eos_token_id` in generation_config.json or config.json",
        path.display()
    )]
    NoEnd {
        /// The folder.
        path: PathBuf,
    },
    /// A post-processor adds more than one token before a text.
    #[error(
        "`{}`: its post-processor adds other tokens than one before a text; expected none, or one that opens a \
         sequence",
        path.display()
    )]
    SequenceMarks {
        /// The file.
        path: PathBuf,
    },
    /// A post-processor adds a token that the vocabulary does not have.
    #[error(
        "`{}`: its post-processor puts token {id} before a text, which its vocabulary does not have; expected one of \
         its tokens",
        path.display()
    )]
    UnknownBeginning {
        /// The file.
        path: PathBuf,
        /// The identifier.
        id: u32,
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
