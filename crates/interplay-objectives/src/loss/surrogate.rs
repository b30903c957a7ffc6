//! The loss of one token given its ratio and its advantage.
//!
//! Source: PPO's clipped objective (arXiv 1707.06347, equation 7) with separate bounds (arXiv 2503.14476,
//! equation 8); the second bound for negative advantages is dual clip (arXiv 1912.09729, equation 5; verl
//! `clip_ratio_c`, TRL `delta`); CISPO is arXiv 2506.13585, equation 4; SAPO is arXiv 2511.20347;
//! the geometric mean is GMPO, arXiv 2507.20673; `reinforce` is GPG's, arXiv 2504.02546.
//!
//! Deviations: CISPO clips on both sides here, as verl does; MiniMax-M1 uses the upper bound alone, which is
//! `clip_low = 1`. TRL's `epsilon_high` for CISPO is the bound itself, so `clip_high = epsilon_high - 1`.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use crate::by_name::read_by_name;

/// The steepness of SAPO's gates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sapo {
    /// For positive advantages (TRL `sapo_temperature_pos`, verl `tau_pos`).
    pub positive: f64,
    /// For the others (TRL `sapo_temperature_neg`, verl `tau_neg`).
    pub negative: f64,
}

impl Default for Sapo {
    /// The published temperatures.
    fn default() -> Self {
        Self {
            positive: 1.0,
            negative: 1.05,
        }
    }
}

/// What keeps an update near the policy that sampled.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Surrogate {
    /// PPO: a token whose ratio has left the clip range in the direction of its advantage has no gradient.
    #[default]
    Clip,
    /// CISPO: the ratio is a constant weight, clipped, on the gradient of every token.
    Cispo,
    /// No clipping: the ratio times the advantage. What KL-Cov builds on.
    None,
    /// SAPO: a sigmoid of the ratio in place of the bounds, steepest at ratio 1.
    Sapo(Sapo),
    /// GMPO: the geometric mean over a completion of its ratios, each clipped first, times its mean advantage.
    /// `low` and `high` bound the logarithm of a ratio.
    GeometricMean,
    /// The log-probability times the advantage, without a ratio (verl `gpg`).
    Reinforce,
}

read_by_name!(
    Surrogate,
    "`clip`, `cispo`, `none`, `sapo`, `geometric_mean`, `reinforce`, or \
     `{ sapo = { positive = ..., negative = ... } }`",
    ["sapo"]
);

/// The bounds of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClipRange {
    /// The ratio is clipped at `1 - low` from below (TRL `epsilon`, verl `clip_ratio_low`).
    pub low: f64,
    /// The ratio is clipped at `1 + high` from above (TRL `epsilon_high`, verl `clip_ratio_high`).
    pub high: f64,
    /// With a negative advantage the loss is at most this many times its magnitude (dual clip); `None` is no
    /// limit.
    pub delta: Option<f64>,
}

/// The loss of a token and its derivative by the logarithm of the ratio, and how it was clipped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenLoss {
    /// The loss.
    pub loss: f64,
    /// Its derivative by the policy's log-probability.
    pub slope: f64,
    /// Whether the lower bound removed the gradient: ratio below it and advantage negative. With CISPO, whether it
    /// limited the weight of the gradient.
    pub clipped_low: bool,
    /// The same of the upper bound: ratio above it and advantage positive.
    pub clipped_high: bool,
    /// Whether the second bound of dual clip did.
    pub clipped_dual: bool,
}

impl Surrogate {
    /// The loss of a token with this log-probability, ratio and advantage.
    ///
    /// ```
    /// use interplay_objectives::loss::{ClipRange, Surrogate};
    ///
    /// let range = ClipRange { low: 0.2, high: 0.3, delta: Some(3.0) };
    /// // A gain inside the range moves with the ratio, and above it no longer.
    /// let inside = Surrogate::Clip.token(-1.0, 1.1, 2.0, &range);
    /// assert!((inside.loss + 2.2).abs() < 1e-12 && (inside.slope + 2.2).abs() < 1e-12);
    /// let above = Surrogate::Clip.token(-1.0, 1.5, 2.0, &range);
    /// assert!((above.loss + 2.6).abs() < 1e-12 && above.slope == 0.0 && above.clipped_high);
    /// // A loss is limited to three times its advantage.
    /// let dual = Surrogate::Clip.token(-1.0, 8.0, -1.0, &range);
    /// assert_eq!((dual.loss, dual.slope, dual.clipped_dual), (3.0, 0.0, true));
    /// // CISPO keeps the gradient, with the clipped ratio as its weight.
    /// let cispo = Surrogate::Cispo.token(-1.0, 1.5, 2.0, &range);
    /// assert!((cispo.slope + 2.6).abs() < 1e-12 && (cispo.loss - 2.6).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn token(self, log_prob: f64, ratio: f64, advantage: f64, range: &ClipRange) -> TokenLoss {
        let (lowest, highest) = (1.0 - range.low, 1.0 + range.high);
        let mut token = TokenLoss {
            loss: -ratio * advantage,
            slope: -ratio * advantage,
            clipped_low: ratio < lowest && advantage < 0.0,
            clipped_high: ratio > highest && advantage > 0.0,
            clipped_dual: false,
        };
        match self {
            Self::None => token = TokenLoss::unclipped(token.loss, token.slope),
            Self::Reinforce => token = TokenLoss::unclipped(-advantage * log_prob, -advantage),
            Self::Sapo(temperatures) => token = temperatures.token(ratio, advantage),
            Self::GeometricMean => {
                token.clipped_low = ratio.ln() < -range.low && advantage < 0.0;
                token.clipped_high = ratio.ln() > range.high && advantage > 0.0;
                if token.clipped_low || token.clipped_high {
                    token.loss = -ratio.clamp((-range.low).exp(), range.high.exp()) * advantage;
                    token.slope = 0.0;
                }
            }
            Self::Cispo => {
                let weight = ratio.clamp(lowest, highest);
                token.slope = -weight * advantage;
                token.loss = token.slope * log_prob;
            }
            Self::Clip => {
                if token.clipped_low || token.clipped_high {
                    token.loss = -ratio.clamp(lowest, highest) * advantage;
                    token.slope = 0.0;
                }
                if let Some(delta) = range.delta
                    && ratio > delta
                {
                    token.cap(advantage, delta);
                }
            }
        }
        token
    }

    /// Whether tokens whose ratio is out of bounds have no gradient.
    #[must_use]
    pub fn clips(self) -> bool {
        matches!(self, Self::Clip | Self::GeometricMean)
    }

    /// Whether the slope is by way of the ratio of the token, which has a limit.
    pub(super) fn is_of_ratio(self) -> bool {
        !matches!(self, Self::Cispo | Self::Reinforce | Self::GeometricMean)
    }
}

