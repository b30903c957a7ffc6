//! Correction for a sampler that is not quite the policy that is trained.
//!
//! A sampling engine computes in other kernels, in lower precision or from a truncated distribution, so its
//! log-probabilities differ from the trainer's before any update. The importance weight
//! `w = p_trainer / p_sampler` makes the gradient that of the trainer's policy again; truncating or masking it
//! keeps the variance in bounds.
//!
//! Source: truncated importance sampling, Yao et al. 2025 ("Your efficient RL framework secretly brings you
//! off-policy RL training"; TRL `vllm_importance_sampling_mode`, verl `rollout_is`); masking is IcePop and
//! MIS as in verl's `rollout_rs` and TRL's `*_mask` modes.
//!
//! Deviations: a masked token keeps its place in the denominators of the loss, as in TRL and in verl's IcePop
//! (verl's `rollout_rs` takes it out of them).

use serde::{Deserialize, Serialize};

/// Over what the weight is taken.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Each token has a weight of its own.
    #[default]
    Token,
    /// All tokens of a completion share one.
    Sequence,
}

/// What happens to weights beyond the bound.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Beyond {
    /// They are set to the bound that they pass.
    #[default]
    Truncate,
    /// Their tokens leave the loss.
    Mask,
}

/// The correction of the mismatch between sampler and trainer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Correction {
    /// Per token, or per completion by the product over its tokens.
    pub level: Level,
    /// What happens to a weight above `max` or below `min`.
    pub beyond: Beyond,
    /// The largest weight (TRL `vllm_importance_sampling_clip_max`, verl `rollout_is_threshold`).
    pub max: f64,
    /// The smallest weight (TRL `vllm_importance_sampling_clip_min`).
    pub min: f64,
    /// Whether the weights are divided by their mean after that: over tokens, or over completions (verl
    /// `rollout_is_batch_normalize`).
    pub normalize: bool,
}

impl Default for Correction {
    /// Per token, truncated at 2 as in Yao et al.
    fn default() -> Self {
        Self {
            level: Level::Token,
            beyond: Beyond::Truncate,
            max: 2.0,
            min: 0.0,
            normalize: false,
        }
    }
}

impl Correction {
    /// The weight of every token, completion by completion: `lengths` tokens each, from log-probabilities
    /// under the trainer's policy before the update and under the sampler.
    ///
    /// ```
    /// use interplay_objectives::loss::{Beyond, Correction, Level};
    ///
    /// let (trainer, sampler) = ([-1.0f32, -1.0, -2.0], [-1.0f32, -2.0, -2.0]);
    /// let token = Correction::default();
    /// assert_eq!(token.weights(&[2, 1], &trainer, &sampler), [1.0, 2.0, 1.0]);
    /// let masked = Correction { level: Level::Sequence, beyond: Beyond::Mask, ..token };
    /// assert_eq!(masked.weights(&[2, 1], &trainer, &sampler), [0.0, 0.0, 1.0]);
    /// ```
    ///
    /// # Panics
    /// If the slices are shorter than the lengths add up to.
    #[must_use]
    pub fn weights(&self, lengths: &[usize], trainer: &[f32], sampler: &[f32]) -> Vec<f64> {
        let mut weights = Vec::with_capacity(trainer.len());
        let mut first = 0;
        for &length in lengths {
            let tokens = first..first + length;
            first += length;
            let differences =
                tokens.map(|token| f64::from(trainer[token]) - f64::from(sampler[token]));
            match self.level {
                Level::Token => {
                    weights.extend(differences.map(|log_weight| self.bounded(log_weight)));
                }
                Level::Sequence => {
                    let weight = self.bounded(differences.sum());
                    weights.extend(std::iter::repeat_n(weight, length));
                }
            }
        }
        if self.normalize {
            let mean = self.mean(lengths, &weights);
            weights.iter_mut().for_each(|weight| *weight /= mean);
        }
        weights
    }

    /// The mean weight of a token or of a completion; 1 where all are zero.
    fn mean(&self, lengths: &[usize], weights: &[f64]) -> f64 {
        let (mut sum, mut count, mut first) = (0.0, 0usize, 0);
        for &length in lengths.iter().filter(|length| **length > 0) {
            let own = &weights[first..first + length];
            first += length;
            let (share, of) = match self.level {
                Level::Token => (own.iter().sum(), length),
                Level::Sequence => (own[0], 1),
            };
            sum += share;
            count += of;
        }
        let mean: f64 = sum / count.max(1) as f64;
        if mean > 0.0 { mean } else { 1.0 }
    }

    fn bounded(&self, log_weight: f64) -> f64 {
        let weight = log_weight.clamp(-20.0, 20.0).exp();
        match self.beyond {
            Beyond::Truncate => weight.max(self.min).min(self.max),
            Beyond::Mask if weight > self.max || weight < self.min => 0.0,
            Beyond::Mask => weight,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sampler_that_agrees_changes_nothing() {
        for level in [Level::Token, Level::Sequence] {
            for beyond in [Beyond::Truncate, Beyond::Mask] {
                let correction = Correction {
                    level,
                    beyond,
                    ..Correction::default()
                };
                let log_probs = [-0.5, -3.0, -1.0];
                assert_eq!(
                    correction.weights(&[1, 2], &log_probs, &log_probs),
                    [1.0; 3]
                );
            }
        }
    }

    #[test]
    fn a_completion_has_the_product_of_its_tokens() {
        let correction = Correction {
            level: Level::Sequence,
            max: 10.0,
            ..Correction::default()
        };
        let weights = correction.weights(&[2], &[-1.0, -1.0], &[-1.5, -1.25]);
        assert!((weights[0] - 0.75f64.exp()).abs() < 1e-12);
        assert_eq!(weights[0], weights[1]);
    }
}
