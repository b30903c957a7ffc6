//! The learning rate over a stage: linear warm-up, then decay to a floor.
//!
//! Source: arXiv 2512.07783, appendix A: warm-up over 5 % of the budget, cosine from 2e-4 to
//! 3e-5. The schedule is a function of the share of the budget that is spent, not of the step, so it does
//! not depend on how many samples fit in a step.

use std::f64::consts::PI;

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

/// The shape of the schedule after the warm-up.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Half a cosine from the peak to the floor.
    #[default]
    Cosine,
    /// A straight line from the peak to the floor.
    Linear,
    /// The peak throughout.
    Constant,
}

/// A learning-rate schedule over progress from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The highest learning rate.
    pub peak: f64,
    /// The learning rate at the end.
    #[serde(default)]
    pub floor: f64,
    /// The share of the budget over which the learning rate rises from 0 to the peak.
    #[serde(default = "default_warmup_share")]
    pub warmup_share: f64,
    /// The shape after the warm-up.
    #[serde(default)]
    pub decay: Decay,
}

fn default_warmup_share() -> f64 {
    0.05
}

impl Schedule {
    /// The shape of the published schedule: warm-up over 5 %, then a cosine down to 15 % of the peak.
    #[must_use]
    pub fn new(peak: f64) -> Self {
        Self {
            peak,
            floor: 0.15 * peak,
            warmup_share: default_warmup_share(),
            decay: Decay::default(),
        }
    }

    /// The learning rate after this share of the budget, which is clamped to 0 to 1.
    ///
    /// ```
    /// use interplay_train::schedule::{Decay, Schedule};
    ///
    /// let schedule =
    ///     Schedule { peak: 1.0, floor: 0.1, warmup_share: 0.5, decay: Decay::Cosine };
    /// assert_eq!(schedule.at(0.25), 0.5);
    /// assert_eq!(schedule.at(0.5), 1.0);
    /// assert!((schedule.at(0.75) - 0.55).abs() < 1e-12);
    /// assert!((schedule.at(1.0) - 0.1).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn at(&self, progress: f64) -> f64 {
        let progress = progress.clamp(0.0, 1.0);
        if progress < self.warmup_share {
            return self.peak * progress / self.warmup_share;
        }
        let rest = 1.0 - self.warmup_share;
        let decayed = if rest > 0.0 {
            (progress - self.warmup_share) / rest
        } else {
            1.0
        };
        let span = self.peak - self.floor;
        match self.decay {
            Decay::Constant => self.peak,
            Decay::Linear => self.peak - span * decayed,
            Decay::Cosine => self.floor + span * 0.5 * (1.0 + (PI * decayed).cos()),
        }
    }

    /// Everything that is wrong with the settings, each with its key.
    pub fn validate(&self) -> Issues {
        let Self {
            peak,
            floor,
            warmup_share,
            ..
        } = *self;
        let mut issues = Issues::default();
        let positive = peak.is_finite() && peak > 0.0;
        issues.expect(positive, "peak", peak, "a positive number");
        let below = floor >= 0.0 && floor <= peak;
        issues.expect(below, "floor", floor, format!("0 to `peak` ({peak})"));
        let share = (0.0..1.0).contains(&warmup_share);
        issues.expect(share, "warmup_share", warmup_share, "0 to below 1");
        issues
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_zero_and_ends_at_the_floor() {
        let schedule = Schedule {
            peak: 2e-4,
            floor: 3e-5,
            warmup_share: 0.05,
            decay: Decay::Cosine,
        };
        assert_eq!(schedule.at(0.0), 0.0);
        assert!((schedule.at(1.0) - 3e-5).abs() < 1e-12);
        assert!((schedule.at(7.0) - 3e-5).abs() < 1e-12);
    }

    #[test]
    fn no_warmup_starts_at_the_peak() {
        let schedule = Schedule {
            peak: 1.0,
            floor: 0.0,
            warmup_share: 0.0,
            decay: Decay::Linear,
        };
        assert_eq!(schedule.at(0.0), 1.0);
        assert_eq!(schedule.at(0.25), 0.75);
    }

    #[test]
    fn reports_every_wrong_number() {
        let wrong = Schedule {
            peak: f64::NAN,
            floor: -1.0,
            warmup_share: 1.5,
            decay: Decay::Cosine,
        };
        assert_eq!(wrong.validate().0.len(), 3);
    }
}
