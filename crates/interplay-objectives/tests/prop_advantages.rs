//! Properties of advantages over random groups.

use interplay_objectives::advantage::{
    AdvantageSpec, AdvantageState, Boundary, Estimator, Fade, Gate, Groups, OnFailure, PassAtK,
    ScaleRewards, Unlikeliness, ZeroSuccess, best_only, boundary_utility, group_normalized,
    leave_one_out, pass_at_k, pass_at_k_pair,
};
use proptest::prelude::*;

/// A batch of whole groups, with everything that estimators may read.
#[derive(Debug, Clone)]
struct Batch {
    size: usize,
    rewards: Vec<f64>,
    log_probs: Vec<f64>,
    lengths: Vec<usize>,
}

impl Batch {
    fn solved(&self) -> Vec<bool> {
        self.rewards.iter().map(|reward| *reward == 1.0).collect()
    }

    fn advantages(&self, spec: &AdvantageSpec) -> Vec<f64> {
        let solved = self.solved();
        let groups = self.groups(&solved);
        let mut state = AdvantageState::default();
        spec.observe(&groups, &mut state);
        spec.advantages(&groups, &state)
    }

    fn groups<'a>(&'a self, solved: &'a [bool]) -> Groups<'a> {
        Groups {
            rewards: &self.rewards,
            group_size: self.size,
            solved,
            log_probs: &self.log_probs,
            lengths: &self.lengths,
            progress: 0.0,
        }
    }

    /// The same completions, each group turned by `by`.
    fn turned(&self, by: usize) -> Self {
        fn turn<T: Clone>(values: &[T], size: usize, by: usize) -> Vec<T> {
            let mut values = values.to_vec();
            values
                .chunks_mut(size)
                .for_each(|group| group.rotate_left(by % size));
            values
        }
        Self {
            size: self.size,
            rewards: turn(&self.rewards, self.size, by),
            log_probs: turn(&self.log_probs, self.size, by),
            lengths: turn(&self.lengths, self.size, by),
        }
    }
}

fn batches(reward: impl Strategy<Value = f64> + Clone + 'static) -> impl Strategy<Value = Batch> {
    (2_usize..9, 1_usize..6).prop_flat_map(move |(size, prompts)| {
        let count = size * prompts;
        let rewards = prop::collection::vec(reward.clone(), count);
        let log_probs = prop::collection::vec(-60.0..-0.1_f64, count);
        let lengths = prop::collection::vec(1_usize..40, count);
        (rewards, log_probs, lengths).prop_map(move |(rewards, log_probs, lengths)| Batch {
            size,
            rewards,
            log_probs,
            lengths,
        })
    })
}

fn binary() -> impl Strategy<Value = Batch> {
    batches(prop_oneof![Just(0.0), Just(1.0)])
}

fn graded() -> impl Strategy<Value = Batch> {
    batches(prop_oneof![Just(0.1), Just(0.3), 0.0..1.0_f64])
}

fn of(estimator: Estimator) -> AdvantageSpec {
    AdvantageSpec {
        estimator,
        ..AdvantageSpec::default()
    }
}

/// Settings whose advantages are centered by group and zero in uniform groups.
fn centered(size: usize) -> Vec<AdvantageSpec> {
    let scaled = |scale| AdvantageSpec {
        scale_rewards: Some(scale),
        ..AdvantageSpec::default()
    };
    let mut specs = vec![
        scaled(ScaleRewards::Group),
        scaled(ScaleRewards::Batch),
        scaled(ScaleRewards::None),
        of(Estimator::Rloo),
        of(Estimator::Gpg),
    ];
    for k in 1..=size {
        specs.push(of(Estimator::PassAtK(PassAtK { k, until: 1.0 })));
    }
    specs.push(AdvantageSpec {
        focal_gamma: 1.5,
        ..AdvantageSpec::default()
    });
    specs.push(AdvantageSpec {
        unlikeliness: Some(Unlikeliness::default()),
        ..AdvantageSpec::default()
    });
    specs
}

/// Every combination that is worth checking for sense.
fn all(size: usize) -> Vec<AdvantageSpec> {
    let mut specs = centered(size);
    specs.extend([
        of(Estimator::GrpoPassk),
        of(Estimator::ReinforcePlusPlus),
        of(Estimator::ReinforcePlusPlusBaseline),
        of(Estimator::Opo),
        AdvantageSpec {
            scale_rewards: Some(ScaleRewards::None),
            fade: Some(Fade::default()),
            ..AdvantageSpec::default()
        },
        AdvantageSpec {
            gate: Some(Gate::ZeroSuccess(ZeroSuccess::default())),
            ..AdvantageSpec::default()
        },
        AdvantageSpec {
            gate: Some(Gate::Boundary(Boundary::default())),
            negative_weight: 0.5,
            ..AdvantageSpec::default()
        },
    ]);
    specs
}

