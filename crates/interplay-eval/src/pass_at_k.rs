//! Unbiased pass@k and its interval.
//!
//! Source: Chen et al. 2021 (arXiv 2107.03374), section 2.1, for the estimator of one problem;
//! Miller 2024 (arXiv 2411.00640), sections 2.1 and 2.2, for the standard error over problems
//! with several samples each; Wilson 1927 for the shape of the interval; Kish 1965, "Survey
//! Sampling", 8.2 for the effective number of problems, `(sum w)^2 / sum w^2`.
//! Deviations: where Miller takes `mean +- 1.96 SE`, the standard error is turned into an
//! effective sample size `p (1 - p) / SE^2` and goes into Wilson's interval, with Student's
//! quantile for the normal one. A few problems that happen to agree do not show that all do, so
//! the variance over problems gets two additions: half a problem more at the largest deviation seen,
//! and `p (1 - p)`, the largest variance that there can be, with the weight of `32 / m^2` problems,
//! where `m` is the effective number of problems that
//! carry the rarer outcome (the Kish number of `s` or of `1 - s`, the smaller). Where many problems
//! carry it, all of that vanishes and the interval is Miller's; where one or two do, it is that of
//! few problems. No interval reaches beyond Wilson's for the share of problems with any score above 0, which bounds the
//! mean from above, and that for the share with any below 1. Chosen by simulation among fixed weights, weights by `N` and weights by `m`:
//! `tests/coverage.rs`. A kind of problem that the sample happens to miss stays beyond it: with 16
//! problems, of which each is of a hard kind with probability 0.15, it covers 0.91.

use serde::{Deserialize, Serialize};

use crate::quantiles::student;
use crate::stratified::{Spread, spread};

/// The probability that at least one of `k` samples, drawn without replacement from `n` samples
/// of which `c` are right, is right: an unbiased estimate of pass@k from `n >= k` samples.
///
/// Computed as one minus the product of `(n - c - i) / (n - i)` for `i` below `k`, which needs no
/// binomials; since `c` and `k` may change places, the shorter of the two products is taken.
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
    let (short, long) = (c.min(k), c.max(k));
    let miss: f64 = (0..short)
        .map(|i| f64::from(n - long - i) / f64::from(n - i))
        .product();
    1.0 - miss
}

/// A mean over problems with its 95 % interval: of pass@k, or of another score of k attempts.
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
        Self::of_strata(counts.into_iter().map(|count| ((), count)), k)
    }

    /// As [`of_each`](Self::of_each), from problems that were drawn stratum by stratum, each given
    /// with its stratum (such as its op): what strata differ by is no error of the mean.
    ///
    /// ```
    /// # use interplay_eval::PassAtK;
    /// // 20 easy problems, nearly always right, and 20 hard ones, nearly never.
    /// let counts = |i: u32| (8, if i % 2 == 0 { 7 + i / 2 % 2 } else { i / 2 % 2 });
    /// let pooled = PassAtK::of_each((0..40).map(counts), 1);
    /// let by_op = PassAtK::of_strata((0..40).map(|i| (i % 2, counts(i))), 1);
    /// assert_eq!(by_op.estimate, pooled.estimate);
    /// assert!(by_op.high - by_op.low < 0.3 * (pooled.high - pooled.low));
    /// ```
    ///
    /// # Panics
    /// As [`of_each`](Self::of_each).
    #[must_use]
    pub fn of_strata<S: Ord>(counts: impl IntoIterator<Item = (S, (u32, u32))>, k: u32) -> Self {
        let score = |(stratum, (n, right))| (stratum, pass_at_k(n, right, k));
        Self::of_scores(counts.into_iter().map(score), k)
    }

    /// The mean of any scores from 0 to 1, one per problem, with the interval of pass@k: of `k`
    /// attempts, such as [`pass_hat_k`](crate::pass_hat_k) or [`majority_at_k`](crate::majority_at_k).
    ///
    /// ```
    /// # use interplay_eval::{PassAtK, pass_hat_k};
    /// // Two right in each of the two tries, and one: the mean of 1 and 0.
    /// let both = PassAtK::of_scores([2, 1].map(|right| ((), pass_hat_k(2, right, 2))), 2);
    /// assert_eq!(both.estimate, 0.5);
    /// ```
    ///
    /// # Panics
    /// Where there is no problem, or a score is not from 0 to 1 but for rounding.
    #[must_use]
    pub fn of_scores<S: Ord>(scores: impl IntoIterator<Item = (S, f64)>, k: u32) -> Self {
        let mut carried = Carried::default();
        let scores = scores.into_iter();
        let scores: Vec<(S, f64)> = scores
            .map(|(stratum, score)| (stratum, carried.add(score)))
            .collect();
        assert!(!scores.is_empty(), "{k} attempts at no problem");
        let spread = spread(scores);
        let (low, high) = interval(&spread, spread.mean, effective_size(&spread, &carried));
        // A mean is at most the share of problems with any score above 0, so one problem that is solved once says little
        // about the others. The same holds of what is missing to 1.
        let number = spread.number as f64;
        let share = |count: f64| interval(&spread, count / number, number).1;
        Self {
            k,
            estimate: spread.mean,
            low: low.max(1.0 - share(carried.any_wrong)).min(spread.mean),
            high: high.min(share(carried.any_right)).max(spread.mean),
        }
    }
}

