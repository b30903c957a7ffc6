//! The difference between two ways of training, over problems and over training seeds.
//!
//! Source: Brennan 2001, "Generalizability Theory", section 3.4, for the variance of a mean over two
//! crossed random factors, here problems and seeds; Satterthwaite 1946 for its degrees of freedom;
//! Owen 2007 (Annals of Applied Statistics 1), the pigeonhole bootstrap that resamples both factors.
//! Deviations: the seeds of the arms are independent of one another (seed 1 of one arm has nothing
//! in common with seed 1 of the other), the problems are common to all. With three seeds the
//! quantiles of resampled means are far too narrow and, as Owen shows, resampling both factors counts
//! what neither explains three times. So seeds, problems and both are resampled, the variances are
//! put together as in the closed form, that over seeds is enlarged by `S / (S - 1)` for the smaller
//! number `S` of seeds, and the quantile is the closed form's.

use serde::{Deserialize, Serialize};

use crate::EvalError;
use crate::draws::Draws;
use crate::quantiles::student_quantile;

/// Right minus left over problems and seeds, with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedsDifference {
    /// The number of problems.
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
    /// The degrees of freedom of the interval.
    pub freedom: f64,
    /// The lower end of the 95 % interval.
    pub low: f64,
    /// The upper end of the 95 % interval.
    pub high: f64,
}

/// The means of one arm.
struct Arm {
    /// The mean of each problem over seeds.
    by_problem: Vec<f64>,
    /// The mean over all.
    mean: f64,
    /// The squared standard error over seeds.
    seeds: f64,
    /// The squared standard error of what neither seed nor problem explains.
    rest: f64,
    freedom: f64,
}

impl Arm {
    fn of(scores: &[Vec<f64>]) -> Self {
        let (seeds, problems) = (scores.len() as f64, scores[0].len() as f64);
        let mut by_problem = vec![0.0; scores[0].len()];
        for of_seed in scores {
            for (mean, score) in by_problem.iter_mut().zip(of_seed) {
                *mean += score / seeds;
            }
        }
        let mean = by_problem.iter().sum::<f64>() / problems;
        let (mut between, mut rest) = (0.0, 0.0);
        for of_seed in scores {
            let seed_mean = of_seed.iter().sum::<f64>() / problems;
            between += (seed_mean - mean).powi(2);
            for (score, problem) in of_seed.iter().zip(&by_problem) {
                rest += (score - problem - seed_mean + mean).powi(2);
            }
        }
        let freedom = seeds - 1.0;
        let cells = freedom * (problems - 1.0).max(1.0);
        Self {
            by_problem,
            mean,
            seeds: between / freedom / seeds,
            rest: rest / cells / (seeds * problems),
            freedom,
        }
    }
}

impl SeedsDifference {
    /// From the scores of each arm, `scores[seed][problem]`, such as each problem's pass@k.
    ///
    /// The variance of the mean is that between seed means, plus that between the problems' mean
    /// differences, less what both contain; at least the larger of the two.
    ///
    /// ```
    /// use interplay_eval::SeedsDifference;
    ///
    /// let left = [vec![0.1, 0.3, 0.2], vec![0.2, 0.4, 0.3], vec![0.3, 0.5, 0.4]];
    /// let right = left.clone().map(|seed| seed.into_iter().map(|score| score + 0.2).collect());
    /// let found = SeedsDifference::of(&left, &right)?;
    /// assert!((found.difference - 0.2).abs() < 1e-12);
    /// // Seed means of 0.2, 0.3 and 0.4 in each arm: a variance of 0.01 over 3, twice.
    /// assert!((found.standard_error - (0.02_f64 / 3.0).sqrt()).abs() < 1e-12);
    /// # Ok::<(), interplay_eval::EvalError>(())
    /// ```
    ///
    /// # Errors
    /// Fewer than two seeds in an arm, no problems, or seeds with different numbers of problems.
    pub fn of(left: &[Vec<f64>], right: &[Vec<f64>]) -> Result<Self, EvalError> {
        check(left, right)?;
        let arms = [Arm::of(left), Arm::of(right)];
        let problems = left[0].len();
        let difference = arms[1].mean - arms[0].mean;
        let seed_variance = arms[0].seeds + arms[1].seeds;
        let gains = arms[1].by_problem.iter().zip(&arms[0].by_problem);
        let squares: f64 = gains.map(|(r, l)| (r - l - difference).powi(2)).sum();
        let number = problems as f64;
        let degrees = (number - 1.0).max(1.0);
        let problem_variance = squares / degrees / number;
        let largest = seed_variance.max(problem_variance);
        let rest = arms[0].rest + arms[1].rest;
        let variance = (seed_variance + problem_variance - rest).max(largest);
        let share = |variance: f64, freedom: f64| variance * variance / freedom;
        let parts = share(arms[0].seeds, arms[0].freedom)
            + share(arms[1].seeds, arms[1].freedom)
            + share(problem_variance, degrees);
        let least = arms[0].freedom.min(arms[1].freedom);
        let freedom = match parts > 0.0 {
            true => (variance * variance / parts).max(least.min(degrees)),
            false => least,
        };
        let standard_error = variance.sqrt();
        let half = student_quantile(0.975, freedom) * standard_error;
        Ok(Self {
            problems,
            seeds: [left.len(), right.len()],
            difference,
            seed_error: seed_variance.sqrt(),
            problem_error: problem_variance.sqrt(),
            standard_error,
            freedom,
            low: difference - half,
            high: difference + half,
        })
    }

