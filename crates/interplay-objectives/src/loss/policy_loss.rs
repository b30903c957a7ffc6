//! The loss of a batch of completions, its derivatives and its statistics.

use serde::{Deserialize, Serialize};

use super::geometric::{geometric_mean, geometric_weights};
use super::kl::sign;
use super::{
    ClipCov, ClipRange, KlCov, KlEstimator, Level, LossStats, Surrogate, TokenBatch, TokenLoss,
    covariances,
};

/// The settings of the loss.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyLoss {
    /// What keeps an update near the old policy.
    pub surrogate: Surrogate,
    /// Whether a ratio is that of a token, or the geometric mean over a completion (GSPO; TRL
    /// `importance_sampling_level`).
    pub ratio_level: Level,
    /// The bounds of the ratio.
    pub clip: ClipRange,
    /// The weight of the divergence from the reference (TRL `beta`, verl `kl_loss_coef`); 0 leaves it out.
    pub kl_coefficient: f64,
    /// How the divergence is estimated.
    pub kl_estimator: KlEstimator,
    /// Whether the estimate is weighted with the ratio (TRL `use_bias_correction_kl`).
    pub kl_ratio_factor: bool,
    /// The weight of the entropy (verl `entropy_coeff`); 0 leaves it out.
    pub entropy_coefficient: f64,
    /// Tokens of high covariance that lose their gradient.
    pub clip_cov: Option<ClipCov>,
    /// Tokens of the highest covariance that are penalized.
    pub kl_cov: Option<KlCov>,
}

impl Default for PolicyLoss {
    /// The clipped objective at 0.2 with nothing else.
    fn default() -> Self {
        Self {
            surrogate: Surrogate::Clip,
            ratio_level: Level::Token,
            clip: ClipRange {
                low: 0.2,
                high: 0.2,
                delta: None,
            },
            kl_coefficient: 0.0,
            kl_estimator: KlEstimator::K3,
            kl_ratio_factor: false,
            entropy_coefficient: 0.0,
            clip_cov: None,
            kl_cov: None,
        }
    }
}

/// A loss and what to multiply differentiable log-probabilities and entropies with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LossAndSlopes {
    /// The loss.
    pub loss: f64,
    /// Its derivative by the policy's log-probability of each token.
    pub policy: Vec<f32>,
    /// Its derivative by the entropy at each token; empty without a bonus.
    pub entropy: Vec<f32>,
    /// Sums for the metrics.
    pub stats: LossStats,
}

impl PolicyLoss {
    /// The loss of a batch.
    ///
    /// ```
    /// use interplay_objectives::loss::{PolicyLoss, TokenBatch};
    ///
    /// // One completion of two tokens, sampled by the policy itself: ratio 1, so the loss is the
    /// // negative mean advantage and each derivative the negative weighted advantage.
    /// let batch = TokenBatch {
    ///     lengths: &[2],
    ///     policy: &[-1.0, -0.5],
    ///     old: &[-1.0, -0.5],
    ///     entropy: &[0.9, 0.4],
    ///     advantages: &[2.0, 2.0],
    ///     weights: &[0.5, 0.5],
    ///     ..TokenBatch::default()
    /// };
    /// let found = PolicyLoss::default().of(&batch);
    /// assert_eq!(found.loss, -2.0);
    /// assert_eq!(found.policy, [-1.0, -1.0]);
    /// ```
    ///
    /// # Panics
    /// If a slice that is not empty has another length than `lengths` adds up to.
    #[must_use]
    pub fn of(&self, batch: &TokenBatch<'_>) -> LossAndSlopes {
        let tokens: usize = batch.lengths.iter().sum();
        batch.check(tokens);
        let ratios = self.ratios(batch);
        let token_loss = |token: usize| {
            let policy = f64::from(batch.policy[token]);
            let advantage = f64::from(batch.advantages[token]);
            let ratio = ratios[token].ratio;
            self.surrogate.token(policy, ratio, advantage, &self.clip)
        };
        let mut losses: Vec<TokenLoss> = match self.surrogate {
            Surrogate::GeometricMean => geometric_mean(batch, &self.clip),
            _ => (0..tokens).map(token_loss).collect(),
        };
        let correction = match self.surrogate {
            Surrogate::GeometricMean => geometric_weights(batch),
            _ => batch.correction.iter().copied().map(f64::from).collect(),
        };
        self.covariance(batch, &ratios, &mut losses);
        let mut found = LossAndSlopes {
            policy: Vec::with_capacity(tokens),
            ..LossAndSlopes::default()
        };
        for (token, (loss, ratio)) in losses.iter().zip(&ratios).enumerate() {
            let mut loss = *loss;
            let correction = correction.get(token).copied().unwrap_or(1.0);
            loss.loss *= correction;
            loss.slope *= correction;
            self.add(&mut found, batch, token, &loss, ratio);
        }
        found
    }

