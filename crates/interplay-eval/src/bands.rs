//! Bands of difficulty.
//!
//! Source: arXiv 2512.07783, section 3: in distribution op 2-10, edge op 11-14, hard op 15-20.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::EvalError;

/// A band of difficulty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// Difficulties that pre-training covers.
    Id,
    /// Just beyond.
    Edge,
    /// Far beyond.
    Hard,
}

impl Band {
    /// All bands, easiest first.
    pub const ALL: [Self; 3] = [Self::Id, Self::Edge, Self::Hard];

    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Edge => "edge",
            Self::Hard => "hard",
        }
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A text that names no [`Band`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a band; expected id, edge or hard")]
pub struct UnknownBand {
    /// What was read.
    pub found: String,
}

impl FromStr for Band {
    type Err = UnknownBand;

    fn from_str(text: &str) -> Result<Self, UnknownBand> {
        let named = Self::ALL.into_iter().find(|band| band.name() == text);
        named.ok_or_else(|| UnknownBand {
            found: text.to_owned(),
        })
    }
}

/// Which op belongs to which band; each is `[first, last]`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// In distribution.
    pub id: [u32; 2],
    /// The edge.
    pub edge: [u32; 2],
    /// The hard band.
    pub hard: [u32; 2],
}

impl Default for Bands {
    /// The published bands.
    fn default() -> Self {
        Self {
            id: [2, 10],
            edge: [11, 14],
            hard: [15, 20],
        }
    }
}

impl Bands {
    /// The difficulties of a band.
    #[must_use]
    pub fn range(&self, band: Band) -> RangeInclusive<u32> {
        let [first, last] = match band {
            Band::Id => self.id,
            Band::Edge => self.edge,
            Band::Hard => self.hard,
        };
        first..=last
    }

    /// The band of a difficulty, if it lies in one.
    #[must_use]
    pub fn band_of(&self, op: u32) -> Option<Band> {
        Band::ALL
            .into_iter()
            .find(|band| self.range(*band).contains(&op))
    }

    /// Checks that no band is empty and that they do not overlap.
    ///
    /// # Errors
    /// The first band of which that is not true.
    pub fn validate(&self) -> Result<(), EvalError> {
        let wrong = |setting, [first, last]: [u32; 2], expected: &str| {
            let (found, expected) = (format!("[{first}, {last}]"), expected.to_owned());
            Err(EvalError::Setting {
                setting,
                found,
                expected,
            })
        };
        let bands = [("id", self.id), ("edge", self.edge), ("hard", self.hard)];
        for (index, (name, range)) in bands.into_iter().enumerate() {
            if range[0] > range[1] {
                return wrong(
                    name,
                    range,
                    "first and last op, the first not above the last",
                );
            }
            let earlier = &bands[..index];
            if earlier
                .iter()
                .any(|(_, other)| range[0] <= other[1] && other[0] <= range[1])
            {
                return wrong(
                    name,
                    range,
                    "a range that shares no op with the other bands",
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_band_of_an_op() {
        let bands = Bands::default();
        let names = [1, 2, 10, 11, 14, 15, 20, 21].map(|op| bands.band_of(op).map(Band::name));
        let (id, edge, hard) = (Some("id"), Some("edge"), Some("hard"));
        assert_eq!(names, [None, id, id, edge, edge, hard, hard, None]);
    }

    #[test]
    fn a_band_reads_back_from_its_name() {
        for band in Band::ALL {
            assert_eq!(serde_json::to_value(band).unwrap(), band.to_string());
            assert_eq!(band.to_string().parse(), Ok(band));
        }
        let message = "easy".parse::<Band>().unwrap_err().to_string();
        assert_eq!(message, "`easy` is not a band; expected id, edge or hard");
    }

    #[test]
    fn rejects_bands_that_overlap_or_are_empty() {
        assert!(Bands::default().validate().is_ok());
        let overlap = Bands {
            edge: [10, 14],
            ..Bands::default()
        };
        assert!(
            overlap
                .validate()
                .unwrap_err()
                .to_string()
                .contains("`edge` is [10, 14]")
        );
        assert!(
            Bands {
                hard: [20, 15],
                ..Bands::default()
            }
            .validate()
            .is_err()
        );
    }
}