impl TokenLoss {
    fn unclipped(loss: f64, slope: f64) -> Self {
        Self {
            loss,
            slope,
            clipped_low: false,
            clipped_high: false,
            clipped_dual: false,
        }
    }

    /// Dual clip of a ratio beyond the second bound.
    fn cap(&mut self, advantage: f64, delta: f64) {
        if advantage < 0.0 {
            self.loss = -delta * advantage;
            self.slope = 0.0;
            self.clipped_dual = true;
        }
    }
}

impl Sapo {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        for (key, temperature) in [("positive", self.positive), ("negative", self.negative)] {
            let holds = temperature > 0.0 && temperature.is_finite();
            issues.expect(holds, key, temperature, "above 0");
        }
        issues
    }

    /// The gate `4 / t * sigmoid(t * (ratio - 1))` in place of the ratio: slope 1 at ratio 1.
    fn token(self, ratio: f64, advantage: f64) -> TokenLoss {
        let temperature = if advantage > 0.0 {
            self.positive
        } else {
            self.negative
        };
        let open = 1.0 / (1.0 + (-temperature * (ratio - 1.0)).exp());
        TokenLoss::unclipped(
            -4.0 / temperature * open * advantage,
            -4.0 * open * (1.0 - open) * ratio * advantage,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: ClipRange = ClipRange {
        low: 0.2,
        high: 0.3,
        delta: None,
    };

    #[test]
    fn sapo_has_the_slope_of_the_ratio_at_one_and_fades_away_from_it() {
        let sapo = Surrogate::Sapo(Sapo::default());
        let at_one = sapo.token(-1.0, 1.0, 2.0, &RANGE);
        assert_eq!((at_one.loss, at_one.slope), (-4.0, -2.0));
        // sigmoid(1) = 0.731059: 4 * 0.731059 * 0.268941 * 2 * 2 = 3.145790.
        assert!((sapo.token(-1.0, 2.0, 2.0, &RANGE).slope + 3.145_790).abs() < 1e-6);
        let huge = sapo.token(-1.0, 1e9, -1.0, &RANGE);
        assert_eq!(huge.slope, 0.0);
    }

    #[test]
    fn sapo_needs_temperatures() {
        let wrong = Sapo {
            positive: 0.0,
            negative: f64::INFINITY,
        };
        let keys: Vec<String> = wrong.validate().0.into_iter().map(|of| of.key).collect();
        assert_eq!(keys, ["positive", "negative"]);
        assert!(Sapo::default().validate().is_empty());
    }

    #[test]
    fn tokens_that_keep_their_gradient_are_not_clipped() {
        for (ratio, advantage) in [(9.0, 1.0), (0.1, -1.0)] {
            let token = Surrogate::None.token(-1.0, ratio, advantage, &RANGE);
            assert_eq!(token.slope, -ratio * advantage);
            assert!(!token.clipped_low && !token.clipped_high);
        }
    }

    #[test]
    fn reinforce_has_no_ratio() {
        let token = Surrogate::Reinforce.token(-0.5, 7.0, 2.0, &RANGE);
        assert_eq!((token.loss, token.slope), (1.0, -2.0));
    }

    #[test]
    fn geometric_mean_clips_the_logarithm() {
        let low = Surrogate::GeometricMean.token(-1.0, 0.5, -1.0, &RANGE);
        assert!((low.loss - (-0.2f64).exp()).abs() < 1e-12 && low.clipped_low);
        assert!(
            !Surrogate::GeometricMean
                .token(-1.0, 0.5, 1.0, &RANGE)
                .clipped_low
        );
    }

    #[test]
    fn settings_are_names_or_tables() {
        let read = |json: &str| serde_json::from_str::<Surrogate>(json);
        assert_eq!(read("\"clip\"").unwrap(), Surrogate::Clip);
        assert_eq!(read("\"sapo\"").unwrap(), Surrogate::Sapo(Sapo::default()));
        let own = Surrogate::Sapo(Sapo {
            positive: 2.0,
            negative: 1.05,
        });
        assert_eq!(read("{\"sapo\": {\"positive\": 2.0}}").unwrap(), own);
        let written = serde_json::to_string(&own).unwrap();
        assert_eq!(read(&written).unwrap(), own);
        let error = read("\"ppo\"").unwrap_err().to_string();
        assert!(error.contains("clip"), "{error}");
    }
}
