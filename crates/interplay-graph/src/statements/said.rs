//! What one sentence says, as the readers of both dialects give it.

use std::ops::Range;

use crate::Definition;

/// A sentence that could be read.
#[derive(Debug, Clone)]
pub(super) struct Entry<'t> {
    pub(super) span: Range<usize>,
    pub(super) name: &'t str,
    pub(super) said: Said,
    pub(super) copies: u32,
    pub(super) prose: bool,
}

/// What a sentence says, with its operands in the list that all sentences share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Defined(Definition, Range<usize>),
    Unknown,
    Given(i64),
}
