//! The graph of a problem before its quantities have names; both generators draw one.

use interplay_graph::Definition;

/// A quantity before it has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub definition: Definition,
    /// Indices of earlier nodes, in the order of the definition.
    pub parents: Vec<usize>,
    pub value: i64,
}

impl Node {
    pub(crate) fn edges(&self) -> usize {
        self.definition.edges(self.parents.len()) as usize
    }
}

/// The quantities of a problem, parents first.
#[derive(Debug, Clone)]
pub(crate) struct Skeleton {
    pub nodes: Vec<Node>,
    /// The target needs exactly the first `necessary` nodes, and is the last of them.
    pub necessary: usize,
}
