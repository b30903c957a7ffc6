//! In which order a problem states its quantities, and in which its solution computes them.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// The order of the steps of a gold solution; every step comes after those it reads.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolutionOrder {
    /// A random one of the available steps.
    #[default]
    Random,
    /// Depth first from the target: everything the first operand needs, then the second.
    DepthFirst,
    /// Of the available steps, the one that the problem states first.
    Stated,
}

named!(SolutionOrder, "solution order":
    Random = "random", DepthFirst = "depth_first", Stated = "stated");

/// The order in which a problem states its quantities.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatementOrder {
    /// Any order.
    #[default]
    Random,
    /// Each after those it reads; in reverse mode, the given value comes last.
    Forward,
    /// Each before those it reads; in reverse mode, the given value comes first.
    Backward,
}

named!(StatementOrder, "statement order":
    Random = "random", Forward = "forward", Backward = "backward");
