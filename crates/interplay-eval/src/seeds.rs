//! The difference between two ways of training, over problems and over training seeds.
//!
//! Source: Brennan 2001, "Generalizability Theory", section 3.4, for the variance of a mean over two
//! crossed random factors, here problems and seeds, and 3.5 for problems nested in seeds; Miller 2024
//! (arXiv 2411.00640), section 4.2, for pairing. Intervals and p-values: `crossed.rs`. The bootstrap
//! counterpart: `seeds_bootstrap.rs`.
//! Deviations: a p-value is the level at which Banerjee's interval reaches zero. Where one part of the
//! variance is alone, that is Student's; otherwise it is larger, since no exact test exists.
//!
//! Simulated normal gains, 2 to 10 seeds, 24 and 96 problems, variances of seeds, problems and rest
//! in ratios from 0 to 4: intervals cover 95 to 99 %, with three seeds too, and at most 5 % of
//! p-values are below 0.05 (`tests/seeds.rs`). With three seeds an interval is up to twice as wide
//! as if the variance were known; with ten at most 1.25 times.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::EvalError;
use crate::crossed::{Part, Parts, between, by_problem, seeds_and_rest};
use crate::paired::Widened;

/// How seeds, problems and arms belong together.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedsDesign {
    /// All seeds have the same problems, and a seed of one arm has something in common with the same
    /// seed of the other, such as the model that both start from.
    Paired,
    /// All seeds have the same problems; the seeds of the two arms have nothing in common.
    Independent,
    /// Each seed has problems of its own, on which both arms are evaluated; some may be in common.
    Nested,
}

impl SeedsDesign {
    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paired => "paired",
            Self::Independent => "independent",
            Self::Nested => "nested",
        }
    }
}

impl fmt::Display for SeedsDesign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Right minus left over problems and seeds, with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedsDifference {
    /// How seeds, problems and arms belong together.
    pub design: SeedsDesign,
    /// The number of problems: that of a seed, or of all seeds together where each has its own.
    pub problems: usize,
    /// The number of seeds of the left and the right arm.
    pub seeds: [usize; 2],
    /// The mean difference.
    pub difference: f64,
    /// The part of the standard error that more seeds would shrink.
    pub seed_error: f64,
    /// The part of the standard error that more problems would shrink.
    pub problem_error: f64,
    /// The standard error over both.
    pub standard_error: f64,
    /// Satterthwaite's degrees of freedom of the standard error, to report. The interval takes the
    /// quantile of each part instead.
    pub freedom: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
    /// The two-sided p-value of no difference, from t statistics: the level at which the interval
    /// reaches zero.
    pub p_value: f64,
    /// The smallest true difference that so many seeds and problems show (p below 5 %) in 80 % of
    /// cases.
    pub detectable: f64,
}

impl SeedsDifference {
    /// For seeds in pairs, from the gain of each, `gains[seed][problem]`, right minus left, such as
    /// of pass@k. `strata` has the stratum of each problem (its op), or `()` for each.
    ///
    /// The variance of the mean is that between seeds, plus that between the problems' mean gains
    /// within strata, less what both contain; at least the larger of the two.
    ///
    /// ```
    /// use interplay_eval::SeedsDifference;
    ///
    /// // Brennan's decomposition: seeds 0.1, 0.2 and 0.3, problems -0.1 and 0.1, and nothing else.
    /// let gains = [vec![0.0, 0.2], vec![0.1, 0.3], vec![0.2, 0.4]];
    /// let found = SeedsDifference::paired(&gains, &[(); 2])?;
    /// assert!((found.difference - 0.2).abs() < 1e-12);
    /// // Seeds: a variance of 0.01, over 3. Problems: one of 0.02, over 2.
    /// assert!((found.seed_error.powi(2) - 0.01 / 3.0).abs() < 1e-12);
    /// assert!((found.problem_error.powi(2) - 0.01).abs() < 1e-12);
    /// assert!((found.standard_error.powi(2) - (0.01 / 3.0 + 0.01)).abs() < 1e-12);
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two seeds, no problems, or seeds with different numbers of problems.
    pub fn paired<S: Ord + Copy>(gains: &[Vec<f64>], strata: &[S]) -> Result<Self, EvalError> {
        let parts = crossed_paired(gains, strata)?;
        let seeds = [gains.len(); 2];
        Ok(Self::of(&parts, SeedsDesign::Paired, strata.len(), seeds))
    }

