//! The metrics of a step.
//!
//! Source: names and definitions are TRL 1.16's where it has them (`reward`, `frac_reward_zero_std`,
//! `completions/*`, `clip_ratio/*`, `kl`, `entropy`, `sampling/*`), verl's `ppo_kl` and `advantages/*`.
//!
//! Deviations: rewards, lengths and shares are those of all groups that were sampled, dropped ones
//! included; `kl`, `entropy`, `ppo_kl` and clip ratios are means over the tokens that were trained on. A
//! mean over nothing is `null`, and so are clip ratios of a surrogate that does not clip. `sampling/*`,
//! `rollout_corr/*` and `training/rollout_probs_diff_*` compare sampler and trainer where they are the same
//! policy; later drift is `ppo_kl`. With `old_log_probs = "rollout"` that is the first minibatch only, with
//! "trainer" the whole batch. `kl` with `kl_in_reward` is the mean over all kept completions, filtered and masked
//! ones included. `advantages/*` are those before `credit`. `cispo_clip_ratio` counts both bounds, TRL's the upper
//! one, which is all that it has.

use std::collections::{BTreeMap, BTreeSet};

use interplay_objectives::loss::Surrogate;

use super::batch::Batch;
use super::rollout::{Group, Rollout};
use super::update::Totals;
use crate::metrics::Metric;

/// The inputs of a step's metrics.
pub(crate) struct StepNumbers<'a> {
    pub batch: &'a Batch,
    pub totals: &'a Totals,
    /// Advantages of the completions that were kept.
    pub advantages: &'a [f64],
    pub lr: f64,
    pub kl_coefficient: f64,
    pub surrogate: Surrogate,
    /// The mean divergence from the reference, in nats a token.
    pub kl_nats: f64,
    /// The ops of the curriculum's band.
    pub band: Option<Vec<u64>>,
    /// Examples that the curriculum passed over so far.
    pub passed_over: u64,
}

