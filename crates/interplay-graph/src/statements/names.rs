//! What the name of a quantity tells in prose.

/// Whether prose names a total, which follows from the structure.
pub(super) fn is_total(name: &str) -> bool {
    name.starts_with("total ")
}

/// Whether prose names an average of the third layer.
pub(super) fn is_average(name: &str) -> bool {
    name.starts_with("average ")
}
