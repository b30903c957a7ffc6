//! Whether constants enter the canonical hash.

/// Whether the constants of definitions enter the canonical hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Numbers {
    /// Graphs that differ in constants differ.
    Distinct,
    /// Only the shape counts: the kind of each definition and what it reads.
    Ignored,
}