    /// For arms whose seeds have nothing in common, from the scores of each arm,
    /// `scores[seed][problem]`, such as each problem's pass@k. `strata` as for
    /// [`paired`](Self::paired).
    ///
    /// ```
    /// use interplay_eval::SeedsDifference;
    ///
    /// let left = [vec![0.1, 0.3, 0.2], vec![0.2, 0.4, 0.3], vec![0.3, 0.5, 0.4]];
    /// let right = left.clone().map(|seed| seed.into_iter().map(|score| score + 0.2).collect());
    /// let found = SeedsDifference::independent(&left, &right, &[(); 3])?;
    /// assert!((found.difference - 0.2).abs() < 1e-12);
    /// // Seed means of 0.2, 0.3 and 0.4 in each arm: a variance of 0.01 over 3, twice.
    /// assert!((found.standard_error - (0.02_f64 / 3.0).sqrt()).abs() < 1e-12);
    /// // In pairs, every seed gains 0.2 alike.
    /// let gains: Vec<Vec<f64>> = vec![vec![0.2; 3]; 3];
    /// assert_eq!(SeedsDifference::paired(&gains, &[(); 3])?.seed_error, 0.0);
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two seeds in an arm, no problems, or seeds with different numbers of problems.
    pub fn independent<S: Ord + Copy>(
        left: &[Vec<f64>],
        right: &[Vec<f64>],
        strata: &[S],
    ) -> Result<Self, EvalError> {
        let parts = crossed_independent(left, right, strata)?;
        let (design, seeds) = (SeedsDesign::Independent, [left.len(), right.len()]);
        Ok(Self::of(&parts, design, strata.len(), seeds))
    }

    /// For seeds that each have problems of their own, from the gain of each problem with its stratum
    /// (its op, or `()`), `gains[seed][problem]`.
    ///
    /// The mean of seed means with Student's interval over seeds, whose spread contains that of the
    /// problems; at least as wide as the interval over problems alone.
    ///
    /// ```
    /// use interplay_eval::SeedsDifference;
    ///
    /// let gains: Vec<Vec<((), f64)>> = [0.1, 0.2, 0.3]
    ///     .map(|mean| (0..200).map(|i| ((), mean + f64::from(i % 3 - 1) / 10.0)).collect())
    ///     .into();
    /// let found = SeedsDifference::nested(&gains)?;
    /// // A standard deviation of 0.1 over three seeds, at 4.303 with two degrees of freedom.
    /// assert!((found.standard_error - 0.1 / 3.0_f64.sqrt()).abs() < 2e-4);
    /// assert!((found.high - found.difference - 4.303 * 0.0577).abs() < 2e-3);
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two seeds, or one without problems.
    pub fn nested<S: Ord + Copy>(gains: &[Vec<(S, f64)>]) -> Result<Self, EvalError> {
        let row = |(seed, gains): (usize, &Vec<(S, f64)>)| {
            let one =
                |(index, (stratum, gain)): (usize, &(S, f64))| (*stratum, (seed, index), *gain);
            gains.iter().enumerate().map(one).collect()
        };
        let gains: Vec<Vec<_>> = gains.iter().enumerate().map(row).collect();
        Self::nested_named(&gains)
    }

