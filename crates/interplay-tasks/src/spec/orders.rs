//! In which order a problem states its quantities, and in which its solution computes them.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// In which order a gold solution takes its steps; every step comes after what it reads.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolutionOrder {
    /// A random one of the steps that can be taken.
    #[default]
    Random,
    /// Backwards from the target: first all that the first operand needs, then the second.
    DepthFirst,
    /// Of the steps that can be taken, the one that the problem states first.
    Stated,
}

named!(SolutionOrder, "solution order":
    Random = "random", DepthFirst = "depth_first", Stated = "stated");

/// In which order a problem states its quantities.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementOrder {
    /// Any order.
    #[default]
    Random,
    /// Each after what it reads; in reverse mode, what is told comes last.
    Forward,
    /// Each before what it reads; in reverse mode, what is told comes first.
    Backward,
}

named!(StatementOrder, "statement order":
    Random = "random", Forward = "forward", Backward = "backward");
