//! Estimates of the KL divergence from a reference, from the tokens that a policy sampled.
//!
//! Source: <http://joschu.net/blog/kl-approx.html> (k1, k2, k3); the ratio factor is TRL's
//! `use_bias_correction_kl` (DeepSeek-V3.2, section 3.1); the adaptive coefficient is Ziegler et al. 2019
//! (arXiv 1909.08593), section 2.2, with verl's names.
//!
//! With `p` the policy's probability of a token, `q` the reference's and `rho = q / p`, each estimate is a
//! function `f(rho)` with `f(1) = 0`, whose mean over tokens of the policy is a divergence:
//!
//! | estimator | `f(rho)` | divergence |
//! |---|---|---|
//! | `k1` | `-ln rho` | KL(policy, reference); unbiased, may be negative |
//! | `k2` | `(ln rho)^2 / 2` | about the same; biased, never negative |
//! | `k3` | `rho - 1 - ln rho` | KL(policy, reference); unbiased, never negative |
//! | `abs` | the magnitude of `ln rho` | none; verl has it |
//! | `forward` | `rho ln rho - rho + 1` | KL(reference, policy); unbiased, never negative |
//! | `js` | `(ln(2 / (1 + rho)) + rho ln(2 rho / (1 + rho))) / 2` | Jensen-Shannon; unbiased, never negative |
//!
//! What a penalty in the loss pulls toward is its gradient, and the samples depend on the policy too. Without
//! the ratio factor the estimate is differentiated at fixed samples: on policy, `k1` then has mean gradient
//! zero, `k2` has the gradient of KL(policy, reference) and `k3` that of KL(reference, policy). With the ratio
//! factor `p / p_old` every one has the gradient of its own divergence, so `forward` and `js` always take it.
//! `k1+`, `k3+` and `abs+` are verl's straight-through forms: the value of the one named, the gradient of `k2`.
//!
//! Deviations: where `|ln rho|` is beyond 20, `k3`, `forward` and `js` go on along their tangents, so that they
//! stay finite and keep pulling. TRL lets `k3` grow; verl limits the logarithm to 20 and `k3` to 10, with no
//! gradient beyond.

use serde::{Deserialize, Serialize};

/// How the divergence is estimated at a token (verl `kl_loss_type`, `kl_penalty`).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KlEstimator {
    /// The difference of log-probabilities (verl `kl`).
    K1,
    /// Half its square (verl `mse`).
    K2,
    /// The low-variance estimate (verl `low_var_kl`; what TRL has).
    #[default]
    K3,
    /// The magnitude of the difference (verl `abs`).
    Abs,
    /// The divergence of the policy as seen from the reference.
    Forward,
    /// The Jensen-Shannon divergence.
    Js,
    /// The value of `k1` with the gradient of `k2` (verl `k1+`).
    #[serde(rename = "k1+")]
    K1StraightThrough,
    /// The value of `k3` with the gradient of `k2` (verl `k3+`, `low_var_kl+`).
    #[serde(rename = "k3+")]
    K3StraightThrough,
    /// The value of `abs` with the gradient of `k2` (verl `abs+`).
    #[serde(rename = "abs+")]
    AbsStraightThrough,
}

impl KlEstimator {
    /// Whether the estimate needs the ratio factor to have the gradient of its divergence.
    #[must_use]
    pub fn takes_ratio(self) -> bool {
        matches!(self, Self::Forward | Self::Js)
    }

    /// Whether the ratio factor leaves the estimate the gradient that it is meant to have: not the straight-through
    /// forms, whose gradient is that of `k2` on policy.
    #[must_use]
    pub fn takes_ratio_factor(self) -> bool {
        !matches!(
            self,
            Self::K1StraightThrough | Self::K3StraightThrough | Self::AbsStraightThrough
        )
    }

