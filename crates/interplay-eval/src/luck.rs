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
/// Rates at which the weights are fitted, evenly spaced on the logarithmic scale.
const RATES: u32 = 400;

/// What luck gives, and whether there is more than that.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Luck {
    /// The expected share of problems that are newly solved.
    pub(crate) share: f64,
    /// The probability of so many newly solved problems, or more, if luck alone gave them.
    pub(crate) p_value: f64,
}

impl Luck {
    /// From each problem's number of right samples among `n` and how probably it is newly solved in
    /// `more` tries (0 or 1 where there are as many samples as tries), `more` at most `n`.
    ///
    /// The p-value is Student's, one-sided, of the differences between what was found and what the
    /// weights expect; both the tries and the estimate of luck are in their variance.
    pub(crate) fn of((n, more): (u32, u32), problems: &[(u32, f64)]) -> Self {
        let number = problems.len() as f64;
        let weights = weights(n, more, number);
        let weight = |right: u32| weights.get(right as usize).copied().unwrap_or(0.0);
        let (mut expected, mut sum, mut squares) = (0.0, 0.0, 0.0);
        for (right, newly) in problems {
            expected += weight(*right);
            sum += newly - weight(*right);
            squares += (newly - weight(*right)).powi(2);
        }
        let variance = squares - sum * sum / number;
        let found = problems.iter().any(|(_, newly)| *newly > 0.0);
        let p_value = if !found || problems.len() < 2 || variance <= 0.0 {
            1.0
        } else {
            let freedom = number - 1.0;
            let t = sum / (variance * number / freedom).sqrt();
            let both = student_two_sided(freedom, t);
            if sum > 0.0 {
                0.5 * both
            } else {
                1.0 - 0.5 * both
            }
        };
        Self {
            share: (expected / number).clamp(0.0, 1.0),
            p_value,
        }
    }
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