    /// As [`nested`](Self::nested), where seeds may have some problems in common: each gain comes with
    /// its stratum and the name of its problem, such as a fingerprint.
    ///
    /// Seeds with problems in common agree more than seeds without, so the spread between seeds is too
    /// small for the mean. By the law of the variance of a mean, what is missing is the mean covariance
    /// of two seeds. It is taken to be as large as the common problems allow, as if a problem's gain
    /// were the same with every seed: the share in common, times the problems' part of the variance.
    /// The interval then covers at any overlap (`tests/seeds.rs`), and is wider than need be where the
    /// gains of a problem have little in common.
    ///
    /// ```
    /// use interplay_eval::SeedsDifference;
    ///
    /// let gains = |own: [u32; 3]| -> Vec<Vec<((), u32, f64)>> {
    ///     let gain = |seed: u32, i: u32| f64::from((i * 7 + seed) % 5) / 10.0;
    ///     let row = |seed: u32| -> Vec<_> {
    ///         (0..40).map(|i| ((), own[seed as usize] + i, gain(seed, i))).collect()
    ///     };
    ///     (0..3).map(row).collect()
    /// };
    /// let apart = SeedsDifference::nested_named(&gains([0, 100, 200]))?;
    /// // Half of the problems of each seed are those of the next one.
    /// let common = SeedsDifference::nested_named(&gains([0, 20, 40]))?;
    /// assert_eq!(common.difference, apart.difference);
    /// assert!(common.high - common.low > apart.high - apart.low);
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// As [`nested`](Self::nested).
    pub fn nested_named<S: Ord + Copy, N: Ord>(
        gains: &[Vec<(S, N, f64)>],
    ) -> Result<Self, EvalError> {
        enough("seeds", gains.len())?;
        if gains.iter().any(Vec::is_empty) {
            return Err(EvalError::NoItems);
        }
        let number = gains.len() as f64;
        let mut freedom = 0;
        let (mut variance, mut widened) = (0.0, 0.0);
        let mut found = Vec::with_capacity(gains.len());
        for of_seed in gains {
            let one = of_seed.iter().map(|(stratum, _, gain)| (*stratum, *gain));
            let one = Widened::of(one.collect());
            freedom += one.spread.freedom;
            variance += one.spread.variance / (number * number);
            widened += one.variance / (number * number);
            found.push(one);
        }
        let freedom = (freedom as f64).max(1.0);
        let in_common = in_common(gains);
        // The mean covariance of two seeds, if a problem's gain is the same with both.
        let covariance = |of: fn(&Widened) -> f64| -> f64 {
            let of_pair = |(one, two, share): &(usize, usize, f64)| {
                share * (of(&found[*one]) * of(&found[*two])).sqrt()
            };
            let pairs = number * (number - 1.0) / 2.0;
            in_common.iter().map(of_pair).sum::<f64>() / pairs
        };
        let rest = Part { variance, freedom };
        let means: Vec<f64> = found.iter().map(|one| one.spread.mean).collect();
        let parts = Parts {
            difference: means.iter().sum::<f64>() / number,
            seeds: vec![between(&means)],
            problems: Part {
                variance: variance + covariance(|one| one.spread.variance),
                freedom,
            },
            widened: widened + covariance(|one| one.variance),
            rest: Some(rest).filter(|_| !in_common.is_empty()),
        };
        let problems = gains.iter().map(Vec::len).sum();
        let seeds = [gains.len(); 2];
        Ok(Self::of(&parts, SeedsDesign::Nested, problems, seeds))
    }

    pub(crate) fn of(
        parts: &Parts,
        design: SeedsDesign,
        problems: usize,
        seeds: [usize; 2],
    ) -> Self {
        let half = parts.half_width(0.05);
        Self {
            design,
            problems,
            seeds,
            difference: parts.difference,
            seed_error: parts.of_seeds().sqrt(),
            problem_error: parts.problems.variance.sqrt(),
            standard_error: parts.variance().sqrt(),
            freedom: parts.freedom(),
            low: (parts.difference - half).max(-1.0),
            high: (parts.difference + half).min(1.0),
            p_value: parts.p_value(),
            // The 80 % point on one side is exceeded on either side with probability 0.4.
            detectable: half + parts.half_width(0.4),
        }
    }
}

/// The parts of seeds in pairs, `gains[seed][problem]`.
pub(crate) fn crossed_paired<S: Ord + Copy>(
    gains: &[Vec<f64>],
    strata: &[S],
) -> Result<Parts, EvalError> {
    crossed_seeds("seeds", gains, strata.len())?;
    let (seeds, rest) = seeds_and_rest(gains, strata);
    Ok(crossed_parts(
        (vec![seeds], rest),
        &by_problem(gains),
        strata,
    ))
}

