//! A set of whole numbers as a person writes it: `4`, `"2-5"` or `[2, 3, 8]`.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest number that a set may hold, to catch a slip such as `"2-50000000"`.
const LIMIT: u32 = 100_000;

/// A sorted set of whole numbers from which one is drawn uniformly.
///
/// ```
/// use interplay_tasks::Counts;
///
/// let ops: Counts = "2-5".parse()?;
/// assert_eq!(ops.iter().collect::<Vec<_>>(), [2, 3, 4, 5]);
/// assert_eq!(ops, Counts::range(2, 5)?);
/// # Ok::<(), interplay_tasks::CountsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Counts(Vec<u32>);

/// What is wrong with a set of numbers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a set of numbers; expected 4, \"2-5\" or [2, 3, 8], each at most {LIMIT}"
)]
pub struct CountsError {
    /// What was read.
    pub found: String,
}

impl Counts {
    /// Exactly this number.
    #[must_use]
    pub fn one(number: u32) -> Self {
        Self(vec![number])
    }

    /// All numbers from `low` to `high`, both included.
    ///
    /// # Errors
    /// An empty range, or one beyond 100,000.
    pub fn range(low: u32, high: u32) -> Result<Self, CountsError> {
        if low > high || high > LIMIT {
            return Err(CountsError {
                found: format!("{low}-{high}"),
            });
        }
        Ok(Self((low..=high).collect()))
    }

    /// The set of these numbers.
    ///
    /// # Errors
    /// No number at all, or one beyond 100,000.
    pub fn list(numbers: impl Into<Vec<u32>>) -> Result<Self, CountsError> {
        let mut numbers: Vec<u32> = numbers.into();
        numbers.sort_unstable();
        numbers.dedup();
        match numbers.last() {
            Some(last) if *last <= LIMIT => Ok(Self(numbers)),
            _ => Err(CountsError {
                found: format!("{numbers:?}"),
            }),
        }
    }

    /// The numbers in ascending order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u32> {
        self.0.iter().copied()
    }

    /// The smallest number.
    #[must_use]
    pub fn min(&self) -> u32 {
        self.0[0]
    }

    /// The largest number.
    #[must_use]
    pub fn max(&self) -> u32 {
        self.0[self.0.len() - 1]
    }

    /// Whether the set holds the number.
    #[must_use]
    pub fn contains(&self, number: u32) -> bool {
        self.0.binary_search(&number).is_ok()
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.0
    }

    fn is_range(&self) -> bool {
        (self.max() - self.min()) as usize + 1 == self.0.len()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() == 1 {
            write!(f, "{}", self.min())
        } else if self.is_range() {
            write!(f, "{}-{}", self.min(), self.max())
        } else {
            write!(f, "{:?}", self.0)
        }
    }
}

impl std::str::FromStr for Counts {
    type Err = CountsError;

    fn from_str(text: &str) -> Result<Self, CountsError> {
        let wrong = || CountsError {
            found: text.to_owned(),
        };
        let number = |part: &str| part.trim().parse::<u32>().map_err(|_| wrong());
        match text.split_once('-') {
            Some((low, high)) => Self::range(number(low)?, number(high)?),
            None => Self::list([number(text)?]),
        }
        .map_err(|_| wrong())
    }
}

impl Serialize for Counts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.len() == 1 {
            serializer.serialize_u32(self.min())
        } else if self.is_range() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a number, a range such as \"2-5\", or a list"
        )]
        enum Written {
            One(u32),
            Range(String),
            List(Vec<u32>),
        }
        match Written::deserialize(deserializer)? {
            Written::One(number) => Self::list([number]),
            Written::Range(text) => text.parse(),
            Written::List(numbers) => Self::list(numbers),
        }
        .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_three_forms() {
        for (written, numbers) in [
            ("4", vec![4]),
            ("\"2-5\"", vec![2, 3, 4, 5]),
            ("[2,3,8]", vec![2, 3, 8]),
        ] {
            let counts: Counts = serde_json::from_str(written).unwrap();
            assert_eq!(counts.iter().collect::<Vec<_>>(), numbers);
            assert_eq!(serde_json::to_string(&counts).unwrap(), written);
        }
        assert_eq!(
            serde_json::from_str::<Counts>("[3, 2, 2]")
                .unwrap()
                .to_string(),
            "2-3"
        );
    }

    #[test]
    fn rejects_what_is_empty_reversed_or_endless() {
        for written in [
            "\"5-2\"",
            "[]",
            "\"2-50000000\"",
            "\"two\"",
            "\"\"",
            "\"-3\"",
            "200000",
        ] {
            let error = serde_json::from_str::<Counts>(written)
                .unwrap_err()
                .to_string();
            assert!(error.contains("2-5"), "{written}: {error}");
        }
    }
}
