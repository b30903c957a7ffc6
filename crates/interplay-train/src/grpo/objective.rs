//! What a pass of a policy update carries to a device, and what comes back.

use interplay_objectives::loss::{LossStats, PolicyLoss, TokenBatch};
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

/// The difference between the log-probabilities of two computations of the same policy.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Mismatch {
    pub tokens: u64,
    /// The sum of the differences' magnitudes, in nats.
    pub sum_nats: f64,
    /// The largest of them.
    pub max_nats: f64,
}

impl Mismatch {
    /// Of two computations, token by token.
    pub fn of(one: &[f32], other: &[f32]) -> Self {
        let mut found = Self::default();
        for (one, other) in one.iter().zip(other) {
            let difference = (f64::from(*one) - f64::from(*other)).abs();
            found.tokens += 1;
            found.sum_nats += difference;
            found.max_nats = found.max_nats.max(difference);
        }
        found
    }

    /// Adds other tokens.
    pub fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.sum_nats += other.sum_nats;
        self.max_nats = self.max_nats.max(other.max_nats);
    }

    /// The mean and the largest difference; NaN without tokens.
    pub fn mean_and_max(&self) -> (f64, f64) {
        match self.tokens {
            0 => (f64::NAN, f64::NAN),
            tokens => (self.sum_nats / tokens as f64, self.max_nats),
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
    pub const NUMBERS: usize = 11;

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
            mismatch.sum_nats.to_bits(),
            mismatch.max_nats.to_bits(),
        ]
    }

    /// Reads what [`to_bits`](Self::to_bits) wrote.
    pub fn from_bits(bits: [u64; Self::NUMBERS]) -> Self {
        let [
            tokens,
            low,
            high,
            dual,
            ppo_kl,
            reference,
            kl,
            entropy,
            compared,
            sum,
            max,
        ] = bits;
        let loss = LossStats {
            tokens,
            clipped_low: low,
            clipped_high: high,
            clipped_dual: dual,
            ppo_kl: f64::from_bits(ppo_kl),
            reference_tokens: reference,
            kl: f64::from_bits(kl),
            entropy: f64::from_bits(entropy),
            ..LossStats::default()
        };
        let mismatch = Mismatch {
            tokens: compared,
            sum_nats: f64::from_bits(sum),
            max_nats: f64::from_bits(max),
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
        assert_eq!(mismatch.mean_and_max(), (0.25, 0.5));
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
