//! A set of difficulties as files write it: `"6-7"`, `"2-4, 9"` or `[6, 7]`.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest op that a set may have.
const LARGEST: u32 = 1000;

/// A set of ops.
///
/// ```
/// use interplay_curriculum::Ops;
///
/// let ops: Ops = "6-7, 9".parse()?;
/// assert_eq!(ops.iter().collect::<Vec<_>>(), [6, 7, 9]);
/// assert_eq!(ops.to_string(), "6-7, 9");
/// # Ok::<(), interplay_curriculum::UnknownOps>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ops(BTreeSet<u32>);

/// A text that is no set of ops.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is not a set of ops; expected ops up to {LARGEST}, such as `6-7`, `6, 9` or `2-4, 9`"
)]
pub struct UnknownOps {
    /// What was read.
    pub found: String,
}

impl Ops {
    /// The ops in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().copied()
    }

    /// Whether an op is in the set.
    #[must_use]
    pub fn contains(&self, op: u32) -> bool {
        self.0.contains(&op)
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<u32> for Ops {
    fn from_iter<I: IntoIterator<Item = u32>>(ops: I) -> Self {
        Self(ops.into_iter().collect())
    }
}

impl FromStr for Ops {
    type Err = UnknownOps;

    fn from_str(text: &str) -> Result<Self, UnknownOps> {
        let parts = text.split(',').map(|part| range(part.trim()));
        let ranges: Option<Vec<_>> = parts.collect();
        let ranges = ranges.ok_or_else(|| UnknownOps {
            found: text.to_owned(),
        })?;
        Ok(ranges.into_iter().flatten().collect())
    }
}

/// `6` or `6-9`.
fn range(text: &str) -> Option<std::ops::RangeInclusive<u32>> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last && last <= LARGEST).then_some(first..=last)
}

impl fmt::Display for Ops {
    /// Runs of ops as ranges; `none` for the empty set.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(u32, u32)> = Vec::new();
        for op in self.iter() {
            match runs.last_mut() {
                Some((_, last)) if *last + 1 == op => *last = op,
                _ => runs.push((op, op)),
            }
        }
        let runs = runs.into_iter().map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        });
        let runs: Vec<String> = runs.collect();
        f.write_str(if runs.is_empty() { "none" } else { "" })?;
        f.write_str(&runs.join(", "))
    }
}

impl Serialize for Ops {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.is_empty() {
            true => serializer.collect_seq(self.iter()),
            false => serializer.collect_str(self),
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(u32),
    Text(String),
    List(Vec<u32>),
}

impl<'de> Deserialize<'de> for Ops {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "expected ops as a text such as \"6-7\" or a list such as [6, 7]";
        match Written::deserialize(deserializer) {
            Ok(Written::One(op)) => Ok([op].into_iter().collect()),
            Ok(Written::List(ops)) => Ok(ops.into_iter().collect()),
            Ok(Written::Text(text)) => text.parse().map_err(D::Error::custom),
            Err(_) => Err(D::Error::custom(expected)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges_lists_and_single_ops() {
        let read = |text: &str| serde_json::from_str::<Ops>(text).unwrap().to_string();
        assert_eq!(read("\"6-7\""), "6-7");
        assert_eq!(read("[9, 6, 7, 7]"), "6-7, 9");
        assert_eq!(read("4"), "4");
        assert_eq!(read("[]"), "none");
        for ops in ["\"2-4, 9\"", "[]"] {
            let ops: Ops = serde_json::from_str(ops).unwrap();
            let written = serde_json::to_string(&ops).unwrap();
            assert_eq!(serde_json::from_str::<Ops>(&written).unwrap(), ops);
        }
    }

    #[test]
    fn refuses_what_is_no_set() {
        for text in ["", "7-6", "a", "3-", "1-99999999", "-2"] {
            let error = text.parse::<Ops>().unwrap_err().to_string();
            assert!(
                error.contains(&format!("`{text}`")) && error.contains("`6-7`"),
                "{error}"
            );
        }
        let error = serde_json::from_str::<Ops>("{}").unwrap_err().to_string();
        assert!(error.contains("[6, 7]"), "{error}");
    }
}
