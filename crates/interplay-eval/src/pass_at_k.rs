//! Unbiased pass@k and its interval.
//!
//! Source: Chen et al. 2021 (arXiv 2107.03374), section 2.1, for the estimator of one problem;
//! Miller 2024 (arXiv 2411.00640), sections 2.1 and 2.2, for the standard error over problems
//! with several samples each; Wilson 1927 for the shape of the interval.
//! Deviations: where Miller takes `mean +- 1.96 SE`, the standard error is turned into an
//! effective sample size `p (1 - p) / SE^2` and goes into Wilson's interval, with Student's
//! quantile for the normal one, and with the variance over problems drawn toward `p (1 - p)`,
//! the largest that it can be, with the weight of 16 problems: a few problems that happen to
//! agree do not show that all do. For many problems the two agree; at 0, at 1 and for few
//! problems this one stays inside 0 to 1 and never shrinks to a point.

use serde::{Deserialize, Serialize};

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The probability that at least one of `k` samples, drawn without replacement from `n` samples
/// of which `c` are right, is right: an unbiased estimate of pass@k from `n >= k` samples.
///
/// Computed as `1 - prod (1 - k / i)` for `i` from `n - c + 1` to `n`, which needs no binomials.
///
/// ```
/// # use interplay_eval::pass_at_k;
/// assert_eq!(pass_at_k(4, 1, 1), 0.25);
/// assert_eq!(pass_at_k(4, 1, 4), 1.0);
/// assert!((pass_at_k(4, 2, 2) - 5.0 / 6.0).abs() < 1e-12);
/// ```
///
/// # Panics
/// Where `k` is zero or above `n`, or `c` is above `n`.
#[must_use]
pub fn pass_at_k(n: u32, c: u32, k: u32) -> f64 {
    assert!(
        k >= 1 && k <= n && c <= n,
        "pass@{k} of {c} right among {n} samples"
    );
    if k == 1 {
        // The plain share, without the rounding of a product.
        return f64::from(c) / f64::from(n);
    }
    if n - c < k {
        return 1.0;
    }
    let miss: f64 = (n - c + 1..=n)
        .map(|i| 1.0 - f64::from(k) / f64::from(i))
        .product();
    1.0 - miss
}

/// A mean over problems with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassAtK {
    /// The number of attempts.
    pub k: u32,
    /// The mean of the problems' unbiased estimates.
    pub estimate: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

impl PassAtK {
    /// From each problem's number of right samples among `n`, one cluster per problem.
    ///
    /// # Panics
    /// Where there is no problem, or `k` is zero or above `n`.
    #[must_use]
    pub fn of(n: u32, right: impl IntoIterator<Item = u32>, k: u32) -> Self {
        Self::of_each(right.into_iter().map(|right| (n, right)), k)
    }

    /// From each problem's own number of samples and how many are right, one cluster per problem.
    /// Every problem weighs the same, however many samples it has.
    ///
    /// ```
    /// # use interplay_eval::PassAtK;
    /// // One of three and one of two: the mean of 2/3 and 1.
    /// let pass = PassAtK::of_each([(3, 1), (2, 1)], 2);
    /// assert!((pass.estimate - 5.0 / 6.0).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// Where there is no problem, or `k` is zero or above the number of samples of a problem.
    #[must_use]
    pub fn of_each(counts: impl IntoIterator<Item = (u32, u32)>, k: u32) -> Self {
        let scores: Vec<f64> = counts
            .into_iter()
            .map(|(n, right)| pass_at_k(n, right, k))
            .collect();
        assert!(!scores.is_empty(), "pass@{k} of no problem");
        let (estimate, standard_error) = mean(&scores);
        let (low, high) = interval(estimate, standard_error, scores.len());
        Self {
            k,
            estimate,
            low,
            high,
        }
    }
}