    /// The estimate at one token in nats, and its derivative by the policy's log-probability at fixed samples.
    ///
    /// ```
    /// use interplay_objectives::loss::KlEstimator;
    ///
    /// // The policy gives the token e^-1, the reference e^-2: rho = 1 / e.
    /// let (k3, slope) = KlEstimator::K3.at(-1.0, -2.0);
    /// assert!((k3 - (-1.0f64).exp()).abs() < 1e-12);
    /// assert!((slope - (1.0 - (-1.0f64).exp())).abs() < 1e-12);
    /// assert_eq!(KlEstimator::K1.at(-1.0, -2.0), (1.0, 1.0));
    /// assert_eq!(KlEstimator::K2.at(-1.0, -2.0), (0.5, 1.0));
    /// ```
    #[must_use]
    pub fn at(self, policy: f64, reference: f64) -> (f64, f64) {
        let difference = policy - reference;
        match self {
            Self::K1 => (difference, 1.0),
            Self::K2 => (0.5 * difference.powi(2), difference),
            Self::Abs => (difference.abs(), sign(difference)),
            Self::K3 | Self::Forward | Self::Js => self.of_ratio(-difference),
            Self::K1StraightThrough => (difference, difference),
            Self::K3StraightThrough => (Self::K3.of_ratio(-difference).0, difference),
            Self::AbsStraightThrough => (difference.abs(), difference),
        }
    }

    /// The estimates that are functions of the ratio, which would overflow at its extremes.
    fn of_ratio(self, log_ratio: f64) -> (f64, f64) {
        let limited = log_ratio.clamp(-20.0, 20.0);
        let rho = limited.exp();
        let (value, slope) = match self {
            Self::Forward => (rho * limited - rho + 1.0, -rho * limited),
            Self::Js => {
                // ln(2 / (1 + rho)) and ln(2 rho / (1 + rho)).
                let ours = std::f64::consts::LN_2 - rho.ln_1p();
                let theirs = ours + limited;
                (0.5 * (ours + rho * theirs), -0.5 * rho * theirs)
            }
            _ => (rho - 1.0 - limited, 1.0 - rho),
        };
        // The slope is by the policy's log-probability, which the log ratio falls with.
        (value - slope * (log_ratio - limited), slope)
    }
}

/// The derivative of the magnitude; zero at zero.
pub(super) fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

/// Adapts the coefficient toward a target divergence (verl `kl_ctrl` of type `adaptive`).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveKl {
    /// The wanted divergence, in nats a token.
    pub target: f64,
    /// How many completions it takes to correct an error (10,000 in Ziegler et al.).
    #[serde(default = "default_horizon")]
    pub horizon: f64,
}

fn default_horizon() -> f64 {
    10_000.0
}

