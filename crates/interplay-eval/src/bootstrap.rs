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
use crate::stratified::strata;

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
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let means = resampled(scores, resamples.max(100), seed);
        let deviations = scores.iter().map(|score| score - mean);
        Some(self.ends(mean, deviations, &means))
    }

    /// As [`interval`](Self::interval), from problems that were drawn stratum by stratum, each given with
    /// its stratum (such as its op): resampled within strata, of which those of one problem are collapsed
    /// as for [`PassAtK::of_strata`](crate::PassAtK::of_strata). A stratum gives one problem fewer than it
    /// has (McCarthy and Snowden 1985, Vital and Health Statistics 2-95), so that small strata do not
    /// make the interval too narrow.
    ///
    /// ```
    /// use interplay_eval::{Bootstrap, PassAtK};
    ///
    /// // Two ops, around 0.8 and around 0.2.
    /// let score = |i: u32| (i % 2, 0.2 + 0.6 * f64::from(i % 2) + f64::from(i * 7 % 11) / 60.0 - 0.1);
    /// let scores: Vec<(u32, f64)> = (0..400).map(score).collect();
    /// let (low, high) = Bootstrap::Bca.interval_within(scores.clone(), 2000, 1).unwrap();
    /// let closed = PassAtK::of_scores(scores, 1);
    /// assert!((low - closed.low).abs() < 0.001 && (high - closed.high).abs() < 0.001);
    /// ```
    #[must_use]
    pub fn interval_within<S: Ord>(
        self,
        scores: impl IntoIterator<Item = (S, f64)>,
        resamples: u32,
        seed: u64,
    ) -> Option<(f64, f64)> {
        let strata = strata(scores);
        let number = strata.iter().map(Vec::len).sum::<usize>() as f64;
        if strata.is_empty() {
            return None;
        }
        let mut draws = Draws::new(seed);
        let one = |_| {
            let of = |scores: &Vec<f64>| {
                let drawn = (scores.len() - 1).max(1);
                let sum: f64 = (0..drawn).map(|_| scores[draws.below(scores.len())]).sum();
                sum * scores.len() as f64 / drawn as f64
            };
            strata.iter().map(of).sum::<f64>() / number
        };
        let mut means: Vec<f64> = (0..resamples.max(100)).map(one).collect();
        means.sort_by(f64::total_cmp);
        let mean = strata.iter().flatten().sum::<f64>() / number;
        let deviations = strata.iter().flat_map(|scores| {
            let mean = scores.iter().sum::<f64>() / scores.len() as f64;
            scores.iter().map(move |score| score - mean)
        });
        Some(self.ends(mean, deviations, &means))
    }

    /// From the deviations of the scores from the means of their strata, and resampled means, ascending.
    fn ends(self, mean: f64, deviations: impl Iterator<Item = f64>, means: &[f64]) -> (f64, f64) {
        let levels = match self {
            Self::Percentile => [0.025, 0.975],
            Self::Bca => bca_levels(mean, deviations, means),
        };
        let [low, high] = levels.map(|level| {
            let place = (level * means.len() as f64) as usize;
            means[place.min(means.len() - 1)]
        });
        (low, high)
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

fn bca_levels(mean: f64, deviations: impl Iterator<Item = f64>, means: &[f64]) -> [f64; 2] {
    // Of resamples that hit the mean itself, half lie below it.
    let slack = 1e-12;
    let below = means.iter().filter(|found| **found < mean - slack).count();
    let at = means.iter().filter(|found| (**found - mean).abs() <= slack);
    let share = (below as f64 + 0.5 * at.count() as f64) / means.len() as f64;
    let bias = normal_quantile(share.clamp(1e-6, 1.0 - 1e-6));
    let (mut squares, mut cubes) = (0.0, 0.0);
    // A mean without a score is higher where the score is low: the mean of the means less that mean is
    // in proportion to the score less the mean.
    for influence in deviations {
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
    fn agrees_with_the_stratified_closed_form() {
        // Four ops, from nearly always right to rarely, and ops of ten problems only.
        for per_op in [10_u32, 150] {
            let count = |i: u32| (i * 37 % 17) * (4 - i % 4) / 4;
            let items = || (0..4 * per_op).map(|i| (i % 4, count(i)));
            for k in [1, 4] {
                let scores = || items().map(|(op, right)| (op, pass_at_k(16, right, k)));
                let closed = PassAtK::of_scores(scores(), k);
                let pooled = PassAtK::of_scores(scores().map(|(_, score)| ((), score)), k);
                for kind in [Bootstrap::Percentile, Bootstrap::Bca] {
                    let (low, high) = kind.interval_within(scores(), 4000, 11).unwrap();
                    let width = closed.high - closed.low;
                    let gap = (low - closed.low).abs().max((high - closed.high).abs());
                    // The closed form is cautious where problems are few.
                    let most = if per_op < 24 { 0.15 } else { 0.06 };
                    assert!(
                        gap < most * width,
                        "{per_op} {k} {kind:?}: {gap} of {width}"
                    );
                    assert!(high - low < pooled.high - pooled.low);
                }
            }
        }
        let none = Bootstrap::Bca.interval_within(Vec::<((), f64)>::new(), 100, 1);
        assert_eq!(none, None);
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