    /// Adds a token to the loss and to the statistics.
    fn add(
        &self,
        found: &mut LossAndSlopes,
        batch: &TokenBatch<'_>,
        token: usize,
        surrogate: &TokenLoss,
        ratio: &Ratio,
    ) {
        let weight = f64::from(batch.weights[token]);
        let mut loss = surrogate.loss;
        // A ratio at its limit does not move with the policy.
        let mut slope = match self.surrogate.is_of_ratio() {
            true => surrogate.slope * ratio.moves,
            false => surrogate.slope,
        };
        let stats = &mut found.stats;
        if let Some(reference) = batch.reference.get(token) {
            let (policy, reference) = (f64::from(batch.policy[token]), f64::from(*reference));
            let (mut kl, mut kl_slope) = self.kl_estimator.at(policy, reference);
            stats.reference_tokens += 1;
            stats.kl += kl;
            if self.kl_ratio_factor || self.kl_estimator.takes_ratio() {
                kl_slope = ratio.ratio * (kl_slope + kl * ratio.moves);
                kl *= ratio.ratio;
            }
            loss += self.kl_coefficient * kl;
            slope += self.kl_coefficient * kl_slope;
        }
        if let Some(entropy) = batch.entropy.get(token) {
            stats.entropy += f64::from(*entropy);
            if self.entropy_coefficient != 0.0 {
                loss -= self.entropy_coefficient * f64::from(*entropy);
                found
                    .entropy
                    .push((-self.entropy_coefficient * weight) as f32);
            }
        }
        stats.tokens += 1;
        stats.clipped_low += u64::from(surrogate.clipped_low);
        stats.clipped_high += u64::from(surrogate.clipped_high);
        stats.clipped_dual += u64::from(surrogate.clipped_dual);
        stats.ppo_kl += f64::from(batch.old[token]) - f64::from(batch.policy[token]);
        found.loss += weight * loss;
        found.policy.push((weight * slope) as f32);
    }

    /// The ratio of every token.
    fn ratios(&self, batch: &TokenBatch<'_>) -> Vec<Ratio> {
        let difference =
            |token: usize| f64::from(batch.policy[token]) - f64::from(batch.old[token]);
        let mut ratios = Vec::with_capacity(batch.policy.len());
        for &length in batch.lengths {
            let tokens = ratios.len()..ratios.len() + length;
            match self.ratio_level {
                Level::Token => ratios.extend(tokens.map(|token| Ratio::of(difference(token)))),
                Level::Sequence => {
                    let mean = tokens.map(difference).sum::<f64>() / length.max(1) as f64;
                    ratios.extend(std::iter::repeat_n(Ratio::of(mean), length));
                }
            }
        }
        ratios
    }

    /// Applies Clip-Cov and KL-Cov.
    fn covariance(&self, batch: &TokenBatch<'_>, ratios: &[Ratio], losses: &mut [TokenLoss]) {
        if self.clip_cov.is_none() && self.kl_cov.is_none() {
            return;
        }
        let covariances = covariances(batch.policy, batch.advantages);
        if let Some(clip) = &self.clip_cov {
            let clipped: Vec<bool> = losses
                .iter()
                .map(|loss| loss.clipped_low || loss.clipped_high)
                .collect();
            for token in clip.choose(&covariances, &clipped, batch.draws) {
                losses[token].loss = 0.0;
                losses[token].slope = 0.0;
            }
        }
        if let Some(penalty) = &self.kl_cov {
            for token in penalty.choose(&covariances) {
                losses[token].loss += penalty.coefficient * ratios[token].log.abs();
                losses[token].slope += penalty.coefficient * sign(ratios[token].log);
            }
        }
    }
}

/// The ratio of a policy to the one before the update.
#[derive(Debug, Clone, Copy)]
struct Ratio {
    log: f64,
    ratio: f64,
    /// 1 where the ratio moves with the policy, 0 where its logarithm is at its limit.
    moves: f64,
}

