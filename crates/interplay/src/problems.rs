//! Data tables and the problems that they describe: the one file that knows what a problem is.
//!
//! A data table says which problems to draw. [`Problems::open`] turns it into problems; the rest of
//! the crate asks for texts, lengths and items to evaluate, by index.

use interplay_eval::{Band, EvalItem};
use interplay_graph::SeedStreams;
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Problem, TaskError, TaskSpec, framing,
};
use interplay_tokenizer::Tokenizer;

use crate::error::InterplayError;
use crate::limits::PROBLEMS_PER_OP;

/// The same data with every component at one op.
pub(crate) fn at_op(data: &TaskSpec, op: u32) -> TaskSpec {
    at_counts(data, &Counts::one(op))
}

/// The same data with every component drawing uniformly from these ops.
pub(crate) fn at_counts(data: &TaskSpec, ops: &Counts) -> TaskSpec {
    let component = |component: &Component| Component {
        op: ops.clone(),
        ..component.clone()
    };
    TaskSpec {
        mixture: data.mixture.iter().map(component).collect(),
        ..data.clone()
    }
}

/// The same data with every component drawing uniformly from these ops; `None` without any.
pub(crate) fn at_ops(data: &TaskSpec, ops: &[u32]) -> Option<TaskSpec> {
    let ops = Counts::list(ops).ok()?;
    Some(at_counts(data, &ops))
}

/// The same data at the hardest op of its mixture.
pub(crate) fn at_hardest_op(data: &TaskSpec) -> TaskSpec {
    let hardest = data
        .mixture
        .iter()
        .map(|component| component.op.max())
        .max();
    at_op(data, hardest.unwrap_or(1))
}

/// Everything that is wrong with a data table, one line each.
pub(crate) fn validate(data: &TaskSpec, library: &ContextLibrary) -> Vec<String> {
    match data.validate(library) {
        Ok(()) => Vec::new(),
        Err(TaskError::Spec { issues }) => issues.0.iter().map(ToString::to_string).collect(),
        Err(other) => vec![other.to_string()],
    }
}

/// The problems of a data table, by index.
pub(crate) struct Problems {
    dataset: Dataset,
}

/// Lengths of a problem in tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Lengths {
    /// The prompt.
    pub prompt: usize,
    /// The prompt with its solution.
    pub sample: usize,
}

impl Problems {
    /// The problems of a data table, drawn from a named stream of the run's seed.
    pub(crate) fn open(
        data: &TaskSpec,
        library: &ContextLibrary,
        streams: SeedStreams,
        stream: &str,
    ) -> Result<Self, InterplayError> {
        let dataset = Dataset::new(data.clone(), library, streams, stream)?;
        Ok(Self { dataset })
    }

    /// What trainers read.
    pub(crate) fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The whole text of a problem, from its question to its answer.
    pub(crate) fn text(&self, index: u64) -> Result<String, InterplayError> {
        Ok(framing::model_text(&self.dataset.get(index)?))
    }

    /// How long a problem is.
    pub(crate) fn lengths(
        &self,
        index: u64,
        tokenizer: &Tokenizer,
    ) -> Result<Lengths, InterplayError> {
        let problem: Problem = self.dataset.get(index)?;
        let sample = tokenizer.encode_sample(
            &problem.problem_text(),
            &problem.question_text(),
            &problem.reasoning_text(),
            &problem.answer().to_string(),
        )?;
        Ok(Lengths {
            prompt: sample.prompt_len,
            sample: sample.ids.len(),
        })
    }

    /// The problem as an item of an evaluation. `op` is that of all problems of the data.
    pub(crate) fn item(
        &self,
        index: u64,
        op: u32,
        band: Option<Band>,
    ) -> Result<EvalItem, InterplayError> {
        let problem = self.dataset.get(index)?;
        Ok(EvalItem {
            id: u64::from(op) * PROBLEMS_PER_OP + index,
            op,
            context: problem.context().id().to_owned(),
            band: band.map(|band| band.name().to_owned()),
            prompt: framing::prompt_text(&problem),
            gold: interplay_train::gold(&problem)?,
        })
    }
}
