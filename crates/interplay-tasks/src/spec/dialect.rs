//! Dialects and modes: how a problem is worded, and which way it is solved.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// How a problem is worded.
///
/// Exhaustive on purpose: a new dialect should not compile until every reader of texts knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Sentences: `The number of adult fox in Palm Terrace equals 3.`
    Prose,
    /// Short statements: `fox = 3.`
    Terse,
}

/// The direction in which a problem is solved.
#[non_exhaustive]
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// All leaves are given, the target is computed.
    #[default]
    Forward,
    /// One leaf is unknown, the value of a quantity that needs it is given, and the leaf is asked for.
    Reverse,
}

named!(Dialect, "dialect": Prose = "prose", Terse = "terse");

named!(Mode, "mode": Forward = "forward", Reverse = "reverse");

impl Mode {
    /// The name of the mode in published files.
    #[must_use]
    pub fn published(self) -> &'static str {
        match self {
            Self::Forward => "normalforward",
            Self::Reverse => "forwardreverse",
        }
    }
}
