//! Tokens whose probability and advantage move together, which collapse the entropy.
//!
//! Source: arXiv 2505.22617, section 4: the covariance of a token's log-probability and its advantage drives
//! the loss of entropy. Clip-Cov takes the gradient from a few random tokens of high covariance; KL-Cov adds a
//! penalty for leaving the old policy on the tokens of highest covariance.
//!
//! Deviations: covariances are taken over the tokens that are computed together, as verl takes them over its
//! micro-batch, so how many rows a pass has matters.

use serde::{Deserialize, Serialize};

/// Clip-Cov (verl `policy_loss.loss_mode = "clip_cov"`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClipCov {
    /// The share of tokens without gradient (verl `clip_cov_ratio`).
    pub ratio: f64,
    /// Tokens of a covariance above this may be among them (verl `clip_cov_lb`).
    pub low: f64,
    /// Tokens of a covariance below this may be among them (verl `clip_cov_ub`).
    pub high: f64,
}

impl Default for ClipCov {
    /// The published settings.
    fn default() -> Self {
        Self {
            ratio: 2e-4,
            low: 1.0,
            high: 5.0,
        }
    }
}

/// KL-Cov (verl `policy_loss.loss_mode = "kl_cov"`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KlCov {
    /// The share of tokens that are penalized (verl `kl_cov_ratio`).
    pub ratio: f64,
    /// The weight of the penalty (verl `ppo_kl_coef`).
    pub coefficient: f64,
}

impl Default for KlCov {
    /// The published settings.
    fn default() -> Self {
        Self {
            ratio: 2e-4,
            coefficient: 1.0,
        }
    }
}

/// Each token's part of the covariance of log-probability and advantage.
///
/// ```
/// use interplay_objectives::loss::covariances;
///
/// let parts = covariances(&[-1.0, -3.0], &[1.0, -1.0]);
/// assert_eq!(parts, [1.0, 1.0]);
/// ```
#[must_use]
pub fn covariances(log_probs: &[f32], advantages: &[f32]) -> Vec<f64> {
    let mean = |values: &[f32]| -> f64 {
        values.iter().copied().map(f64::from).sum::<f64>() / values.len().max(1) as f64
    };
    let (log_prob, advantage) = (mean(log_probs), mean(advantages));
    let pairs = log_probs.iter().zip(advantages);
    pairs
        .map(|(l, a)| (f64::from(*l) - log_prob) * (f64::from(*a) - advantage))
        .collect()
}

impl ClipCov {
    /// The tokens that lose their gradient, ascending: a random choice, by `draws` (one random number a
    /// token), of those inside the bounds that are not clipped anyway.
    #[must_use]
    pub fn choose(&self, covariances: &[f64], clipped: &[bool], draws: &[u64]) -> Vec<usize> {
        let count = ((self.ratio * covariances.len() as f64) as usize).max(1);
        let inside = |token: &usize| {
            let covariance = covariances[*token];
            !clipped[*token] && covariance > self.low && covariance < self.high
        };
        let mut tokens: Vec<usize> = (0..covariances.len()).filter(inside).collect();
        tokens.sort_by_key(|token| (draws[*token], *token));
        tokens.truncate(count);
        tokens.sort_unstable();
        tokens
    }
}

impl KlCov {
    /// The tokens that are penalized, ascending: those of highest covariance.
    #[must_use]
    pub fn choose(&self, covariances: &[f64]) -> Vec<usize> {
        let count = ((self.ratio * covariances.len() as f64) as usize).max(1);
        let mut tokens: Vec<usize> = (0..covariances.len()).collect();
        tokens.sort_by(|a, b| covariances[*b].total_cmp(&covariances[*a]).then(a.cmp(b)));
        tokens.truncate(count);
        tokens.sort_unstable();
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kl_cov_takes_the_highest() {
        let penalty = KlCov {
            ratio: 0.5,
            coefficient: 1.0,
        };
        assert_eq!(penalty.choose(&[0.1, 5.0, -2.0, 3.0]), [1, 3]);
        assert_eq!(KlCov::default().choose(&[0.1, 5.0]), [1], "one at least");
    }

    #[test]
    fn clip_cov_draws_among_those_inside_the_bounds() {
        let clip = ClipCov {
            ratio: 0.5,
            ..ClipCov::default()
        };
        let covariances = [2.0, 3.0, 9.0, 4.0, 0.5, 2.5];
        let clipped = [false, false, false, true, false, false];
        let draws = [7, 3, 1, 1, 1, 9];
        assert_eq!(clip.choose(&covariances, &clipped, &draws), [0, 1, 5]);
        let one = ClipCov { ratio: 0.0, ..clip };
        assert_eq!(one.choose(&covariances, &clipped, &draws), [1]);
    }
}