    /// The same with standard errors of a bootstrap that resamples the seeds of each arm, the
    /// problems and both, `resamples` times (at least 100) from `seed`.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn bootstrap(
        left: &[Vec<f64>],
        right: &[Vec<f64>],
        resamples: u32,
        seed: u64,
    ) -> Result<Self, EvalError> {
        let closed = Self::of(left, right)?;
        let (mut draws, problems) = (Draws::new(seed), left[0].len());
        let resamples = resamples.max(100);
        let even = vec![1.0 / problems as f64; problems];
        let mut weights = even.clone();
        // Squared deviations where seeds, problems and both are resampled.
        let mut squares = [0.0; 3];
        for _ in 0..resamples {
            weights.fill(0.0);
            for _ in 0..problems {
                weights[draws.below(problems)] += 1.0 / problems as f64;
            }
            let mut gains = [0.0, 0.0, 0.0];
            for (arm, sign) in [(left, -1.0), (right, 1.0)] {
                for kept in arm {
                    let drawn = &arm[draws.below(arm.len())];
                    let cases = [(drawn, &even), (kept, &weights), (drawn, &weights)];
                    for (gain, (scores, weights)) in gains.iter_mut().zip(cases) {
                        *gain += sign * weighted(scores, weights) / arm.len() as f64;
                    }
                }
            }
            for (square, gain) in squares.iter_mut().zip(gains) {
                *square += (gain - closed.difference).powi(2);
            }
        }
        let [of_seeds, of_problems, both] = squares.map(|sum| sum / f64::from(resamples));
        let rest = (both - of_seeds - of_problems).max(0.0);
        let fewest = left.len().min(right.len()) as f64;
        let of_seeds = of_seeds * fewest / (fewest - 1.0);
        let least = of_seeds.max(of_problems);
        let standard_error = (of_seeds + of_problems - rest).max(least).sqrt();
        let half = student_quantile(0.975, closed.freedom) * standard_error;
        Ok(Self {
            seed_error: of_seeds.sqrt(),
            problem_error: of_problems.sqrt(),
            standard_error,
            low: closed.difference - half,
            high: closed.difference + half,
            ..closed
        })
    }
}

fn weighted(scores: &[f64], weights: &[f64]) -> f64 {
    scores
        .iter()
        .zip(weights)
        .map(|(score, weight)| score * weight)
        .sum()
}

