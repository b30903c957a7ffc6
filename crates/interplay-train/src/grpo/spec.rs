//! Settings of a GRPO stage.
//!
//! Source: defaults are those of arXiv 2512.07783, appendix A; names are TRL's and verl's where they have
//! one (docs/objectives.md has a table of them).

use interplay_curriculum::CurriculumSpec;
use interplay_graph::settings::Issues;
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
use crate::next_token::MAX_COUNT;
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

    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.nest("optimizer", self.optimizer.validate());
        self.validate_sizes(&mut issues);
        self.validate_sampling(&mut issues);
        self.validate_loss(&mut issues);
        issues.nest("advantage", self.advantage.validate(self.group_size));
        issues.nest("credit", self.credit.validate());
        issues.nest("reward", self.reward.validate());
        if let Some(overlong) = &self.overlong {
            issues.nest("overlong", overlong.validate(self.max_new_tokens));
        }
        self.refuse_combinations(&mut issues);
        issues
    }

    /// What cannot be split between several devices.
    #[must_use]
    pub fn refused_on(&self, devices: usize) -> Issues {
        let mut issues = Issues::default();
        let tables = [
            ("clip_cov", self.clip_cov.is_some()),
            ("kl_cov", self.kl_cov.is_some()),
        ];
        for (key, there) in tables {
            let expected = format!(
                "a single device instead of {devices}, or no such table: covariances are those of the tokens of a \
                 pass, which devices would split"
            );
            issues.expect(!there || devices <= 1, key, "a table", expected);
        }
        issues
    }

    fn validate_sizes(&self, issues: &mut Issues) {
        let counts = [
            ("steps", self.steps),
            ("prompts", self.prompts as u64),
            ("minibatches", self.minibatches as u64),
            ("num_iterations", self.num_iterations as u64),
            ("rows", self.rows as u64),
            ("row_tokens", self.row_tokens as u64),
            ("max_new_tokens", self.max_new_tokens as u64),
            ("checkpoint_every_steps", self.checkpoint_every_steps),
        ];
        for (key, count) in counts {
            issues.range(key, count, 1..=MAX_COUNT);
        }
        issues.range("group_size", self.group_size as u64, 2..=MAX_COUNT);
        let logged = self.log_completions_every_steps;
        issues.range("log_completions_every_steps", logged, 0..=MAX_COUNT);
        let (minibatches, prompts) = (self.minibatches, self.prompts);
        let even = minibatches == 0 || prompts.is_multiple_of(minibatches);
        let divisor = format!("a number that divides `prompts` ({prompts})");
        issues.expect(even, "minibatches", minibatches, divisor);
        let (longest, row) = (self.max_new_tokens, self.row_tokens);
        let room = format!("less than `row_tokens` ({row}), which also hold the prompt");
        issues.expect(longest < row, "max_new_tokens", longest, room);
    }

    fn validate_sampling(&self, issues: &mut Issues) {
        let hot = self.temperature >= 1e-38 && self.temperature.is_finite();
        issues.expect(hot, "temperature", self.temperature, "at least 1e-38");
        let nucleus = self.top_p > 0.0 && self.top_p <= 1.0;
        issues.expect(nucleus, "top_p", self.top_p, "above 0, up to 1");
        issues.range("min_p", self.min_p, 0.0..=1.0);
        if let Some(dynamic) = &self.dynamic_sampling {
            issues.nest("dynamic_sampling", dynamic.validate());
        }
    }

    fn validate_loss(&self, issues: &mut Issues) {
        let amounts = [
            ("clip_low", self.clip_low),
            ("clip_high", self.clip_high),
            ("kl_coefficient", self.kl_coefficient),
        ];
        for (key, value) in amounts {
            let holds = value >= 0.0 && value.is_finite();
            issues.expect(holds, key, value, "0 or more");
        }
        let entropy = self.entropy_coefficient;
        issues.expect(
            entropy.is_finite(),
            "entropy_coefficient",
            entropy,
            "a finite number",
        );
        if let Some(delta) = self.delta {
            let above = delta > 1.0 + self.clip_high && delta.is_finite();
            issues.expect(above, "delta", delta, "above 1 + `clip_high`");
        }
        if let Surrogate::Sapo(sapo) = &self.surrogate {
            issues.nest("surrogate.sapo", sapo.validate());
        }
        if let Some(control) = &self.kl_adaptive {
            let target = control.target > 0.0 && control.target.is_finite();
            issues.expect(target, "kl_adaptive.target", control.target, "above 0");
            // Below that a single step could change the sign of the weight.
            let batch = self.prompts.saturating_mul(self.group_size) as f64;
            let horizon = control.horizon >= batch && control.horizon.is_finite();
            let expected =
                format!("at least the completions of a step, `prompts` * `group_size` ({batch})");
            issues.expect(horizon, "kl_adaptive.horizon", control.horizon, expected);
        }
        if let Some(correction) = &self.correction {
            let holds = correction.max > 0.0 && correction.max.is_finite();
            issues.expect(holds, "correction.max", correction.max, "above 0");
            issues.range("correction.min", correction.min, 0.0..=correction.max);
        }
        if let Some(clip) = &self.clip_cov {
            issues.range("clip_cov.ratio", clip.ratio, 0.0..=1.0);
            issues.expect(
                clip.low < clip.high,
                "clip_cov.low",
                clip.low,
                "below `clip_cov.high`",
            );
        }
        if let Some(penalty) = &self.kl_cov {
            issues.range("kl_cov.ratio", penalty.ratio, 0.0..=1.0);
            let holds = penalty.coefficient >= 0.0 && penalty.coefficient.is_finite();
            issues.expect(
                holds,
                "kl_cov.coefficient",
                penalty.coefficient,
                "0 or more",
            );
        }
        issues.nest("reference", self.reference.validate());
    }

    /// Settings that do not make sense together.
    fn refuse_combinations(&self, issues: &mut Issues) {
        let binary = self.reward.is_binary();
        if self.advantage.needs_binary_rewards() && !(binary && self.overlong.is_none()) {
            let expected = "a reward that is 0 or 1 (`outcome`, `strict`) and no `overlong`: the objective in \
                            `advantage` counts successes";
            issues.push("reward", "a graded reward", expected);
        }
        if self.advantage.needs_binary_rewards() && self.kl_in_reward {
            let expected = "false: the objective in `advantage` counts successes";
            issues.push("kl_in_reward", true, expected);
        }
        if self.correction.is_some() && self.old_log_probs == OldLogProbs::Rollout {
            let expected = "\"trainer\": `correction` compares the trainer with the sampler";
            issues.push("old_log_probs", "\"rollout\"", expected);
        }
        if self.dynamic_sampling.is_some() && self.advantage.gate.is_some() {
            let expected = "no such table: `advantage.gate` chooses among all groups";
            issues.push("dynamic_sampling", "a table", expected);
        }
        if self.dynamic_sampling.is_some() && self.credit.rewards_steps() {
            let expected = "no such table: `credit` gives tokens an advantage in groups with equal rewards too, which \
                            dynamic sampling drops";
            issues.push("dynamic_sampling", "a table", expected);
        }
        self.refuse_losses(issues);
        if self.has_reference() {
            return;
        }
        let without = "above 0: there is no reference without a penalty";
        if self.kl_in_reward || self.kl_adaptive.is_some() || self.reference.follows() {
            issues.push("kl_coefficient", self.kl_coefficient, without);
        }
    }

    /// Settings of the loss that do not make sense together, or that nothing would read.
    fn refuse_losses(&self, issues: &mut Issues) {
        let clips = self.surrogate == Surrogate::Clip;
        if let (Some(delta), false) = (self.delta, clips) {
            let expected = "no such key: only `surrogate = \"clip\"` reads it";
            issues.push("delta", delta, expected);
        }
        if self.clip_cov.is_some() && !(clips && self.kl_cov.is_none()) {
            let expected =
                "no such table: it goes with `surrogate = \"clip\"`, and not beside `kl_cov`";
            issues.push("clip_cov", "a table", expected);
        }
        let ratio = matches!(
            self.surrogate,
            Surrogate::Reinforce | Surrogate::GeometricMean
        );
        if ratio && self.importance_sampling_level == Level::Sequence {
            let expected = "\"token\": the surrogate has no ratio of tokens that could be shared";
            issues.push("importance_sampling_level", "\"sequence\"", expected);
        }
        let read =
            self.has_reference() && !self.kl_in_reward && self.kl_estimator.takes_ratio_factor();
        if self.kl_ratio_factor && !read {
            let expected = "false: only a penalty in the loss (`kl_coefficient` above 0, no `kl_in_reward`) with an \
                            estimator other than `k1+`, `k3+` and `abs+` is weighted with the ratio";
            issues.push("kl_ratio_factor", true, expected);
        }
        let geometric = self.surrogate == Surrogate::GeometricMean;
        if geometric && self.loss_type != Aggregation::Grpo {
            let expected = "\"grpo\": the geometric mean is a loss of whole completions";
            issues.push("loss_type", "another aggregation", expected);
        }
        if self.kl_cov.is_some() && self.surrogate != Surrogate::None {
            let expected = "\"none\": `kl_cov` penalizes instead of clipping";
            issues.push("surrogate", "another surrogate", expected);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> GrpoSpec {
        GrpoSpec::new(2, 4, 64, 24, Schedule::new(1e-3))
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
        let text = r#"
            estimator = { pass_at_k = { k = 99 } }
        "#;
        let broken = GrpoSpec {
            delta: Some(1.0),
            top_p: 0.0,
            kl_coefficient: 0.0,
            kl_in_reward: true,
            correction: Some(Correction::default()),
            advantage: toml::from_str(text).unwrap(),
            reward: RewardSpec::Process,
            ..spec()
        };
        let keys: Vec<String> = broken
            .validate()
            .0
            .into_iter()
            .map(|issue| issue.key)
            .collect();
        let expected = [
            "top_p",
            "delta",
            "advantage.estimator.pass_at_k.k",
            "reward",
            "kl_in_reward",
            "old_log_probs",
            "kl_coefficient",
        ];
        assert_eq!(keys, expected);
        assert!(spec().validate().is_empty());
    }

    /// The keys that are refused in these settings.
    fn refused(settings: &str) -> Vec<String> {
        let plain = toml::Value::try_from(spec()).unwrap();
        let toml::Value::Table(mut table) = plain else {
            panic!("{plain}");
        };
        table.extend(toml::from_str::<toml::Table>(settings).unwrap());
        let spec: GrpoSpec = toml::Value::Table(table).try_into().unwrap();
        let issues = spec.validate().0.into_iter();
        issues.map(|issue| issue.key).collect()
    }

    #[test]
    fn settings_that_nothing_would_read_are_refused() {
        for (settings, keys) in [
            ("delta = 3.0\nsurrogate = \"cispo\"", &["delta"][..]),
            ("clip_cov = {}\nsurrogate = \"sapo\"", &["clip_cov"]),
            (
                "clip_cov = {}\nkl_cov = {}\nsurrogate = \"none\"",
                &["clip_cov"],
            ),
            ("kl_cov = {}", &["surrogate"]),
            (
                "kl_ratio_factor = true\nkl_in_reward = true",
                &["kl_ratio_factor"],
            ),
            (
                "kl_ratio_factor = true\nkl_coefficient = 0.0",
                &["kl_ratio_factor"],
            ),
            (
                "kl_ratio_factor = true\nkl_estimator = \"k3+\"",
                &["kl_ratio_factor"],
            ),
            (
                "importance_sampling_level = \"sequence\"\nsurrogate = \"reinforce\"",
                &["importance_sampling_level"],
            ),
            (
                "importance_sampling_level = \"sequence\"\nsurrogate = \"geometric_mean\"",
                &["importance_sampling_level"],
            ),
            (
                "surrogate = { sapo = { positive = 0.0, negative = inf } }",
                &["surrogate.sapo.positive", "surrogate.sapo.negative"],
            ),
            (
                "dynamic_sampling = {}\ncredit = \"node\"",
                &["dynamic_sampling"],
            ),
            (
                "dynamic_sampling = {}\ncredit = \"process\"",
                &["dynamic_sampling"],
            ),
            (
                "dynamic_sampling = {}\ncredit = \"potential\"",
                &["dynamic_sampling"],
            ),
            // Four prompts of six completions.
            (
                "kl_adaptive = { target = 0.1, horizon = 23 }",
                &["kl_adaptive.horizon"],
            ),
        ] {
            assert_eq!(refused(settings), keys, "{settings}");
        }
        for settings in [
            "delta = 3.0",
            "clip_cov = {}",
            "surrogate = \"none\"\nkl_cov = {}",
            "kl_ratio_factor = true\nkl_estimator = \"js\"",
            "importance_sampling_level = \"sequence\"",
            "dynamic_sampling = {}\ncredit = \"first_error\"",
            "kl_adaptive = { target = 0.1, horizon = 24 }",
        ] {
            assert!(refused(settings).is_empty(), "{settings}");
        }
    }

    #[test]
    fn covariances_need_a_single_device() {
        let spec = GrpoSpec {
            clip_cov: Some(ClipCov::default()),
            ..spec()
        };
        assert!(spec.refused_on(1).is_empty());
        let issues = spec.refused_on(2);
        assert_eq!(issues.0.len(), 1);
        assert!(issues.to_string().contains("`clip_cov`"), "{issues}");
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
