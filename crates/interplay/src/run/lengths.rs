//! Whether the texts of an experiment fit into its rows and its context, before anything trains.
//!
//! Lengths in tokens are known once there is a tokenizer. The hardest op of each data table is
//! measured on some hundred problems, so that a run is refused within a second and not after hours.

use interplay_model::TrainBackend;
use interplay_tokenizer::Tokenizer;

use super::runner::Runner;
use crate::error::InterplayError;
use crate::planned_stage::Stage;
use crate::problems::{Lengths, Problems, at_hardest_op, at_op};
use crate::spec::band_ops;
use crate::stage::RowHolds;

/// Number of problems that are measured.
const MEASURED: u64 = 200;

/// Problems that must fit into a number of tokens.
pub(super) struct Fit {
    /// The key that sets the limit, as messages name it.
    pub label: String,
    /// The problems.
    pub problems: Problems,
    /// What must fit.
    pub holds: RowHolds,
    /// The limit in tokens.
    pub limit: usize,
}

/// A message for each limit that is too low for its problems.
///
/// # Errors
/// Problems that cannot be drawn.
pub(super) fn validate_lengths(
    fits: &[Fit],
    tokenizer: &Tokenizer,
) -> Result<Vec<String>, InterplayError> {
    let mut issues = Vec::new();
    for fit in fits {
        let longest = longest(&fit.problems, tokenizer)?;
        let needed = match fit.holds {
            RowHolds::Sample => longest.sample,
            RowHolds::PromptAnd(new_tokens) => longest.prompt.saturating_add(new_tokens),
        };
        if needed > fit.limit {
            let (label, limit) = (&fit.label, fit.limit);
            issues.push(format!(
                "{label}: up to {needed} tokens are needed, found {limit}"
            ));
        }
    }
    Ok(issues)
}

/// The longest prompt and the longest sample among the first problems.
fn longest(problems: &Problems, tokenizer: &Tokenizer) -> Result<Lengths, InterplayError> {
    let mut longest = Lengths::default();
    for index in 0..MEASURED {
        let lengths = problems.lengths(index, tokenizer)?;
        longest.prompt = longest.prompt.max(lengths.prompt);
        longest.sample = longest.sample.max(lengths.sample);
    }
    Ok(longest)
}

impl<A: TrainBackend> Runner<'_, A> {
    /// Refuses a plan whose problems are too long for it.
    ///
    /// # Errors
    /// [`InterplayError::InvalidSpec`] with the lengths that were found.
    pub(super) fn check_lengths(&self) -> Result<(), InterplayError> {
        let mut fits = vec![self.fit_of_evaluation()?];
        for stage in &self.plan.stages {
            fits.extend(self.fit_of_stage(stage)?);
        }
        let issues = validate_lengths(&fits, self.tokenizer)?;
        if issues.is_empty() {
            return Ok(());
        }
        Err(InterplayError::InvalidSpec {
            name: self.plan.name.clone(),
            issues,
        })
    }

    fn fit_of_evaluation(&self) -> Result<Fit, InterplayError> {
        let evaluate = &self.plan.evaluate;
        let ops = band_ops(&self.plan.bands);
        let hardest = ops.into_iter().max().unwrap_or(1);
        Ok(Fit {
            label: format!("model.context_tokens, for evaluate at op {hardest}"),
            problems: self.problems(&at_op(&evaluate.data, hardest), "lengths")?,
            holds: RowHolds::PromptAnd(evaluate.max_new_tokens),
            limit: self.plan.model.context_tokens,
        })
    }

    fn fit_of_stage(&self, stage: &Stage) -> Result<Option<Fit>, InterplayError> {
        let Some(training) = stage.settings.needs().training else {
            return Ok(None);
        };
        Ok(Some(Fit {
            label: format!("stage `{}`: training.row_tokens", stage.name),
            problems: self.problems(&at_hardest_op(training.data), "lengths")?,
            holds: training.row_holds,
            limit: training.row_tokens,
        }))
    }
}

#[cfg(test)]
mod tests {
    use interplay_graph::SeedStreams;
    use interplay_tasks::ContextLibrary;
    use interplay_tokenizer::TrainerSpec;

    use super::*;
    use crate::spec::ExperimentSpec;

    #[test]
    fn limits_that_are_too_low_are_named() {
        let spec = ExperimentSpec::preset("quick").unwrap();
        let library = ContextLibrary::embedded();
        let open = || {
            let data = at_op(&spec.evaluate.data, 3);
            Problems::open(&data, &library, SeedStreams::new(1), "lengths").unwrap()
        };
        let texts: Vec<_> = (0..100).map(|i| open().text(i).unwrap()).collect();
        let tokenizer = Tokenizer::train(texts.iter(), &TrainerSpec::default()).unwrap();
        let fit = |label: &str, holds, limit| Fit {
            label: label.to_owned(),
            problems: open(),
            holds,
            limit,
        };
        let sample = longest(&open(), &tokenizer).unwrap().sample;
        let fits = [
            fit("exact", RowHolds::Sample, sample),
            fit("low", RowHolds::Sample, sample - 1),
            fit("endless", RowHolds::PromptAnd(usize::MAX), 1000),
        ];
        let issues = validate_lengths(&fits, &tokenizer).unwrap();
        let low = format!(
            "low: up to {sample} tokens are needed, found {}",
            sample - 1
        );
        assert_eq!(issues[0], low);
        assert!(issues[1].starts_with("endless: "), "{issues:?}");
        assert_eq!(issues.len(), 2);
    }
}
