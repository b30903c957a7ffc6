//! The compute that a stage or a run has used: tokens, the work behind them, floating-point operations.
//!
//! Two accounts are kept side by side. **Tokens** are those of the sequences, prompts included; the paper's budgets
//! count them. **Workloads** are what the matrix products of the passes over these sequences grow with, so that
//! [`Ledger::flops`] is exact for any model, attention included.
//!
//! | entry | counted by | paper's forward units a token | operations |
//! |---|---|---|---|
//! | trained | [`count_update`](Ledger::count_update) | 3 | forward, and backward at twice that |
//! | recomputed | the same, with [`Activations::Recompute`] | 0 | forward |
//! | generated | [`count_generation`](Ledger::count_generation) | 1 | forward, one token at a time |
//! | reference | [`count_reference`](Ledger::count_reference) | 1 | forward |
//! | scored | [`count_scoring`](Ledger::count_scoring) | 1 | forward |
//! | calibrated | [`count_calibration`](Ledger::count_calibration) | 0 | forward, one token at a time |
//! | evaluated | [`count_evaluation`](Ledger::count_evaluation) | 0 | forward, one token at a time |
//!
//! Source: arXiv 2512.07783, appendix on compute budgets. A trained token costs three forward
//! passes (one forward, two backward). An RL token costs one to generate, one for the reference
//! and three to update, so it is equivalent to `T_RL = 5/3 * N * r * L` trained tokens. For operations:
//! [`interplay_model::ModelFlops`].
//!
//! Deviations: the tokens of the actual sequences are counted, prompts included and filtered groups not
//! trained on excluded, instead of the nominal `N * r * L`. A token that the policy scores again before an update
//! costs a forward pass, for which the paper's rule has no entry. Sequences with a common prefix share computation
//! in sampling and GRPO, but are counted as if they did not: budgets stay comparable, and the count does not
//! depend on how the work was split. What the updates computed after sharing stands beside it (`trained_packed`).
//! Padding is never counted.

use interplay_model::{Activations, ModelFlops, Workload};
use serde::{Deserialize, Serialize};

use crate::packing::PackedBatch;

/// The compute of a stage or of a run. Entries that older files lack are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Tokens of the sequences that an optimizer update was computed on.
    pub trained_tokens: u64,
    /// Tokens of the rollouts, prompts included.
    pub generated_tokens: u64,
    /// Tokens scored by the reference model.
    pub reference_tokens: u64,
    /// Tokens that the policy itself scored without a gradient, for instance to recompute old log-probabilities.
    #[serde(default)]
    pub scored_tokens: u64,
    /// Tokens sampled in calibrations, prompts included.
    #[serde(default)]
    pub calibrated_tokens: u64,
    /// Tokens sampled in evaluations, prompts included.
    pub evaluated_tokens: u64,
    /// What operations are counted from.
    #[serde(default)]
    pub workloads: Workloads,
}

/// The size of the forward passes behind the tokens of a [`Ledger`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workloads {
    /// Updates, each sequence by itself; every forward pass has a backward pass.
    pub trained: Workload,
    /// The same updates as computed: what sequences of a row share counts once.
    pub trained_packed: Workload,
    /// The part of `trained` whose activations were computed again in the backward pass.
    pub recomputed: Workload,
    /// The same as computed.
    pub recomputed_packed: Workload,
    /// Rollouts.
    pub generated: Workload,
    /// Passes of the reference model.
    pub reference: Workload,
    /// Passes of the policy without a gradient.
    pub scored: Workload,
    /// Samples of calibrations.
    pub calibrated: Workload,
    /// Samples of evaluations.
    pub evaluated: Workload,
}

impl Workloads {
    fn add(&mut self, other: &Self) {
        self.trained += other.trained;
        self.trained_packed += other.trained_packed;
        self.recomputed += other.recomputed;
        self.recomputed_packed += other.recomputed_packed;
        self.generated += other.generated;
        self.reference += other.reference;
        self.scored += other.scored;
        self.calibrated += other.calibrated;
        self.evaluated += other.evaluated;
    }
}

