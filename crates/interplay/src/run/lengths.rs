//! Whether the texts of an experiment fit in its rows and its context, before anything trains.
//!
//! Lengths in tokens are known once there is a tokenizer. The hardest op of each data set is
//! measured on some hundred problems, so that a run is refused in a second and not after hours.

use interplay_model::TrainBackend;
use interplay_tasks::{Dataset, Problem, TaskSpec};

use super::Workshop;
use super::evaluate::band_ops;
use crate::spec::at_op;
use crate::{InterplayError, StageSpec};

/// Problems of the hardest op that are measured.
const MEASURED: u64 = 200;

impl<A: TrainBackend> Workshop<'_, A> {
    /// Refuses an experiment whose problems are too long for it.
    ///
    /// # Errors
    /// [`InterplayError::InvalidSpec`] with the lengths that were found.
    pub(super) fn check_lengths(&self) -> Result<(), InterplayError> {
        let experiment = &self.run.plan.experiment;
        let mut problems = Vec::new();
        let mut expect = |place: String, found: usize, limit: usize| {
            if found > limit {
                problems.push(format!(
                    "{place}: up to {found} tokens are needed, found {limit}"
                ));
            }
        };
        let evaluate = &experiment.evaluate;
        let hardest = band_ops(&experiment.bands).into_iter().max().unwrap_or(1);
        let (prompt, _) = self.longest(&at_op(&evaluate.data, hardest))?;
        let context = experiment.model.context_tokens;
        let place = format!("model.context_tokens, for evaluate at op {hardest}");
        expect(place, prompt + evaluate.max_new_tokens, context);
        for stage in &experiment.stages {
            let place = format!("stage `{}`: training.row_tokens", stage.name());
            match stage {
                StageSpec::Pretrain { data, training, .. }
                | StageSpec::Midtrain { data, training, .. } => {
                    let (_, sample) = self.longest(&hardest_of(data))?;
                    expect(place, sample, training.row_tokens);
                }
                StageSpec::Grpo { data, training, .. } => {
                    let (prompt, _) = self.longest(&hardest_of(data))?;
                    expect(place, prompt + training.max_new_tokens, training.row_tokens);
                }
                StageSpec::Calibrate { .. } => {}
            }
        }
        if problems.is_empty() {
            return Ok(());
        }
        Err(InterplayError::InvalidSpec {
            name: experiment.name.clone(),
            problems,
        })
    }

    /// The longest prompt and the longest sample, in tokens.
    fn longest(&self, data: &TaskSpec) -> Result<(usize, usize), InterplayError> {
        let dataset = Dataset::new(data.clone(), &self.run.library, self.streams, "lengths")?;
        let mut longest = (0, 0);
        for index in 0..MEASURED {
            let problem: Problem = dataset.get(index)?;
            let sample = self.tokenizer.encode_sample(
                &problem.problem_text(),
                &problem.question_text(),
                &problem.reasoning_text(),
                &problem.answer().to_string(),
            )?;
            longest = (
                longest.0.max(sample.prompt_len),
                longest.1.max(sample.ids.len()),
            );
        }
        Ok(longest)
    }
}

/// The data at the hardest op of its mixture.
fn hardest_of(data: &TaskSpec) -> TaskSpec {
    let hardest = data
        .mixture
        .iter()
        .map(|component| component.op.max())
        .max();
    at_op(data, hardest.unwrap_or(1))
}