impl StepNumbers<'_> {
    /// All metrics, in a fixed order.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut metrics = Vec::new();
        self.rewards(&mut metrics);
        self.groups(&mut metrics);
        self.lengths(&mut metrics);
        self.policy(&mut metrics);
        self.amounts(&mut metrics);
        metrics
    }

    fn rollouts(&self) -> impl Iterator<Item = &Rollout> + Clone {
        self.batch.sampled().flat_map(|group| &group.rollouts)
    }

    fn rewards(&self, metrics: &mut Vec<Metric>) {
        let rollouts = self.rollouts();
        let (mean, std) = mean_and_std(rollouts.clone().map(|one| one.reward));
        metrics.push(("reward".into(), mean));
        metrics.push(("reward_std".into(), std));
        let mut components: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        for component in rollouts.clone().flat_map(|one| &one.score.components) {
            components
                .entry(&component.name)
                .or_default()
                .push(component.value);
        }
        for (name, values) in components {
            let (mean, std) = mean_and_std(values.into_iter());
            metrics.push((format!("rewards/{name}/mean").into(), mean));
            metrics.push((format!("rewards/{name}/std").into(), std));
        }
        let share = |holds: fn(&Rollout) -> bool| share(rollouts.clone(), holds);
        metrics.push(("verified".into(), share(|one| one.score.accepted)));
        metrics.push((
            "answer_correct".into(),
            share(|one| one.score.answer_correct),
        ));
        metrics.push(("reward_hacking".into(), share(right_by_wrong_steps)));
        let ops: BTreeSet<u32> = self.batch.sampled().filter_map(op).collect();
        for wanted in ops {
            let groups = self
                .batch
                .sampled()
                .filter(|group| op(group) == Some(wanted));
            let members = groups.flat_map(|group| &group.rollouts);
            let (mean, _) = mean_and_std(members.clone().map(|one| one.reward));
            metrics.push((format!("reward/op_{wanted}").into(), mean));
            let hacked = self::share(members, right_by_wrong_steps);
            metrics.push((format!("reward_hacking/op_{wanted}").into(), hacked));
        }
    }

    fn groups(&self, metrics: &mut Vec<Metric>) {
        let groups = self.batch.sampled();
        let count = groups.clone().count() as f64;
        let of = |holds: &dyn Fn(&Group) -> bool| {
            groups.clone().filter(|group| holds(group)).count() as f64 / count
        };
        let all =
            |group: &Group, solved: bool| group.rollouts.iter().all(|one| one.solved == solved);
        metrics.push(("frac_reward_zero_std".into(), of(&Group::has_zero_std)));
        let right = of(&|group| group.has_zero_std() && all(group, true));
        metrics.push(("frac_reward_zero_std/all_right".into(), right));
        let wrong = of(&|group| group.has_zero_std() && all(group, false));
        metrics.push(("frac_reward_zero_std/all_wrong".into(), wrong));
        let batch = self.batch;
        metrics.push(("groups/sampled".into(), count));
        metrics.push(("groups/kept".into(), batch.kept.len() as f64));
        metrics.push(("groups/dropped".into(), batch.dropped.len() as f64));
        metrics.push(("groups/surplus".into(), batch.surplus.len() as f64));
    }

    fn lengths(&self, metrics: &mut Vec<Metric>) {
        let rollouts = self.rollouts();
        let lengths = |stopped_only: bool| {
            let counted = rollouts
                .clone()
                .filter(move |one| one.stopped || !stopped_only);
            counted.map(|one| one.len() as f64)
        };
        for (name, terminated) in [("length", false), ("terminated_length", true)] {
            let (mean, _) = mean_and_std(lengths(terminated));
            metrics.push((format!("completions/mean_{name}").into(), mean));
            let least = lengths(terminated).fold(f64::INFINITY, f64::min);
            metrics.push((format!("completions/min_{name}").into(), least));
            let most = lengths(terminated).fold(f64::NEG_INFINITY, f64::max);
            metrics.push((format!("completions/max_{name}").into(), most));
        }
        let clipped = share(rollouts, |one| !one.stopped);
        metrics.push(("completions/clipped_ratio".into(), clipped));
    }

    fn policy(&self, metrics: &mut Vec<Metric>) {
        let updates = self.totals.updates as f64;
        let stats = &self.totals.stats.loss;
        metrics.push(("loss".into(), self.totals.loss / updates));
        metrics.push(("grad_norm".into(), self.totals.norm / updates));
        metrics.push(("kl".into(), self.kl_nats));
        metrics.push(("kl_coefficient".into(), self.kl_coefficient));
        metrics.push(("entropy".into(), stats.mean(stats.entropy)));
        metrics.push(("ppo_kl".into(), stats.mean(stats.ppo_kl)));
        self.clipping(metrics);
        self.mismatch(metrics);
        let advantages = self.advantages.iter().copied();
        let least = advantages.clone().fold(f64::INFINITY, f64::min);
        metrics.push(("advantages/min".into(), least));
        let most = advantages.fold(f64::NEG_INFINITY, f64::max);
        metrics.push(("advantages/max".into(), most));
        metrics.push(("lr".into(), self.lr));
    }

    /// The shares of tokens out of bounds. With a surrogate that takes no gradient from them `clip_ratio/*` is not
    /// a number; CISPO, which limits their weights, has a metric of its own.
    fn clipping(&self, metrics: &mut Vec<Metric>) {
        let stats = &self.totals.stats.loss;
        let (low, high) = (stats.clipped_low, stats.clipped_high);
        for (name, count) in [
            ("clip_ratio/low_mean", low),
            ("clip_ratio/high_mean", high),
            ("clip_ratio/region_mean", low + high),
            ("clip_ratio/dual_mean", stats.clipped_dual),
        ] {
            let share = match self.surrogate.clips() {
                true => stats.mean(count as f64),
                false => f64::NAN,
            };
            metrics.push((name.into(), share));
        }
        if self.surrogate == Surrogate::Cispo {
            let share = stats.mean((low + high) as f64);
            metrics.push(("cispo_clip_ratio".into(), share));
        }
    }

    fn mismatch(&self, metrics: &mut Vec<Metric>) {
        let found = &self.totals.stats.mismatch;
        let difference = "sampling/sampling_logp_difference";
        metrics.extend([
            (
                format!("{difference}/mean").into(),
                found.mean(found.difference),
            ),
            (
                format!("{difference}/max").into(),
                found.most(found.difference_max),
            ),
        ]);
        for (name, value) in [
            ("rollout_corr/kl", found.mean(found.kl)),
            ("rollout_corr/k3_kl", found.mean(found.k3_kl)),
            ("rollout_corr/chi2_token", found.mean(found.chi2)),
            (
                "training/rollout_probs_diff_mean",
                found.mean(found.probability),
            ),
            (
                "training/rollout_probs_diff_max",
                found.most(found.probability_max),
            ),
        ] {
            metrics.push((name.into(), value));
        }
    }

    fn amounts(&self, metrics: &mut Vec<Metric>) {
        let tokens =
            |groups: &[Group]| -> f64 { groups.iter().map(Group::tokens).sum::<u64>() as f64 };
        let batch = self.batch;
        let dropped = tokens(&batch.dropped) + tokens(&batch.surplus);
        metrics.push(("tokens/sampled".into(), tokens(&batch.kept) + dropped));
        metrics.push(("tokens/dropped".into(), dropped));
        metrics.push(("tokens/trained".into(), self.totals.trained_tokens as f64));
        if let Some(band) = &self.band {
            metrics.push(("curriculum/cells".into(), band.len() as f64));
            let end = |cell: Option<&u64>| cell.map_or(f64::NAN, |cell| *cell as f64);
            metrics.push(("curriculum/lowest".into(), end(band.first())));
            metrics.push(("curriculum/highest".into(), end(band.last())));
            metrics.push(("curriculum/passed_over".into(), self.passed_over as f64));
        }
    }
}