/// The lengths of a sampled sequence, in tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampledLength {
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Tokens of the completion.
    pub completion: usize,
}

/// What a sampler has drawn: tokens with their prompts, and the work of drawing them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampled {
    /// Tokens, prompts included.
    pub tokens: u64,
    /// The passes behind them, each sequence by itself.
    pub workload: Workload,
}

impl Sampled {
    /// Adds a sequence.
    pub fn count(&mut self, length: SampledLength) {
        let SampledLength { prompt, completion } = length;
        self.tokens += (prompt + completion) as u64;
        self.workload += Workload::sampled(prompt, completion);
    }
}

impl FromIterator<SampledLength> for Sampled {
    fn from_iter<I: IntoIterator<Item = SampledLength>>(lengths: I) -> Self {
        let mut sampled = Self::default();
        lengths.into_iter().for_each(|length| sampled.count(length));
        sampled
    }
}

/// Floating-point operations of a [`Ledger`], by what they were spent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Flops {
    /// Forward passes of updates.
    pub forward: u128,
    /// Backward passes of updates: twice their forward passes.
    pub backward: u128,
    /// Forward passes that were made again in backward passes.
    pub recomputation: u128,
    /// Rollouts.
    pub generation: u128,
    /// Passes of the reference model.
    pub reference: u128,
    /// Passes of the policy without a gradient.
    pub scoring: u128,
    /// Calibrations.
    pub calibration: u128,
    /// Evaluations.
    pub evaluation: u128,
    /// Updates as computed, after sequences of a row shared what they have in common: stands for `forward`,
    /// `backward` and `recomputation` together.
    pub updates_packed: u128,
}

impl Flops {
    /// Everything that training costs: all but calibrations and evaluations.
    #[must_use]
    pub fn training(&self) -> u128 {
        self.updates() + self.generation + self.reference + self.scoring
    }

    /// The updates, each sequence by itself.
    #[must_use]
    pub fn updates(&self) -> u128 {
        self.forward + self.backward + self.recomputation
    }

    /// Everything.
    #[must_use]
    pub fn total(&self) -> u128 {
        self.training() + self.calibration + self.evaluation
    }
}

impl Ledger {
    /// Counts the rows of an optimizer update. With [`Activations::Recompute`] its forward pass is made twice.
    pub fn count_update(&mut self, pass: &PackedBatch, activations: Activations) {
        let (each, packed) = (pass.separate_workload(), pass.workload());
        self.trained_tokens += pass.sequence_tokens as u64;
        self.workloads.trained += each;
        self.workloads.trained_packed += packed;
        if activations == Activations::Recompute {
            self.workloads.recomputed += each;
            self.workloads.recomputed_packed += packed;
        }
    }

    /// Counts rows that the reference model scores.
    pub fn count_reference(&mut self, pass: &PackedBatch) {
        self.reference_tokens += pass.sequence_tokens as u64;
        self.workloads.reference += pass.separate_workload();
    }

    /// Counts rows that the policy scores without a gradient.
    pub fn count_scoring(&mut self, pass: &PackedBatch) {
        self.scored_tokens += pass.sequence_tokens as u64;
        self.workloads.scored += pass.separate_workload();
    }

    /// Counts rollouts, those included that no update is computed on.
    pub fn count_generation(&mut self, rollouts: impl IntoIterator<Item = SampledLength>) {
        let sampled: Sampled = rollouts.into_iter().collect();
        self.generated_tokens += sampled.tokens;
        self.workloads.generated += sampled.workload;
    }

    /// Counts the samples of a calibration.
    pub fn count_calibration(&mut self, sampled: Sampled) {
        self.calibrated_tokens += sampled.tokens;
        self.workloads.calibrated += sampled.workload;
    }

    /// Counts the samples of an evaluation.
    pub fn count_evaluation(&mut self, sampled: Sampled) {
        self.evaluated_tokens += sampled.tokens;
        self.workloads.evaluated += sampled.workload;
    }

