//! Bootstrap intervals of a mean over problems.
//!
//! Source: Efron and Tibshirani 1993, "An Introduction to the Bootstrap", 13.3 (percentile) and
//! 14.3 (bias-corrected and accelerated, the acceleration from the jackknife, equation 14.15).
//! Deviations: resampled means come from a seeded stream, so that an interval is the same whenever
//! it is computed. The quantile of `B` sorted means is the one at place `level x B`, rounded down.
//!
//! Problems are resampled, not samples: the unit is the cluster. For many problems these intervals
//! agree with the closed form of [`PassAtK`](crate::PassAtK); for few, where all problems may agree
//! by chance and a resample cannot show what the sample does not have, prefer the closed form.

use serde::{Deserialize, Serialize};

use crate::draws::Draws;
use crate::quantiles::{normal_cdf, normal_quantile};

/// Which interval is taken from the resampled means.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bootstrap {
    /// Their quantiles.
    Percentile,
    /// Quantiles moved for bias and skewness.
    Bca,
}

impl Bootstrap {
    /// The 95 % interval of the mean of `scores` from `resamples` resamples, at least 100 of them;
    /// none where there are no scores.
    ///
    /// ```
    /// use interplay_eval::{Bootstrap, PassAtK, pass_at_k};
    ///
    /// let right: Vec<u32> = (0..400).map(|i| i * 7 % 17).collect();
    /// let scores: Vec<f64> = right.iter().map(|c| pass_at_k(16, *c, 4)).collect();
    /// let (low, high) = Bootstrap::Bca.interval(&scores, 2000, 1).unwrap();
    /// let closed = PassAtK::of(16, right, 4);
    /// assert!((low - closed.low).abs() < 0.005 && (high - closed.high).abs() < 0.005);
    /// ```
    #[must_use]
    pub fn interval(self, scores: &[f64], resamples: u32, seed: u64) -> Option<(f64, f64)> {
        if scores.is_empty() {
            return None;
        }
        let means = resampled(scores, resamples.max(100), seed);
        let levels = match self {
            Self::Percentile => [0.025, 0.975],
            Self::Bca => bca_levels(scores, &means),
        };
        let [low, high] = levels.map(|level| {
            let place = (level * means.len() as f64) as usize;
            means[place.min(means.len() - 1)]
        });
        Some((low, high))
    }
}

/// The means of resamples, ascending.
fn resampled(scores: &[f64], resamples: u32, seed: u64) -> Vec<f64> {
    let (mut draws, number) = (Draws::new(seed), scores.len());
    let one = |_| {
        let sum: f64 = (0..number).map(|_| scores[draws.below(number)]).sum();
        sum / number as f64
    };
    let mut means: Vec<f64> = (0..resamples).map(one).collect();
    means.sort_by(f64::total_cmp);
    means
}

fn bca_levels(scores: &[f64], means: &[f64]) -> [f64; 2] {
    let mean = scores.iter().sum::<f64>() / scores.len() as f64;
    // Of resamples that hit the mean itself, half lie below it.
    let slack = 1e-12;
    let below = means.iter().filter(|found| **found < mean - slack).count();
    let at = means.iter().filter(|found| (**found - mean).abs() <= slack);
    let share = (below as f64 + 0.5 * at.count() as f64) / means.len() as f64;
    let bias = normal_quantile(share.clamp(1e-6, 1.0 - 1e-6));
    let (mut squares, mut cubes) = (0.0, 0.0);
    for score in scores {
        // A mean without this score is higher where the score is low: the mean of the means less
        // that mean is in proportion to the score less the mean.
        let influence = score - mean;
        squares += influence * influence;
        cubes += influence.powi(3);
    }
    let acceleration = if squares > 0.0 {
        cubes / (6.0 * squares.powf(1.5))
    } else {
        0.0
    };
    [0.025, 0.975].map(|level| {
        let moved = bias + normal_quantile(level);
        normal_cdf(bias + moved / (1.0 - acceleration * moved))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PassAtK, pass_at_k};

    #[test]
    fn agrees_with_the_closed_form_for_many_problems() {
        for (name, right) in [("spread", 0_u32), ("rare", 12)] {
            let counts: Vec<u32> = (0..600_u32)
                .map(|i| (i * 37 % 17).saturating_sub(right))
                .collect();
            for k in [1, 8] {
                let scores: Vec<f64> = counts.iter().map(|c| pass_at_k(16, *c, k)).collect();
                let closed = PassAtK::of(16, counts.iter().copied(), k);
                for kind in [Bootstrap::Percentile, Bootstrap::Bca] {
                    let (low, high) = kind.interval(&scores, 4000, 11).unwrap();
                    let width = closed.high - closed.low;
                    let gap = (low - closed.low).abs().max((high - closed.high).abs());
                    assert!(gap < 0.06 * width, "{name} {k} {kind:?}: {gap} of {width}");
                }
            }
        }
    }

    #[test]
    fn bca_moves_toward_the_long_tail() {
        // One problem in ten is right: the distribution of the mean is skewed to the right.
        let scores: Vec<f64> = (0..60).map(|i| f64::from(u8::from(i % 10 == 0))).collect();
        let interval = |kind: Bootstrap| kind.interval(&scores, 8000, 3).unwrap();
        let (plain, moved) = (interval(Bootstrap::Percentile), interval(Bootstrap::Bca));
        assert!(
            moved.0 > plain.0 && moved.1 > plain.1,
            "{plain:?} {moved:?}"
        );
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let scores = [0.0, 0.5, 1.0, 0.25, 0.75];
        let at = |seed| Bootstrap::Bca.interval(&scores, 500, seed);
        assert_eq!(at(1), at(1));
        assert_eq!(Bootstrap::Percentile.interval(&[], 500, 1), None);
        assert_eq!(Bootstrap::Bca.interval(&[0.5; 4], 500, 1), Some((0.5, 0.5)));
    }
}
