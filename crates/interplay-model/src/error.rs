//! Everything that can go wrong in this crate that is not a mistake of the calling programmer.
//!
//! Configurations, folders on disk and sampling requests come from people and from other programs, so
//! they give an [`enum@ModelError`] that says what was read, where, what was expected and what to do.

use std::path::PathBuf;

/// One thing that is wrong with a [`ModelConfig`](crate::ModelConfig).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// The field, by its name in `config.json`.
    pub field: &'static str,
    /// The value that was found.
    pub found: String,
    /// What the value has to be.
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
    /// A configuration that no decoder can be built from; every problem is listed.
    #[error("the model configuration cannot be used: {}", list(problems))]
    InvalidConfig {
        /// Every problem that was found.
        problems: Vec<ConfigProblem>,
    },
    /// Document starts that do not describe rows of tokens.
    #[error(
        "document starts at row {row}, token {token}: found start {found}, expected a value that is \
         not above the token's own place and not below the start before it; give each token the place \
         of its document's first token within the row"
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
        "a sequence of {tokens} tokens takes {needed} bytes in the key and value cache, of which \
         max_cache_bytes allows {limit}; raise it, or ask for fewer new tokens"
    )]
    CacheTooSmall {
        /// Tokens of the longest prompt with all its new tokens but the last.
        tokens: usize,
        /// What they take.
        needed: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A precision that the backend does not compute in.
    #[error(
        "precision `{precision}`: the backend `{backend}` does not compute in it; take `float32` or another \
         device"
    )]
    UnsupportedPrecision {
        /// What was asked for.
        precision: crate::Precision,
        /// The backend's own name.
        backend: String,
    },
    /// Subtree ends that are not those of trees in depth-first order.
    #[error(
        "subtree ends at row {row}, token {token}: found end {found}, expected a place behind the token \
         and not behind {limit}, where the row or what the token goes on from ends; give the tokens of each \
         tree in depth-first order"
    )]
    InvalidBranches {
        /// The row of the batch.
        row: usize,
        /// The token within the row.
        token: usize,
        /// The end that was given.
        found: u32,
        /// The largest end that is possible.
        limit: u32,
    },
    /// A list whose length does not fit its rows.
    #[error("{what}: found {found} entries, expected {expected}")]
    WrongLength {
        /// What was counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A prompt that is empty.
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
        /// New tokens that were asked for.
        max_new_tokens: usize,
        /// `max_position_embeddings` of the model.
        context: usize,
    },
    /// A token that the vocabulary does not hold.
    #[error(
        "request {request}: token {token} at place {place} is outside the vocabulary of {vocab_size}; \
         encode the prompt with the tokenizer that belongs to this model"
    )]
    UnknownToken {
        /// Index of the request.
        request: usize,
        /// Place within the prompt.
        place: usize,
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
        /// What it has to be.
        expected: &'static str,
    },
    /// Logits that are not finite, so that nothing can be sampled from them.
    #[error(
        "request {request}, new token {step}: the model's logits are not finite; the weights are \
         probably damaged by a diverged training step, go back to an earlier checkpoint"
    )]
    NonFiniteLogits {
        /// Index of the request.
        request: usize,
        /// How many tokens had been sampled before.
        step: usize,
    },
    /// A file or folder that could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// A JSON file that does not hold what it should.
    #[error("{}: line {}, column {}: {source}", path.display(), source.line(), source.column())]
    Json {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: serde_json::Error,
    },
    /// A `config.json` of something that this crate cannot run.
    #[error(
        "{}: `{field}` is {found}, expected {expected}; this crate runs Qwen2ForCausalLM folders",
        path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// The value that was found.
        found: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// A folder without tensors that can be read.
    #[error(
        "{}: found neither model.safetensors nor model.safetensors.index.json; a save was interrupted, or \
         the weights are in another format: save them with `transformers` as safetensors",
        path.display()
    )]
    NoWeights {
        /// The folder.
        path: PathBuf,
    },
    /// An index that names a file which is not beside it.
    #[error(
        "{}: the shard \"{shard}\" is not the plain name of a file beside the index; shards outside the folder \
         are not read",
        path.display()
    )]
    ShardOutside {
        /// The index.
        path: PathBuf,
        /// The name that it gives.
        shard: String,
    },
    /// A shard that the index names and the folder lacks.
    #[error(
        "{}: the shard \"{shard}\" with {tensors} of the tensors is not in the folder; the copy or download \
         is incomplete, fetch the file or copy the folder again",
        path.display()
    )]
    MissingShard {
        /// The index.
        path: PathBuf,
        /// The file that is missing.
        shard: String,
        /// How many tensors it should hold.
        tensors: usize,
    },
    /// A tensor that does not lie where the index says.
    #[error(
        "{}: tensor `{name}` should be in {} by the index, but is in {}; index and shards are of different \
         models, copy or save the folder again",
        path.display(),
        listed.as_deref().unwrap_or("no file"),
        found.as_deref().unwrap_or("none of the shards")
    )]
    MisplacedTensor {
        /// The index.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// The file that the index gives, if it knows the tensor.
        listed: Option<String>,
        /// The file that holds it, if one does.
        found: Option<String>,
    },
    /// A tensor that two files hold.
    #[error(
        "tensor `{name}` is in {} and in {}, expected one of them; remove shards of other models and save the \
         folder again",
        first.display(),
        second.display()
    )]
    DuplicateTensor {
        /// Name of the tensor.
        name: String,
        /// A file that holds it.
        first: PathBuf,
        /// Another.
        second: PathBuf,
    },
    /// A folder that was written to while it was read.
    #[error("{}: the folder was written to while it was being read; read it again", path.display())]
    ChangedWhileReading {
        /// The file that was found changed.
        path: PathBuf,
    },
    /// A model and a tokenizer that do not belong together.
    #[error(
        "the tokenizer has {tokenizer} entries, but `vocab_size` of the model is {model}; use the \
         tokenizer.json with which the model was trained"
    )]
    VocabularyMismatch {
        /// Entries of the tokenizer.
        tokenizer: usize,
        /// `vocab_size` of the model.
        model: usize,
    },
    /// A tensor file that is damaged.
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
    /// A tensor that the architecture needs and the file lacks.
    #[error(
        "{}: tensor `{name}` is missing (expected shape {expected:?}); config.json and the tensors \
         do not belong together, or the save was incomplete",
        path.display()
    )]
    MissingTensor {
        /// The file or folder.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// Shape that it should have.
        expected: Vec<usize>,
    },
    /// A tensor that the architecture does not know.
    #[error(
        "{}: tensor `{name}` is not part of the model that config.json describes; check \
         num_hidden_layers and tie_word_embeddings",
        path.display()
    )]
    ExtraTensor {
        /// The file or folder.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
    },
    /// A tensor of another shape.
    #[error(
        "{}: tensor `{name}` has shape {found:?}, expected {expected:?} by config.json",
        path.display()
    )]
    WrongShape {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// Shape that was found.
        found: Vec<usize>,
        /// Shape that config.json asks for.
        expected: Vec<usize>,
    },
    /// A tensor of an element type that cannot be read as floating point.
    #[error("{}: tensor `{name}` has elements of type {found}, expected F32, F16 or BF16", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// Name of the tensor.
        name: String,
        /// Element type that was found.
        found: String,
    },
    /// Data that could not be read back from the device.
    #[error("cannot read {what} back from the device: {reason}")]
    Device {
        /// What was read.
        what: &'static str,
        /// The backend's own words.
        reason: String,
    },
}

fn list(problems: &[ConfigProblem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("; ")
}
