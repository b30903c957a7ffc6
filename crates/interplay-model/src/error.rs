//! The errors of this crate.
//!
//! Configurations, folders on disk and sampling requests come from users and from other programs. If one is wrong, an
//! [`enum@ModelError`] tells what was read, where, what was expected, and what to do.

use std::path::{Path, PathBuf};

use crate::precision::Precision;

/// A problem with one field of a [`ModelConfig`](crate::ModelConfig).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The field, by its name in `config.json`.
    pub field: &'static str,
    /// The value that was found.
    pub found: String,
    /// The values that are accepted.
    pub expected: String,
}

impl std::fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            field,
            found,
            expected,
        } = self;
        write!(f, "`{field}` is {found}, expected {expected}")
    }
}

/// The errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// A configuration from which no decoder can be built.
    #[error("the model configuration cannot be used: {}", list(problems))]
    InvalidConfig {
        /// Every problem that was found.
        problems: Vec<ConfigProblem>,
    },
    /// Document starts that do not describe rows of tokens.
    #[error(
        "document starts at row {row}, token {token}: found start {found}, expected neither more than the token's \
         own index nor less than the start before it; pass, for each token, the index of its document's first \
         token within the row"
    )]
    InvalidSegments {
        /// The row of the batch.
        row: usize,
        /// The token within the row.
        token: usize,
        /// The start that was given.
        found: u32,
    },
    /// A key and value cache that cannot hold even one sequence.
    #[error(
        "a sequence of {tokens} tokens takes {needed} bytes in the key and value cache, but max_cache_bytes allows \
         {limit}; raise max_cache_bytes or lower max_new_tokens"
    )]
    CacheTooSmall {
        /// Tokens of the longest prompt plus all new tokens but the last.
        tokens: usize,
        /// Bytes that they take.
        needed: u64,
        /// Bytes that are allowed.
        limit: u64,
    },
    /// A precision in which the backend does not compute.
    #[error(
        "the backend `{backend}` does not compute in precision `{precision}`; use `float32` or another device"
    )]
    UnsupportedPrecision {
        /// The precision that was requested.
        precision: Precision,
        /// The name of the backend.
        backend: String,
    },
    /// Subtree ends that are not those of trees in depth-first order.
    #[error(
        "subtree ends at row {row}, token {token}: found end {found}, expected more than the token's index and at \
         most {limit}, where the row or a token that this one continues ends; pass the tokens of each tree in \
         depth-first order"
    )]
    InvalidBranches {
        /// The row of the batch.
        row: usize,
        /// The token within the row.
        token: usize,
        /// The end that was given.
        found: u32,
        /// The largest possible end.
        limit: u32,
    },
    /// A list of the wrong length.
    #[error("{what}: found {found} entries, expected {expected}")]
    WrongLength {
        /// What was counted.
        what: &'static str,
        /// The number that was found.
        found: usize,
        /// The number that was expected.
        expected: usize,
    },
    /// An empty prompt.
    #[error(
        "request {request}: the prompt is empty, expected at least one token (for example [BOS])"
    )]
    EmptyPrompt {
        /// Index of the request.
        request: usize,
    },
    /// A prompt that leaves no room for the continuation.
    #[error(
        "request {request}: a prompt of {prompt} tokens and up to {max_new_tokens} new ones exceed the \
         model's context of {context}; shorten the prompt, lower max_new_tokens or raise \
         max_position_embeddings"
    )]
    PromptTooLong {
        /// Index of the request.
        request: usize,
        /// Tokens of the prompt.
        prompt: usize,
        /// Maximum number of new tokens.
        max_new_tokens: usize,
        /// `max_position_embeddings` of the model.
        context: usize,
    },
    /// A token outside the vocabulary.
    #[error(
        "request {request}: token {token} at index {index} is outside the vocabulary of {vocab_size}; \
         encode the prompt with the tokenizer that belongs to this model"
    )]
    UnknownToken {
        /// Index of the request.
        request: usize,
        /// Index within the prompt.
        index: usize,
        /// The token.
        token: u32,
        /// Size of the model's vocabulary.
        vocab_size: usize,
    },
    /// A sampling setting outside its range.
    #[error("sampling setting `{field}` is {found}, expected {expected}")]
    InvalidSampling {
        /// The setting.
        field: &'static str,
        /// The value that was found.
        found: String,
        /// The values that are accepted.
        expected: String,
    },
    /// Logits that are not finite.
    #[error(
        "request {request}, new token {step}: the model's logits are not finite; a training step has probably \
         diverged, go back to an earlier checkpoint"
    )]
    NonFiniteLogits {
        /// Index of the request.
        request: usize,
        /// Number of tokens that were sampled before.
        step: usize,
    },
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A JSON file with unexpected content.
    #[error("{}: line {}, column {}: {source}", path.display(), source.line(), source.column())]
    Json {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: serde_json::Error,
    },
    /// A `config.json` of a model that this crate cannot run.
    #[error(
        "{}: `{field}` is {found}, expected {expected}; this crate runs LlamaForCausalLM and Qwen2ForCausalLM folders",
        path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The field, with the name of the object that holds it: `rope_scaling.rope_type`.
        field: String,
        /// The value that was found.
        found: String,
        /// The values that are accepted.
        expected: String,
    },
    /// A folder without weights in a known format.
    #[error(
        "{}: found neither model.safetensors nor model.safetensors.index.json; either a save was interrupted, or \
         the weights are in another format: save them as safetensors with `transformers`",
        path.display()
    )]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// An index that names a shard outside its folder.
    #[error(
        "{}: the shard \"{shard}\" is not the plain name of a file beside the index; shards outside the folder \
         are not read",
        path.display()
    )]
    ShardOutside {
        /// The index.
        path: PathBuf,
        /// The name of the shard.
        shard: String,
    },
    /// A missing shard.
    #[error(
        "{}: the shard \"{shard}\" with {tensors} of the tensors is not in the folder; the copy or download is \
         incomplete, fetch the file or copy the folder again",
        path.display()
    )]
    MissingShard {
        /// The index.
        path: PathBuf,
        /// The missing file.
        shard: String,
        /// Number of tensors that it should hold.
        tensors: usize,
    },
    /// A tensor that is not in the file that the index names.
    #[error(
        "{}: tensor `{name}` should be in {} by the index, but is in {}; the index and the shards belong to \
         different models, copy or save the folder again",
        path.display(),
        listed.as_deref().unwrap_or("no file"),
        found.as_deref().unwrap_or("none of the shards")
    )]
    MisplacedTensor {
        /// The index.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// The file that the index names, if it lists the tensor.
        listed: Option<String>,
        /// The file that holds the tensor, if any.
        found: Option<String>,
    },
    /// A tensor that is stored in two files.
    #[error(
        "tensor `{name}` is both in {} and in {}, expected one of them; remove the shards of other models, or save \
         the folder again",
        first.display(),
        second.display()
    )]
    DuplicateTensor {
        /// Name of the tensor.
        name: String,
        /// The first file that holds it.
        first: PathBuf,
        /// The second file that holds it.
        second: PathBuf,
    },
    /// A folder that changed while it was read.
    #[error("{}: the folder was written to while it was being read; read it again", path.display())]
    ChangedWhileReading {
        /// The file that changed.
        path: PathBuf,
    },
    /// A tokenizer that does not fit the model.
    #[error(
        "the tokenizer has {tokenizer} entries, but `vocab_size` of the model is {model}, expected at least 1 and at \
         most as many; use the tokenizer.json with which the model was trained"
    )]
    VocabularyMismatch {
        /// Entries of the tokenizer.
        tokenizer: usize,
        /// `vocab_size` of the model.
        model: usize,
    },
    /// A damaged tensor file.
    #[error(
        "{}: not a complete safetensors file ({source}); copy or save the folder again",
        path.display()
    )]
    DamagedTensors {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: safetensors::SafeTensorError,
    },
    /// A missing tensor.
    #[error(
        "{}: tensor `{name}` is missing (expected shape {expected:?}); either config.json belongs to another model, \
         or the save was incomplete",
        path.display()
    )]
    MissingTensor {
        /// The file or folder.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// The expected shape.
        expected: Vec<usize>,
    },
    /// A tensor that the architecture does not have.
    #[error(
        "{}: tensor `{name}` is not part of the model that config.json describes; check num_hidden_layers and \
         tie_word_embeddings",
        path.display()
    )]
    ExtraTensor {
        /// The file or folder.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
    },
    /// A tensor of the wrong shape.
    #[error(
        "{}: tensor `{name}` has shape {found:?}, expected {expected:?} by config.json",
        path.display()
    )]
    WrongShape {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// The shape that was found.
        found: Vec<usize>,
        /// The shape that config.json asks for.
        expected: Vec<usize>,
    },
    /// A tensor whose element type is not a supported floating-point type.
    #[error("{}: tensor `{name}` has elements of type {found}, expected F32, F16 or BF16", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// The element type that was found.
        found: String,
    },
    /// Data that could not be read from the device.
    #[error("cannot read {what} from the device: {reason}")]
    Device {
        /// What was read.
        what: &'static str,
        /// The message of the backend.
        reason: String,
    },
}

impl ModelError {
    /// Makes an error of a file or folder out of a failed `action`.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path: path.clone(),
            source,
        }
    }
}

fn list(problems: &[ConfigProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