/// The mean and its standard error over clusters: sample standard deviation over the root of
/// their number (zero where there is one cluster).
pub(crate) fn mean(scores: &[f64]) -> (f64, f64) {
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    if scores.len() < 2 {
        return (mean, 0.0);
    }
    let squares: f64 = scores.iter().map(|score| (score - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// With the weight of how many problems the variance is drawn toward the largest possible one.
const PRIOR_PROBLEMS: f64 = 16.0;

/// Wilson's interval at the sample size to which the standard error amounts.
///
/// Where all problems agree on 0 or 1 nothing is known of their spread, and that size is their
/// number.
fn interval(estimate: f64, standard_error: f64, problems: usize) -> (f64, f64) {
    let number = problems as f64;
    let spread = estimate * (1.0 - estimate);
    let size = if spread <= f64::EPSILON {
        number
    } else {
        let freedom = number - 1.0;
        let squares = freedom * number * standard_error.powi(2) + PRIOR_PROBLEMS * spread;
        number * spread * (freedom + PRIOR_PROBLEMS) / squares
    };
    let t = student(problems.saturating_sub(1));
    let t2 = t * t / size;
    let middle = (estimate + t2 / 2.0) / (1.0 + t2);
    let half = t / (1.0 + t2) * (spread.max(0.0) / size + t2 / (4.0 * size)).sqrt();
    (
        (middle - half).max(0.0).min(estimate),
        (middle + half).min(1.0).max(estimate),
    )
}

/// The half-width of a 95 % interval on a difference over `problems` pairs.
pub(crate) fn half_width(standard_error: f64, problems: usize) -> f64 {
    student(problems.saturating_sub(1)) * standard_error
}

/// The 97.5 % point of Student's distribution, at least one degree of freedom assumed.
///
/// Source: Abramowitz and Stegun 1964, 26.7.5; up to three degrees its table 26.10.
fn student(freedom: usize) -> f64 {
    match freedom {
        0 | 1 => return 12.706_205,
        2 => return 4.302_653,
        3 => return 3.182_446,
        _ => {}
    }
    let (z, v) = (Z, freedom as f64);
    let z2 = z * z;
    let first = z * (z2 + 1.0) / 4.0;
    let second = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let third = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    let fourth = z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0;
    z + (first + (second + (third + fourth / v) / v) / v) / v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts subsets instead of multiplying.
    fn by_counting(n: u32, c: u32, k: u32) -> f64 {
        let sets = (0_u32..1 << n).filter(|set| set.count_ones() == k);
        let (mut all, mut hit) = (0.0, 0.0);
        for set in sets {
            all += 1.0;
            hit += f64::from(u8::from(set & ((1 << c) - 1) != 0));
        }
        hit / all
    }

    #[test]
    fn equals_the_share_of_subsets_that_hold_a_right_sample() {
        for n in 1..=9 {
            for c in 0..=n {
                for k in 1..=n {
                    let difference = pass_at_k(n, c, k) - by_counting(n, c, k);
                    assert!(difference.abs() < 1e-12, "{n} {c} {k}");
                }
            }
        }
    }

    #[test]
    fn stays_exact_for_many_samples() {
        assert_eq!(pass_at_k(100_000, 0, 1), 0.0);
        assert!((pass_at_k(100_000, 1, 1) - 1e-5).abs() < 1e-16);
        assert!((pass_at_k(1024, 1, 512) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn the_interval_is_clustered_by_problem() {
        // 100 problems, half always right and half never: 800 samples know no more than 100.
        let clustered = PassAtK::of(8, (0..100).map(|i| if i % 2 == 0 { 8 } else { 0 }), 1);
        assert_eq!(clustered.estimate, 0.5);
        assert!((clustered.high - clustered.low - 0.19).abs() < 0.01);
        // Every problem right half of the time: 100 problems that agree weigh more, but by no
        // more than the 115 / 16 that the drawn variance leaves.
        let even = PassAtK::of(8, [4; 100], 1);
        assert!((even.high - even.low - 0.074).abs() < 0.002);
    }

    #[test]
    fn zero_and_one_keep_an_interval() {
        let none = PassAtK::of(8, [0; 50], 1);
        assert_eq!((none.estimate, none.low), (0.0, 0.0));
        assert!((none.high - 0.0747).abs() < 1e-3);
        let all = PassAtK::of(8, [8; 50], 8);
        assert_eq!((all.estimate, all.high), (1.0, 1.0));
        assert!((all.low - 0.9253).abs() < 1e-3);
        let one = PassAtK::of(4, [2], 1);
        assert!(one.low < 0.1 && one.high > 0.9);
    }

    #[test]
    fn the_quantile_is_that_of_the_tables() {
        for (freedom, quantile) in [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (7, 2.365),
            (15, 2.131),
            (60, 2.000),
            (1_000_000, 1.960),
        ] {
            let found = student(freedom);
            assert!((found - quantile).abs() < 3e-3, "{freedom}: {found}");
        }
    }

    #[test]
    fn agrees_with_the_normal_interval_for_many_problems() {
        let right: Vec<u32> = (0..4000).map(|i| (i * 7 + i / 13) % 9).collect();
        let pass = PassAtK::of(8, right.iter().copied(), 1);
        let scores: Vec<f64> = right.iter().map(|c| f64::from(*c) / 8.0).collect();
        let (mean, standard_error) = mean(&scores);
        assert!((pass.low - (mean - Z * standard_error)).abs() < 1e-4);
        assert!((pass.high - (mean + Z * standard_error)).abs() < 1e-4);
    }
}
