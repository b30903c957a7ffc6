//! What cannot be drawn.

/// Why a drawing cannot be made.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// A node reads itself, a node after it, or one that does not exist.
    #[error(
        "node {node} (`{name}`) reads node {reads}; expected the index of an earlier node, since \
         nodes are drawn below those that they read"
    )]
    ReadsLaterNode {
        /// Index of the node.
        node: usize,
        /// The node's name.
        name: String,
        /// The index that it reads.
        reads: usize,
    },
}
