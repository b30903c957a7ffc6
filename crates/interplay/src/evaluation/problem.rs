//! One evaluated problem again, by the id that its completions have.

use interplay_environment::{Environment, Example, Score, Split};
use interplay_graph::SeedStreams;
use interplay_tasks::Counts;
use interplay_verify::Gold;

use super::setting::STREAM;
use crate::data::{Supply, stream_of_op};
use crate::error::InterplayError;
use crate::limits::PROBLEMS_PER_OP;
use crate::problems::Problems;
use crate::shown::ShownProblem;
use crate::spec::EvaluateSpec;

/// An evaluated problem with what judges it.
pub(crate) struct EvaluatedProblem {
    problems: Problems,
    example: Example,
    shown: Option<ShownProblem>,
}

/// The problem of an evaluation that has an id.
///
/// # Errors
/// Problems that cannot be drawn or read, and an id that the evaluation has not.
pub(crate) fn evaluated_problem(
    spec: &EvaluateSpec,
    supply: &Supply<'_>,
    id: u64,
) -> Result<EvaluatedProblem, InterplayError> {
    let supply = &spec.supply(supply);
    if spec.data.is_finite() {
        let problems = spec.data.open(supply, STREAM, Split::Test)?;
        let mut examples = problems.all()?.into_iter();
        let example = examples.find(|example| example.id == id);
        let example = example.ok_or(InterplayError::UnknownProblem { id })?;
        return Ok(EvaluatedProblem {
            problems,
            example,
            shown: None,
        });
    }
    let op =
        u32::try_from(id / PROBLEMS_PER_OP).map_err(|_| InterplayError::UnknownProblem { id })?;
    let data = spec.data.at_ops(&Counts::one(op));
    let problems = data.open(supply, &stream_of_op(STREAM, op), Split::Test)?;
    let index = id % PROBLEMS_PER_OP;
    let shown = match &problems {
        Problems::Dag(environment) => Some(ShownProblem::drawn(&environment.problem(index)?)),
        Problems::Gsm8k(_) => None,
    };
    Ok(EvaluatedProblem {
        example: problems.environment().example(index)?,
        problems,
        shown,
    })
}

impl EvaluatedProblem {
    /// The text that a completion continues.
    pub(crate) fn prompt(&self) -> &str {
        &self.example.prompt
    }

    /// The judgment of a completion.
    pub(crate) fn score(&self, completion: &str) -> Result<Score, InterplayError> {
        let environment: &dyn Environment = self.problems.environment();
        Ok(environment.score(&self.example, completion, 0)?)
    }

    /// The problem with its graph; none where it has none.
    pub(crate) fn shown(&self) -> Option<&ShownProblem> {
        self.shown.as_ref()
    }

    /// The name of a quantity by its number in the steps of a score.
    pub(crate) fn needed_name(&self, node: usize) -> Option<&str> {
        self.example.reference::<Gold>()?.names().nth(node)
    }
}

impl EvaluateSpec {
    /// What evaluated problems are drawn with: the evaluation's own seed, where it has one.
    pub(super) fn supply<'a>(&self, supply: &Supply<'a>) -> Supply<'a> {
        let streams = self.seed.map(SeedStreams::new);
        Supply {
            streams: streams.unwrap_or(supply.streams),
            ..*supply
        }
    }
}