impl AdaptiveKl {
    /// The coefficient after `completions` completions whose mean divergence was `kl_nats`.
    ///
    /// The relative error is limited to a fifth. So with batches of up to `horizon` completions the coefficient
    /// keeps its sign, falls by a fifth at most, and within `5 * horizon` completions grows by the factor e at most.
    ///
    /// ```
    /// use interplay_objectives::loss::AdaptiveKl;
    ///
    /// let control = AdaptiveKl { target: 0.1, horizon: 1000.0 };
    /// assert!((control.next(0.5, 0.11, 100) - 0.5 * 1.01).abs() < 1e-9);
    /// assert!((control.next(0.5, 9.0, 100) - 0.5 * 1.02).abs() < 1e-9);
    /// ```
    #[must_use]
    pub fn next(&self, coefficient: f64, kl_nats: f64, completions: u64) -> f64 {
        let error = (kl_nats / self.target - 1.0).clamp(-0.2, 0.2);
        coefficient * (1.0 + error * completions as f64 / self.horizon)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [KlEstimator; 6] = [
        KlEstimator::K1,
        KlEstimator::K2,
        KlEstimator::K3,
        KlEstimator::Abs,
        KlEstimator::Forward,
        KlEstimator::Js,
    ];

    #[test]
    fn an_adaptive_coefficient_grows_by_e_at_most_within_five_horizons() {
        let control = AdaptiveKl {
            target: 0.1,
            horizon: 1000.0,
        };
        let after = |completions: u64, kl: f64| {
            let batches = 0..5000 / completions;
            batches.fold(1.0, |weight, _| control.next(weight, kl, completions))
        };
        for completions in [1, 10, 100, 1000] {
            let (most, least) = (after(completions, 9.0), after(completions, 0.0));
            assert!(most > 2.4 && most < std::f64::consts::E, "{most}");
            assert!(least > 0.32 && least < 0.37, "{least}");
        }
    }

    #[test]
    fn derivatives_are_those_of_the_values() {
        for kind in ALL {
            for reference in [-3.0, -1.3, -0.2] {
                let step = 1e-6;
                let (high, _) = kind.at(-1.0 + step, reference);
                let (low, _) = kind.at(-1.0 - step, reference);
                let (_, slope) = kind.at(-1.0, reference);
                assert!(
                    ((high - low) / (2.0 * step) - slope).abs() < 1e-6,
                    "{kind:?}"
                );
            }
        }
    }

    /// Exact divergences of two distributions over three tokens, against the mean of the estimates.
    #[test]
    fn means_over_the_policy_are_the_divergences() {
        let (p, q) = ([0.5f64, 0.3, 0.2], [0.2f64, 0.2, 0.6]);
        let mean = |kind: KlEstimator| -> f64 {
            p.iter()
                .zip(q)
                .map(|(p, q)| p * kind.at(p.ln(), q.ln()).0)
                .sum()
        };
        let kl = |a: [f64; 3], b: [f64; 3]| -> f64 {
            a.iter().zip(b).map(|(a, b)| a * (a / b).ln()).sum()
        };
        assert!((mean(KlEstimator::K1) - kl(p, q)).abs() < 1e-12);
        assert!((mean(KlEstimator::K3) - kl(p, q)).abs() < 1e-12);
        assert!((mean(KlEstimator::Forward) - kl(q, p)).abs() < 1e-12);
        let middle = [0, 1, 2].map(|token| (p[token] + q[token]) / 2.0);
        let js = (kl(p, middle) + kl(q, middle)) / 2.0;
        assert!((mean(KlEstimator::Js) - js).abs() < 1e-12);
    }

    /// The gradient of the exact divergence by the logits of a softmax, against the mean of the estimate's
    /// gradient with the ratio factor on policy: `value + derivative` times the score.
    #[test]
    fn with_the_ratio_factor_the_gradient_is_that_of_the_divergence() {
        let q = [0.2f64, 0.2, 0.6];
        let softmax = |z: [f64; 3]| {
            let sum: f64 = z.iter().map(|z| z.exp()).sum();
            z.map(|z| z.exp() / sum)
        };
        let exact = |kind: KlEstimator, z: [f64; 3]| -> f64 {
            let p = softmax(z);
            p.iter()
                .zip(q)
                .map(|(p, q)| p * kind.at(p.ln(), q.ln()).0)
                .sum()
        };
        let logits = [0.3, -0.2, 0.1];
        let p = softmax(logits);
        for kind in [
            KlEstimator::K1,
            KlEstimator::K3,
            KlEstimator::Forward,
            KlEstimator::Js,
        ] {
            for logit in 0..3 {
                let moved = |step: f64| {
                    let mut z = logits;
                    z[logit] += step;
                    exact(kind, z)
                };
                let expected = (moved(1e-6) - moved(-1e-6)) / 2e-6;
                let found: f64 = (0..3)
                    .map(|token| {
                        let (value, slope) = kind.at(p[token].ln(), q[token].ln());
                        let score = f64::from(u8::from(token == logit)) - p[logit];
                        p[token] * (value + slope) * score
                    })
                    .sum();
                assert!(
                    (found - expected).abs() < 1e-8,
                    "{kind:?}: {found} and {expected}"
                );
            }
        }
    }

    #[test]
    fn straight_through_forms_have_the_gradient_of_k2() {
        use KlEstimator::{Abs, AbsStraightThrough, K1, K1StraightThrough, K3, K3StraightThrough};
        for (through, plain) in [
            (K1StraightThrough, K1),
            (K3StraightThrough, K3),
            (AbsStraightThrough, Abs),
        ] {
            let (value, _) = plain.at(-1.0, -2.5);
            assert_eq!(through.at(-1.0, -2.5), (value, 1.5));
        }
        let read = serde_json::from_value::<KlEstimator>("k3+".into()).unwrap();
        assert_eq!(read, K3StraightThrough);
    }

    #[test]
    fn beyond_the_limit_an_estimate_goes_on_along_its_tangent() {
        for kind in [KlEstimator::K3, KlEstimator::Forward, KlEstimator::Js] {
            let (at, slope) = kind.at(-20.0, 0.0);
            let (beyond, same) = kind.at(-23.0, 0.0);
            assert_eq!(slope, same);
            assert!((beyond - (at - 3.0 * slope)).abs() < 1e-6 * beyond);
        }
    }

    #[test]
    fn extremes_stay_finite() {
        for kind in ALL {
            let (value, slope) = kind.at(-1.0, -1e6);
            assert!(value.is_finite() && slope.is_finite(), "{kind:?}");
            let (value, slope) = kind.at(-1e6, -1.0);
            assert!(value.is_finite() && slope.is_finite(), "{kind:?}");
        }
    }
}
