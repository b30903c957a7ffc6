//! Settings of a GRPO stage.
//!
//! Source: defaults are those of arXiv 2512.07783, appendix A; names are TRL's and verl's where they have
//! one (docs/objectives.md has a table of them).

use interplay_curriculum::CurriculumSpec;
use interplay_model::{Activations, Precision};
use interplay_objectives::advantage::AdvantageSpec;
use interplay_objectives::credit::CreditSpec;
use interplay_objectives::loss::{
    AdaptiveKl, Aggregation, ClipCov, ClipRange, Correction, KlCov, KlEstimator, Level, PolicyLoss,
    Surrogate,
};
use interplay_objectives::overlong::SoftOverlong;
use serde::{Deserialize, Serialize};

use super::RewardSpec;
use super::dynamic::DynamicSampling;
use super::reference::ReferenceSpec;
use crate::optimizer::OptimizerSpec;
use crate::schedule::Schedule;

/// Whose log-probabilities the ratio of an update divides by.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OldLogProbs {
    /// The sampler's, which cost nothing (verl `bypass_mode`).
    #[default]
    Rollout,
    /// The trainer's, computed before the first update of a step: one more forward pass.
    Trainer,
}

/// Settings of a GRPO stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpoSpec {
    /// Steps: each samples, verifies and updates.
    pub steps: u64,
    /// Prompts per step.
    pub prompts: usize,
    /// Completions per prompt (TRL `num_generations`, verl `rollout.n`).
    #[serde(default = "default_group_size")]
    pub group_size: usize,
    /// Optimizer updates per pass over the batch. The groups that take part in the step are split evenly between
    /// them: all of its prompts, or those that `filter_zero_std_groups` or `dynamic_sampling` leave. Fewer groups
    /// than this make fewer updates.
    #[serde(default = "default_minibatches")]
    pub minibatches: usize,
    /// Passes over the batch of a step (TRL `num_iterations`, verl `ppo_epochs`).
    #[serde(default = "default_iterations")]
    pub num_iterations: usize,
    /// Rows of a training pass.
    pub rows: usize,
    /// Tokens per row; a row holds a prompt with its longest completion.
    pub row_tokens: usize,
    /// The longest completion.
    pub max_new_tokens: usize,
    /// Sampling temperature of the rollouts.
    #[serde(default = "default_temperature")]
    pub temperature: f64,
    /// Rollouts draw among the most likely tokens that together reach this probability.
    #[serde(default = "one")]
    pub top_p: f64,
    /// Rollouts draw among this many most likely tokens; 0 is all.
    #[serde(default)]
    pub top_k: usize,
    /// Rollouts draw among the tokens that are at least this likely relative to the most likely one.
    #[serde(default)]
    pub min_p: f64,
    /// The clip range below 1: the ratio is clipped at `1 - clip_low`.
    #[serde(default = "default_clip")]
    pub clip_low: f64,
    /// The clip range above 1: the ratio is clipped at `1 + clip_high`.
    #[serde(default = "default_clip")]
    pub clip_high: f64,
    /// Dual clip: the ratio of a token with a negative advantage is clipped at this (TRL `delta`, verl
    /// `clip_ratio_c`). For `surrogate = "clip"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta: Option<f64>,
    /// What keeps an update near the policy that sampled.
    #[serde(default)]
    pub surrogate: Surrogate,
    /// Whether ratios are those of tokens or of whole completions (GSPO).
    #[serde(default)]
    pub importance_sampling_level: Level,
    /// How token losses become one number.
    #[serde(default, alias = "loss")]
    pub loss_type: Aggregation,
    /// Weight of the divergence from the reference (TRL `beta`); at 0 the reference model is not loaded.
    #[serde(default = "default_kl_coefficient")]
    pub kl_coefficient: f64,
    /// How the divergence is estimated.
    #[serde(default)]
    pub kl_estimator: KlEstimator,
    /// Whether the estimate in the loss is weighted with the ratio (TRL `use_bias_correction_kl`).
    #[serde(default)]
    pub kl_ratio_factor: bool,
    /// Takes the divergence from the reward instead of adding it to the loss (verl `use_kl_in_reward`).
    #[serde(default)]
    pub kl_in_reward: bool,
    /// Adapts `kl_coefficient` toward a target KL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_adaptive: Option<AdaptiveKl>,
    /// What the reference is.
    #[serde(default)]
    pub reference: ReferenceSpec,
    /// Weight of the entropy of the policy, which is maximized (verl `entropy_coeff`).
    #[serde(default)]
    pub entropy_coefficient: f64,
    /// Takes the gradient from some tokens of high covariance. For `surrogate = "clip"` and a single device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_cov: Option<ClipCov>,
    /// Penalizes the tokens of the highest covariance. For `surrogate = "none"` and a single device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_cov: Option<KlCov>,
    /// Whose log-probabilities the ratio divides by. With "rollout" the metrics `sampling/*` cover the first minibatch
    /// of a step only.
    #[serde(default)]
    pub old_log_probs: OldLogProbs,
    /// Corrects for a sampler that is not quite the trainer's policy; needs `old_log_probs = "trainer"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correction: Option<Correction>,
    /// How rewards become advantages.
    #[serde(default)]
    pub advantage: AdvantageSpec,
    /// Leaves groups without an advantage out of the update. Without this they count in the mean and in
    /// the penalty.
    #[serde(default, alias = "filter_uniform_groups")]
    pub filter_zero_std_groups: bool,
    /// Samples until enough groups have different rewards (DAPO; verl `filter_groups`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dynamic_sampling: Option<DynamicSampling>,
    /// Keeps completions that did not end by themselves out of the loss (TRL).
    #[serde(default)]
    pub mask_truncated_completions: bool,
    /// Lowers the reward of completions that come near the limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlong: Option<SoftOverlong>,
    /// What a completion earns.
    #[serde(default)]
    pub reward: RewardSpec,
    /// Which tokens of a completion carry its advantage.
    #[serde(default)]
    pub credit: CreditSpec,
    /// Which examples are practiced.
    #[serde(default)]
    pub curriculum: CurriculumSpec,
    /// Steps between files with sampled completions and their verdicts; 0 writes none.
    #[serde(default)]
    pub log_completions_every_steps: u64,
    /// Whether the backward pass keeps activations or computes them again.
    #[serde(default)]
    pub activations: Activations,
    /// The precision of products with the weights, in rollouts and updates.
    #[serde(default)]
    pub precision: Precision,
    /// The optimizer and its schedule.
    pub optimizer: OptimizerSpec,
    /// Steps between checkpoints.
    #[serde(default = "default_checkpoint_every")]
    pub checkpoint_every_steps: u64,
}

