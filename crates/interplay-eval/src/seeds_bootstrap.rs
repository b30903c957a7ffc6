//! The bootstrap counterpart of the closed form over seeds and problems.
//!
//! Source: Owen 2007 (Annals of Applied Statistics 1), the pigeonhole bootstrap, which resamples both
//! factors; McCarthy and Snowden 1985 (Vital and Health Statistics 2-95) for resamples of `n - 1` of
//! `n`, whose variance is that of the mean without a correction.
//! Deviations: with three seeds the quantiles of resampled means are far too narrow and, as Owen
//! shows, resampling both factors counts what neither explains three times. So seeds, problems and
//! both are resampled, what both have beyond the two is the rest, and the interval is made of these
//! parts as in the closed form (`crossed.rs`). Problems are resampled within strata.

use crate::crossed::{Part, Parts};
use crate::draws::Draws;
use crate::seeds::{SeedsDesign, crossed_independent, crossed_paired};
use crate::stratified::strata as members;
use crate::{EvalError, SeedsDifference};

impl SeedsDifference {
    /// As [`paired`](Self::paired), with variances of a bootstrap that resamples seeds, problems
    /// within strata, and both, `resamples` times (at least 100) from `seed`.
    ///
    /// ```
    /// use interplay_eval::SeedsDifference;
    ///
    /// let gain = |seed: u32, i: u32| f64::from(i * 7 % 11 + 2 * seed) / 40.0;
    /// let gains: Vec<Vec<f64>> =
    ///     (0..3).map(|seed| (0..24).map(|i| gain(seed, i)).collect()).collect();
    /// let closed = SeedsDifference::paired(&gains, &[(); 24])?;
    /// let found = SeedsDifference::paired_bootstrap(&gains, &[(); 24], 4000, 1)?;
    /// assert!((found.seed_error / closed.seed_error - 1.0).abs() < 0.05);
    /// assert!((found.problem_error / closed.problem_error - 1.0).abs() < 0.05);
    /// assert!((found.low - closed.low).abs() < 0.05 * (closed.high - closed.low));
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// As [`paired`](Self::paired).
    pub fn paired_bootstrap<S: Ord + Copy>(
        gains: &[Vec<f64>],
        strata: &[S],
        resamples: u32,
        seed: u64,
    ) -> Result<Self, EvalError> {
        let closed = crossed_paired(gains, strata)?;
        let parts = resampled(&closed, &[(gains, 1.0)], strata, (resamples, seed));
        let seeds = [gains.len(); 2];
        Ok(Self::of(&parts, SeedsDesign::Paired, strata.len(), seeds))
    }

    /// As [`independent`](Self::independent), with variances of a bootstrap as for
    /// [`paired_bootstrap`](Self::paired_bootstrap); the seeds of each arm are resampled on their own.
    ///
    /// # Errors
    /// As [`independent`](Self::independent).
    pub fn independent_bootstrap<S: Ord + Copy>(
        left: &[Vec<f64>],
        right: &[Vec<f64>],
        strata: &[S],
        resamples: u32,
        seed: u64,
    ) -> Result<Self, EvalError> {
        let closed = crossed_independent(left, right, strata)?;
        let arms = [(left, -1.0), (right, 1.0)];
        let parts = resampled(&closed, &arms, strata, (resamples, seed));
        let (design, seeds) = (SeedsDesign::Independent, [left.len(), right.len()]);
        Ok(Self::of(&parts, design, strata.len(), seeds))
    }
}

/// Scores of an arm, `scores[seed][problem]`, and their sign in the difference.
type Arm<'a> = (&'a [Vec<f64>], f64);

