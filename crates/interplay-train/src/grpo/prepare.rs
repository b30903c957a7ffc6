//! What a batch's updates read, computed before the first of them: advantages and log-probabilities.

use burn::module::AutodiffModule;
use interplay_model::TrainBackend;
use interplay_objectives::advantage::{AdvantageState, Groups};
use interplay_objectives::loss::Mismatch;

use super::batch::Batch;
use super::rollout::Rollout;
use super::scoring::Scoring;
use super::update::{TokenInputs, token_advantages};
use super::{GrpoSpec, GrpoState, OldLogProbs};
use crate::TrainError;
use crate::parallel::WorkerGroup;
use crate::stage::Session;

/// What the updates of a batch read.
pub(crate) struct Prepared {
    /// The inputs of the loss for the tokens of each kept rollout.
    pub inputs: Vec<TokenInputs>,
    /// The advantage of each kept rollout, before `credit` spreads it.
    pub advantages: Vec<f64>,
    /// The mean divergence that was subtracted from the rewards, in nats a token.
    pub reward_kl: Option<f64>,
}

/// Scores the kept rollouts and computes their advantages.
pub(crate) fn prepare<A: TrainBackend>(
    session: &mut Session<'_, A>,
    workers: &WorkerGroup<A>,
    scoring: &Scoring<'_>,
    batch: &Batch,
    state: &mut GrpoState,
    mismatch: &mut Mismatch,
) -> Result<Prepared, TrainError> {
    let spec = scoring.spec;
    let rollouts = batch.kept_rollouts();
    let mut inputs: Vec<TokenInputs> = vec![TokenInputs::default(); rollouts.len()];
    let old = old_log_probs(session, workers, scoring, &rollouts, mismatch)?;
    let mut rewards: Vec<f64> = rollouts.iter().map(|rollout| rollout.reward).collect();
    let mut reward_kl = None;
    if let Some(reference) = workers.reference().filter(|_| spec.kl_in_reward) {
        let ledger = &mut session.progress.ledger;
        let count = |pass: &_| ledger.count_reference(pass);
        let device = workers.device();
        let scores = A::run_on_pool(|| scoring.of(reference, &rollouts, device, count))?;
        let coefficient = state.kl_coefficient_of(spec.kl_coefficient);
        reward_kl = Some(subtract_kl(spec, coefficient, &mut rewards, &old, &scores));
        for (inputs, scores) in inputs.iter_mut().zip(scores) {
            inputs.reference = scores;
        }
    }
    let progress = spec.middle_of(session.progress.step);
    observe(spec, batch, &mut state.advantage);
    let advantages = advantages(spec, &state.advantage, &rollouts, &rewards, progress);
    let members = batch.kept.iter().zip(advantages.chunks(spec.group_size));
    let by_token = members.flat_map(|(group, own)| token_advantages(group, own, &spec.credit));
    for (inputs, correction) in inputs.iter_mut().zip(corrections(spec, &rollouts, &old)) {
        inputs.correction = correction;
    }
    for ((inputs, by_token), old) in inputs.iter_mut().zip(by_token).zip(old) {
        inputs.advantages = by_token;
        inputs.old = old;
    }
    Ok(Prepared {
        inputs,
        advantages,
        reward_kl,
    })
}

/// The log-probabilities that ratios divide by. Where the trainer computes them, also how they differ from the
/// sampler's.
fn old_log_probs<A: TrainBackend>(
    session: &mut Session<'_, A>,
    workers: &WorkerGroup<A>,
    scoring: &Scoring<'_>,
    rollouts: &[&Rollout],
    mismatch: &mut Mismatch,
) -> Result<Vec<Vec<f32>>, TrainError> {
    if scoring.spec.old_log_probs == OldLogProbs::Rollout {
        return Ok(rollouts.iter().map(|one| one.log_probs.clone()).collect());
    }
    let policy = session.decoder().valid();
    let ledger = &mut session.progress.ledger;
    let count = |pass: &_| ledger.count_scoring(pass);
    let device = workers.device();
    let old = A::run_on_pool(|| scoring.of(&policy, rollouts, device, count))?;
    for (old, rollout) in old.iter().zip(rollouts) {
        mismatch.add(&Mismatch::of(old, &rollout.log_probs));
    }
    Ok(old)
}

/// The importance weights of every rollout's tokens, over the whole batch at once; none without a correction.
fn corrections(spec: &GrpoSpec, rollouts: &[&Rollout], old: &[Vec<f32>]) -> Vec<Vec<f32>> {
    let Some(correction) = &spec.correction else {
        return Vec::new();
    };
    let lengths: Vec<usize> = old.iter().map(Vec::len).collect();
    let drawn = rollouts
        .iter()
        .flat_map(|rollout| rollout.drawn_log_probs());
    let weights = correction.weights(&lengths, &old.concat(), &drawn.collect::<Vec<f32>>());
    let mut weights = weights.into_iter().map(|weight| weight as f32);
    let each = lengths
        .into_iter()
        .map(|length| weights.by_ref().take(length).collect());
    each.collect()
}

