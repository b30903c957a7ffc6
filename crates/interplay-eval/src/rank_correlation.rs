//! Whether one quantity predicts another: rank correlation within strata, with a permutation test.
//!
//! Source: Spearman 1904 (American Journal of Psychology 15); the permutation test of Pitman 1937 (Supplement to the
//! Journal of the Royal Statistical Society 4), by draws as in Phipson and Smyth 2010 (Statistical Applications in
//! Genetics and Molecular Biology 9): a p-value is never 0.
//! Deviations: the coefficients of the strata are averaged, each weighing by its pairs less one, and permutations stay
//! within strata, so that what sets strata apart neither helps nor hurts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::draws::Draws;

/// A rank correlation within strata.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankCorrelation {
    /// Spearman's coefficient, from -1 to 1, the mean of the strata.
    pub rho: f64,
    /// The two-sided p-value of no association.
    pub p_value: f64,
    /// The pairs that take part.
    pub pairs: usize,
    /// The strata that take part.
    pub strata: usize,
}

impl RankCorrelation {
    /// Of pairs given with their strata, by `permutations` draws (at least 100) from the stream `seed`. Equal values
    /// share their mean rank. Strata in which either quantity is constant, and pairs with a value that is not a number,
    /// take no part; `None` where none is left.
    ///
    /// ```
    /// use interplay_eval::RankCorrelation;
    ///
    /// // In both strata the second quantity falls where the first one rises.
    /// let pair = |i: u32| (i % 2, f64::from(i), f64::from(i % 2) * 100.0 - f64::from(i * i));
    /// let found = RankCorrelation::within((0..12).map(pair), 2000, 1).unwrap();
    /// assert_eq!((found.rho, found.pairs, found.strata), (-1.0, 12, 2));
    /// assert!(found.p_value < 0.001);
    /// ```
    #[must_use]
    pub fn within<S: Ord>(
        pairs: impl IntoIterator<Item = (S, f64, f64)>,
        permutations: u32,
        seed: u64,
    ) -> Option<Self> {
        let mut strata: BTreeMap<S, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        for (stratum, x, y) in pairs {
            if !x.is_nan() && !y.is_nan() {
                let (xs, ys) = strata.entry(stratum).or_default();
                xs.push(x);
                ys.push(y);
            }
        }
        let scored = |(xs, ys): &(Vec<f64>, Vec<f64>)| Some((scores(xs)?, scores(ys)?));
        let mut strata: Vec<(Vec<f64>, Vec<f64>)> = strata.values().filter_map(scored).collect();
        if strata.is_empty() {
            return None;
        }
        let weight: f64 = strata.iter().map(|(xs, _)| (xs.len() - 1) as f64).sum();
        let rho = |strata: &[(Vec<f64>, Vec<f64>)]| -> f64 {
            let one = |(xs, ys): &(Vec<f64>, Vec<f64>)| {
                let products = xs.iter().zip(ys).map(|(x, y)| x * y);
                products.sum::<f64>() * (xs.len() - 1) as f64
            };
            strata.iter().map(one).sum::<f64>() / weight
        };
        let found = rho(&strata);
        let (pairs, number) = (strata.iter().map(|(xs, _)| xs.len()).sum(), strata.len());
        let mut draws = Draws::new(seed);
        let permutations = permutations.max(100);
        let mut as_extreme = 0;
        for _ in 0..permutations {
            for (_, ys) in &mut strata {
                for last in (1..ys.len()).rev() {
                    ys.swap(last, draws.below(last + 1));
                }
            }
            // Sums of the same products in another order.
            if rho(&strata).abs() >= found.abs() - 1e-12 {
                as_extreme += 1;
            }
        }
        Some(Self {
            // Sums of squares are 1 up to rounding.
            rho: (found * 1e12).round() / 1e12,
            p_value: f64::from(as_extreme + 1) / f64::from(permutations + 1),
            pairs,
            strata: number,
        })
    }
}

/// Ranks about their mean, with a sum of squares of 1; `None` for values that are all equal.
fn scores(values: &[f64]) -> Option<Vec<f64>> {
    let mean = (values.len() as f64 - 1.0) / 2.0;
    let rank = |value: &f64| {
        let less = values.iter().filter(|other| *other < value).count() as f64;
        let equal = values.iter().filter(|other| *other == value).count() as f64;
        less + (equal - 1.0) / 2.0 - mean
    };
    let ranks: Vec<f64> = values.iter().map(rank).collect();
    let norm = ranks.iter().map(|rank| rank * rank).sum::<f64>().sqrt();
    (norm > 0.0).then(|| ranks.iter().map(|rank| rank / norm).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        // Ranks 1, 2.5, 2.5, 4 against 1, 3, 2, 4: 0.9486833 by hand (4.5 / sqrt(4.5 * 5)).
        let pairs = [1.0, 2.0, 2.0, 5.0].into_iter().zip([1.0, 8.0, 7.0, 9.0]);
        let found = RankCorrelation::within(pairs.map(|(x, y)| ((), x, y)), 1000, 3).unwrap();
        assert!(
            (found.rho - 4.5 / 22.5_f64.sqrt()).abs() < 1e-9,
            "{found:?}"
        );
        assert_eq!((found.pairs, found.strata), (4, 1));
        // Two of 24 orders are as extreme upward, two downward: 4 / 24, up to the draws.
        assert!((found.p_value - 1.0 / 6.0).abs() < 0.04, "{found:?}");
    }

    #[test]
    fn what_sets_strata_apart_is_no_association() {
        // Both quantities are larger in the second stratum, and fall against each other in each.
        let pairs = (0..10).map(|i| {
            let (stratum, x) = (i / 5, f64::from(i % 5));
            (
                stratum,
                x + 100.0 * f64::from(stratum),
                100.0 * f64::from(stratum) - x,
            )
        });
        assert_eq!(RankCorrelation::within(pairs, 500, 1).unwrap().rho, -1.0);
    }

    #[test]
    fn constants_and_missing_values_take_no_part() {
        let constant = (0..5).map(|i| ("a", 1.0, f64::from(i)));
        assert_eq!(RankCorrelation::within(constant.clone(), 500, 1), None);
        let missing = [("b", f64::NAN, 1.0), ("b", 1.0, 1.0), ("b", 2.0, 3.0)];
        let found = RankCorrelation::within(constant.chain(missing), 500, 1).unwrap();
        assert_eq!((found.rho, found.pairs, found.strata), (1.0, 2, 1));
        assert_eq!(
            RankCorrelation::within(Vec::<((), f64, f64)>::new(), 500, 1),
            None
        );
    }

    #[test]
    fn without_association_one_in_twenty_is_below_five_percent() {
        let mut draws = Draws::new(11);
        let mut below = 0;
        for study in 0..600 {
            let pairs: Vec<(u32, f64, f64)> = (0..15)
                .map(|i| (i / 5, draws.below(1000) as f64, draws.below(1000) as f64))
                .collect();
            let found = RankCorrelation::within(pairs, 199, study).unwrap();
            below += u32::from(found.p_value <= 0.05);
        }
        // 30 are expected; five standard deviations of a binomial are 27.
        assert!((3..=57).contains(&below), "{below} of 600");
    }
}
