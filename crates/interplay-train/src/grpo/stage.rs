//! The GRPO stage: sample, score, update, record.

use std::ops::Range;
use std::path::Path;

use burn::module::AutodiffModule;
use interplay_environment::Environment;
use interplay_graph::SeedStream;
use interplay_model::{ModelConfig, ModelError, TrainBackend};
use interplay_tokenizer::Tokenizer;

use super::objective::{PolicyStats, TokenTable};
use super::rollout::{Rollout, RolloutBatch, Source, sample};
use super::{Credit, GrpoSpec, advantages, token_weights};
use crate::metrics::Observer;
use crate::packing::{PackedBatch, Packer, Sequence};
use crate::parallel::{Job, Replicas, WorkerGroup};
use crate::sampler::vocab_limit;
use crate::stage::{Session, Work, load_initial};
use crate::{StageFolder, StageSummary, TrainError};

/// What a GRPO stage reads.
#[derive(Clone, Copy)]
pub struct GrpoInput<'a> {
    /// The model's shape.
    pub config: &'a ModelConfig,
    /// The Hugging Face folder of the policy's first weights, which are also the reference.
    pub start: &'a Path,
    /// The examples whose prompts are continued, and the judge of the completions.
    pub environment: &'a dyn Environment,
    /// The tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Draws of the rollouts.
    pub stream: SeedStream,
    /// The settings.
    pub spec: &'a GrpoSpec,
}

/// Runs or resumes the stage in its folder.
///
/// Examples whose prompt and longest completion do not fit in a row are left out and counted
/// ([`StageSummary::overlong_examples`]).
///
/// # Errors
/// Settings that do not make sense, a reward that the environment does not have, examples none of
/// which fits in a row, a loss that is not finite, a
/// checkpoint that cannot be used, a file that cannot be written. What was checkpointed before
/// stays.
pub fn run<A: TrainBackend>(
    folder: &StageFolder,
    input: &GrpoInput<'_>,
    device: &A::Device,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    run_on::<A>(folder, input, &Replicas::single(device.clone()), observer)
}

/// [`run`] with the rows of every update shared between devices. Rollouts are sampled on the
/// device that leads; the folder is that of one stage.
///
/// # Errors
/// As [`run`], and [`TrainError::Worker`] where a device is missing or stops.
pub fn run_on<A: TrainBackend>(
    folder: &StageFolder,
    input: &GrpoInput<'_>,
    replicas: &Replicas<A::Device>,
    observer: &mut dyn Observer,
) -> Result<StageSummary, TrainError> {
    if let Some(summary) = folder.finished(observer)? {
        return Ok(summary);
    }
    let spec = input.spec;
    let mut issues = spec.validate();
    issues.nest(
        "",
        spec.reward.missing_from(&input.environment.components()),
    );
    folder.refuse(issues)?;
    let device = &replicas.leader;
    let initial = || load_initial::<A>(input.start, input.config, device);
    let every = spec.checkpoint_every_steps;
    let mut session = Session::<A>::open(
        folder,
        input.config,
        &spec.optimizer,
        every,
        initial,
        device,
        observer,
    )?;
    let reference = if spec.kl_coefficient > 0.0 {
        Some(initial()?.0)
    } else {
        None
    };
    let workers = WorkerGroup::<A>::start(replicas, input.config, reference)?;
    let (environment, tokenizer, stream) = (input.environment, input.tokenizer, input.stream);
    let source = Source {
        environment,
        tokenizer,
        stream,
        vocab_limit: vocab_limit(input.config, tokenizer)?,
    };
    while session.progress.step < spec.steps {
        step(&mut session, &source, &workers, spec, observer)?;
    }
    session.finish(Some(input.start))
}

