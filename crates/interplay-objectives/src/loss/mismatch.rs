//! The divergence of the sampler from the policy in training, measured at the sampled tokens.
//!
//! Source: TRL 1.16 `sampling/sampling_logp_difference/*`; verl 0.9.1 `rollout_corr/{kl, k3_kl, chi2_token}` and
//! `training/rollout_probs_diff_{mean, max}`.
//!
//! Deviations: `k3_kl` goes on along its tangent where the logarithm of the ratio is beyond 20, as
//! [`KlEstimator::K3`] does; in `chi2` the logarithm is limited to 20, as in verl.

use super::KlEstimator;

/// Statistics over tokens of the difference between trainer and sampler, before any update.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mismatch {
    /// The mean magnitude of the difference of log-probabilities, in nats.
    pub difference_mean: f64,
    /// The largest.
    pub difference_max: f64,
    /// The estimate by k1 of KL(sampler, trainer), in nats.
    pub kl: f64,
    /// The estimate by k3.
    pub k3_kl: f64,
    /// The mean squared importance weight less 1: how much the variance of a corrected mean grows.
    pub chi2: f64,
    /// The mean magnitude of the difference of probabilities.
    pub probability_mean: f64,
    /// The largest.
    pub probability_max: f64,
}

impl Mismatch {
    /// From the log-probabilities of the tokens under the trainer's policy and under the sampler; zeros where
    /// there are no tokens.
    ///
    /// ```
    /// use interplay_objectives::loss::Mismatch;
    ///
    /// // Probabilities 1/2 and 1/4 for the trainer, 1/4 and 1/4 for the sampler: weights 2 and 1.
    /// let (half, quarter) = (0.5f32.ln(), 0.25f32.ln());
    /// let found = Mismatch::of(&[half, quarter], &[quarter, quarter]);
    /// assert!((found.difference_max - 2.0f64.ln()).abs() < 1e-6);
    /// assert!((found.kl + 2.0f64.ln() / 2.0).abs() < 1e-6);
    /// assert!((found.chi2 - 1.5).abs() < 1e-6 && (found.probability_mean - 0.125).abs() < 1e-6);
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
        let share = 1.0 / trainer.len().max(1) as f64;
        for (trainer, sampler) in trainer.iter().zip(sampler) {
            let (trainer, sampler) = (f64::from(*trainer), f64::from(*sampler));
            let difference = trainer - sampler;
            let probability = (trainer.exp() - sampler.exp()).abs();
            let squared = (2.0 * difference.clamp(-20.0, 20.0)).exp();
            found.difference_mean += share * difference.abs();
            found.difference_max = found.difference_max.max(difference.abs());
            found.kl -= share * difference;
            found.k3_kl += share * KlEstimator::K3.at(sampler, trainer).0;
            found.chi2 += share * (squared - 1.0);
            found.probability_mean += share * probability;
            found.probability_max = found.probability_max.max(probability);
        }
        found
    }
}