fn check(left: &[Vec<f64>], right: &[Vec<f64>]) -> Result<(), EvalError> {
    let wrong = |setting, found: String, expected: &str| {
        let expected = expected.to_owned();
        Err(EvalError::Setting {
            setting,
            found,
            expected,
        })
    };
    for (arm, scores) in [("left seeds", left), ("right seeds", right)] {
        if scores.len() < 2 {
            return wrong(
                arm,
                scores.len().to_string(),
                "at least 2, better 3 or more",
            );
        }
    }
    let problems = left[0].len();
    if problems == 0 {
        return Err(EvalError::NoItems);
    }
    match left
        .iter()
        .chain(right)
        .find(|of_seed| of_seed.len() != problems)
    {
        Some(other) => {
            let found = format!("{} of one seed and {problems} of another", other.len());
            wrong("problems", found, "the same problems for every seed")
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sum of twelve uniform numbers less six: nearly normal.
    fn normal(draws: &mut Draws) -> f64 {
        let uniform = |_| draws.below(1 << 30) as f64 / f64::from(1 << 30);
        (0..12).map(uniform).sum::<f64>() - 6.0
    }

    /// An arm of `seeds` seeds: problem, seed and remaining effects with these deviations.
    fn arm(
        draws: &mut Draws,
        seeds: usize,
        (of_problems, of_seeds): (&[f64], f64),
        gain: f64,
    ) -> Vec<Vec<f64>> {
        let mut one = |_| {
            let shift = of_seeds * normal(draws);
            let score = |effect: &f64| 0.5 + gain + effect + shift + 0.15 * normal(draws);
            of_problems.iter().map(score).collect()
        };
        (0..seeds).map(&mut one).collect()
    }

    #[test]
    fn covers_the_truth_with_three_and_five_seeds() {
        for (seeds, of_seeds, interaction) in [
            (3, 0.03, 0.0),
            (3, 0.005, 0.1),
            (5, 0.03, 0.1),
            (5, 0.0, 0.0),
        ] {
            let (mut closed, mut resampled) = (0, 0);
            let mut draws = Draws::new(17);
            let trials = 400;
            for trial in 0..trials {
                let problems: Vec<f64> = (0..50).map(|_| 0.2 * normal(&mut draws)).collect();
                // What the arms differ by depends on the problem.
                let moved: Vec<f64> = problems
                    .iter()
                    .map(|effect| effect + interaction * normal(&mut draws))
                    .collect();
                let left = arm(&mut draws, seeds, (&problems, of_seeds), 0.0);
                let right = arm(&mut draws, seeds, (&moved, of_seeds), 0.05);
                let holds = |found: SeedsDifference| found.low <= 0.05 && 0.05 <= found.high;
                closed += u32::from(holds(SeedsDifference::of(&left, &right).unwrap()));
                let found = SeedsDifference::bootstrap(&left, &right, 200, trial).unwrap();
                resampled += u32::from(holds(found));
            }
            let shares = [closed, resampled].map(|count| f64::from(count) / trials as f64);
            println!("{seeds} seeds, {of_seeds}, {interaction}: {shares:?}");
            // 95 % less two standard errors of 400 trials.
            assert!(
                shares[0] >= 0.928,
                "{seeds} {of_seeds} {interaction}: {shares:?}"
            );
            assert!(
                shares[1] >= 0.928,
                "{seeds} {of_seeds} {interaction}: {shares:?}"
            );
            // Where seeds are what varies, neither is much too wide.
            if of_seeds == 0.03 {
                assert!(shares.iter().all(|share| *share <= 0.985), "{shares:?}");
            }
        }
    }

    #[test]
    fn refuses_what_cannot_be_compared() {
        let arm = |seeds: usize, problems: usize| vec![vec![0.5; problems]; seeds];
        let error = |left: &[Vec<f64>], right: &[Vec<f64>]| {
            SeedsDifference::of(left, right).unwrap_err().to_string()
        };
        assert!(error(&arm(1, 4), &arm(3, 4)).contains("`left seeds` is 1"));
        assert!(error(&arm(2, 4), &arm(2, 3)).contains("3 of one seed and 4 of another"));
        assert!(error(&arm(2, 0), &arm(2, 0)).contains("no problems"));
    }

    #[test]
    fn separates_seeds_from_problems() {
        // All seeds alike: what is left is the spread of the gains 0 and 0.2 over two problems.
        let (left, right) = (vec![vec![0.1, 0.1]; 3], vec![vec![0.1, 0.3]; 3]);
        let found = SeedsDifference::of(&left, &right).unwrap();
        assert!(found.seed_error < 1e-12);
        assert!((found.problem_error - 0.1).abs() < 1e-12);
        assert!((found.standard_error - 0.1).abs() < 1e-12);
    }
}
