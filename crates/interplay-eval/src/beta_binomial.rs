//! Success rates that vary over problems as a beta distribution.
//!
//! Source: Skellam 1948 (Journal of the Royal Statistical Society B 10) for the beta-binomial
//! distribution and its maximum-likelihood fit; the predictive probabilities are the ratios of beta
//! functions that follow from the posterior Beta(a + c, b + n - c).
//! Deviations: the fit is a search on a grid of mean and `a + b` that zooms in, which has no
//! starting point and the same result on every machine.

use std::collections::BTreeMap;

use crate::quantiles::ln_beta;

/// A Beta(a, b) distribution of success rates.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct BetaBinomial {
    pub(crate) a: f64,
    pub(crate) b: f64,
}

/// The grid reaches so many steps to each side.
const SIDE: i32 = 6;

impl BetaBinomial {
    /// The most likely distribution behind problems with `n` samples and these numbers of right
    /// ones. The mean is kept half a success away from 0 and 1.
    pub(crate) fn fit(n: u32, counts: impl IntoIterator<Item = u32>) -> Self {
        let mut histogram: BTreeMap<u32, f64> = BTreeMap::new();
        for count in counts {
            *histogram.entry(count).or_default() += 1.0;
        }
        let samples = f64::from(n) * histogram.values().sum::<f64>();
        let far = (2.0 * samples).ln();
        // Logit of the mean, logarithm of a + b.
        let (mut middle, mut reach) = ([0.0, 2.5], [far, 6.0]);
        let mut best = (f64::NEG_INFINITY, middle);
        while reach[0] > 1e-4 {
            for i in -SIDE..=SIDE {
                for j in -SIDE..=SIDE {
                    let at = [(0, i), (1, j)].map(|(axis, step)| {
                        middle[axis] + reach[axis] * f64::from(step) / f64::from(SIDE)
                    });
                    let at = [at[0].clamp(-far, far), at[1].clamp(-3.5, 8.5)];
                    let likelihood = Self::at(at).likelihood(n, &histogram);
                    if likelihood > best.0 {
                        best = (likelihood, at);
                    }
                }
            }
            middle = best.1;
            reach = reach.map(|reach| reach / f64::from(SIDE) * 2.0);
        }
        Self::at(best.1)
    }

    fn at([logit, log_sum]: [f64; 2]) -> Self {
        let (mean, sum) = (1.0 / (1.0 + (-logit).exp()), log_sum.exp());
        let (a, b) = (mean * sum, (1.0 - mean) * sum);
        Self { a, b }
    }

    fn likelihood(self, n: u32, histogram: &BTreeMap<u32, f64>) -> f64 {
        let prior = ln_beta(self.a, self.b);
        let of = |(count, problems): (&u32, &f64)| {
            let (right, wrong) = (f64::from(*count), f64::from(n - count));
            problems * (ln_beta(self.a + right, self.b + wrong) - prior)
        };
        histogram.iter().map(of).sum()
    }

    /// The probability that a problem with no right sample among `n` has one among `more`.
    pub(crate) fn solves_after_none(self, n: u32, more: u32) -> f64 {
        let after = self.b + f64::from(n);
        let miss = |i| (after + f64::from(i)) / (self.a + after + f64::from(i));
        1.0 - (0..more).map(miss).product::<f64>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_distribution_behind_the_counts() {
        // Beta(1, 1) makes every count equally likely.
        let uniform = BetaBinomial::fit(8, (0..900).map(|i| i % 9));
        assert!((uniform.a - 1.0).abs() < 0.01 && (uniform.b - 1.0).abs() < 0.01);
        // Beta(1, 3) over two samples: P(0) = 3 x 4 / (4 x 5), P(1) = 2 x 3 / 20, P(2) = 2 / 20.
        let counts = [(0, 600), (1, 300), (2, 100)];
        let counts = counts.into_iter().flat_map(|(c, times)| vec![c; times]);
        let found = BetaBinomial::fit(2, counts);
        assert!(
            (found.a - 1.0).abs() < 0.01 && (found.b - 3.0).abs() < 0.03,
            "{found:?}"
        );
    }

    #[test]
    fn predicts_by_laplaces_rule() {
        // A uniform rate and no success in 8: one more try succeeds with 1 / 10, and two fail
        // with 9 / 10 x 10 / 11.
        let uniform = BetaBinomial { a: 1.0, b: 1.0 };
        assert!((uniform.solves_after_none(8, 1) - 0.1).abs() < 1e-15);
        assert!((uniform.solves_after_none(8, 2) - 2.0 / 11.0).abs() < 1e-15);
    }

    #[test]
    fn never_solved_problems_are_not_impossible() {
        let none = BetaBinomial::fit(16, [0; 50]);
        let share = none.solves_after_none(16, 16);
        assert!(share > 0.0 && share < 0.05, "{share}");
    }
}