/// The parts with the variances of resamples; degrees of freedom stay those of the closed form.
fn resampled<S: Ord + Copy>(
    closed: &Parts,
    arms: &[Arm<'_>],
    strata: &[S],
    (resamples, seed): (u32, u64),
) -> Parts {
    let (mut draws, resamples) = (Draws::new(seed), resamples.max(100));
    let (number, positions) = (strata.len(), strata.iter().copied().zip(0..));
    let strata: Vec<Vec<usize>> = members(positions);
    let even = vec![1.0 / number as f64; number];
    let mut weights = vec![0.0; number];
    // Squared deviations where the seeds of an arm, problems, and all are resampled.
    let mut seeds = vec![0.0; arms.len()];
    let (mut problems, mut all) = (0.0, 0.0);
    for _ in 0..resamples {
        draw_problems(&mut draws, &strata, &mut weights);
        let (mut with_problems, mut with_all) = (0.0, 0.0);
        for (square, (scores, sign)) in seeds.iter_mut().zip(arms) {
            let means: Vec<[f64; 2]> = scores
                .iter()
                .map(|seed| [weighted(seed, &even), weighted(seed, &weights)])
                .collect();
            let mean = |kept: &[[f64; 2]], of: usize| {
                kept.iter().map(|means| means[of]).sum::<f64>() / kept.len() as f64
            };
            let drawn: Vec<[f64; 2]> = (1..means.len())
                .map(|_| means[draws.below(means.len())])
                .collect();
            *square += (mean(&drawn, 0) - mean(&means, 0)).powi(2);
            with_problems += sign * mean(&means, 1);
            with_all += sign * mean(&drawn, 1);
        }
        problems += (with_problems - closed.difference).powi(2);
        all += (with_all - closed.difference).powi(2);
    }
    let over = f64::from(resamples);
    let rest = (all - problems - seeds.iter().sum::<f64>()).max(0.0) / over;
    let problems = problems / over;
    let added = closed.widened - closed.problems.variance;
    let of = |part: Part, variance: f64| Part { variance, ..part };
    Parts {
        difference: closed.difference,
        seeds: closed
            .seeds
            .iter()
            .zip(seeds)
            .map(|(part, squares)| of(*part, squares / over))
            .collect(),
        problems: of(closed.problems, problems),
        widened: (problems + added).max(0.0),
        rest: closed.rest.map(|part| of(part, rest)),
    }
}

/// Weights of problems drawn within strata, one fewer than a stratum has.
fn draw_problems(draws: &mut Draws, strata: &[Vec<usize>], weights: &mut [f64]) {
    let number = weights.len() as f64;
    weights.fill(0.0);
    for stratum in strata {
        let drawn = (stratum.len() - 1).max(1);
        let weight = stratum.len() as f64 / drawn as f64 / number;
        for _ in 0..drawn {
            weights[stratum[draws.below(stratum.len())]] += weight;
        }
    }
}

fn weighted(scores: &[f64], weights: &[f64]) -> f64 {
    let products = scores.iter().zip(weights);
    products.map(|(score, weight)| score * weight).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gains of four seeds on 30 problems of two ops, with effects of seeds, problems and both.
    fn gains(shift: u32) -> Vec<Vec<f64>> {
        let one = |seed: u32, i: u32| {
            let rest = (seed * 17 + i * 29 + shift) * 7919 % 101;
            0.3 * f64::from(i % 2)
                + f64::from(i * 7 % 13 + 3 * seed) / 60.0
                + f64::from(rest) / 400.0
        };
        let row = |seed| (0..30).map(|i| one(seed, i)).collect();
        (0..4).map(row).collect()
    }

    #[test]
    fn agrees_with_the_closed_form_part_by_part() {
        let ops: Vec<u32> = (0..30).map(|i| i % 2).collect();
        let (one, two) = (gains(0), gains(5));
        let closed = [
            crossed_paired(&one, &ops).unwrap(),
            crossed_independent(&one, &two[..3], &ops).unwrap(),
        ];
        let arms: [&[Arm<'_>]; 2] = [&[(&one, 1.0)], &[(&one, -1.0), (&two[..3], 1.0)]];
        for (closed, arms) in closed.into_iter().zip(arms) {
            let found = resampled(&closed, arms, &ops, (40_000, 3));
            let near = |found: f64, wanted: f64, what: &str| {
                assert!(
                    (found / wanted - 1.0).abs() < 0.04,
                    "{what}: {found} {wanted}"
                );
            };
            near(found.of_seeds(), closed.of_seeds(), "seeds");
            near(
                found.problems.variance,
                closed.problems.variance,
                "problems",
            );
            near(found.variance(), closed.variance(), "all");
            let (rest, wanted) = (found.rest.unwrap().variance, closed.rest.unwrap().variance);
            assert!(
                (rest - wanted).abs() < 0.04 * closed.variance(),
                "{rest} {wanted}"
            );
            near(
                found.half_width(0.05),
                closed.half_width(0.05),
                "half-width",
            );
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_interval() {
        let (one, two) = (gains(0), gains(5));
        let found = |seed| {
            SeedsDifference::independent_bootstrap(&one, &two, &[(); 30], 300, seed).unwrap()
        };
        assert_eq!(found(1), found(1));
        assert_ne!(found(1), found(2));
        assert!(SeedsDifference::paired_bootstrap(&one[..1], &[(); 30], 300, 1).is_err());
    }
}
