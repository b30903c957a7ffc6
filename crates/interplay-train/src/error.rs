//! What can stop a stage.

use std::path::PathBuf;

use interplay_graph::GraphError;
use interplay_model::ModelError;
use interplay_tasks::TaskError;
use interplay_tokenizer::TokenizerError;
use interplay_verify::VerifyError;

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
        "a sequence of {length} tokens does not fit in rows of {row_tokens}; start another run \
         with a larger `row_tokens` or an easier mixture"
    )]
    SequenceTooLong {
        /// The sequence's tokens.
        length: usize,
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
    /// From the task generator.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// From the tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// From the model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// From the verifier.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// From the graph.
    #[error(transparent)]
    Graph(#[from] GraphError),
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