/// The parts of arms whose seeds have nothing in common, `scores[seed][problem]` each.
pub(crate) fn crossed_independent<S: Ord + Copy>(
    left: &[Vec<f64>],
    right: &[Vec<f64>],
    strata: &[S],
) -> Result<Parts, EvalError> {
    crossed_seeds("left seeds", left, strata.len())?;
    crossed_seeds("right seeds", right, strata.len())?;
    let [(one, mut rest), (two, more)] = [left, right].map(|arm| seeds_and_rest(arm, strata));
    let sum = rest.variance + more.variance;
    // Satterthwaite's, of the sum of the two.
    let share = |part: Part| part.variance * part.variance / part.freedom;
    if sum > 0.0 {
        rest.freedom = sum * sum / (share(rest) + share(more));
    }
    rest.variance = sum;
    let (before, after) = (by_problem(left), by_problem(right));
    let gains: Vec<f64> = after.iter().zip(&before).map(|(r, l)| r - l).collect();
    Ok(crossed_parts((vec![one, two], rest), &gains, strata))
}

/// The parts of crossed seeds and problems, from the mean gain of each problem.
fn crossed_parts<S: Ord + Copy>(
    (seeds, rest): (Vec<Part>, Part),
    gains: &[f64],
    strata: &[S],
) -> Parts {
    let found = Widened::of(strata.iter().copied().zip(gains.iter().copied()).collect());
    Parts {
        difference: found.spread.mean,
        seeds,
        problems: Part {
            variance: found.spread.variance,
            freedom: (found.spread.freedom as f64).max(1.0),
        },
        widened: found.variance,
        rest: Some(rest),
    }
}

/// The pairs of seeds with problems in common, and the correlation of their means if a problem's gain is
/// the same with both: the number in common over the root of the product of their numbers.
fn in_common<S, N: Ord>(gains: &[Vec<(S, N, f64)>]) -> Vec<(usize, usize, f64)> {
    let mut names: Vec<BTreeSet<&N>> = Vec::with_capacity(gains.len());
    for of_seed in gains {
        names.push(of_seed.iter().map(|(_, name, _)| name).collect());
    }
    let mut pairs = Vec::new();
    for (one, left) in names.iter().enumerate() {
        for (two, right) in names.iter().enumerate().skip(one + 1) {
            let common = left.intersection(right).count();
            if common > 0 {
                let sizes = gains[one].len() as f64 * gains[two].len() as f64;
                pairs.push((one, two, (common as f64 / sizes.sqrt()).min(1.0)));
            }
        }
    }
    pairs
}

