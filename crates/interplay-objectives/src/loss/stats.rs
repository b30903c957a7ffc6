//! What the tokens of an update show about the policy.
//!
//! Source: the metrics of TRL 1.16 (`clip_ratio/*`, `kl`, `entropy`, `sampling/*`) and of verl 0.9.1
//! (`actor/ppo_kl`, `actor/pg_clipfrac_lower`).

use serde::{Deserialize, Serialize};

/// Sums over the tokens of an update or of a step, from which means are taken.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossStats {
    /// Tokens.
    pub tokens: u64,
    /// Tokens whose gradient the lower bound removed; with CISPO, limited the weight of.
    pub clipped_low: u64,
    /// The same of the upper bound.
    pub clipped_high: u64,
    /// Tokens at the second bound of dual clip.
    pub clipped_dual: u64,
    /// The sum of old minus new log-probability, in nats: the drift from the policy that the batch
    /// was sampled with (verl `ppo_kl`).
    pub ppo_kl: f64,
    /// Tokens with a log-probability of the reference.
    pub reference_tokens: u64,
    /// The sum of the estimated divergence from the reference, in nats.
    pub kl: f64,
    /// The sum of the entropies, in nats.
    pub entropy: f64,
}

impl LossStats {
    /// Adds the sums of other tokens.
    pub fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.clipped_low += other.clipped_low;
        self.clipped_high += other.clipped_high;
        self.clipped_dual += other.clipped_dual;
        self.ppo_kl += other.ppo_kl;
        self.reference_tokens += other.reference_tokens;
        self.kl += other.kl;
        self.entropy += other.entropy;
    }

    /// A count or a sum as a mean over the tokens; NaN, which files show as `null`, where there are none.
    #[must_use]
    pub fn mean(&self, sum: f64) -> f64 {
        sum / self.tokens as f64
    }

    /// The mean divergence from the reference, in nats; NaN without a reference.
    #[must_use]
    pub fn mean_kl(&self) -> f64 {
        self.kl / self.reference_tokens as f64
    }
}