fn step<A: TrainBackend>(
    session: &mut Session<'_, A>,
    source: &Source<'_>,
    workers: &WorkerGroup<A>,
    spec: &GrpoSpec,
    observer: &mut dyn Observer,
) -> Result<(), TrainError> {
    let policy = session.decoder().valid();
    let cursor = session.progress.cursor;
    let batch = match sample(&policy, source, spec, cursor, workers.device(), observer) {
        // Weights that diverged show it here first.
        Err(TrainError::Model(ModelError::NonFiniteLogits { .. })) => {
            session.expect_finite("a logit of the policy", f64::NAN)?;
            return Ok(());
        }
        sampled => sampled?,
    };
    session.progress.ledger.generated_tokens += batch.tokens();
    let rewards: Vec<f64> = batch
        .rollouts
        .iter()
        .map(|rollout| rollout.reward)
        .collect();
    let advantages = advantages(&rewards, spec.group_size, spec.advantage_scale);
    let share = (session.progress.step + 1) as f64 / spec.steps as f64;
    let middle = (session.progress.step as f64 + 0.5) / spec.steps as f64;
    let lr = spec.optimizer.learning_rate.at(middle);
    let mut totals = Totals::default();
    let per_minibatch = spec.prompts / spec.minibatches * spec.group_size;
    let minibatches = batch
        .rollouts
        .chunks(per_minibatch)
        .zip(advantages.chunks(per_minibatch));
    for (rollouts, advantages) in minibatches {
        let update = Minibatch {
            rollouts,
            advantages,
            spec,
            pad: source.tokenizer.special().pad,
            vocab_limit: source.vocab_limit,
        };
        update.apply(session, workers, lr, &mut totals)?;
    }
    session.progress.cursor = batch.next_index;
    session.progress.overlong += batch.overlong;
    let work = Work {
        tokens: batch.tokens() + totals.trained_tokens,
        flops: None,
    };
    let numbers = numbers(&batch, &totals, spec, lr);
    session.end_step(observer, share, work, &numbers)
}

/// Sums over the updates of a step.
#[derive(Default)]
struct Totals {
    loss: f64,
    norm: f64,
    updates: u64,
    trained_tokens: u64,
    stats: PolicyStats,
}

fn numbers(
    batch: &RolloutBatch,
    totals: &Totals,
    spec: &GrpoSpec,
    lr: f64,
) -> [(&'static str, f64); 14] {
    let updates = totals.updates.max(1) as f64;
    let stats = &totals.stats;
    let flag = |yes: bool| f64::from(u8::from(yes));
    [
        ("reward", batch.mean(|rollout| rollout.reward)),
        ("verified", batch.mean(|rollout| flag(rollout.accepted))),
        (
            "answer_correct",
            batch.mean(|rollout| flag(rollout.answer_correct)),
        ),
        (
            "frac_reward_zero_std",
            batch.frac_reward_zero_std(spec.group_size),
        ),
        (
            "completion_tokens",
            batch.mean(|rollout| rollout.log_probs.len() as f64),
        ),
        ("truncated", batch.mean(|rollout| flag(!rollout.stopped))),
        ("loss", totals.loss / updates),
        ("grad_norm", totals.norm / updates),
        ("kl_nats", stats.mean(stats.kl_nats)),
        ("entropy_nats", stats.mean(stats.entropy_nats)),
        ("clipped", stats.mean(stats.clipped as f64)),
        ("rollout_mismatch_nats", stats.mean(stats.mismatch_nats)),
        ("trained_tokens", totals.trained_tokens as f64),
        ("lr", lr),
    ]
}

/// The completions of one optimizer update.
struct Minibatch<'a> {
    rollouts: &'a [Rollout],
    advantages: &'a [f64],
    spec: &'a GrpoSpec,
    pad: u32,
    vocab_limit: Option<usize>,
}

