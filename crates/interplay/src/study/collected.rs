//! The results of the runs of a study, looked up by arm.

use interplay_eval::Evaluation;

use super::arm::Arm;
use super::effect::BySeed;
use super::plans::{Study, StudyRun};
use crate::results::{Results, StageResult};

/// The results of all runs of a study.
pub(super) struct Collected<'a> {
    pub(super) study: &'a Study,
    pub(super) runs: &'a [Results],
}

impl<'a> Collected<'a> {
    /// The stages of an arm, by seed.
    pub(super) fn of(&self, arm: &Arm) -> impl Iterator<Item = (u64, &'a StageResult)> {
        let runs = self.study.runs.iter().zip(self.runs);
        let (variant, name) = (arm.variant.clone(), arm.stage.clone());
        runs.filter(move |(run, _)| run.variant == variant)
            .filter_map(move |(run, results)| {
                let stage = results.stages.iter().find(|stage| stage.name == name)?;
                Some((run.plan.seed, stage))
            })
    }

    /// The run of an arm with a seed.
    pub(super) fn run(&self, arm: &Arm, seed: u64) -> Option<&'a StudyRun> {
        let mut runs = self.study.runs.iter();
        runs.find(|run| run.variant == arm.variant && run.plan.seed == seed)
    }

    /// The evaluations of an arm at a temperature, by seed.
    pub(super) fn at(&self, arm: &Arm, temperature: f64) -> BySeed<'a> {
        let found = self.of(arm).filter_map(|(seed, stage)| {
            let mut all = stage.other_temperatures.iter().chain(&stage.evaluation);
            Some((seed, all.find(|one| one.temperature == Some(temperature))?))
        });
        found.collect()
    }
}

/// The first and the last k of an evaluation, at which a study compares; one where they are the same.
pub(super) fn outer_ks(found: &Evaluation) -> Vec<u32> {
    match found.ks[..] {
        [first, .., last] if first < last => vec![first, last],
        _ => found.ks.clone(),
    }
}