fn op(group: &Group) -> Option<u32> {
    group.example.labels.op
}

/// The right answer, and steps that do not verify.
fn right_by_wrong_steps(rollout: &Rollout) -> bool {
    rollout.score.answer_correct && !rollout.score.accepted
}

fn share<'a>(rollouts: impl Iterator<Item = &'a Rollout>, holds: fn(&Rollout) -> bool) -> f64 {
    let flags = rollouts.map(|one| f64::from(u8::from(holds(one))));
    mean_and_std(flags).0
}

/// The mean and the sample standard deviation; NaN where they do not exist.
fn mean_and_std(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (count - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::rollout::fixtures::group;
    use super::*;

    fn numbers<'a>(batch: &'a Batch, totals: &'a Totals) -> StepNumbers<'a> {
        StepNumbers {
            batch,
            totals,
            advantages: &[0.5, -0.5],
            lr: 1e-3,
            kl_coefficient: 0.0,
            surrogate: Surrogate::Clip,
            kl_nats: f64::NAN,
            band: None,
            passed_over: 0,
        }
    }

    fn found(numbers: &StepNumbers<'_>) -> BTreeMap<String, f64> {
        let metrics = numbers.metrics().into_iter();
        metrics
            .map(|(name, value)| (name.into_owned(), value))
            .collect()
    }

    fn metrics(batch: &Batch) -> BTreeMap<String, f64> {
        found(&numbers(batch, &Totals::default()))
    }

    #[test]
    fn rewards_and_groups_by_hand() {
        let mut batch = Batch {
            kept: vec![group(0, &[1.0, 0.0])],
            dropped: vec![group(1, &[1.0, 1.0]), group(2, &[0.0, 0.0])],
            ..Batch::default()
        };
        // One right answer by wrong steps, and one that never ended.
        batch.kept[0].rollouts[0].score.accepted = false;
        batch.kept[0].rollouts[1].stopped = false;
        let found = metrics(&batch);
        assert_eq!(found["reward"], 0.5);
        assert!((found["reward_std"] - (1.5f64 / 5.0).sqrt()).abs() < 1e-12);
        assert_eq!(found["reward_hacking"], 1.0 / 6.0);
        assert_eq!(found["reward_hacking/op_2"], 1.0 / 6.0);
        assert_eq!(found["frac_reward_zero_std"], 2.0 / 3.0);
        assert_eq!(found["frac_reward_zero_std/all_right"], 1.0 / 3.0);
        assert_eq!(found["completions/clipped_ratio"], 1.0 / 6.0);
        assert_eq!(
            (found["tokens/sampled"], found["tokens/dropped"]),
            (18.0, 12.0)
        );
        assert_eq!(
            (found["advantages/min"], found["advantages/max"]),
            (-0.5, 0.5)
        );
    }

    #[test]
    fn clip_ratios_are_those_of_surrogates_that_clip() {
        let batch = Batch::default();
        let mut totals = Totals::default();
        totals.stats.loss.tokens = 4;
        (
            totals.stats.loss.clipped_low,
            totals.stats.loss.clipped_high,
        ) = (1, 2);
        let of = |surrogate| {
            let numbers = StepNumbers {
                surrogate,
                ..numbers(&batch, &totals)
            };
            found(&numbers)
        };
        let clip = of(Surrogate::Clip);
        assert_eq!(clip["clip_ratio/high_mean"], 0.5);
        assert!(!clip.contains_key("cispo_clip_ratio"));
        let cispo = of(Surrogate::Cispo);
        assert_eq!(cispo["cispo_clip_ratio"], 0.75);
        assert!(cispo["clip_ratio/high_mean"].is_nan());
        for surrogate in [Surrogate::None, Surrogate::Reinforce] {
            assert!(of(surrogate)["clip_ratio/region_mean"].is_nan());
        }
    }

    #[test]
    fn what_does_not_exist_is_not_a_number() {
        let found = metrics(&Batch {
            dropped: vec![group(1, &[0.0, 0.0])],
            ..Batch::default()
        });
        for name in [
            "kl",
            "entropy",
            "ppo_kl",
            "loss",
            "sampling/sampling_logp_difference/mean",
        ] {
            assert!(found[name].is_nan(), "{name} is {}", found[name]);
        }
    }
}
