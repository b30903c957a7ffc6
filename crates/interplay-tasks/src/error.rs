//! What can be wrong with a spec, a context, a problem or a file of samples.

use std::path::PathBuf;

use interplay_graph::GraphError;
use interplay_graph::settings::Issues;

/// Why problems could not be made, written or read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A task spec that cannot be drawn from.
    #[error("the task spec cannot be used:{issues}")]
    Spec {
        /// Everything that is wrong with it.
        issues: Issues,
    },
    /// A task spec that is not valid TOML or has unknown keys.
    #[error("task spec {origin} cannot be read: {source}")]
    SpecSyntax {
        /// Where it was read.
        origin: String,
        /// What the parser says, with line and key.
        source: Box<toml::de::Error>,
    },
    /// A context whose words cannot be used.
    #[error("context `{context}` from {origin} cannot be used:{issues}")]
    Context {
        /// The context's id.
        context: String,
        /// Where it was read.
        origin: String,
        /// Everything that is wrong with it.
        issues: Issues,
    },
    /// A context file that is not valid TOML or has unknown keys.
    #[error("context file {origin} cannot be read: {source}")]
    ContextSyntax {
        /// Where it was read.
        origin: String,
        /// What the parser says, with line and key.
        source: Box<toml::de::Error>,
    },
    /// A library has no context of this name.
    #[error("context `{name}` is not known; known are {known}; load it from its file first")]
    UnknownContext {
        /// The name that was asked for.
        name: String,
        /// The ids and aliases of the library.
        known: String,
    },
    /// Two contexts of one library share an id or an alias.
    #[error("context name `{name}` is taken by context `{taken_by}`; choose another id or alias")]
    ContextNameTaken {
        /// The shared name.
        name: String,
        /// The context that has it already.
        taken_by: String,
    },
    /// No published mixture has this name.
    #[error("preset `{name}` is not known; known are {known}")]
    UnknownPreset {
        /// The name that was asked for.
        name: String,
        /// The names of all presets.
        known: String,
    },
    /// A published mixture whose shares do not sum to one.
    #[error(
        "the shares of preset `{name}` sum to {sum:.4} as published, not to 1; set `normalise = \
         true` to divide each by the sum, or choose another preset"
    )]
    PresetSum {
        /// The name of the preset.
        name: String,
        /// The sum of its shares.
        sum: f64,
    },
    /// An entry of a mixture that says something twice or not at all.
    #[error("`mixture[{place}].{field}` {fault}; each entry needs an op and a context, once")]
    MixtureEntry {
        /// The place of the entry.
        place: usize,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The bounds of the spec leave no room for a problem of this difficulty.
    #[error(
        "problem {index}: no problem of op {op} found with values in 1..={max_value} after {tries} \
         tries; raise `max_value`, `definitions.sum` or `definitions.difference`, or ask for a \
         smaller op"
    )]
    NoRoom {
        /// The index that was asked for.
        index: u64,
        /// The difficulty that was asked for.
        op: u32,
        /// The largest value allowed.
        max_value: i64,
        /// How many attempts were made.
        tries: u32,
    },
    /// A graph that cannot be built or evaluated.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A file that cannot be opened, read or written.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of a JSONL file that is not a sample.
    #[error(
        "{path}, line {line}: not a sample ({source}); expected one JSON object a line with the \
         fields problem, question, solution, op, id, template, mode, length, d"
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// The texts of a sample do not tell a whole problem.
    #[error("sample {id} cannot be read back into a graph: {source}")]
    ReadBack {
        /// The sample's id.
        id: u64,
        /// What is wrong with its texts.
        source: GraphError,
    },
    /// A shard that does not exist.
    #[error("shard `{found}`: expected `i/n` with i from 0 to n - 1, for instance 0/4 to 3/4")]
    Shard {
        /// What was read.
        found: String,
    },
    /// Shares of a split that are not shares.
    #[error(
        "split {shares:?}: expected shares of training, validation and test from 0 to 1 that sum \
         to one"
    )]
    Shares {
        /// What was read.
        shares: [f64; 3],
    },
    /// A split by text.
    #[error(
        "a split cannot go by text, since the same problem in other words would be in another \
         part; split by graph or by shape"
    )]
    SplitByText,
    /// A resumable file that could not be written to its end.
    #[error(
        "cannot write {path}: {source}; what is written so far is kept in {partial}: make room and \
         run it again to go on, or remove that file"
    )]
    Unfinished {
        /// The file that is not there yet.
        path: PathBuf,
        /// Where the data lie.
        partial: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}
