//! The updates of a step, and how their completions are packed into passes.

use interplay_graph::SeedStream;
use interplay_model::TrainBackend;
use interplay_objectives::credit::Completion;
use interplay_objectives::loss::{Aggregation, token_weights};
use interplay_objectives::overlong::loss_lengths;
use rand::Rng;

use super::objective::{Objective, PassStats, TokenTable};
use super::rollout::{Group, Rollout};
use super::scoring::{Scoring, sequence};
use crate::TrainError;
use crate::packing::PackedBatch;
use crate::parallel::{Job, WorkerGroup};
use crate::stage::Session;

/// The inputs of the loss for the tokens of a rollout.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct TokenInputs {
    /// Log-probabilities that ratios divide by.
    pub old: Vec<f32>,
    /// Those of the reference, where they are known before the update.
    pub reference: Vec<f32>,
    /// Advantages.
    pub advantages: Vec<f32>,
    /// Importance weights; empty without a correction.
    pub correction: Vec<f32>,
}

/// The advantages of a group's tokens, by its members' credit.
pub(crate) fn token_advantages(
    group: &Group,
    advantages: &[f64],
    credit: &interplay_objectives::credit::CreditSpec,
) -> Vec<Vec<f32>> {
    let completion = |rollout: &Rollout| Completion {
        tokens: rollout.len(),
        steps: rollout.steps.clone(),
        blamed: rollout.blamed.clone(),
        needed: rollout.score.needed,
    };
    let completions: Vec<Completion> = group.rollouts.iter().map(completion).collect();
    let tokens = credit.assign(&completions, advantages);
    let single = |tokens: Vec<f64>| tokens.into_iter().map(|one| one as f32).collect();
    tokens.into_iter().map(single).collect()
}

/// Sums over the updates of a step.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub loss: f64,
    pub norm: f64,
    pub updates: u64,
    pub trained_tokens: u64,
    pub stats: PassStats,
}

/// One optimizer update.
pub(crate) struct Update<'a> {
    pub scoring: &'a Scoring<'a>,
    /// Rollouts with the inputs of the loss.
    pub members: Vec<(&'a Rollout, &'a TokenInputs)>,
    pub objective: Objective,
    /// Whether the update measures how the trainer differs from the sampler: the first one of a step, which sees the
    /// policy that sampled, unless `old_log_probs = "trainer"` measured it on the whole batch.
    pub measures_mismatch: bool,
    /// Random draws, a generator for each pass.
    pub draws: SeedStream,
}

impl Update<'_> {
    /// Computes the gradient on all replicas and moves the policy.
    pub fn apply<A: TrainBackend>(
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
        let spec = self.scoring.spec;
        let (activations, precision) = (spec.activations, spec.precision);
        let mut jobs = Vec::with_capacity(passes.len());
        for (pass, table) in passes {
            totals.trained_tokens += pass.sequence_tokens as u64;
            let ledger = &mut session.progress.ledger;
            ledger.count_update(&pass, activations);
            if workers.reference().is_some() && table.reference.is_empty() {
                ledger.count_reference(&pass);
            }
            jobs.push(Job::policy(
                pass,
                table,
                self.objective,
                activations,
                precision,
            ));
        }
        let (parts, gradients) = workers.gradients(session.decoder(), jobs)?;
        let mut loss = 0.0;
        for part in &parts {
            loss += part.loss;
            totals.stats.add(&part.stats);
        }
        session.expect_finite("the loss", loss)?;
        totals.norm += session.update(gradients, lr)?;
        totals.loss += loss;
        totals.updates += 1;
        Ok(())
    }

    /// Packs the completions into passes, with what the loss needs to know.
    fn passes(&self) -> Result<Vec<(PackedBatch, TokenTable)>, TrainError> {
        let spec = self.scoring.spec;
        let lengths: Vec<usize> = self
            .members
            .iter()
            .map(|(rollout, _)| rollout.len())
            .collect();
        let stopped: Vec<bool> = self
            .members
            .iter()
            .map(|(rollout, _)| rollout.stopped)
            .collect();
        let lengths = loss_lengths(&lengths, &stopped, spec.mask_truncated_completions);
        let weights = token_weights(&lengths, spec.max_new_tokens, spec.loss_type);
        let mut weights = weights.as_slice();
        let mut passes = Vec::new();
        let mut open = (self.scoring.packer(), TokenTable::default());
        for ((rollout, inputs), length) in self.members.iter().zip(lengths) {
            if length == 0 {
                continue;
            }
            let (own, rest) = weights.split_at(length);
            weights = rest;
            if let Some(refused) = open.0.add(sequence(rollout))? {
                let next = (self.scoring.packer(), TokenTable::default());
                let (packer, table) = std::mem::replace(&mut open, next);
                passes.push((packer.finish(), table));
                open.0.add(refused)?;
            }
            let table = &mut open.1;
            table.old.extend(&inputs.old);
            table.reference.extend(&inputs.reference);
            table.advantages.extend(&inputs.advantages);
            table.correction.extend(&inputs.correction);
            table.weights.extend(own);
            if self.measures_mismatch {
                table.sampled.extend(&rollout.log_probs);
            }
        }
        if !open.0.is_empty() {
            passes.push((open.0.finish(), open.1));
        }
        self.finish(&mut passes);
        Ok(passes)
    }

    /// What depends on how the completions were packed.
    fn finish(&self, passes: &mut [(PackedBatch, TokenTable)]) {
        let spec = self.scoring.spec;
        let count = passes.len() as f32;
        for ((_, table), index) in passes.iter_mut().zip(0..) {
            let tokens = table.weights.len();
            if spec.loss_type == Aggregation::Bnpo {
                table.weights = vec![1.0 / (count * tokens as f32); tokens];
            }
            if spec.clip_cov.is_some() {
                let mut rng = self.draws.rng(index);
                table.draws = (0..tokens).map(|_| rng.next_u64()).collect();
            }
        }
    }
}
