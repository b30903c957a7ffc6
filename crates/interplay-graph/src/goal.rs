//! What a problem asks for.

use crate::QuantityId;

/// What a problem asks for.
///
/// Source: arXiv 2512.07783; the published modes `normalforward` and `forwardreverse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// The value of a quantity, computed from the constants.
    Forward {
        /// The quantity that is asked for.
        target: QuantityId,
    },
    /// The value of a leaf, found from the value of a quantity that depends on it.
    Reverse {
        /// The leaf that is asked for.
        unknown: QuantityId,
        /// The quantity whose value the problem gives.
        given: QuantityId,
    },
}

impl Goal {
    /// The quantity that is asked for.
    #[must_use]
    pub fn asked(self) -> QuantityId {
        match self {
            Self::Forward { target } => target,
            Self::Reverse { unknown, .. } => unknown,
        }
    }

    /// The quantity that a solution works up to: the target, or the one whose value is given.
    #[must_use]
    pub fn top(self) -> QuantityId {
        match self {
            Self::Forward { target } => target,
            Self::Reverse { given, .. } => given,
        }
    }
}
