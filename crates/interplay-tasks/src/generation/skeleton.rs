//! The graph of a problem before its quantities have names; both generators draw one.

use interplay_graph::Definition;

/// A quantity before it has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    pub definition: Definition,
    /// Places of earlier nodes, in the order of the definition.
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
    /// The first `necessary` nodes are what the target needs; the last of them is the target.
    pub necessary: usize,
}