    /// The cost of training in forward passes of one token, by the paper's rule: 3 for a trained token, 1 for one
    /// that is generated or scored. Calibration and evaluation are left out, as in the paper's budgets.
    ///
    /// ```
    /// use interplay_train::ledger::Ledger;
    ///
    /// let rl = Ledger { trained_tokens: 10, generated_tokens: 10, reference_tokens: 10, ..Ledger::default() };
    /// assert_eq!(rl.forward_units(), 50);
    /// assert!((rl.token_equivalents() - 50.0 / 3.0).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn forward_units(&self) -> u64 {
        3 * self.trained_tokens + self.generated_tokens + self.reference_tokens + self.scored_tokens
    }

    /// The number of trained tokens of the same cost by the paper's rule.
    #[must_use]
    pub fn token_equivalents(&self) -> f64 {
        self.forward_units() as f64 / 3.0
    }

    /// The floating-point operations on a model, attention included. Exact.
    ///
    /// ```
    /// use interplay_model::{ModelConfig, ModelFlops, Workload};
    /// use interplay_train::ledger::{Ledger, SampledLength};
    ///
    /// let model = ModelFlops::new(&ModelConfig::tiny(600));
    /// let mut ledger = Ledger::default();
    /// ledger.count_generation([SampledLength { prompt: 20, completion: 30 }]);
    /// assert_eq!(ledger.flops(&model).training(), model.forward(&Workload::sequence(49, 30)));
    /// ```
    #[must_use]
    pub fn flops(&self, model: &ModelFlops) -> Flops {
        let work = &self.workloads;
        let forward = model.forward(&work.trained);
        let packed = model.forward(&work.trained_packed);
        Flops {
            forward,
            backward: 2 * forward,
            recomputation: model.forward(&work.recomputed),
            generation: model.forward(&work.generated),
            reference: model.forward(&work.reference),
            scoring: model.forward(&work.scored),
            calibration: model.forward(&work.calibrated),
            evaluation: model.forward(&work.evaluated),
            updates_packed: 3 * packed + model.forward(&work.recomputed_packed),
        }
    }

    /// Whether every entry with tokens has a workload, so that [`flops`](Self::flops) counts them all. Ledgers of
    /// older versions have none.
    #[must_use]
    pub fn has_workloads(&self) -> bool {
        let work = &self.workloads;
        [
            (self.trained_tokens, &work.trained),
            (self.generated_tokens, &work.generated),
            (self.reference_tokens, &work.reference),
            (self.scored_tokens, &work.scored),
            (self.calibrated_tokens, &work.calibrated),
            (self.evaluated_tokens, &work.evaluated),
        ]
        .into_iter()
        .all(|(tokens, workload)| tokens == 0 || !workload.is_empty())
    }

    /// Adds the counts of another stage.
    pub fn add(&mut self, other: &Self) {
        self.trained_tokens += other.trained_tokens;
        self.generated_tokens += other.generated_tokens;
        self.reference_tokens += other.reference_tokens;
        self.scored_tokens += other.scored_tokens;
        self.calibrated_tokens += other.calibrated_tokens;
        self.evaluated_tokens += other.evaluated_tokens;
        self.workloads.add(&other.workloads);
    }
}

#[cfg(test)]
mod tests {
    use interplay_model::ModelConfig;

    use super::*;
    use crate::packing::{Packer, Sequence};

    fn model() -> ModelFlops {
        ModelFlops::new(&ModelConfig::tiny(600))
    }

    /// Two answers of two tokens to a prompt of three, which differ in their last token.
    fn group() -> PackedBatch {
        let mut packer = Packer::new(8, 1, 0).sharing();
        for last in [5, 6] {
            let ids = vec![1, 2, 3, 4, last];
            let sequence = Sequence {
                ids,
                predict_from: 3,
            };
            assert_eq!(packer.add(sequence).unwrap(), None);
        }
        packer.finish()
    }

