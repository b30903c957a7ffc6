//! Limits of numbers in an experiment.

/// The most of anything that is counted in a spec and held in memory: a million.
pub(crate) const MANY: u64 = 1 << 20;
/// The most problems of one op: the ids of problems leave room for as many.
pub(crate) const PROBLEMS_PER_OP: u64 = 1_000_000;
