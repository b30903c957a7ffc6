//! What can go wrong in a run, for the person who started it.

use std::path::PathBuf;

use interplay_environment::EnvironmentError;
use interplay_files::FileError;
use interplay_graph::settings::Issues;
use interplay_gsm8k::Gsm8kError;
use interplay_model::ModelError;
use interplay_tasks::TaskError;
use interplay_tokenizer::TokenizerError;
use interplay_train::TrainError;
use interplay_verify::VerifyError;

/// Why an experiment could not start, resume or finish.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum InterplayError {
    /// The device name is unknown.
    #[error("device `{found}` is unknown; expected one of flex, ndarray, cuda, cuda:INDEX")]
    UnknownDevice {
        /// The name that was given.
        found: String,
    },
    /// The device's backend is not part of this build.
    #[error("device `{device}` is not part of this build; build again with `--features {feature}`")]
    DeviceNotBuilt {
        /// The device asked for.
        device: String,
        /// The feature that builds its backend.
        feature: &'static str,
    },
    /// A completion names a problem that its experiment does not evaluate.
    #[error(
        "problem {id} is none that this experiment evaluates; was the folder made by another version?"
    )]
    UnknownProblem {
        /// The id.
        id: u64,
    },
    /// Devices that cannot share a run.
    #[error("device `{found}`: {reason}")]
    BadDevices {
        /// The device that does not fit.
        found: String,
        /// Why, and what was expected.
        reason: String,
    },
    /// The machine has no such device.
    #[error(
        "device `{device}` cannot be used: {reason}; check the driver, or choose `--device flex`"
    )]
    DeviceUnavailable {
        /// The device asked for.
        device: String,
        /// What the driver said.
        reason: String,
    },
    /// An experiment file is not valid TOML, or has an unknown key or a wrong type.
    #[error("{}: {reason}", path.display())]
    BadSpec {
        /// The file.
        path: PathBuf,
        /// Line, key and what was expected.
        reason: String,
    },
    /// An experiment cannot run; everything that is wrong is listed.
    #[error("the experiment `{name}` cannot run:{issues}")]
    InvalidSpec {
        /// The experiment's name.
        name: String,
        /// Everything that is wrong with it.
        issues: Issues,
    },
    /// Something is wrong with an experiment that was read from a file.
    #[error("{}: {source}", path.display())]
    InFile {
        /// The experiment file.
        path: PathBuf,
        /// What is wrong.
        source: Box<InterplayError>,
    },
    /// A plan file has a format that this version does not read.
    #[error(
        "{} was written by {writer}, format {found}; expected format {expected}; choose another \
         folder with --out, or resume the run with the version that began it",
        path.display()
    )]
    PlanFormat {
        /// The plan file.
        path: PathBuf,
        /// What wrote it, as far as the run folder says.
        writer: String,
        /// The format of the file.
        found: i64,
        /// The format that this version reads and writes.
        expected: i64,
    },
    /// The run folder holds another experiment.
    #[error(
        "{} holds another experiment: {difference}; choose another folder with --out, or remove \
         this one to start over",
        folder.display()
    )]
    OtherExperiment {
        /// The run folder.
        folder: PathBuf,
        /// The first line of the plan that differs.
        difference: String,
    },
    /// A file of the run cannot be used.
    #[error("{}: {reason}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What was expected and found, and what to do.
        reason: String,
    },
    /// A value that identifies a result cannot be written as JSON, so that it has no key.
    #[error("no key can be made of {what}: {source}")]
    Key {
        /// What the key is of.
        what: &'static str,
        /// What the serializer said.
        source: serde_json::Error,
    },
    /// A file could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// Read, write, rename, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written whole.
    #[error(transparent)]
    File(#[from] FileError),
    /// None of the problems of an op leaves room for a completion.
    #[error(
        "none of the held-out problems of op {op} fits; expected a larger `model.context_tokens`, a \
         smaller `max_new_tokens`, or files with such problems"
    )]
    NothingFits {
        /// The op.
        op: u32,
    },
    /// From an environment.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// From files of word problems.
    #[error(transparent)]
    Gsm8k(#[from] Gsm8kError),
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
    /// From a server that completions are drawn from.
    #[cfg(feature = "endpoint")]
    #[error(transparent)]
    Endpoint(#[from] interplay_endpoint::EndpointError),
    /// From a stage.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// From the evaluation.
    #[error("evaluation")]
    Evaluate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Another process works in the run folder.
    #[error(
        "{} is in use by another process; wait for it, or choose another folder with --out",
        folder.display()
    )]
    InUse {
        /// The run folder.
        folder: PathBuf,
    },
}

/// An error with its causes in one line, as in `what: why: why`. Causes that an earlier message
/// already contains are left out.
#[must_use]
pub fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let words = error.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = error.source();
    }
    text
}

impl InterplayError {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let cause = std::io::Error::other("the disk is full");
        let error = InterplayError::Evaluate(Box::new(cause));
        assert_eq!(with_causes(&error), "evaluation: the disk is full");
        let io = InterplayError::io("write", "x")(std::io::Error::other("the disk is full"));
        assert_eq!(with_causes(&io), "could not write x: the disk is full");
    }
}
