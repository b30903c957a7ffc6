//! Errors: what can be wrong with a spec, a context, a problem or a file of samples.

use std::path::PathBuf;

use interplay_files::FileError;
use interplay_graph::GraphError;
use interplay_graph::settings::Issues;

/// An error while drawing, writing or reading problems.
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
        /// The requested name.
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
        /// The requested name.
        name: String,
        /// The names of all presets.
        known: String,
    },
    /// A published mixture whose shares do not sum to one.
    #[error(
        "the shares of preset `{name}` sum to {sum:.4} as published, not to 1; set `normalize = \
         true` to divide each by the sum, or choose another preset"
    )]
    PresetSum {
        /// The name of the preset.
        name: String,
        /// The sum of its shares.
        sum: f64,
    },
    /// An entry of a mixture that sets a field twice or not at all.
    #[error("`mixture[{index}].{field}` {fault}; set op and context once in each entry")]
    MixtureEntry {
        /// The index of the entry.
        index: usize,
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
        /// The requested index.
        index: u64,
        /// The requested difficulty.
        op: u32,
        /// The largest value allowed.
        max_value: i64,
        /// The number of attempts.
        tries: u32,
    },
    /// A graph that cannot be built or evaluated.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// None of many draws gave a problem of a part of a split.
    #[error(
        "none of {draws} problems of op {op} drawn for index {index} belongs to part {part}; expected a \
         part with a larger share of the split"
    )]
    NotInPart {
        /// The index of the problem.
        index: u64,
        /// Its op.
        op: u32,
        /// The name of the part that was asked for.
        part: &'static str,
        /// How many problems were drawn.
        draws: u64,
    },
    /// A file that cannot be read or written, or a record of it that cannot be used.
    #[error(transparent)]
    File(#[from] FileError),
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
        "cannot split by text: the same problem in other words would be in another part; split by \
         graph or by shape"
    )]
    SplitByText,
    /// A resumable file that could not be completed.
    #[error(
        "cannot write {}: {source}; the data so far are kept in {}; make room and run it again to \
         resume, or remove that file", path.display(), partial.display()
    )]
    Unfinished {
        /// The file that is not there yet.
        path: PathBuf,
        /// Where the data lie.
        partial: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A resumable file that a version with another format has left unfinished.
    #[error(
        "cannot resume {}: {} is {}, expected `{expected}`; finish it with the version that \
         began it, or remove that file to start over",
        path.display(), state.display(),
        found.as_ref().map_or("of a format before its versions".to_owned(), |found| format!("`{found}`"))
    )]
    OtherFormat {
        /// The file that is not there yet.
        path: PathBuf,
        /// The file that keeps the progress.
        state: PathBuf,
        /// The format of that file, where it has one.
        found: Option<String>,
        /// The format of this version.
        expected: &'static str,
    },
}
