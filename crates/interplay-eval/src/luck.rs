//! How many problems that were never solved are solved next time by luck alone.
//!
//! Source: Good and Toulmin 1956 (Biometrika 43): the number of new species in as many draws more
//! is a combination, with alternating signs, of the numbers of species seen once, twice, and so on;
//! Orlitsky, Suresh and Wu 2016 (PNAS 113) for weights that are damped where the alternating ones
//! have too much variance.
//! Deviations: for binomial counts, the weights `h` are found by least squares. A problem of rate
//! `p` is newly solved with probability `f(p) = (1 - p)^n (1 - (1 - p)^m)`; the weights make
//! `sum h_j P(j of n right)` follow `f` for all `p`, at the cost of their variance. No distribution
//! of rates over problems is assumed: a beta distribution fitted to a mixture of two rates expects
//! so little of luck that every comparison of a model with itself would seem to be a discovery.

use crate::quantiles::{ln_gamma, student_two_sided};

/// How much the variance of the weights counts, against their bias, for one problem. By simulation
/// the bias is then a small part of the standard error (`tests/comparison.rs`).
const DAMPING: f64 = 0.03;
/// Problems solved more often than that are never unsolved in as many tries.
const MOST_RIGHT: u32 = 24;
/// What is added to the sum of squared deviations: one problem that the parent solves and the child
/// does not.
const WIDENING: f64 = 1.0;
/// Rates at which the weights are fitted, evenly spaced on the logarithmic scale.
const RATES: u32 = 400;

/// What luck gives, and whether there is more than that.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Luck {
    /// The expected share of problems that are newly solved.
    pub(crate) share: f64,
    /// The probability of so many newly solved problems, or more, if luck alone gave them.
    pub(crate) p_value: f64,
    /// By problem, how probably it is newly solved less what luck gives.
    pub(crate) excess: Vec<f64>,
}

impl Luck {
    /// From each problem's number of right samples among `n` and how probably it is newly solved in
    /// `more` tries (0 or 1 where there are as many samples as tries), `more` at most `n`.
    ///
    /// The p-value is Student's, one-sided, of the differences between what was found and what the
    /// weights expect; both the tries and the estimate of luck are in their variance. To the sum of
    /// squared deviations comes one problem at a difference of 1. Where the parent solves nothing and
    /// the child solves every problem, all differences are equal, and that problem alone is the
    /// variance: t grows as the number of problems. Where the parent solves nothing and the child has
    /// many more samples, it stands for the problem that the parent might have solved once.
    pub(crate) fn of((n, more): (u32, u32), problems: &[(u32, f64)]) -> Self {
        let number = problems.len() as f64;
        let weights = weights(n, more, number);
        let weight = |right: u32| weights.get(right as usize).copied().unwrap_or(0.0);
        let expected: f64 = problems.iter().map(|(right, _)| weight(*right)).sum();
        let excess: Vec<f64> = problems
            .iter()
            .map(|(right, newly)| newly - weight(*right))
            .collect();
        let found = problems.iter().any(|(_, newly)| *newly > 0.0);
        let p_value = match found && problems.len() > 1 {
            true => above_zero(&excess),
            false => 1.0,
        };
        Self {
            share: (expected / number).clamp(0.0, 1.0),
            p_value,
            excess,
        }
    }
}

/// The one-sided p-value of a mean of at most zero.
fn above_zero(excess: &[f64]) -> f64 {
    let number = excess.len() as f64;
    let sum: f64 = excess.iter().sum();
    let mean = sum / number;
    // In two passes: the difference of squares and squared sum is rounding where all are equal.
    let squares: f64 = excess.iter().map(|one| (one - mean).powi(2)).sum();
    let freedom = number - 1.0;
    let t = sum / ((squares + WIDENING) * number / freedom).sqrt();
    let half = 0.5 * student_two_sided(freedom, t);
    if sum > 0.0 { half } else { 1.0 - half }
}

/// The weight of a problem with 0, 1, 2, ... of `n` right.
fn weights(n: u32, more: u32, problems: f64) -> Vec<f64> {
    let size = n.min(MOST_RIGHT) as usize + 1;
    let trials = f64::from(n);
    let choose: Vec<f64> = (0..size)
        .map(|j| j as f64)
        .map(|j| ln_gamma(trials + 1.0) - ln_gamma(j + 1.0) - ln_gamma(trials - j + 1.0))
        .collect();
    let lowest = (1e-3 / trials).ln();
    // Normal equations, each with its right side as a last column.
    let mut rows = vec![vec![0.0; size + 1]; size];
    for index in 0..RATES {
        let ln_rate = lowest * (1.0 - (f64::from(index) + 0.5) / f64::from(RATES));
        let ln_miss = (-ln_rate.exp()).ln_1p();
        let newly = (trials * ln_miss).exp() * -(f64::from(more) * ln_miss).exp_m1();
        let of = |j: usize| choose[j] + j as f64 * ln_rate + (trials - j as f64) * ln_miss;
        let probabilities: Vec<f64> = (0..size).map(|j| of(j).exp()).collect();
        for (j, row) in rows.iter_mut().enumerate() {
            let one = probabilities[j];
            for (cell, other) in row.iter_mut().zip(&probabilities) {
                *cell += one * other;
            }
            row[size] += one * newly;
            row[j] += one * DAMPING / problems;
        }
    }
    solve(rows)
}