/// Subtracts the KL penalty from the rewards; gives the mean estimate in nats a token.
fn subtract_kl(
    spec: &GrpoSpec,
    coefficient: f64,
    rewards: &mut [f64],
    old: &[Vec<f32>],
    reference: &[Vec<f32>],
) -> f64 {
    let (mut sum, mut tokens) = (0.0, 0);
    for ((reward, old), reference) in rewards.iter_mut().zip(old).zip(reference) {
        let pairs = old.iter().zip(reference);
        let estimate = |(old, reference): (&f32, &f32)| {
            let (old, reference) = (f64::from(*old), f64::from(*reference));
            spec.kl_estimator.at(old, reference).0
        };
        let divergence: f64 = pairs.map(estimate).sum();
        *reward -= coefficient * divergence;
        sum += divergence;
        tokens += old.len();
    }
    sum / tokens as f64
}

/// Takes the step into the moving averages. They describe the policy, so every sampled group counts, those that
/// dynamic sampling dropped included.
fn observe(spec: &GrpoSpec, batch: &Batch, state: &mut AdvantageState) {
    let rollouts: Vec<&Rollout> = batch.sampled().flat_map(|group| &group.rollouts).collect();
    let facts = Facts::of(&rollouts);
    let groups = facts.groups(&[], spec.group_size, 0.0);
    spec.advantage.observe(&groups, state);
}

/// The advantage of each rollout.
fn advantages(
    spec: &GrpoSpec,
    state: &AdvantageState,
    rollouts: &[&Rollout],
    rewards: &[f64],
    progress: f64,
) -> Vec<f64> {
    let facts = Facts::of(rollouts);
    let groups = facts.groups(rewards, spec.group_size, progress);
    spec.advantage.advantages(&groups, state)
}

/// What advantages read of rollouts besides rewards.
struct Facts {
    solved: Vec<bool>,
    log_probs: Vec<f64>,
    lengths: Vec<usize>,
}

impl Facts {
    fn of(rollouts: &[&Rollout]) -> Self {
        let sum = |rollout: &&Rollout| rollout.log_probs.iter().copied().map(f64::from).sum();
        Self {
            solved: rollouts.iter().map(|rollout| rollout.solved).collect(),
            log_probs: rollouts.iter().map(sum).collect(),
            lengths: rollouts.iter().map(|rollout| rollout.len()).collect(),
        }
    }

    fn groups<'a>(&'a self, rewards: &'a [f64], group_size: usize, progress: f64) -> Groups<'a> {
        Groups {
            rewards,
            group_size,
            solved: &self.solved,
            log_probs: &self.log_probs,
            lengths: &self.lengths,
            progress,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::rollout::fixtures::group;
    use super::*;
    use crate::schedule::Schedule;

    fn spec(advantage: &str) -> GrpoSpec {
        GrpoSpec {
            group_size: 2,
            advantage: toml::from_str(advantage).unwrap(),
            ..GrpoSpec::new(2, 4, 64, 24, Schedule::new(1e-3))
        }
    }

    #[test]
    fn objectives_that_count_successes_follow_the_reward() {
        // Under `outcome`, a right answer by wrong steps earns 1 and is solved.
        let mut hacked = group(0, &[1.0, 0.0]);
        hacked.rollouts[0].score.accepted = false;
        let rollouts: Vec<&Rollout> = hacked.rollouts.iter().collect();
        let of = |settings: &str| {
            let spec = spec(settings);
            advantages(
                &spec,
                &AdvantageState::default(),
                &rollouts,
                &[1.0, 0.0],
                0.5,
            )
        };
        // The group has a success, so the gate leaves it out and pushes nothing down.
        assert_eq!(of("gate = \"zero_success\""), [0.0, 0.0]);
        // p = 1/2: the focal weight halves the advantages.
        let focal = of("scale_rewards = \"none\"\nfocal_gamma = 1.0");
        assert_eq!(focal, [0.25, -0.25]);
    }

    #[test]
    fn moving_averages_count_groups_that_were_dropped() {
        let spec = spec("scale_rewards = \"none\"\nfade = { ema = 1.0 }");
        let batch = Batch {
            kept: vec![group(0, &[1.0, 0.0])],
            dropped: vec![group(1, &[0.0, 0.0]), group(2, &[0.0, 0.0])],
            surplus: vec![group(3, &[0.0, 1.0])],
        };
        let mut state = AdvantageState::default();
        observe(&spec, &batch, &mut state);
        assert_eq!(state.fade.solve_rate, 0.25);
        assert_eq!(state.fade.entropy_nats, Some(0.5));
    }

    #[test]
    fn the_penalty_is_subtracted_from_each_reward() {
        let spec = GrpoSpec {
            kl_estimator: interplay_objectives::loss::KlEstimator::K1,
            ..spec("")
        };
        let (old, reference) = (
            [vec![-1.0, -2.0], vec![-1.0]],
            [vec![-1.5, -2.5], vec![-1.0]],
        );
        let mut rewards = [1.0, 0.0];
        let mean = subtract_kl(&spec, 0.5, &mut rewards, &old, &reference);
        assert_eq!((mean, rewards), (1.0 / 3.0, [0.5, 0.0]));
    }
}
