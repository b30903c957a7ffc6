//! The spread of scores within strata.
//!
//! Source: Cochran 1977, "Sampling Techniques" (3rd edition), 5.3 for the variance of a stratified
//! mean and 5A.12 for strata with one unit, which are collapsed into one stratum. The strata are
//! the op of the problems: an evaluation fixes how many problems each op has, so what op differ by
//! is no error of the mean.
//! Deviations: none of the finite-population correction, for problems are drawn from a generator.

use std::collections::BTreeMap;

/// What is known of the mean of scores that fall into strata.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Spread {
    /// How many scores.
    pub(crate) number: usize,
    /// Their mean.
    pub(crate) mean: f64,
    /// The squared standard error of the mean, zero where nothing tells of it.
    pub(crate) variance: f64,
    /// Degrees of freedom: scores less strata.
    pub(crate) freedom: usize,
    /// The largest squared deviation of a score from the mean of its stratum, and the share of
    /// problems in strata whose scores are all alike: there, a problem more might deviate by 1.
    pub(crate) largest: f64,
}

impl Spread {
    /// The sum of squared deviations that an unstratified sample of this variance would have.
    pub(crate) fn squares(&self) -> f64 {
        self.variance * self.number as f64 * self.freedom as f64
    }
}

/// The spread of scores, each with its stratum. There is at least one score.
pub(crate) fn spread<S: Ord>(scores: impl IntoIterator<Item = (S, f64)>) -> Spread {
    of_strata(&strata(scores))
}

/// The members of each stratum, strata of one member collapsed.
pub(crate) fn strata<S: Ord, T>(members: impl IntoIterator<Item = (S, T)>) -> Vec<Vec<T>> {
    let mut strata: BTreeMap<S, Vec<T>> = BTreeMap::new();
    for (stratum, member) in members {
        strata.entry(stratum).or_default().push(member);
    }
    let (mut whole, mut single) = (Vec::with_capacity(strata.len()), Vec::new());
    for members in strata.into_values() {
        if members.len() > 1 {
            whole.push(members);
        } else {
            single.extend(members);
        }
    }
    match (single.len(), whole.last_mut()) {
        (0, _) => {}
        // One lonely problem joins the last stratum.
        (1, Some(last)) => last.append(&mut single),
        _ => whole.push(single),
    }
    whole
}

fn of_strata(strata: &[Vec<f64>]) -> Spread {
    let number = strata.iter().map(Vec::len).sum::<usize>();
    let (mut total, mut variance, mut largest, mut alike) = (0.0, 0.0, 0.0_f64, 0.0);
    for scores in strata {
        let (sum, size) = (scores.iter().sum::<f64>(), scores.len() as f64);
        let mean = sum / size;
        total += sum;
        let mut squares = 0.0;
        for score in scores {
            let square = (score - mean).powi(2);
            squares += square;
            largest = largest.max(square);
        }
        if squares == 0.0 {
            alike += size;
        }
        if scores.len() > 1 {
            variance += size * squares / (size - 1.0);
        }
    }
    let all = number as f64;
    Spread {
        number,
        mean: total / all,
        variance: variance / (all * all),
        freedom: number - strata.len(),
        largest: largest + alike / all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strata_differ_by_is_no_error() {
        // Two op, 0.8 +- 0.1 and 0.2 +- 0.1: variances of 0.02 each, over two problems each.
        let scores = [(2, 0.9), (2, 0.7), (9, 0.3), (9, 0.1)];
        let found = spread(scores);
        assert!((found.mean - 0.5).abs() < 1e-15);
        assert!((found.variance - (2.0 * 0.02 + 2.0 * 0.02) / 16.0).abs() < 1e-15);
        assert_eq!(found.freedom, 2);
        assert!((found.largest - 0.01).abs() < 1e-15);
        let pooled = spread(scores.map(|(_, score)| ((), score)));
        // Squares 0.16 + 0.04 + 0.04 + 0.16 over 3, over 4.
        assert!((pooled.variance - 0.4 / 3.0 / 4.0).abs() < 1e-15);
        assert!((pooled.squares() - 0.4).abs() < 1e-15);
    }

    #[test]
    fn strata_of_one_problem_are_collapsed() {
        let lonely = spread([(1, 0.0), (2, 1.0), (3, 0.5)]);
        assert_eq!(lonely, spread([((), 0.0), ((), 1.0), ((), 0.5)]));
        let one = spread([(1, 0.0), (1, 1.0), (3, 0.5)]);
        assert_eq!(one, lonely_last(&[0.0, 1.0, 0.5]));
        assert_eq!(spread([(1, 0.5)]).freedom, 0);
    }

    fn lonely_last(scores: &[f64]) -> Spread {
        spread(scores.iter().map(|score| ((), *score)))
    }
}