fn enough(arm: &'static str, seeds: usize) -> Result<(), EvalError> {
    match seeds {
        0 | 1 => Err(EvalError::Setting {
            setting: arm,
            found: seeds.to_string(),
            expected: "at least 2, better 3 or more".to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Checks a table `scores[seed][problem]`.
fn crossed_seeds(arm: &'static str, scores: &[Vec<f64>], problems: usize) -> Result<(), EvalError> {
    enough(arm, scores.len())?;
    if problems == 0 {
        return Err(EvalError::NoItems);
    }
    match scores.iter().find(|of_seed| of_seed.len() != problems) {
        Some(other) => Err(EvalError::Setting {
            setting: "problems",
            found: format!("{} of a seed among {problems}", other.len()),
            expected: "the same problems for every seed".to_owned(),
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_cannot_be_compared() {
        let arm = |seeds: usize, problems: usize| vec![vec![0.5; problems]; seeds];
        let error = |left: &[Vec<f64>], right: &[Vec<f64>]| {
            let strata = vec![(); left[0].len()];
            let found = SeedsDifference::independent(left, right, &strata);
            found.unwrap_err().to_string()
        };
        assert!(error(&arm(1, 4), &arm(3, 4)).contains("`left seeds` is 1"));
        assert!(error(&arm(2, 4), &arm(2, 3)).contains("3 of a seed among 4"));
        assert!(error(&arm(2, 0), &arm(2, 0)).contains("no problems"));
        let paired = SeedsDifference::paired(&arm(1, 3), &[(); 3]).unwrap_err();
        assert!(paired.to_string().contains("`seeds` is 1"), "{paired}");
        let nested = SeedsDifference::nested(&[vec![((), 0.1)], Vec::new()]).unwrap_err();
        assert!(nested.to_string().contains("no problems"), "{nested}");
    }

    #[test]
    fn separates_seeds_from_problems() {
        // All seeds alike: what is left is the spread of the gains 0 and 0.2 over two problems.
        let (left, right) = (vec![vec![0.1, 0.1]; 3], vec![vec![0.1, 0.3]; 3]);
        let found = SeedsDifference::independent(&left, &right, &[(); 2]).unwrap();
        assert!(found.seed_error < 1e-12);
        assert!((found.problem_error - 0.1).abs() < 1e-12);
        assert!((found.standard_error - 0.1).abs() < 1e-12);
        assert_eq!(found.freedom, 1.0);
    }

    #[test]
    fn what_ops_differ_by_is_no_error() {
        // Two ops with gains around 0.1 and 0.5; seeds shift all by 0.01.
        let gain = |seed: i32, i: i32| {
            0.1 + 0.4 * f64::from(i % 2) + f64::from(i % 3) / 50.0 + f64::from(seed) / 100.0
        };
        let gains: Vec<Vec<f64>> = (0..3)
            .map(|seed| (0..24).map(|i| gain(seed, i)).collect())
            .collect();
        let ops: Vec<i32> = (0..24).map(|i| i % 2).collect();
        let pooled = SeedsDifference::paired(&gains, &[(); 24]).unwrap();
        let by_op = SeedsDifference::paired(&gains, &ops).unwrap();
        assert!((by_op.difference - pooled.difference).abs() < 1e-12);
        assert!((by_op.seed_error - pooled.seed_error).abs() < 1e-12);
        assert!(by_op.problem_error < 0.2 * pooled.problem_error);
        let width = |found: &SeedsDifference| found.high - found.low;
        assert!(width(&by_op) < 0.6 * width(&pooled), "{by_op:?} {pooled:?}");
    }

    #[test]
    fn an_interval_reaches_zero_where_p_is_five_percent() {
        let row = |seed: u32| {
            let gain = move |i: u32| f64::from(i * 7 % 11 + seed * 3) / 40.0 - 0.1;
            (0..24).map(gain).collect::<Vec<f64>>()
        };
        let gains: Vec<Vec<f64>> = (0..4).map(row).collect();
        let found = SeedsDifference::paired(&gains, &[(); 24]).unwrap();
        let edge = found.low;
        let moved = |by: f64| -> SeedsDifference {
            let gains: Vec<Vec<f64>> = gains
                .iter()
                .map(|seed| seed.iter().map(|gain| gain - by).collect())
                .collect();
            SeedsDifference::paired(&gains, &[(); 24]).unwrap()
        };
        // The widening depends on the differences a little, so not exactly 0.05.
        let p_value = moved(edge).p_value;
        assert!((p_value - 0.05).abs() < 2e-3, "{p_value}");
        assert!(moved(edge - 0.02).p_value < 0.05 && moved(edge + 0.02).p_value > 0.05);
    }

    #[test]
    fn nothing_seen_is_not_nothing_there() {
        let same = SeedsDifference::paired(&vec![vec![0.0; 40]; 3], &[(); 40]).unwrap();
        assert_eq!((same.difference, same.p_value), (0.0, 1.0));
        assert!(same.low < -0.03 && same.high > 0.03, "{same:?}");
        let nested = SeedsDifference::nested(&vec![vec![((), 0.0); 40]; 3]).unwrap();
        assert!(nested.low < -0.01 && nested.high > 0.01, "{nested:?}");
        // One problem, one gain: nothing is known of either spread.
        let one = SeedsDifference::paired(&[vec![0.5], vec![0.5]], &[()]).unwrap();
        assert_eq!((one.low, one.high), (-1.0, 1.0));
    }
}
