//! Errors of the gold side. A wrong candidate is not an error but a verdict.

use std::ops::Range;

use interplay_graph::GraphError;

use crate::Reason;

/// Why a graph, a text or a weight cannot be used.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// The graph is invalid, or a value overflows 64 bits.
    #[error("the gold graph cannot be used: {0}")]
    Graph(#[from] GraphError),
    /// Two names differ in white space only, or a name is blank.
    #[error(
        "the gold graph has the name `{name}` twice or blank; names must differ by more than white space"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A quantity of a gold graph has no value.
    #[error(
        "the gold graph has no value for `{name}`; a graph of a reverse problem cannot serve as \
         gold, give the gold solutions instead"
    )]
    NoValue {
        /// The quantity.
        name: String,
    },
    /// A gold graph has no quantities.
    #[error("the gold graph has no quantities; expected at least the one that is asked for")]
    Empty,
    /// A sentence of a gold solution cannot be read or followed.
    #[error("sentence {step} of the gold solution, bytes {}..{}: {reason}; expected complete steps that read only symbols defined before, then one answer and nothing else", span.start, span.end)]
    Solution {
        /// The sentence, counted from zero.
        step: usize,
        /// Its byte range.
        span: Range<usize>,
        /// What is wrong with it.
        reason: Reason,
    },
    /// A gold solution states no answer.
    #[error("the gold solution states no answer; expected `Answer: N.` or `<answer> N </answer>`")]
    NoAnswer,
    /// The answer of a gold solution or graph is the value of none of its steps.
    #[error(
        "the gold answer is {answer}, which is the value of none of its steps; expected the value of the quantity that is asked for"
    )]
    ForeignAnswer {
        /// The answer.
        answer: i64,
    },
    /// The unknown of a reverse problem does not follow from the given value.
    #[error(
        "the number of `{unknown}` does not follow from the value of `{given}`; expected a leaf that \
         the value depends on, and one whole number that solves the equation"
    )]
    Undetermined {
        /// The quantity that is asked for.
        unknown: String,
        /// The quantity whose value is given.
        given: String,
    },
    /// A problem's text holds a tag of a prompt.
    #[error(
        "`problem`: expected the statements alone, found the tag {tag} of a prompt; leave `problem` out, or give the \
         statements"
    )]
    TaggedProblem {
        /// The tag.
        tag: &'static str,
    },
    /// The text is too long.
    #[error("the gold solution has {length} bytes; expected at most {limit}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// A weight or rate is out of range.
    #[error("found {value} as the {name}; expected {expected}")]
    Weight {
        /// Which weight.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The valid values.
        expected: &'static str,
    },
}
