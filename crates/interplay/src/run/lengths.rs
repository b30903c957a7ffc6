//! Whether the texts of an experiment fit into its rows and its context, before anything trains.
//!
//! Lengths in tokens are known once there is a tokenizer. Some hundred problems of every op that a
//! stage can come to are measured, those that a calibration may choose among them. Where none fits,
//! the run is refused. Where some do not, they are left out as they come and counted, so that no run
//! ends in the middle for want of room; what was measured is said before the first stage.

use interplay_environment::{Example, Split};
use interplay_graph::settings::Issues;
use interplay_model::TrainBackend;
use interplay_tasks::Counts;
use interplay_tokenizer::Tokenizer;

use super::runner::Runner;
use crate::data::DataSpec;
use crate::error::InterplayError;
use crate::planned_stage::{Ops, Stage};
use crate::spec::band_ops;
use crate::stage::RowHolds;

/// Number of problems of each op that are measured.
const MEASURED: usize = 200;

/// Problems that must fit into a number of tokens.
pub(super) struct Fit {
    /// The key that sets the limit, as messages name it.
    pub label: String,
    /// The first problems; none where there is none of an op.
    pub examples: Vec<Example>,
    /// What must fit.
    pub holds: RowHolds,
    /// The limit in tokens.
    pub limit: usize,
}

/// What measuring found.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lengths {
    /// Limits that leave no problem.
    pub refused: Issues,
    /// Limits that leave out some.
    pub noted: Vec<String>,
}

/// Measures the first problems of each.
///
/// # Errors
/// Problems that cannot be drawn.
pub(super) fn measure(fits: &[Fit], tokenizer: &Tokenizer) -> Result<Lengths, InterplayError> {
    let mut found = Lengths::default();
    for fit in fits {
        let count = fit.examples.len();
        if count == 0 {
            let expected = "problems of this op, or other ops";
            found.refused.push(fit.label.as_str(), "none", expected);
            continue;
        }
        let (mut shortest, mut longest, mut overlong) = (usize::MAX, 0, 0);
        for example in &fit.examples {
            let needed = match fit.holds {
                RowHolds::Sample => tokenizer
                    .encode_sample(&example.prompt, &example.target)?
                    .ids
                    .len(),
                RowHolds::PromptAnd(new_tokens) => tokenizer
                    .encode_prompt(&example.prompt)?
                    .len()
                    .saturating_add(new_tokens),
            };
            (shortest, longest) = (shortest.min(needed), longest.max(needed));
            overlong += usize::from(needed > fit.limit);
        }
        let (label, limit) = (&fit.label, fit.limit);
        if overlong == count {
            let expected = format!(
                "{shortest} to {longest} tokens, which the problems need: none of {count} fits"
            );
            found.refused.push(label.as_str(), limit, expected);
        } else if overlong > 0 {
            found.noted.push(format!(
                "{label}: {overlong} of {count} problems do not fit (up to {longest} tokens, found \
                 {limit}); such problems are left out and counted"
            ));
        }
    }
    Ok(found)
}

