//! What prose names reveal about quantities.

/// Whether a prose name is that of a total, which follows from the structure.
pub(super) fn is_total(name: &str) -> bool {
    name.starts_with("total ")
}

/// Whether a prose name is that of an average of the third layer.
pub(super) fn is_average(name: &str) -> bool {
    name.starts_with("average ")
}
