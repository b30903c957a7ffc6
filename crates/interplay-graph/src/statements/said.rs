//! The statement of one sentence, shared by the readers of both dialects.

use std::ops::Range;

use crate::Definition;

/// A readable sentence.
#[derive(Debug, Clone)]
pub(super) struct Entry<'t> {
    pub(super) span: Range<usize>,
    pub(super) name: &'t str,
    pub(super) said: Said,
    pub(super) copies: u32,
    pub(super) prose: bool,
}

/// A statement whose operands lie in the list that all sentences share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    Defined(Definition, Range<usize>),
    Unknown,
    Given(i64),
}
