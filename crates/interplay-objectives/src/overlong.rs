//! Completions that are too long, or cut off.
//!
//! Two remedies. The soft punishment takes reward away, little by little, from completions that come
//! close to the limit:
//!
//! - 0 up to `max_completion_len - soft_punish_cache` tokens,
//! - `(max_completion_len - soft_punish_cache - length) / soft_punish_cache` up to
//!   `max_completion_len`, where it is -1,
//! - -1 beyond.
//!
//! Masking instead leaves completions that were cut off out of the loss: a failure for want of room
//! says nothing about the reasoning.
//!
//! Source: arXiv 2503.14476 (DAPO), section 3.4, equation 13; TRL's `get_soft_overlong_punishment` and
//! `mask_truncated_completions`; verl's `overlong_buffer` with its `penalty_factor`.
//!
//! Deviations: beyond the limit verl's punishment grows on; here it stays, as published. As in TRL, the
//! reward of a masked completion still counts in the mean of its group.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

/// Settings of the soft overlong punishment.
///
/// ```
/// use interplay_objectives::overlong::SoftOverlong;
///
/// let soft = SoftOverlong { max_completion_len: 100, soft_punish_cache: 20, penalty_factor: 1.0 };
/// assert_eq!([80, 90, 100, 120].map(|tokens| soft.punishment(tokens)), [0.0, -0.5, -1.0, -1.0]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SoftOverlong {
    /// The length at which the punishment is whole, in tokens.
    pub max_completion_len: usize,
    /// The tokens before it over which the punishment grows; 0 for none.
    pub soft_punish_cache: usize,
    /// The whole punishment.
    #[serde(default = "whole")]
    pub penalty_factor: f64,
}

fn whole() -> f64 {
    1.0
}

impl SoftOverlong {
    /// Everything that is wrong with the settings where completions have up to `max_new_tokens`.
    #[must_use]
    pub fn validate(&self, max_new_tokens: usize) -> Issues {
        let mut issues = Issues::default();
        let (limit, cache) = (self.max_completion_len, self.soft_punish_cache);
        issues.range("max_completion_len", limit, 1..=max_new_tokens);
        issues.range("soft_punish_cache", cache, 0..=limit);
        let factor = self.penalty_factor;
        let holds = factor >= 0.0 && factor.is_finite();
        issues.expect(holds, "penalty_factor", factor, "0 or more");
        issues
    }

    /// What is added to the reward of a completion of `tokens` tokens: 0 or less.
    #[must_use]
    pub fn punishment(&self, tokens: usize) -> f64 {
        let free = self
            .max_completion_len
            .saturating_sub(self.soft_punish_cache);
        let share = if tokens <= free {
            return 0.0;
        } else if tokens <= self.max_completion_len {
            (tokens - free) as f64 / self.soft_punish_cache as f64
        } else {
            1.0
        };
        -share * self.penalty_factor
    }
}

/// How many tokens of each completion count in the loss: none of one that was cut off, where
/// `mask_truncated_completions` says so, else all.
///
/// # Panics
/// Where the slices differ in length.
///
/// ```
/// use interplay_objectives::overlong::loss_lengths;
///
/// assert_eq!(loss_lengths(&[3, 8], &[true, false], true), [3, 0]);
/// assert_eq!(loss_lengths(&[3, 8], &[true, false], false), [3, 8]);
/// ```
#[must_use]
pub fn loss_lengths(
    lengths: &[usize],
    stopped: &[bool],
    mask_truncated_completions: bool,
) -> Vec<usize> {
    assert_eq!(
        lengths.len(),
        stopped.len(),
        "whether each completion stopped"
    );
    let counts = |(length, stopped): (&usize, &bool)| match mask_truncated_completions && !stopped {
        true => 0,
        false => *length,
    };
    lengths.iter().zip(stopped).map(counts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_cache_the_limit_is_a_cliff() {
        let cliff = SoftOverlong {
            max_completion_len: 10,
            soft_punish_cache: 0,
            penalty_factor: 0.5,
        };
        assert_eq!(
            [9, 10, 11].map(|tokens| cliff.punishment(tokens)),
            [0.0, 0.0, -0.5]
        );
    }

    #[test]
    fn every_wrong_setting_is_reported() {
        let wrong = SoftOverlong {
            max_completion_len: 0,
            soft_punish_cache: 3,
            penalty_factor: f64::NAN,
        };
        assert_eq!(wrong.validate(64).0.len(), 3);
    }
}
