//! The errors of this crate.

use std::path::PathBuf;

use interplay_curriculum::CurriculumError;
use interplay_environment::EnvironmentError;
use interplay_graph::settings::Issues;
use interplay_model::ModelError;
use interplay_tokenizer::TokenizerError;

/// Why a stage could not start, resume or finish.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The settings of a stage are invalid; every problem is listed.
    #[error("stage `{stage}` cannot run:{issues}")]
    InvalidSpec {
        /// The stage's name.
        stage: String,
        /// Everything that is wrong with them.
        issues: Issues,
    },
    /// A sequence is longer than a row of the batch.
    #[error(
        "a sequence of {length} tokens does not fit in rows of {row_tokens}; expected a larger \
         `row_tokens` or shorter samples"
    )]
    SequenceTooLong {
        /// The sequence's tokens.
        length: usize,
        /// Tokens per row.
        row_tokens: usize,
    },
    /// Example after example does not fit in a row of the batch.
    #[error(
        "none of the {examples} examples from index {first} on fits in rows of {row_tokens} tokens \
         (the shortest needs {shortest}); expected a larger `row_tokens` or an easier mixture"
    )]
    NothingFits {
        /// How many examples were tried.
        examples: u64,
        /// The index of the first of them.
        first: u64,
        /// What the shortest of them needs, in tokens.
        shortest: usize,
        /// Tokens per row.
        row_tokens: usize,
    },
    /// The folder that a stage starts from holds another model than the stage's.
    #[error(
        "{}: its model is another than the stage's: {differences}; expected a folder with the stage's \
         model, or a stage with the folder's configuration",
        path.display()
    )]
    OtherModel {
        /// The folder.
        path: PathBuf,
        /// The keys that differ.
        differences: String,
    },
    /// An environment paid for a completion with something that is no number.
    #[error(
        "environment `{environment}`: the reward of a completion of example {example} is {reward}; \
         expected finite reward components"
    )]
    Reward {
        /// The environment's name.
        environment: String,
        /// The example's id.
        example: u64,
        /// What was paid.
        reward: f64,
    },
    /// The loss or the gradient is no longer finite.
    #[error(
        "stage `{stage}`: {quantity} is {value} at step {step}; the last good checkpoint is \
         {checkpoint}; start another run with a lower learning rate or clipping norm"
    )]
    NotFinite {
        /// The stage's name.
        stage: String,
        /// The name of the number.
        quantity: &'static str,
        /// Its value.
        value: f64,
        /// The step, from 0.
        step: u64,
        /// The last good checkpoint, or that there is none.
        checkpoint: String,
    },
    /// A file could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// Read, write, rename, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A checkpoint or a finished stage is damaged.
    #[error("{}: {reason}; restore it from a copy", path.display())]
    BadCheckpoint {
        /// The checkpoint's folder or file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A checkpoint or a finished stage is in the folder, but of another stage.
    #[error(
        "{}: it was made with key {found}, expected {expected}: the spec, the seed or the device has \
         changed; undo the change or choose another folder",
        path.display()
    )]
    OtherStage {
        /// The checkpoint's folder or file.
        path: PathBuf,
        /// Its key.
        found: String,
        /// The key of the stage that was started.
        expected: String,
    },
    /// A file of a stage was written by another version of the program.
    #[error(
        "{}: {reason}; it was written by another version of interplay: finish the stage with that \
         version or choose another folder",
        path.display()
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A replica stopped or could not be reached.
    #[error(
        "{worker}: {reason}; repair it or remove it from the list of devices, then start the run \
         again: it resumes from its last checkpoint"
    )]
    Worker {
        /// The device or the worker.
        worker: String,
        /// What happened.
        reason: String,
    },
    /// A file could not be written whole.
    #[error(transparent)]
    File(#[from] interplay_files::FileError),
    /// From the environment that gives the examples.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// From the curriculum that picks the examples.
    #[error(transparent)]
    Curriculum(CurriculumError),
    /// From the tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// From the model.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl From<CurriculumError> for TrainError {
    fn from(error: CurriculumError) -> Self {
        match error {
            CurriculumError::Environment(error) => Self::Environment(error),
            error => Self::Curriculum(error),
        }
    }
}

impl TrainError {
    /// For `map_err` on file operations.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }
}