impl<A: TrainBackend> Runner<'_, A> {
    /// Refuses a plan in which an op that a stage can come to has no problem that fits, and says
    /// where some do not.
    ///
    /// # Errors
    /// [`InterplayError::InvalidSpec`] with the lengths that were found.
    pub(super) fn check_lengths(&mut self) -> Result<(), InterplayError> {
        let evaluate = &self.plan.evaluate;
        let holds = RowHolds::PromptAnd(evaluate.max_new_tokens);
        let context = self.plan.model.context_tokens;
        let (mut fits, bands) = (Vec::new(), band_ops(&self.plan.bands));
        let label = "model.context_tokens, for evaluate";
        fits.extend(self.fits(label, &evaluate.data, &bands, Split::Test, holds, context)?);
        for stage in &self.plan.stages {
            fits.extend(self.fits_of_stage(stage)?);
        }
        let found = measure(&fits, self.tokenizer)?;
        if !found.refused.is_empty() {
            return Err(InterplayError::InvalidSpec {
                name: self.plan.name.clone(),
                issues: found.refused,
            });
        }
        for line in found.noted {
            self.progress.note(&line);
        }
        Ok(())
    }

    fn fits_of_stage(&self, stage: &Stage) -> Result<Vec<Fit>, InterplayError> {
        let needs = stage.settings.needs();
        let mut fits = Vec::new();
        if let Some(ops) = needs.measured_ops {
            let evaluate = &self.plan.evaluate;
            let label = format!("model.context_tokens, for stage.{}", stage.name);
            let holds = RowHolds::PromptAnd(evaluate.max_new_tokens);
            let (ops, limit) = (
                ops.iter().collect::<Vec<_>>(),
                self.plan.model.context_tokens,
            );
            fits.extend(self.fits(&label, &evaluate.data, &ops, Split::Test, holds, limit)?);
        }
        if let Some(training) = needs.training {
            let label = format!("stage.{}.training.row_tokens", stage.name);
            // A calibration that finds no edge leaves the stage its own ops.
            let (data, holds) = (training.data, training.row_holds);
            let limit = training.row_tokens;
            if data.is_finite() {
                let mut examples = data.open(&self.supply(), "lengths", Split::Train)?.all()?;
                examples.truncate(MEASURED);
                fits.push(Fit {
                    label: label.clone(),
                    examples,
                    holds,
                    limit,
                });
            }
            let mut ops = data.ops();
            if let Ops::AtEdgeOf(calibration) = &stage.ops {
                let calibration = &self.plan.stages[calibration.index()];
                let measured = calibration.settings.needs().measured_ops;
                ops.extend(measured.into_iter().flat_map(Counts::iter));
                ops.sort_unstable();
                ops.dedup();
            }
            fits.extend(self.fits(&label, data, &ops, Split::Train, holds, limit)?);
        }
        Ok(fits)
    }

    /// The problems of a data table at each of these ops.
    fn fits(
        &self,
        label: &str,
        data: &DataSpec,
        ops: &[u32],
        split: Split,
        holds: RowHolds,
        limit: usize,
    ) -> Result<Vec<Fit>, InterplayError> {
        let first = data.first_of(&self.supply(), split, ops, MEASURED)?;
        let fit = |(op, examples)| Fit {
            label: format!("{label} at op {op}"),
            examples,
            holds,
            limit,
        };
        Ok(first.into_iter().map(fit).collect())
    }
}

#[cfg(test)]
mod tests {
    use interplay_graph::SeedStreams;
    use interplay_tasks::ContextLibrary;
    use interplay_tokenizer::TrainerSpec;

    use super::*;
    use crate::data::Supply;
    use crate::spec::ExperimentSpec;

    #[test]
    fn limits_without_room_are_refused_and_tight_ones_noted() {
        let spec = ExperimentSpec::preset("quick").unwrap();
        let library = ContextLibrary::embedded();
        let supply = Supply {
            library: &library,
            streams: SeedStreams::new(1),
            held_out: 0.1,
        };
        let data = spec.evaluate.data.at_ops(&Counts::one(3));
        let open = || data.open(&supply, "lengths", Split::Train).unwrap();
        let texts: Vec<_> = (0..100).map(|i| open().text(i).unwrap()).collect();
        let tokenizer = Tokenizer::train(texts.iter(), &TrainerSpec::default()).unwrap();
        let ops = [3];
        let first = data.first_of(&supply, Split::Train, &ops, MEASURED);
        let examples = first.unwrap().remove(&3).unwrap();
        let length = |example: &Example| {
            let sample = tokenizer.encode_sample(&example.prompt, &example.target);
            sample.unwrap().ids.len()
        };
        let fit = |label: &str, holds, limit| Fit {
            label: label.to_owned(),
            examples: examples.clone(),
            holds,
            limit,
        };
        let longest = examples.iter().map(length).max().unwrap();
        let shortest = examples.iter().map(length).min().unwrap();
        assert!(shortest < longest);
        let fits = [
            fit("exact", RowHolds::Sample, longest),
            fit("tight", RowHolds::Sample, longest - 1),
            fit("low", RowHolds::Sample, shortest - 1),
            fit("endless", RowHolds::PromptAnd(usize::MAX), 1000),
        ];
        let found = measure(&fits, &tokenizer).unwrap();
        assert_eq!((found.refused.0.len(), found.noted.len()), (2, 1));
        assert!(found.noted[0].starts_with("tight: "), "{found:?}");
        let low =
            format!("{shortest} to {longest} tokens, which the problems need: none of 200 fits");
        assert_eq!(found.refused.0[0].expected, low);
        let keys: Vec<_> = found.refused.0.iter().map(|issue| &issue.key).collect();
        assert_eq!(keys, ["low", "endless"]);
    }
}
