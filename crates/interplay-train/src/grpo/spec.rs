//! Settings of a GRPO stage.

use interplay_model::{Activations, Precision};
use serde::{Deserialize, Serialize};

use super::{AdvantageScale, LossKind, RewardSpec};
use crate::next_token::MAX_COUNT;
use crate::optimizer::OptimizerSpec;

/// Which tokens of a completion carry its advantage.
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
    /// Prompts a step.
    pub prompts: usize,
    /// Completions a prompt.
    #[serde(default = "default_group_size")]
    pub group_size: usize,
    /// Optimiser updates a step; prompts are split evenly between them.
    #[serde(default = "default_minibatches")]
    pub minibatches: usize,
    /// Rows of a training pass.
    pub rows: usize,
    /// Tokens a row; holds a prompt with its longest completion.
    pub row_tokens: usize,
    /// The longest completion.
    pub max_new_tokens: usize,
    /// Sampling temperature of the rollouts.
    #[serde(default = "default_temperature")]
    pub temperature: f64,
    /// How far below 1 the ratio may pay.
    #[serde(default = "default_clip")]
    pub clip_low: f32,
    /// How far above 1 the ratio may pay.
    #[serde(default = "default_clip")]
    pub clip_high: f32,
    /// Weight of the k3 penalty; at 0 the reference is not even read.
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
    #[serde(default)]
    pub filter_uniform_groups: bool,
    /// What a completion earns.
    #[serde(default)]
    pub reward: RewardSpec,
    /// Which tokens of a completion a lack of reward is charged to.
    #[serde(default)]
    pub credit: Credit,
    /// Whether the backward pass keeps activations or computes them again.
    #[serde(default)]
    pub activations: Activations,
    /// What products with the weights are computed in, of rollouts as of updates.
    #[serde(default)]
    pub precision: Precision,
    /// The optimiser and its schedule.
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
    /// Everything that is wrong with the settings.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self
            .optimizer
            .problems()
            .into_iter()
            .map(|problem| format!("optimizer.{problem}"))
            .collect();
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
            if !(1..=MAX_COUNT).contains(&count) {
                problems.push(format!("{key}: expected 1 to {MAX_COUNT}, found {count}"));
            }
        }
        if !(2..=MAX_COUNT as usize).contains(&self.group_size) {
            let found = self.group_size;
            problems.push(format!(
                "group_size: expected 2 to {MAX_COUNT}, found {found}"
            ));
        }
        if self.minibatches > 0 && !self.prompts.is_multiple_of(self.minibatches) {
            let (found, prompts) = (self.minibatches, self.prompts);
            problems.push(format!(
                "minibatches: expected a number that divides prompts ({prompts}), found {found}"
            ));
        }
        if self.max_new_tokens >= self.row_tokens {
            let (found, row) = (self.max_new_tokens, self.row_tokens);
            problems.push(format!(
                "max_new_tokens: expected less than row_tokens ({row}), which also hold the \
                 prompt, found {found}"
            ));
        }
        if !(self.temperature >= 1e-38 && self.temperature.is_finite()) {
            problems.push(format!(
                "temperature: expected at least 1e-38, found {}",
                self.temperature
            ));
        }
        for (key, clip) in [("clip_low", self.clip_low), ("clip_high", self.clip_high)] {
            if !(clip >= 0.0 && clip.is_finite()) {
                problems.push(format!("{key}: expected 0 or more, found {clip}"));
            }
        }
        if !(self.kl_coefficient >= 0.0 && self.kl_coefficient.is_finite()) {
            problems.push(format!(
                "kl_coefficient: expected 0 or more, found {}",
                self.kl_coefficient
            ));
        }
        problems.extend(self.reward.problems());
        problems
    }
}
