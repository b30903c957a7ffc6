//! What can be wrong with the gold side. A wrong candidate is no error: it is a verdict.

use std::ops::Range;

use interplay_graph::GraphError;

use crate::Reason;

/// Why something cannot serve as gold.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// The graph itself is broken, or a value leaves 64 bits.
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
    /// A gold graph with a quantity that has no value.
    #[error(
        "the gold graph has no value for `{name}`; a graph of a reverse problem cannot serve as \
         gold, give the gold solutions instead"
    )]
    NoValue {
        /// The quantity.
        name: String,
    },
    /// A gold graph without quantities.
    #[error("the gold graph has no quantity; expected at least the one that is asked for")]
    Empty,
    /// A sentence of a gold solution cannot be read or followed.
    #[error("sentence {step} of the gold solution, bytes {}..{}: {reason}; expected complete steps whose symbols are defined before, then one answer and nothing else", span.start, span.end)]
    Solution {
        /// The sentence, counted from zero.
        step: usize,
        /// Where it is in the text.
        span: Range<usize>,
        /// What is wrong with it.
        reason: Reason,
    },
    /// A gold solution that states no answer.
    #[error("the gold solution states no answer; expected `Answer: N.` or `<answer> N </answer>`")]
    NoAnswer,
    /// A gold solution or graph whose answer is the value of none of its steps.
    #[error(
        "the gold answers {answer}, which is the value of none of its steps; expected the value of the quantity that is asked for"
    )]
    ForeignAnswer {
        /// The answer.
        answer: i64,
    },
    /// A reverse problem whose unknown does not follow from what is given.
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
    /// A text longer than the reader takes.
    #[error("the gold solution has {length} bytes; expected at most {limit}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The longest text that is read.
        limit: usize,
    },
    /// A weight of a reward that is no weight.
    #[error("the reward's {name} is {value}; expected {expected}")]
    Weight {
        /// Which weight.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
}
