//! Whether a hash tells graphs apart by their constants.

/// Whether the constants of definitions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Numbers {
    /// Graphs that differ in constants differ.
    Distinct,
    /// Only the shape counts: which kind of definition reads which quantities.
    Ignored,
}
