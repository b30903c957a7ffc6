//! How often each whole number was seen.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Counts of whole numbers. Memory grows with the number of different ones only.
///
/// ```
/// use interplay_tasks::statistics::Distribution;
///
/// let mut seen = Distribution::default();
/// [3, 1, 2, 2].into_iter().for_each(|number| seen.add(number));
/// assert_eq!((seen.count(), seen.mean(), seen.quantile(0.5)), (4, 2.0, Some(2)));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Distribution {
    counts: BTreeMap<i64, u64>,
}

impl Distribution {
    /// Counts one more of this number.
    pub fn add(&mut self, number: i64) {
        *self.counts.entry(number).or_default() += 1;
    }

    /// How many numbers were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.values().sum()
    }

    /// The numbers with how often each was seen, from the smallest.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (i64, u64)> {
        self.counts.iter().map(|(number, count)| (*number, *count))
    }

    /// The mean; NaN if nothing was counted.
    #[must_use]
    pub fn mean(&self) -> f64 {
        let sum: f64 = self
            .iter()
            .map(|(number, n)| number as f64 * n as f64)
            .sum();
        sum / self.count() as f64
    }

    /// The smallest number.
    #[must_use]
    pub fn min(&self) -> Option<i64> {
        self.counts.keys().next().copied()
    }

    /// The largest number.
    #[must_use]
    pub fn max(&self) -> Option<i64> {
        self.counts.keys().next_back().copied()
    }

    /// The smallest number that at least this share of all numbers does not exceed.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<i64> {
        let enough = (share.clamp(0.0, 1.0) * self.count() as f64)
            .ceil()
            .max(1.0);
        let mut below = 0;
        self.iter()
            .find(|(_, n)| {
                below += n;
                below as f64 >= enough
            })
            .map(|(number, _)| number)
    }

    /// The Kolmogorov-Smirnov distance: the largest difference between the shares of numbers up to any
    /// bound. 0 for equal distributions, 1 if all numbers of one lie below all of the other; NaN if one
    /// is empty.
    #[must_use]
    pub fn distance(&self, other: &Self) -> f64 {
        let (ours, theirs) = (self.count() as f64, other.count() as f64);
        let mut steps: BTreeMap<i64, f64> = BTreeMap::new();
        for (number, n) in self.iter() {
            *steps.entry(number).or_default() += n as f64 / ours;
        }
        for (number, n) in other.iter() {
            *steps.entry(number).or_default() -= n as f64 / theirs;
        }
        if ours == 0.0 || theirs == 0.0 {
            return f64::NAN;
        }
        let mut apart = 0.0_f64;
        let largest = steps.values().map(|step| {
            apart += step;
            apart.abs()
        });
        largest.fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(numbers: &[i64]) -> Distribution {
        let mut seen = Distribution::default();
        numbers.iter().for_each(|number| seen.add(*number));
        seen
    }

    #[test]
    fn quantiles_are_numbers_that_were_seen() {
        let seen = seen(&[1, 2, 3, 10]);
        let quantiles = [0.0, 0.25, 0.5, 0.51, 1.0].map(|share| seen.quantile(share).unwrap());
        assert_eq!(quantiles, [1, 1, 2, 3, 10]);
        assert_eq!(
            (seen.min(), seen.max(), seen.mean()),
            (Some(1), Some(10), 4.0)
        );
        assert_eq!(Distribution::default().quantile(0.5), None);
        assert!(Distribution::default().mean().is_nan());
    }

    #[test]
    fn distances_compare_shares_up_to_any_bound() {
        assert_eq!(seen(&[1, 2]).distance(&seen(&[2, 1, 1, 2])), 0.0);
        assert_eq!(seen(&[1, 3]).distance(&seen(&[2, 4])), 0.5);
        assert_eq!(seen(&[1]).distance(&seen(&[2])), 1.0);
        assert!(seen(&[1]).distance(&seen(&[])).is_nan());
    }
}