fn default_group_size() -> usize {
    6
}
fn default_minibatches() -> usize {
    4
}
fn default_iterations() -> usize {
    1
}
fn default_temperature() -> f64 {
    1.0
}
fn one() -> f64 {
    1.0
}
fn default_clip() -> f64 {
    0.2
}
fn default_kl_coefficient() -> f64 {
    1e-3
}
fn default_checkpoint_every() -> u64 {
    10
}

impl GrpoSpec {
    /// The published settings (arXiv 2512.07783, appendix A) around what has no default: how many
    /// steps of how many prompts, how long a row (prompt and completion) and a completion may be,
    /// and the schedule of the learning rate. A pass has a row for each completion of an update; prompts that the
    /// published four mini-batches do not divide make one.
    #[must_use]
    pub fn new(
        steps: u64,
        prompts: usize,
        row_tokens: usize,
        max_new_tokens: usize,
        learning_rate: Schedule,
    ) -> Self {
        let group_size = default_group_size();
        let published = default_minibatches();
        let minibatches = if prompts.is_multiple_of(published) {
            published
        } else {
            1
        };
        Self {
            steps,
            prompts,
            group_size,
            minibatches,
            num_iterations: default_iterations(),
            rows: (prompts * group_size).div_ceil(minibatches).max(1),
            row_tokens,
            max_new_tokens,
            temperature: default_temperature(),
            top_p: one(),
            top_k: 0,
            min_p: 0.0,
            clip_low: default_clip(),
            clip_high: default_clip(),
            delta: None,
            surrogate: Surrogate::default(),
            importance_sampling_level: Level::default(),
            loss_type: Aggregation::default(),
            kl_coefficient: default_kl_coefficient(),
            kl_estimator: KlEstimator::default(),
            kl_ratio_factor: false,
            kl_in_reward: false,
            kl_adaptive: None,
            reference: ReferenceSpec::default(),
            entropy_coefficient: 0.0,
            clip_cov: None,
            kl_cov: None,
            old_log_probs: OldLogProbs::default(),
            correction: None,
            advantage: AdvantageSpec::default(),
            filter_zero_std_groups: false,
            dynamic_sampling: None,
            mask_truncated_completions: false,
            overlong: None,
            reward: RewardSpec::default(),
            credit: CreditSpec::default(),
            curriculum: CurriculumSpec::default(),
            log_completions_every_steps: 0,
            activations: Activations::default(),
            precision: Precision::default(),
            optimizer: OptimizerSpec::new(learning_rate),
            checkpoint_every_steps: default_checkpoint_every(),
        }
    }

    /// The loss, with this weight of the divergence.
    pub(crate) fn policy_loss(&self, kl_coefficient: f64) -> PolicyLoss {
        PolicyLoss {
            surrogate: self.surrogate,
            ratio_level: self.importance_sampling_level,
            clip: ClipRange {
                low: self.clip_low,
                high: self.clip_high,
                delta: self.delta,
            },
            kl_coefficient: if self.kl_in_reward {
                0.0
            } else {
                kl_coefficient
            },
            kl_estimator: self.kl_estimator,
            kl_ratio_factor: self.kl_ratio_factor,
            entropy_coefficient: self.entropy_coefficient,
            clip_cov: self.clip_cov,
            kl_cov: self.kl_cov,
        }
    }

    /// The share of the stage that is done in the middle of a step.
    pub(crate) fn middle_of(&self, step: u64) -> f64 {
        (step as f64 + 0.5) / self.steps as f64
    }

    /// Whether a reference is loaded.
    #[must_use]
    pub fn has_reference(&self) -> bool {
        self.kl_coefficient > 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> GrpoSpec {
        GrpoSpec::new(2, 4, 64, 24, Schedule::new(1e-3))
    }

    #[test]
    fn settings_survive_a_file() {
        let spec = GrpoSpec {
            delta: Some(3.0),
            kl_cov: Some(KlCov::default()),
            reference: ReferenceSpec::Sync(super::super::reference::Sync::default()),
            dynamic_sampling: Some(DynamicSampling::default()),
            ..spec()
        };
        let text = toml::to_string(&spec).unwrap();
        assert_eq!(toml::from_str::<GrpoSpec>(&text).unwrap(), spec);
    }
}