    #[test]
    fn stages_add_up() {
        let mut total = Ledger {
            trained_tokens: 7,
            ..Ledger::default()
        };
        let mut other = Ledger {
            trained_tokens: 1,
            scored_tokens: 4,
            ..Ledger::default()
        };
        let sampled = Sampled {
            tokens: 5,
            workload: Workload::sampled(2, 3),
        };
        other.count_evaluation(sampled);
        other.count_calibration(sampled);
        total.add(&other);
        total.add(&other);
        assert_eq!(total.forward_units(), 27 + 8);
        assert_eq!((total.evaluated_tokens, total.calibrated_tokens), (10, 10));
        assert_eq!(
            total.workloads.evaluated,
            Workload {
                positions: 8,
                attended: 20,
                outputs: 6
            }
        );
        assert_eq!(total.workloads.calibrated, total.workloads.evaluated);
    }

    #[test]
    fn an_update_counts_sequences_by_themselves_and_as_packed() {
        let mut ledger = Ledger::default();
        ledger.count_update(&group(), Activations::Keep);
        assert_eq!(ledger.trained_tokens, 10);
        let each = Workload {
            positions: 10,
            attended: 30,
            outputs: 4,
        };
        // Six different tokens, of which the two last attend five; three different targets.
        let packed = Workload {
            positions: 6,
            attended: 1 + 2 + 3 + 4 + 5 + 5,
            outputs: 3,
        };
        assert_eq!(ledger.workloads.trained, each);
        assert_eq!(ledger.workloads.trained_packed, packed);
        let flops = ledger.flops(&model());
        assert_eq!(flops.forward, model().forward(&each));
        assert_eq!(flops.training(), 3 * flops.forward);
        assert_eq!(flops.updates_packed, 3 * model().forward(&packed));
    }

    #[test]
    fn recomputed_activations_cost_a_forward_pass_more() {
        let (mut keep, mut recompute) = (Ledger::default(), Ledger::default());
        keep.count_update(&group(), Activations::Keep);
        recompute.count_update(&group(), Activations::Recompute);
        let (keep, again) = (keep.flops(&model()), recompute.flops(&model()));
        assert_eq!(again.recomputation, keep.forward);
        assert_eq!(3 * again.updates(), 4 * keep.updates());
        assert_eq!(3 * again.updates_packed, 4 * keep.updates_packed);
        // The paper's rule knows no recomputation.
        assert_eq!(recompute.forward_units(), 30);
    }

    #[test]
    fn an_rl_step_by_hand() {
        let mut ledger = Ledger::default();
        let length = SampledLength {
            prompt: 3,
            completion: 2,
        };
        ledger.count_generation([length, length]);
        ledger.count_scoring(&group());
        ledger.count_reference(&group());
        ledger.count_update(&group(), Activations::Keep);
        assert!(ledger.has_workloads());
        assert_eq!(ledger.forward_units(), 10 * (1 + 1 + 1 + 3));
        let flops = ledger.flops(&model());
        // Four of five tokens are fed to the model while sampling.
        let sampled = 2 * model().forward(&Workload {
            positions: 4,
            attended: 10,
            outputs: 2,
        });
        assert_eq!(flops.generation, sampled);
        assert_eq!(flops.reference, flops.forward);
        assert_eq!(flops.scoring, flops.forward);
        assert_eq!(flops.training(), sampled + 5 * flops.forward);
        assert_eq!(flops.total(), flops.training());
    }

    #[test]
    fn entries_that_older_files_lack_are_zero() {
        let old = r#"{"trained_tokens":3,"generated_tokens":2,"reference_tokens":1,"evaluated_tokens":9}"#;
        let read: Ledger = serde_json::from_str(old).unwrap();
        let expected = Ledger {
            trained_tokens: 3,
            generated_tokens: 2,
            reference_tokens: 1,
            evaluated_tokens: 9,
            ..Ledger::default()
        };
        assert_eq!(read, expected);
        assert!(!read.has_workloads() && Ledger::default().has_workloads());
        let again = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&again).unwrap(), read);
        assert!(serde_json::from_str::<Ledger>(r#"{"trained":3}"#).is_err());
    }
}
