//! A sign of trouble, with what shows it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way in which RL fails.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// pass@1 rises, pass@k at large k does not.
    Sharpening,
    /// Right answers by wrong steps, more of them after RL.
    RewardHacking,
    /// A context that the model never solves, before or after RL.
    NoSeeds,
    /// Problems off the edge of competence.
    OffEdge,
}

impl Signature {
    /// All signatures, in the order of a diagnosis.
    pub const ALL: [Self; 4] = [
        Self::Sharpening,
        Self::RewardHacking,
        Self::NoSeeds,
        Self::OffEdge,
    ];
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sharpening => "sharpening",
            Self::RewardHacking => "reward hacking",
            Self::NoSeeds => "no seeds",
            Self::OffEdge => "data off the edge",
        })
    }
}

/// Whether a signature is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// The interval shows it.
    Present,
    /// The interval excludes it, or what it would need is not there.
    Absent,
    /// The run is too small to say, or did not measure it.
    Undecided,
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Undecided => "undecided",
        })
    }
}

/// A number that a finding rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What was measured.
    pub what: String,
    /// Its value: a share of 1, or a difference of shares.
    pub value: f64,
    /// The ends of its 95 % interval, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

impl Evidence {
    /// A number without an interval.
    pub(super) fn plain(what: impl Into<String>, value: f64) -> Self {
        Self {
            what: what.into(),
            value,
            interval: None,
        }
    }

    /// A number with its interval.
    pub(super) fn with_interval(what: impl Into<String>, value: f64, low: f64, high: f64) -> Self {
        Self {
            what: what.into(),
            value,
            interval: Some([low, high]),
        }
    }
}

/// A signature, whether it is there, and what shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The signature.
    pub signature: Signature,
    /// Whether it is there.
    pub presence: Presence,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// What to change if it is there, or what to measure if that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<String>,
}

impl Finding {
    /// A signature of which nothing is known yet.
    pub(super) fn undecided(signature: Signature) -> Self {
        Self {
            signature,
            presence: Presence::Undecided,
            evidence: Vec::new(),
            advice: Vec::new(),
        }
    }
}