/// Sums from which follows how many problems carry right answers, and how many carry wrong ones.
#[derive(Debug, Default)]
struct Carried {
    right: [f64; 2],
    wrong: [f64; 2],
    any_right: f64,
    any_wrong: f64,
}

impl Carried {
    fn add(&mut self, score: f64) -> f64 {
        // Any other score, NaN too, would silently make an interval of NaN.
        assert!(
            (-1e-9..=1.0 + 1e-9).contains(&score),
            "a score of {score}, not from 0 to 1"
        );
        let score = score.clamp(0.0, 1.0);
        for (sums, score) in [(&mut self.right, score), (&mut self.wrong, 1.0 - score)] {
            sums[0] += score;
            sums[1] += score * score;
        }
        self.any_right += f64::from(u8::from(score > 0.0));
        self.any_wrong += f64::from(u8::from(score < 1.0));
        score
    }

    /// The effective number of problems behind the outcome that fewer problems carry.
    fn rarer(&self) -> f64 {
        let kish = |[sum, squares]: [f64; 2]| sum * sum / squares;
        kish(self.right).min(kish(self.wrong))
    }
}

/// The weight, in problems, of the largest possible variance where one problem carries the rarer
/// outcome; it falls with the square of their number.
const PRIOR_PROBLEMS: f64 = 32.0;
/// How many problems more are taken to lie as far from the mean as the farthest one seen.
const FARTHEST: f64 = 0.5;

/// The number of independent right-or-wrong samples to which the spread of the scores amounts.
///
/// Where all problems agree on 0 or 1 nothing is known of their spread, and it is their number.
fn effective_size(spread: &Spread, carried: &Carried) -> f64 {
    let number = spread.number as f64;
    let most = spread.mean * (1.0 - spread.mean);
    if most <= f64::EPSILON {
        return number;
    }
    let weight = PRIOR_PROBLEMS / carried.rarer().powi(2);
    let squares = spread.squares() + FARTHEST * spread.largest + weight * most;
    number * most * (spread.freedom as f64 + weight) / squares
}

/// The effective number of right-or-wrong samples behind the mean of some scores from 0 to 1.
pub(crate) fn effective_samples(scores: &[f64]) -> f64 {
    let mut carried = Carried::default();
    let scores = scores.iter().map(|score| ((), carried.add(*score)));
    let spread = spread(scores.collect::<Vec<_>>());
    effective_size(&spread, &carried)
}

