//! Settings of a GRPO stage.

use interplay_graph::settings::Issues;
use interplay_model::{Activations, Precision};
use serde::{Deserialize, Serialize};

use super::objective::Objective;
use super::{AdvantageScale, LossKind, RewardSpec};
use crate::next_token::MAX_COUNT;
use crate::optimizer::OptimizerSpec;
use crate::schedule::Schedule;

/// Which tokens of a completion carry its advantage.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Credit {
    /// All of them, as published.
    #[default]
    Completion,
    /// A negative advantage is charged to the first wrong sentence alone: the steps before it are
    /// right, and the tokens behind it could not have earned the reward any more. A positive one
    /// goes to all tokens.
    FirstError,
}

/// Settings of a GRPO stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpoSpec {
    /// Steps: each samples, verifies and updates once.
    pub steps: u64,
    /// Prompts per step.
    pub prompts: usize,
    /// Completions per prompt.
    #[serde(default = "default_group_size")]
    pub group_size: usize,
    /// Optimizer updates per step; prompts are split evenly between them.
    #[serde(default = "default_minibatches")]
    pub minibatches: usize,
    /// Rows of a training pass.
    pub rows: usize,
    /// Tokens per row; a row holds a prompt with its longest completion.
    pub row_tokens: usize,
    /// The longest completion.
    pub max_new_tokens: usize,
    /// Sampling temperature of the rollouts.
    #[serde(default = "default_temperature")]
    pub temperature: f64,
    /// The clip range below 1: the ratio counts down to `1 - clip_low`.
    #[serde(default = "default_clip")]
    pub clip_low: f32,
    /// The clip range above 1: the ratio counts up to `1 + clip_high`.
    #[serde(default = "default_clip")]
    pub clip_high: f32,
    /// Weight of the k3 penalty; at 0 the reference model is not loaded.
    #[serde(default = "default_kl_coefficient")]
    pub kl_coefficient: f32,
    /// What advantages are divided by.
    #[serde(default)]
    pub advantage_scale: AdvantageScale,
    /// How token losses become one number.
    #[serde(default)]
    pub loss: LossKind,
    /// Leaves groups with equal rewards out of the update. They carry no advantage, but without
    /// this they count in the mean and in the penalty.
    #[serde(default, alias = "filter_uniform_groups")]
    pub filter_zero_std_groups: bool,
    /// What a completion earns.
    #[serde(default)]
    pub reward: RewardSpec,
    /// Which tokens of a completion a missing reward is charged to.
    #[serde(default)]
    pub credit: Credit,
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
fn default_temperature() -> f64 {
    1.0
}
fn default_clip() -> f32 {
    0.2
}
fn default_kl_coefficient() -> f32 {
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
            rows: (prompts * group_size).div_ceil(minibatches).max(1),
            row_tokens,
            max_new_tokens,
            temperature: default_temperature(),
            clip_low: default_clip(),
            clip_high: default_clip(),
            kl_coefficient: default_kl_coefficient(),
            advantage_scale: AdvantageScale::default(),
            loss: LossKind::default(),
            filter_zero_std_groups: false,
            reward: RewardSpec::default(),
            credit: Credit::default(),
            activations: Activations::default(),
            precision: Precision::default(),
            optimizer: OptimizerSpec::new(learning_rate),
            checkpoint_every_steps: default_checkpoint_every(),
        }
    }

    /// The part of the settings that the loss reads.
    pub(crate) fn objective(&self, vocab_limit: Option<usize>) -> Objective {
        Objective {
            clip_low: self.clip_low,
            clip_high: self.clip_high,
            kl_coefficient: self.kl_coefficient,
            temperature: self.temperature,
            vocab_limit,
        }
    }

    /// Everything that is wrong with the settings.
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.nest("optimizer", self.optimizer.validate());
        let counts = [
            ("steps", self.steps),
            ("prompts", self.prompts as u64),
            ("minibatches", self.minibatches as u64),
            ("rows", self.rows as u64),
            ("row_tokens", self.row_tokens as u64),
            ("max_new_tokens", self.max_new_tokens as u64),
            ("checkpoint_every_steps", self.checkpoint_every_steps),
        ];
        for (key, count) in counts {
            issues.range(key, count, 1..=MAX_COUNT);
        }
        issues.range("group_size", self.group_size as u64, 2..=MAX_COUNT);
        let (minibatches, prompts) = (self.minibatches, self.prompts);
        let even = minibatches == 0 || prompts.is_multiple_of(minibatches);
        let divisor = format!("a number that divides `prompts` ({prompts})");
        issues.expect(even, "minibatches", minibatches, divisor);
        let (longest, row) = (self.max_new_tokens, self.row_tokens);
        let room = format!("less than `row_tokens` ({row}), which also hold the prompt");
        issues.expect(longest < row, "max_new_tokens", longest, room);
        let hot = self.temperature >= 1e-38 && self.temperature.is_finite();
        issues.expect(hot, "temperature", self.temperature, "at least 1e-38");
        let shares = [
            ("clip_low", self.clip_low),
            ("clip_high", self.clip_high),
            ("kl_coefficient", self.kl_coefficient),
        ];
        for (key, value) in shares {
            let holds = value >= 0.0 && value.is_finite();
            issues.expect(holds, key, value, "0 or more");
        }
        issues.nest("reward", self.reward.validate());
        issues
    }
}