impl Ratio {
    fn of(log: f64) -> Self {
        let limited = log.clamp(-20.0, 20.0);
        Self {
            log: limited,
            ratio: limited.exp(),
            moves: f64::from(u8::from(limited == log)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATIOS: [f64; 6] = [1.1, 1.5, 0.5, 1.1, 1.5, 0.5];

    /// Six tokens of two completions: ratio inside, above and below the clip, for a gain and for a loss.
    struct Six {
        policy: Vec<f32>,
        reference: Vec<f32>,
    }

    impl Six {
        fn new() -> Self {
            let policy = RATIOS.map(|ratio| (ratio.ln() - 1.0) as f32).to_vec();
            let reference = policy.iter().map(|log_prob| log_prob + 0.5).collect();
            Self { policy, reference }
        }

        fn batch(&self) -> TokenBatch<'_> {
            TokenBatch {
                lengths: &[3, 3],
                policy: &self.policy,
                old: &[-1.0; 6],
                reference: &self.reference,
                entropy: &[0.5; 6],
                advantages: &[2.0, 2.0, 2.0, -3.0, -3.0, -3.0],
                weights: &[0.1, 0.2, 0.3, 0.1, 0.2, 0.1],
                ..TokenBatch::default()
            }
        }
    }

    fn loss() -> PolicyLoss {
        PolicyLoss {
            clip: ClipRange {
                low: 0.2,
                high: 0.3,
                delta: None,
            },
            kl_coefficient: 0.5,
            ..PolicyLoss::default()
        }
    }

    #[test]
    fn loss_and_slopes_by_hand() {
        let six = Six::new();
        let found = loss().of(&six.batch());
        // min(r A, clip(r, 0.8, 1.3) A): 2.2, 2.6, 1.0, -3.3, -4.5, -2.4; the penalty of each token
        // is 0.5 (e^0.5 - 0.5 - 1) and its slope 0.5 (1 - e^0.5).
        let (penalty, slope) = (0.5 * (0.5f64.exp() - 1.5), 0.5 * (1.0 - 0.5f64.exp()));
        let gains = [2.2, 2.6, 1.0, -3.3, -4.5, -2.4];
        let moves = [2.2, 0.0, 1.0, -3.3, -4.5, 0.0];
        let weights = [0.1, 0.2, 0.3, 0.1, 0.2, 0.1];
        let terms = gains.iter().zip(weights);
        let expected: f64 = terms.map(|(gain, weight)| weight * (penalty - gain)).sum();
        assert!(
            (found.loss - expected).abs() < 1e-6,
            "{} and {expected}",
            found.loss
        );
        for token in 0..6 {
            let expected = weights[token] * (slope - moves[token]);
            assert!(
                (f64::from(found.policy[token]) - expected).abs() < 1e-6,
                "token {token}"
            );
        }
        let stats = found.stats;
        assert_eq!(
            (stats.tokens, stats.clipped_low, stats.clipped_high),
            (6, 1, 1)
        );
        assert!((stats.mean_kl() - (0.5f64.exp() - 1.5)).abs() < 1e-6);
        assert!((stats.mean(stats.entropy) - 0.5).abs() < 1e-9);
        let drift: f64 = RATIOS.iter().map(|ratio| -ratio.ln()).sum();
        assert!((stats.ppo_kl - drift).abs() < 1e-6);
    }

    /// Moves each log-probability a little: the derivative must be what the loss does.
    fn check_slopes(loss: &PolicyLoss, batch: &TokenBatch<'_>) {
        let found = loss.of(batch);
        for token in 0..batch.policy.len() {
            let moved = |step: f32| {
                let mut policy = batch.policy.to_vec();
                policy[token] += step;
                let exact = f64::from(policy[token]);
                let policy = policy.as_slice();
                (loss.of(&TokenBatch { policy, ..*batch }).loss, exact)
            };
            let ((high, above), (low, below)) = (moved(1e-2), moved(-1e-2));
            let (expected, found) = (
                (high - low) / (above - below),
                f64::from(found.policy[token]),
            );
            assert!(
                (found - expected).abs() < 3e-4,
                "{token}: {found} and {expected}"
            );
        }
    }

    #[test]
    fn slopes_are_the_derivatives_of_the_loss() {
        let six = Six::new();
        for estimator in [
            KlEstimator::K1,
            KlEstimator::K2,
            KlEstimator::K3,
            KlEstimator::Js,
        ] {
            for kl_ratio_factor in [false, true] {
                let spec = PolicyLoss {
                    kl_estimator: estimator,
                    kl_ratio_factor,
                    ..loss()
                };
                check_slopes(&spec, &six.batch());
            }
        }
        let dual = ClipRange {
            delta: Some(1.4),
            ..loss().clip
        };
        check_slopes(
            &PolicyLoss {
                clip: dual,
                ..loss()
            },
            &six.batch(),
        );
        let correction: &[f32] = &[0.5, 2.0, 0.0, 1.0, 1.5, 1.0];
        check_slopes(
            &loss(),
            &TokenBatch {
                correction,
                ..six.batch()
            },
        );
        let plain = PolicyLoss {
            surrogate: Surrogate::None,
            ..loss()
        };
        check_slopes(&plain, &six.batch());
    }

    /// With equal advantages and weights, the token form has the gradient of GSPO itself.
    #[test]
    fn a_sequence_ratio_moves_with_all_its_tokens() {
        let policy = [-0.9f32, -1.2, -0.8];
        let batch = TokenBatch {
            lengths: &[3],
            policy: &policy,
            old: &[-1.0; 3],
            advantages: &[2.0; 3],
            weights: &[1.0 / 3.0; 3],
            ..TokenBatch::default()
        };
        let spec = PolicyLoss {
            ratio_level: Level::Sequence,
            ..PolicyLoss::default()
        };
        let ratio = ((0.1f64 - 0.2 + 0.2) / 3.0).exp();
        assert!((spec.of(&batch).loss + 2.0 * ratio).abs() < 1e-6);
        check_slopes(&spec, &batch);
    }

    #[test]
    fn cispo_keeps_the_gradient_of_clipped_tokens() {
        let six = Six::new();
        let spec = PolicyLoss {
            surrogate: Surrogate::Cispo,
            kl_coefficient: 0.0,
            ..loss()
        };
        let found = spec.of(&six.batch());
        let weights = [1.1, 1.3, 0.8, 1.1, 1.3, 0.8];
        for (token, weight) in weights.into_iter().enumerate() {
            let batch = six.batch();
            let share = f64::from(batch.weights[token]) * f64::from(batch.advantages[token]);
            assert!((f64::from(found.policy[token]) + weight * share).abs() < 1e-6);
        }
    }

    #[test]
    fn the_bonus_is_paid_for_entropy() {
        let six = Six::new();
        let spec = PolicyLoss {
            entropy_coefficient: 0.1,
            ..loss()
        };
        let (with, without) = (spec.of(&six.batch()), loss().of(&six.batch()));
        assert!(
            (without.loss - with.loss - 0.1 * 0.5).abs() < 1e-6,
            "weights add up to one"
        );
        assert!((with.entropy[1] + 0.02).abs() < 1e-6);
        assert_eq!(with.policy, without.policy);
    }

    #[test]
    fn covariance_takes_or_penalizes_tokens() {
        let six = Six::new();
        let clip_cov = ClipCov {
            ratio: 0.2,
            low: -100.0,
            high: 100.0,
        };
        let spec = PolicyLoss {
            clip_cov: Some(clip_cov),
            kl_coefficient: 0.0,
            ..loss()
        };
        let draws = [5, 4, 3, 1, 2, 6];
        let found = spec.of(&TokenBatch {
            draws: &draws,
            ..six.batch()
        });
        assert_eq!(found.policy[3], 0.0);
        let kl_cov = Some(KlCov {
            ratio: 0.2,
            coefficient: 0.5,
        });
        let surrogate = Surrogate::None;
        let spec = PolicyLoss {
            kl_cov,
            surrogate,
            ..loss()
        };
        check_slopes(&spec, &six.batch());
    }

    #[test]
    fn extreme_ratios_stay_finite() {
        let batch = TokenBatch {
            lengths: &[2],
            policy: &[-1.0, -1e4],
            old: &[-1e4, -1.0],
            advantages: &[-1.0, 1.0],
            weights: &[0.5; 2],
            ..TokenBatch::default()
        };
        let found = PolicyLoss::default().of(&batch);
        assert!(found.loss.is_finite() && found.policy.iter().all(|slope| slope.is_finite()));
    }
}