/// Wilson's interval around an estimate at an effective sample size.
fn interval(spread: &Spread, estimate: f64, size: f64) -> (f64, f64) {
    let most = (estimate * (1.0 - estimate)).max(0.0);
    let t = student(spread.freedom);
    let t2 = t * t / size;
    let middle = (estimate + t2 / 2.0) / (1.0 + t2);
    let half = t / (1.0 + t2) * (most / size + t2 / (4.0 * size)).sqrt();
    (
        (middle - half).max(0.0).min(estimate),
        (middle + half).min(1.0).max(estimate),
    )
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
        // Every problem right half of the time: as if half a problem more were right or wrong. The
        // variance of that is 0.5 / 99 over 100.
        let even = PassAtK::of(8, [4; 100], 1);
        assert!((even.high - even.low - 2.0 * 1.984 * 0.00711).abs() < 0.001);
    }

    /// The product of `(n - c - i) / (n - i)` for `i` below `k` with twice the digits: the sum of
    /// two numbers, the second what the first was rounded by.
    fn miss_in_double_digits(n: u32, c: u32, k: u32) -> f64 {
        let (mut high, mut low) = (1.0_f64, 0.0_f64);
        for i in 0..k {
            let (top, bottom) = (f64::from(n - c - i), f64::from(n - i));
            let product = high * top;
            let error = high.mul_add(top, -product) + low * top;
            let quotient = product / bottom;
            low = ((-quotient).mul_add(bottom, product) + error) / bottom;
            high = quotient + low;
            low += quotient - high;
        }
        high
    }

    #[test]
    fn equals_the_ratio_of_binomials() {
        let mut binomials = vec![vec![1_u128]];
        for n in 1..=64 {
            let row = &binomials[n - 1];
            let at = |i: usize| row.get(i).copied().unwrap_or(0);
            binomials.push((0..=n).map(|i| at(i) + at(i.wrapping_sub(1))).collect());
        }
        let choose = |n: u32, k: u32| *binomials[n as usize].get(k as usize).unwrap_or(&0);
        for n in 1..=64 {
            for c in 0..=n {
                for k in 1..=n {
                    // The numerator of the exact fraction; both parts are below 2^61.
                    let (all, miss) = (choose(n, k), choose(n - c, k));
                    let exact = (all - miss) as f64 / all as f64;
                    assert!((pass_at_k(n, c, k) - exact).abs() < 4e-15, "{n} {c} {k}");
                }
            }
        }
    }

    #[test]
    fn is_stable_to_4096_samples() {
        let steps = [
            1, 2, 3, 7, 16, 64, 129, 500, 1024, 2047, 2048, 3000, 4000, 4096,
        ];
        for n in [100, 1000, 2048, 4096] {
            for c in steps.into_iter().filter(|c| *c <= n) {
                for k in steps.into_iter().filter(|k| *k <= n - c) {
                    let exact = 1.0 - miss_in_double_digits(n, c, k);
                    let found = pass_at_k(n, c, k);
                    assert!(
                        (found - exact).abs() < 1e-12,
                        "{n} {c} {k}: {found} {exact}"
                    );
                }
            }
        }
    }

    #[test]
    fn one_problem_that_is_solved_once_says_little_of_the_others() {
        let counts = |first| std::iter::once(first).chain([0; 127]);
        let once = PassAtK::of(128, counts(1), 1);
        let always = PassAtK::of(128, counts(128), 1);
        assert!(
            once.high <= always.high && always.high < 0.05,
            "{once:?} {always:?}"
        );
        let wrong = PassAtK::of(128, counts(1).map(|right| 128 - right), 1);
        assert!((once.high + wrong.low - 1.0).abs() < 1e-12, "{wrong:?}");
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
    #[should_panic(expected = "a score of NaN, not from 0 to 1")]
    fn refuses_a_score_that_is_not_a_number() {
        let _ = PassAtK::of_scores([((), 0.5), ((), f64::NAN)], 1);
    }

    #[test]
    #[should_panic(expected = "a score of 1.5, not from 0 to 1")]
    fn refuses_a_score_above_one() {
        let _ = PassAtK::of_scores([((), 0.5), ((), 1.5)], 1);
    }

    #[test]
    fn agrees_with_the_normal_interval_for_many_problems() {
        let right: Vec<u32> = (0..4000).map(|i| (i * 7 + i / 13) % 9).collect();
        let pass = PassAtK::of(8, right.iter().copied(), 1);
        let scores: Vec<f64> = right.iter().map(|c| f64::from(*c) / 8.0).collect();
        let spread = spread(scores.into_iter().map(|score| ((), score)));
        let half = 1.96 * spread.variance.sqrt();
        assert!((pass.low - (spread.mean - half)).abs() < 1e-4);
        assert!((pass.high - (spread.mean + half)).abs() < 1e-4);
    }
}
