//! The problems of an opened data table, and what their scores have.

use interplay_dag::{DagEnvironment, RELEASED_PROCESS};
use interplay_environment::{Environment, Example};
use interplay_gsm8k::Gsm8k;
use interplay_tasks::TaskError;
use interplay_tasks::likeness::Prints;
use interplay_train::grpo::GrpoSpec;

use crate::error::InterplayError;

/// The problems of an opened data table.
pub(crate) enum Problems {
    Dag(Box<DagEnvironment>),
    Gsm8k(Box<Gsm8k>),
}

/// Parts of the scores of generated problems that take time: they are computed where something reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Extras {
    /// The component [`RELEASED_PROCESS`].
    pub released_process: bool,
    /// What each step uses.
    pub uses: bool,
}

impl Extras {
    /// Those that a trainer with these settings reads.
    pub(crate) fn of(spec: &GrpoSpec) -> Self {
        Self {
            released_process: spec.reward.reads(RELEASED_PROCESS),
            uses: spec.credit.reads_steps(),
        }
    }
}

impl Problems {
    /// What trainers and evaluators see.
    pub(crate) fn environment(&self) -> &dyn Environment {
        match self {
            Self::Dag(environment) => environment,
            Self::Gsm8k(environment) => environment,
        }
    }

    /// The example at an index with what tells it from others; none where the problem there belongs to
    /// another split after all.
    pub(crate) fn drawn(&self, index: u64) -> Result<Option<(Example, Prints)>, InterplayError> {
        match self {
            Self::Dag(environment) => match environment.problem(index) {
                Ok(problem) => {
                    let prints = Prints::of(&problem)?;
                    Ok(Some((environment.example_of(&problem)?, prints)))
                }
                Err(TaskError::NotInPart { .. }) => Ok(None),
                Err(error) => Err(error.into()),
            },
            Self::Gsm8k(environment) => {
                let example = environment.example(index)?;
                let prints = Prints::of_text(&example.prompt, "");
                Ok(Some((example, prints)))
            }
        }
    }

    /// Every example of a finite table, in the order of the indices; none of an endless one.
    pub(crate) fn all(&self) -> Result<Vec<Example>, InterplayError> {
        let environment = self.environment();
        let indices = 0..environment.num_examples().unwrap_or(0);
        let examples = indices.map(|index| Ok(environment.example(index)?));
        examples.collect()
    }

    /// What tells a problem from others.
    pub(crate) fn prints(&self, index: u64) -> Result<Prints, InterplayError> {
        Ok(match self {
            Self::Dag(environment) => Prints::of(&environment.problem(index)?)?,
            Self::Gsm8k(environment) => {
                let example = environment.example(index)?;
                Prints::of_text(&example.prompt, "")
            }
        })
    }

    /// The whole text of a problem, from its question to its answer.
    pub(crate) fn text(&self, index: u64) -> Result<String, InterplayError> {
        let example = self.environment().example(index)?;
        Ok(example.prompt + &example.target)
    }
}