fn close(left: &[f64], right: &[f64]) -> bool {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
    left.len() == right.len() && left.iter().zip(right).all(near)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_setting_is_valid_and_gives_finite_numbers(batch in binary()) {
        for spec in all(batch.size) {
            prop_assert!(spec.validate(batch.size).is_empty(), "{:?}", spec);
            let advantages = batch.advantages(&spec);
            prop_assert_eq!(advantages.len(), batch.rewards.len());
            prop_assert!(advantages.iter().all(|advantage| advantage.is_finite()), "{:?}", spec);
        }
    }

    #[test]
    fn groups_sum_to_zero(batch in binary()) {
        for spec in centered(batch.size) {
            for group in batch.advantages(&spec).chunks(batch.size) {
                let sum: f64 = group.iter().sum();
                prop_assert!(sum.abs() < 1e-9, "{:?} {}", spec, sum);
            }
        }
    }

    #[test]
    fn a_group_with_equal_rewards_has_exactly_zero(batch in graded(), level in 0.0..1.0_f64) {
        let mut batch = batch;
        batch.rewards[..batch.size].fill(level);
        let mut specs = centered(batch.size);
        specs.extend([of(Estimator::GrpoPassk), of(Estimator::Opo)]);
        for spec in specs {
            if spec.needs_binary_rewards() {
                continue;
            }
            let advantages = batch.advantages(&spec);
            prop_assert!(advantages[..batch.size].iter().all(|advantage| *advantage == 0.0));
        }
    }

    #[test]
    fn the_order_within_a_group_does_not_matter(batch in binary(), by in 1_usize..8) {
        let turned = batch.turned(by);
        for spec in all(batch.size) {
            let mut advantages = batch.advantages(&spec);
            advantages.chunks_mut(batch.size).for_each(|group| group.rotate_left(by % batch.size));
            prop_assert!(close(&turned.advantages(&spec), &advantages), "{:?}", spec);
        }
    }

    #[test]
    fn a_shift_of_all_rewards_changes_nothing(batch in graded(), shift in -2.0..2.0_f64) {
        let mut shifted = batch.clone();
        shifted.rewards.iter_mut().for_each(|reward| *reward += shift);
        let specs = [
            AdvantageSpec { scale_rewards: Some(ScaleRewards::None), ..AdvantageSpec::default() },
            of(Estimator::Rloo),
            of(Estimator::Opo),
            of(Estimator::ReinforcePlusPlus),
        ];
        for spec in specs {
            let (before, after) = (batch.advantages(&spec), shifted.advantages(&spec));
            let near = before.iter().zip(&after).all(|(a, b)| (a - b).abs() < 1e-4);
            prop_assert!(near, "{:?}", spec);
        }
    }

    #[test]
    fn the_deviation_of_the_group_makes_the_unit_of_rewards_irrelevant(
        batch in graded(),
        unit in 0.5..8.0_f64,
    ) {
        let scaled: Vec<f64> = batch.rewards.iter().map(|reward| reward * unit).collect();
        let found = |rewards: &[f64]| group_normalized(rewards, batch.size, ScaleRewards::Group, 0.0);
        prop_assert!(close(&found(&scaled), &found(&batch.rewards)));
    }

    #[test]
    fn leave_one_out_is_the_difference_to_the_others(batch in graded()) {
        let found = leave_one_out(&batch.rewards, batch.size);
        for (group, found) in batch.rewards.chunks(batch.size).zip(found.chunks(batch.size)) {
            for (index, reward) in group.iter().enumerate() {
                let others: f64 = group.iter().sum::<f64>() - reward;
                let expected = reward - others / (batch.size - 1) as f64;
                prop_assert!((found[index] - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn the_best_only_form_is_the_loss_of_leaving_one_out(batch in graded()) {
        let best = |values: &[f64]| values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let found = best_only(&batch.rewards, batch.size, ScaleRewards::None, 0.0);
        for (group, found) in batch.rewards.chunks(batch.size).zip(found.chunks(batch.size)) {
            for (index, advantage) in found.iter().enumerate() {
                let others = [&group[..index], &group[index + 1..]].concat();
                prop_assert_eq!(*advantage, best(group) - best(&others));
            }
        }
    }

    #[test]
    fn pass_at_one_is_grpo_with_the_deviation_of_a_population(batch in binary()) {
        let found = pass_at_k(&batch.rewards, batch.size, 1);
        for (group, found) in batch.rewards.chunks(batch.size).zip(found.chunks(batch.size)) {
            let mean = group.iter().sum::<f64>() / group.len() as f64;
            let deviation = (mean * (1.0 - mean)).sqrt();
            for (reward, found) in group.iter().zip(found) {
                let expected = if deviation == 0.0 { 0.0 } else { (reward - mean) / deviation };
                prop_assert!((found - expected).abs() < 1e-9);
            }
        }
    }

    #[test]
    fn pass_at_k_is_the_mean_over_all_draws(size in 2_usize..9, right in 0_usize..9, k in 1_usize..9) {
        // Every subset of k, its reward normalized over all subsets.
        let (right, k) = (right.min(size), k.min(size));
        let draws: Vec<u32> = (0..1_u32 << size).filter(|draw| draw.count_ones() as usize == k).collect();
        let reward = |draw: u32| f64::from(u8::from(draw & ((1 << right) - 1) != 0));
        let mean = draws.iter().map(|draw| reward(*draw)).sum::<f64>() / draws.len() as f64;
        let deviation = (mean * (1.0 - mean)).sqrt();
        let advantage = |index: usize| {
            let with: Vec<&u32> = draws.iter().filter(|draw| **draw >> index & 1 == 1).collect();
            let sum: f64 = with.iter().map(|draw| (reward(**draw) - mean) / deviation).sum();
            sum / with.len() as f64
        };
        let (positive, negative) = pass_at_k_pair(size, right, k);
        if deviation < 1e-9 {
            prop_assert_eq!((positive, negative), (0.0, 0.0));
        } else {
            prop_assert!((positive - advantage(0)).abs() < 1e-9);
            prop_assert!((negative - advantage(size - 1)).abs() < 1e-9);
        }
    }

    #[test]
    fn unlikeliness_never_lifts_a_wrong_one_nor_breaks_the_sign(batch in binary(), beta in 0.0..0.9_f64) {
        let solved = batch.solved();
        let spec = Unlikeliness { beta_rank: beta, ..Unlikeliness::default() };
        let rewards = spec.rewards(&batch.groups(&solved));
        for (index, (before, after)) in batch.rewards.iter().zip(&rewards).enumerate() {
            prop_assert!(after <= before && *after >= before * (1.0 - beta), "{}", index);
        }
        // The rarer of two right ones earns no less.
        let likelihood = |index: usize| batch.log_probs[index] / batch.lengths[index] as f64;
        for start in (0..rewards.len()).step_by(batch.size) {
            for a in start..start + batch.size {
                for b in start..start + batch.size {
                    if solved[a] && solved[b] && likelihood(a) < likelihood(b) {
                        prop_assert!(rewards[a] >= rewards[b]);
                    }
                }
            }
        }
    }

    #[test]
    fn gates_weigh_less_the_more_is_solved(samples in 1_usize..64, k in 1_usize..300, threshold in 0.0..0.2_f64) {
        let gate = Gate::Boundary(Boundary { k, threshold, on_failure: OnFailure::Signed });
        let weights: Vec<f64> = (0..=samples).map(|solved| gate.weight(solved, samples)).collect();
        prop_assert!(weights.windows(2).all(|pair| pair[0] >= pair[1]), "{:?}", weights);
        prop_assert!(weights.iter().all(|weight| (0.0..=1.0).contains(weight)));
        // With threshold 0 nothing is left out but by underflow, and utilities sum to n + 1.
        let sum: f64 = (0..=samples).map(|solved| boundary_utility(solved, samples, k)).sum();
        prop_assert!((sum - (samples + 1) as f64).abs() < 1e-6 * (samples + 1) as f64);
    }

    #[test]
    fn the_zero_success_gate_keeps_failures_only(batch in binary()) {
        let spec = AdvantageSpec {
            gate: Some(Gate::ZeroSuccess(ZeroSuccess::default())),
            ..AdvantageSpec::default()
        };
        let advantages = batch.advantages(&spec);
        let groups = advantages.chunks(batch.size).zip(batch.rewards.chunks(batch.size));
        for (advantages, rewards) in groups {
            let failed = rewards.iter().all(|reward| *reward == 0.0);
            let expected = if failed { -1.0 } else { 0.0 };
            prop_assert!(advantages.iter().all(|advantage| *advantage == expected));
        }
    }

    #[test]
    fn fade_stays_within_its_bounds(batch in binary(), steps in 1_usize..40) {
        let spec = AdvantageSpec {
            scale_rewards: Some(ScaleRewards::None),
            fade: Some(Fade::default()),
            ..AdvantageSpec::default()
        };
        let solved = batch.solved();
        let mut state = AdvantageState::default();
        for _ in 0..steps {
            spec.observe(&batch.groups(&solved), &mut state);
        }
        let fade = spec.fade.unwrap();
        prop_assert!((1.0..=3.0).contains(&fade.alpha(&state.fade)));
        prop_assert!((0.3..=1.0).contains(&fade.delta(&state.fade)));
        let json = serde_json::to_string(&state).unwrap();
        let back: AdvantageState = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back, state);
        // Successes keep their sign and failures theirs.
        let plain = group_normalized(&batch.rewards, batch.size, ScaleRewards::None, 0.0);
        let faded = spec.advantages(&batch.groups(&solved), &state);
        prop_assert!(plain.iter().zip(&faded).all(|(plain, faded)| plain * faded >= 0.0));
    }
}
