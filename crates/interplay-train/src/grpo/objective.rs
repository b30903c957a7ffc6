//! What a pass of a policy update carries to a device, and what comes back.

use interplay_objectives::loss::{LossStats, Mismatch, PolicyLoss, TokenBatch};
use serde::{Deserialize, Serialize};

/// The settings of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Objective {
    /// The loss.
    pub loss: PolicyLoss,
    /// The temperature at which the completions were sampled.
    pub temperature: f64,
    /// The limit below which their tokens were sampled, if the model's vocabulary is padded.
    pub vocab_limit: Option<usize>,
}

/// The inputs of the loss, one value for each predicted token of the pass, or none where it is not needed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct TokenTable {
    /// Log-probabilities under the policy before the first update on the batch.
    pub old: Vec<f32>,
    /// Log-probabilities that the sampler gave, where the pass is to measure how the trainer's differ.
    pub sampled: Vec<f32>,
    /// Log-probabilities under the reference.
    pub reference: Vec<f32>,
    pub advantages: Vec<f32>,
    pub weights: Vec<f32>,
    /// Importance weights of the mismatch between sampler and trainer.
    pub correction: Vec<f32>,
    /// Random numbers.
    pub draws: Vec<u64>,
}

impl TokenTable {
    /// The table as the loss reads it.
    pub fn batch<'a>(
        &'a self,
        lengths: &'a [usize],
        policy: &'a [f32],
        entropy: &'a [f32],
    ) -> TokenBatch<'a> {
        TokenBatch {
            lengths,
            policy,
            old: &self.old,
            reference: &self.reference,
            entropy,
            advantages: &self.advantages,
            weights: &self.weights,
            correction: &self.correction,
            draws: &self.draws,
        }
    }
}

/// The statistics of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct PassStats {
    pub loss: LossStats,
    pub mismatch: Mismatch,
}

impl PassStats {
    /// How many numbers [`to_bits`](Self::to_bits) gives.
    pub const NUMBERS: usize = 16;

    /// Adds another pass.
    pub fn add(&mut self, other: &Self) {
        self.loss.add(&other.loss);
        self.mismatch.add(&other.mismatch);
    }

    /// The numbers for a message; text cannot hold those that are not finite.
    pub fn to_bits(self) -> [u64; Self::NUMBERS] {
        let Self { loss, mismatch } = self;
        [
            loss.tokens,
            loss.clipped_low,
            loss.clipped_high,
            loss.clipped_dual,
            loss.ppo_kl.to_bits(),
            loss.reference_tokens,
            loss.kl.to_bits(),
            loss.entropy.to_bits(),
            mismatch.tokens,
            mismatch.difference.to_bits(),
            mismatch.difference_max.to_bits(),
            mismatch.kl.to_bits(),
            mismatch.k3_kl.to_bits(),
            mismatch.chi2.to_bits(),
            mismatch.probability.to_bits(),
            mismatch.probability_max.to_bits(),
        ]
    }

    /// Reads what [`to_bits`](Self::to_bits) wrote.
    pub fn from_bits(bits: [u64; Self::NUMBERS]) -> Self {
        let number = |index: usize| f64::from_bits(bits[index]);
        let loss = LossStats {
            tokens: bits[0],
            clipped_low: bits[1],
            clipped_high: bits[2],
            clipped_dual: bits[3],
            ppo_kl: number(4),
            reference_tokens: bits[5],
            kl: number(6),
            entropy: number(7),
        };
        let mismatch = Mismatch {
            tokens: bits[8],
            difference: number(9),
            difference_max: number(10),
            kl: number(11),
            k3_kl: number(12),
            chi2: number(13),
            probability: number(14),
            probability_max: number(15),
        };
        Self { loss, mismatch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_survive_a_message() {
        let mismatch = Mismatch::of(&[-1.0, -2.0, -3.0], &[-1.5, -2.0, -2.75]);
        assert_eq!((mismatch.tokens, mismatch.difference_max), (3, 0.5));
        let loss = LossStats {
            tokens: 3,
            clipped_high: 1,
            kl: f64::INFINITY,
            entropy: 0.5,
            ..LossStats::default()
        };
        let stats = PassStats { loss, mismatch };
        assert_eq!(PassStats::from_bits(stats.to_bits()), stats);
    }
}
