//! What can stop a stage.

use std::path::PathBuf;

use interplay_environment::EnvironmentError;
use interplay_model::ModelError;
use interplay_tokenizer::TokenizerError;

/// Why a stage could not start, go on or finish.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// The settings of a stage do not make sense; every problem is listed.
    #[error("stage `{stage}`: {}", problems.join("; "))]
    InvalidSpec {
        /// The stage's name.
        stage: String,
        /// One line for each problem, with the key, what was found and what was expected.
        problems: Vec<String>,
    },
    /// A sample does not fit in a row of the batch.
    #[error(
        "a sequence of {length} tokens does not fit in rows of {row_tokens}; expected a larger \
         `row_tokens` or shorter samples"
    )]
    SequenceTooLong {
        /// The sequence's tokens.
        length: usize,
        /// Tokens a row.
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
        /// Tokens a row.
        row_tokens: usize,
    },
    /// The loss or the gradient is no longer a number.
    #[error(
        "stage `{stage}`: {quantity} is {value} at step {step}; the last good checkpoint is \
         {checkpoint}; start another run with a lower learning rate or clipping norm"
    )]
    NotFinite {
        /// The stage's name.
        stage: String,
        /// Which number it was.
        quantity: &'static str,
        /// What it was.
        value: f64,
        /// The step, from 0.
        step: u64,
        /// Where the last good state lies, or that there is none.
        checkpoint: String,
    },
    /// A file could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// Read, write, rename, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
    /// A checkpoint is there but cannot be used.
    #[error(
        "{}: {reason}; restore it from a copy, or remove the stage's whole folder to train the \
         stage anew",
        path.display()
    )]
    BadCheckpoint {
        /// The checkpoint's folder or file.
        path: PathBuf,
        /// What was expected and found.
        reason: String,
    },
    /// A device or a worker that shares a stage's rows stopped, or was never there.
    #[error(
        "{worker}: {reason}; put it right or take it out of the list of devices, then start the \
         run again: it goes on from its last checkpoint"
    )]
    Worker {
        /// Which one.
        worker: String,
        /// What happened.
        reason: String,
    },
    /// From the environment that gives the examples.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// From the tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// From the model.
    #[error(transparent)]
    Model(#[from] ModelError),
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