impl Minibatch<'_> {
    fn apply<A: TrainBackend>(
        &self,
        session: &mut Session<'_, A>,
        workers: &WorkerGroup<A>,
        lr: f64,
        totals: &mut Totals,
    ) -> Result<(), TrainError> {
        let passes = self.passes()?;
        if passes.is_empty() {
            return Ok(());
        }
        let passes = passes.into_iter();
        let (activations, precision) = (self.spec.activations, self.spec.precision);
        let objective = self.spec.objective(self.vocab_limit);
        let mut tokens = 0;
        let jobs = passes.map(|(pass, table)| {
            tokens += pass.sequence_tokens as u64;
            Job::policy(pass, table, objective, activations, precision)
        });
        let (parts, gradients) = workers.gradients(session.decoder(), jobs.collect())?;
        totals.trained_tokens += tokens;
        session.progress.ledger.trained_tokens += tokens;
        if workers.has_reference() {
            session.progress.ledger.reference_tokens += tokens;
        }
        let mut loss = 0.0;
        for part in parts {
            loss += part.loss;
            let scores = part.scores.unwrap_or_default();
            let (policy, entropy) = (&scores.policy, &scores.entropy);
            totals.stats.add(policy, entropy, &scores.table, &objective);
        }
        session.expect_finite("the loss", loss)?;
        totals.norm += session.update(gradients, lr)?;
        totals.loss += loss;
        totals.updates += 1;
        Ok(())
    }

    /// Packs the completions that take part into passes, with what the objective needs to know.
    fn passes(&self) -> Result<Vec<(PackedBatch, TokenTable)>, TrainError> {
        let group = self.spec.group_size;
        let uniform = |start: usize| {
            self.advantages[start..start + group]
                .iter()
                .all(|advantage| *advantage == 0.0)
        };
        let taken: Vec<usize> = (0..self.rollouts.len())
            .filter(|index| !(self.spec.filter_zero_std_groups && uniform(index - index % group)))
            .filter(|index| !self.rollouts[*index].log_probs.is_empty())
            .collect();
        let lengths: Vec<usize> = taken
            .iter()
            .map(|index| self.rollouts[*index].log_probs.len())
            .collect();
        let weights = token_weights(&lengths, self.spec.max_new_tokens, self.spec.loss);
        let mut passes = Vec::new();
        let mut open = (self.packer(), TokenTable::default());
        let mut weights = weights.as_slice();
        for index in taken {
            let rollout = &self.rollouts[index];
            let (own, rest) = weights.split_at(rollout.log_probs.len());
            weights = rest;
            let sequence = Sequence {
                ids: rollout.ids.clone(),
                predict_from: rollout.prompt_len,
            };
            if let Some(refused) = open.0.add(sequence)? {
                let (packer, table) =
                    std::mem::replace(&mut open, (self.packer(), TokenTable::default()));
                passes.push((packer.finish(), table));
                open.0.add(refused)?;
            }
            let advantage = self.advantages[index] as f32;
            open.1.old.extend(&rollout.log_probs);
            let charged = charged(rollout, advantage, self.spec.credit);
            open.1
                .advantages
                .extend((0..own.len()).map(|token| match charged.contains(&token) {
                    true => advantage,
                    false => 0.0,
                }));
            open.1.weights.extend(own);
        }
        if !open.0.is_empty() {
            passes.push((open.0.finish(), open.1));
        }
        Ok(passes)
    }

    fn packer(&self) -> Packer {
        Packer::new(self.spec.row_tokens, self.spec.rows, self.pad).sharing()
    }
}

/// The completion tokens that carry an advantage.
fn charged(rollout: &Rollout, advantage: f32, credit: Credit) -> Range<usize> {
    match (credit, &rollout.blamed) {
        (Credit::FirstError, Some(blamed)) if advantage < 0.0 => blamed.clone(),
        _ => 0..rollout.log_probs.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_lack_of_reward_is_charged_to_the_first_error() {
        let rollout = Rollout {
            ids: vec![0; 9],
            prompt_len: 1,
            log_probs: vec![-0.1; 8],
            stopped: true,
            reward: 0.0,
            accepted: false,
            answer_correct: false,
            blamed: Some(3..5),
        };
        assert_eq!(charged(&rollout, -1.0, Credit::FirstError), 3..5);
        assert_eq!(charged(&rollout, 1.0, Credit::FirstError), 0..8);
        assert_eq!(charged(&rollout, -1.0, Credit::Completion), 0..8);
    }
}
