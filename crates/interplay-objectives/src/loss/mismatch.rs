//! The divergence of the sampler from the policy in training, measured at the sampled tokens.
//!
//! Source: TRL 1.16 `sampling/sampling_logp_difference/*`; verl 0.9.1 `rollout_corr/{kl, k3_kl, chi2_token}` and
//! `training/rollout_probs_diff_{mean, max}`.
//!
//! Deviations: `k3_kl` goes on along its tangent where the logarithm of the ratio is beyond 20, as
//! [`KlEstimator::K3`] does; in `chi2` the logarithm is limited to 20, as in verl.

use super::KlEstimator;

/// Sums over tokens of the difference between trainer and sampler, before any update.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mismatch {
    /// Tokens.
    pub tokens: u64,
    /// The magnitudes of the differences of log-probabilities, in nats.
    pub difference: f64,
    /// The largest of them.
    pub difference_max: f64,
    /// The estimates by k1 of KL(sampler, trainer), in nats.
    pub kl: f64,
    /// The estimates by k3.
    pub k3_kl: f64,
    /// The squared importance weights less 1; their mean is how much the variance of a corrected mean grows.
    pub chi2: f64,
    /// The magnitudes of the differences of probabilities.
    pub probability: f64,
    /// The largest of them.
    pub probability_max: f64,
}

impl Mismatch {
    /// From the log-probabilities of the tokens under the trainer's policy and under the sampler.
    ///
    /// ```
    /// use interplay_objectives::loss::Mismatch;
    ///
    /// // Probabilities 1/2 and 1/4 for the trainer, 1/4 and 1/4 for the sampler: weights 2 and 1.
    /// let (half, quarter) = (0.5f32.ln(), 0.25f32.ln());
    /// let found = Mismatch::of(&[half, quarter], &[quarter, quarter]);
    /// assert!((found.difference_max - 2.0f64.ln()).abs() < 1e-6);
    /// assert!((found.mean(found.kl) + 2.0f64.ln() / 2.0).abs() < 1e-6);
    /// assert!((found.mean(found.chi2) - 1.5).abs() < 1e-6);
    /// assert!((found.mean(found.probability) - 0.125).abs() < 1e-6);
    /// ```
    ///
    /// # Panics
    /// If the slices have different lengths.
    #[must_use]
    pub fn of(trainer: &[f32], sampler: &[f32]) -> Self {
        assert_eq!(
            trainer.len(),
            sampler.len(),
            "log-probabilities of two different batches"
        );
        let mut found = Self::default();
        for (trainer, sampler) in trainer.iter().zip(sampler) {
            let (trainer, sampler) = (f64::from(*trainer), f64::from(*sampler));
            let difference = trainer - sampler;
            let probability = (trainer.exp() - sampler.exp()).abs();
            let squared = (2.0 * difference.clamp(-20.0, 20.0)).exp();
            found.add(&Self {
                tokens: 1,
                difference: difference.abs(),
                difference_max: difference.abs(),
                kl: -difference,
                k3_kl: KlEstimator::K3.at(sampler, trainer).0,
                chi2: squared - 1.0,
                probability,
                probability_max: probability,
            });
        }
        found
    }

    /// Adds other tokens.
    pub fn add(&mut self, other: &Self) {
        self.tokens += other.tokens;
        self.difference += other.difference;
        self.difference_max = self.difference_max.max(other.difference_max);
        self.kl += other.kl;
        self.k3_kl += other.k3_kl;
        self.chi2 += other.chi2;
        self.probability += other.probability;
        self.probability_max = self.probability_max.max(other.probability_max);
    }

    /// A sum as a mean over the tokens; NaN, which files show as `null`, where there are none.
    #[must_use]
    pub fn mean(&self, sum: f64) -> f64 {
        sum / self.tokens as f64
    }

    /// A largest value; NaN where there are no tokens.
    #[must_use]
    pub fn most(&self, largest: f64) -> f64 {
        if self.tokens == 0 { f64::NAN } else { largest }
    }
}