/// Solves a symmetric positive definite system by elimination, which needs no pivots.
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let size = rows.len();
    for pivot in 0..size {
        // Rates of next to one have no count this small: a weight that nothing tells of is zero.
        let scale = 1.0 / (rows[pivot][pivot] + 1e-9);
        for cell in &mut rows[pivot] {
            *cell *= scale;
        }
        let used = rows[pivot].clone();
        for (other, row) in rows.iter_mut().enumerate() {
            if other != pivot {
                let factor = row[pivot];
                for (cell, taken) in row.iter_mut().zip(&used).skip(pivot) {
                    *cell -= factor * taken;
                }
            }
        }
    }
    rows.into_iter().map(|row| row[size]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn solves_a_system() {
        // 2 x + y = 5, x + 3 y = 10.
        let found = solve(vec![vec![2.0, 1.0, 5.0], vec![1.0, 3.0, 10.0]]);
        assert!((found[0] - 1.0).abs() < 1e-7 && (found[1] - 3.0).abs() < 1e-7);
    }

    #[test]
    fn many_problems_tell_of_luck_whatever_their_rates_are() {
        for (n, more) in [(16, 16), (16, 4), (64, 64), (128, 128)] {
            let weights = weights(n, more, 1000.0);
            for rate in [0.0, 0.001, 0.01, 0.05, 0.1, 0.3, 0.7, 1.0_f64] {
                let (mut probability, mut expected) = ((1.0 - rate).powi(n as i32), 0.0);
                for (j, weight) in (0..n).zip(&weights) {
                    expected += probability * weight;
                    probability *= f64::from(n - j) / f64::from(j + 1) * rate / (1.0 - rate);
                    if !probability.is_finite() {
                        break;
                    }
                }
                let newly = (1.0 - rate).powi(n as i32) * (1.0 - (1.0 - rate).powi(more as i32));
                let bias = (expected - newly).abs();
                assert!(bias < 0.003, "{n} {more} {rate}: {expected}, not {newly}");
            }
        }
    }

    #[test]
    fn nothing_before_and_everything_after_is_a_discovery() {
        let mut last = 1.0;
        for number in 2..=200 {
            let found = Luck::of((16, 16), &vec![(0, 1.0); number]);
            assert!(found.p_value <= last, "{number}: {} {last}", found.p_value);
            last = found.p_value.max(1e-14);
            // No rate lets a problem be unsolved and then solved with a probability above 1/4, so luck
            // gives this with at most 4^-number.
            if number >= 4 {
                assert!(found.p_value < 0.05, "{number}: {}", found.p_value);
            }
        }
        // 256 tries of each, of which 16 count: a fraction of a problem each, but no variance.
        for number in [24, 96] {
            let found = Luck::of((16, 16), &vec![(0, 0.9); number]);
            assert!(found.p_value < 1e-9, "{number}: {}", found.p_value);
        }
    }

    #[test]
    fn many_more_tries_of_the_same_rate_are_no_discovery() {
        // A rate of 0.001: the parent solves none of 24 in 16 tries, 1,600 show the rate.
        let newly = |i: u32| 0.008 + 0.016 * f64::from(i % 2);
        let problems: Vec<(u32, f64)> = (0..24).map(|i| (0, newly(i))).collect();
        let found = Luck::of((16, 16), &problems);
        assert!(found.p_value > 0.2, "{}", found.p_value);
    }

    #[test]
    fn what_no_problem_shows_is_no_discovery() {
        let none = Luck::of((16, 16), &[(0, 0.0); 50]);
        assert_eq!(none.p_value, 1.0);
        assert!(none.share < 0.01, "{}", none.share);
        // Five of fifty from nothing, where no problem is solved seldom.
        let five: Vec<(u32, f64)> = (0..50).map(|i| (0, f64::from(u8::from(i < 5)))).collect();
        let found = Luck::of((16, 16), &five);
        assert!(found.p_value < 0.03, "{}", found.p_value);
    }
}
