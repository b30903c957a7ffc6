//! The loss of one token given its ratio and its advantage.
//!
//! Source: PPO's clipped objective (arXiv 1707.06347, equation 7) with separate bounds (arXiv 2503.14476,
//! equation 8); the second bound for negative advantages is dual clip (arXiv 1912.09729, equation 5; verl
//! `clip_ratio_c`, TRL `delta`); CISPO is arXiv 2506.13585, equation 4.
//!
//! Deviations: CISPO clips on both sides here, as verl does; MiniMax-M1 uses the upper bound alone, which is
//! `clip_low = 1`. TRL's `epsilon_high` for CISPO is the bound itself, so `clip_high = epsilon_high - 1`.

use serde::{Deserialize, Serialize};

/// What keeps an update near the policy that sampled.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surrogate {
    /// PPO: a token whose ratio has left the clip range in the direction of its advantage has no gradient.
    #[default]
    Clip,
    /// CISPO: the ratio is a constant weight, clipped, on the gradient of every token.
    Cispo,
    /// No clipping: the ratio times the advantage. What KL-Cov builds on.
    None,
}

/// The bounds of a ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClipRange {
    /// The ratio counts down to `1 - low` (TRL `epsilon`, verl `clip_ratio_low`).
    pub low: f64,
    /// The ratio counts up to `1 + high` (TRL `epsilon_high`, verl `clip_ratio_high`).
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
    /// Whether the lower bound removed the gradient: ratio below it and advantage negative.
    pub clipped_low: bool,
    /// Whether the upper bound did: ratio above it and advantage positive.
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
            Self::None => {}
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
                    && advantage < 0.0
                    && ratio > delta
                {
                    token.loss = -delta * advantage;
                    token.slope = 0.0;
                    token.clipped_dual = true;
                }
            }
        }
        token
    }
}
