//! Shares of a data set for training, validation and test that have no problem in common.
//!
//! A problem belongs to a part by a hash of its graph, so the same problem in other words, with
//! other distractors or at another index falls into the same part, and parts that are made on
//! different days or machines are consistent. By default the hash does not see numbers either.
//! Test takes the lowest hashes, validation the next, training the rest: a part that grows at the
//! cost of training keeps its problems.
//!
//! The shares hold for graphs, not for problems: where an op has few shapes (one at op 2 and at op 3,
//! seven at op 4), each shape carries many problems and the shares of problems can be far off. They
//! are close to the request from about op 7 on, and by [`Likeness::Graph`], with numbers, from op 6 on.

use serde::{Deserialize, Serialize};

use crate::error::TaskError;
use crate::likeness::{Fingerprint, Fingerprinted, Likeness};
use crate::named::named;

/// One part of a split data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// For training.
    Train,
    /// For choices during training.
    Validation,
    /// For the final measurement.
    Test,
}

named!(Part, "part":
    Train = "train", Validation = "validation", Test = "test");

/// The sizes of the parts, and the sense in which they have no problem in common.
///
/// ```
/// use interplay_tasks::datasets::Split;
/// use interplay_tasks::likeness::Likeness;
///
/// let split = Split::new(0.8, 0.1, 0.1)?.by(Likeness::Graph)?;
/// assert_eq!(split.shares(), [0.8, 0.1, 0.1]);
/// assert!(Split::new(0.8, 0.1, 0.2).is_err());
/// # Ok::<(), interplay_tasks::TaskError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Split {
    train: f64,
    validation: f64,
    test: f64,
    by: Likeness,
}

impl Split {
    /// Parts by shape, with these shares of all shapes.
    ///
    /// # Errors
    /// Shares that are negative, not finite, or do not sum to one.
    pub fn new(train: f64, validation: f64, test: f64) -> Result<Self, TaskError> {
        let shares = [train, validation, test];
        let sum: f64 = shares.iter().sum();
        // Not finite numbers fail the comparisons.
        let fit = shares.iter().all(|share| *share >= 0.0) && (sum - 1.0).abs() <= 1e-9;
        if !fit {
            return Err(TaskError::Shares { shares });
        }
        Ok(Self {
            train,
            validation,
            test,
            by: Likeness::Shape,
        })
    }

    /// This share of all graphs for test, the rest for training; graphs are compared with their
    /// numbers ([`Likeness::Graph`]).
    ///
    /// # Errors
    /// A share that is not from 0 to 1.
    pub fn hold_out(share: f64) -> Result<Self, TaskError> {
        Self::new(1.0 - share, 0.0, share)?.by(Likeness::Graph)
    }

    /// The same shares, with the parts differing in another sense.
    ///
    /// # Errors
    /// [`TaskError::SplitByText`] for [`Likeness::Text`]: a problem in other words would be in
    /// another part.
    pub fn by(self, by: Likeness) -> Result<Self, TaskError> {
        match by {
            Likeness::Text => Err(TaskError::SplitByText),
            by => Ok(Self { by, ..self }),
        }
    }

    /// The shares of training, validation and test.
    #[must_use]
    pub fn shares(&self) -> [f64; 3] {
        [self.train, self.validation, self.test]
    }

    /// The sense in which no two parts have a problem in common.
    #[must_use]
    pub fn likeness(&self) -> Likeness {
        self.by
    }

    /// The part of a problem's graph.
    ///
    /// # Errors
    /// A text that cannot be read back into a graph.
    pub fn part(&self, problem: &impl Fingerprinted) -> Result<Part, TaskError> {
        Ok(self.part_of(problem.fingerprint(self.by)?))
    }

    /// The part of a problem where texts are held out as well: that of its graph, and for a graph
    /// that is trained on, that of its text.
    ///
    /// No two parts have a text in common, even at an op with fewer graphs than parts.
    ///
    /// # Errors
    /// A text that cannot be read back into a graph.
    pub fn part_with_text(&self, problem: &impl Fingerprinted) -> Result<Part, TaskError> {
        match self.part(problem)? {
            Part::Train => Ok(self.part_of(problem.fingerprint(Likeness::Text)?)),
            held_out => Ok(held_out),
        }
    }

    fn part_of(&self, fingerprint: Fingerprint) -> Part {
        // The high half of the fingerprint as a number from zero to one.
        let position = (fingerprint.0 >> 64) as u64 as f64 / 2_f64.powi(64);
        if position < self.test {
            Part::Test
        } else if position < self.test + self.validation {
            Part::Validation
        } else {
            Part::Train
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_shares_of_all_hashes() {
        let split = Split::new(0.5, 0.25, 0.25).unwrap();
        let part =
            |position: f64| split.part_of(Fingerprint(((position * 2_f64.powi(64)) as u128) << 64));
        assert_eq!(part(0.0), Part::Test);
        assert_eq!(part(0.249), Part::Test);
        assert_eq!(part(0.26), Part::Validation);
        assert_eq!(part(0.51), Part::Train);
        assert_eq!(split.part_of(Fingerprint(u128::MAX)), Part::Train);
    }

    #[test]
    fn a_share_of_zero_is_empty() {
        let split = Split::new(1.0, 0.0, 0.0).unwrap();
        assert_eq!(split.part_of(Fingerprint(0)), Part::Train);
    }

    #[test]
    fn wrong_shares_are_named() {
        for shares in [[0.5, 0.5, 0.5], [1.5, -0.5, 0.0], [f64::NAN, 0.0, 1.0]] {
            let error = Split::new(shares[0], shares[1], shares[2]).unwrap_err();
            assert!(error.to_string().contains("sum to one"), "{error}");
        }
        assert!(
            Split::new(1.0, 0.0, 0.0)
                .unwrap()
                .by(Likeness::Text)
                .is_err()
        );
    }
}
