//! What a verifier found out about a candidate.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Why a sentence, or a whole solution, is not right.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The text is no sentence of the dialect.
    Unreadable,
    /// A number is not a plain decimal integer of 64 bits.
    BadNumber,
    /// Parentheses nest too deep.
    TooDeep,
    /// The text is longer than the reader takes.
    TooLong,
    /// A formula larger than is kept for a text of this length.
    TooLarge,
    /// A step of the other dialect than the first step's.
    MixedDialects,
    /// Neither the gold graph nor the problem has the quantity.
    UnknownQuantity,
    /// True, but not needed, where that was forbidden.
    UnneededQuantity,
    /// The quantity was defined before.
    Redefinition,
    /// The symbol stands for something else already.
    SymbolReused,
    /// A symbol that no earlier step defines.
    UndefinedSymbol,
    /// The equation of a quantity or symbol is missing, or its value.
    MissingEquation,
    /// A chain that is not: symbol, expression, the same in numbers, shorter forms, number.
    OddChain,
    /// An intermediate symbol that its step never reads.
    UnusedIntermediate,
    /// The step reads other quantities than the definition.
    WrongParents,
    /// The step reads the right quantities but computes something else.
    WrongOperation,
    /// The numeric form is not the symbolic one with the values put in.
    WrongNumbers,
    /// Two sides of an equality differ.
    WrongEquality,
    /// The quantity has another value.
    WrongValue,
    /// A quantity is called unknown that the problem does not ask for, or a second one is.
    NotUnknown,
    /// What is asked for is given an equation of its own instead of being left unknown.
    UnknownDefined,
    /// The value that is said to be known is not what the problem gives.
    WrongKnown,
    /// An equation that does not follow, or a transformation that is not what it says.
    WrongEquation,
    /// The equation is not set up, or is not solved.
    MissingSolution,
    /// A needed quantity has no step.
    MissingQuantity,
    /// No answer is stated.
    MissingAnswer,
    /// The answer is not the right one.
    WrongAnswer,
    /// The answer is stated a second time.
    RepeatedAnswer,
    /// Two answers are stated that differ.
    ConflictingAnswers,
    /// Something stands behind the answer or between the tags.
    StrayText,
}

impl Reason {
    /// The name in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::BadNumber => "bad_number",
            Self::TooDeep => "too_deep",
            Self::TooLong => "too_long",
            Self::TooLarge => "too_large",
            Self::MixedDialects => "mixed_dialects",
            Self::UnknownQuantity => "unknown_quantity",
            Self::UnneededQuantity => "unneeded_quantity",
            Self::Redefinition => "redefinition",
            Self::SymbolReused => "symbol_reused",
            Self::UndefinedSymbol => "undefined_symbol",
            Self::MissingEquation => "missing_equation",
            Self::OddChain => "odd_chain",
            Self::UnusedIntermediate => "unused_intermediate",
            Self::WrongParents => "wrong_parents",
            Self::WrongOperation => "wrong_operation",
            Self::WrongNumbers => "wrong_numbers",
            Self::WrongEquality => "wrong_equality",
            Self::WrongValue => "wrong_value",
            Self::NotUnknown => "not_unknown",
            Self::UnknownDefined => "unknown_defined",
            Self::WrongKnown => "wrong_known",
            Self::WrongEquation => "wrong_equation",
            Self::MissingSolution => "missing_solution",
            Self::MissingQuantity => "missing_quantity",
            Self::MissingAnswer => "missing_answer",
            Self::WrongAnswer => "wrong_answer",
            Self::RepeatedAnswer => "repeated_answer",
            Self::ConflictingAnswers => "conflicting_answers",
            Self::StrayText => "stray_text",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "this cannot be read as a step",
            Self::BadNumber => "this is not a plain 64-bit integer",
            Self::TooDeep => "parentheses nest too deep",
            Self::TooLong => "the text is too long",
            Self::TooLarge => "the equations, written out, are out of proportion to the text",
            Self::MixedDialects => "the step is in another dialect than the first",
            Self::UnknownQuantity => "the problem has no such quantity",
            Self::UnneededQuantity => "the quantity is not needed",
            Self::Redefinition => "the quantity was defined before",
            Self::SymbolReused => "the symbol stands for something else already",
            Self::UndefinedSymbol => "the symbol was not defined before",
            Self::MissingEquation => "an equation with its value is missing",
            Self::OddChain => {
                "the equalities do not go from a symbol over its expression to a number"
            }
            Self::UnusedIntermediate => "an intermediate symbol is never read in its step",
            Self::WrongParents => "the step reads other quantities than the definition",
            Self::WrongOperation => "the step computes something else than the definition",
            Self::WrongNumbers => "the numeric form does not mirror the symbolic one",
            Self::WrongEquality => "the two sides of an equality differ",
            Self::WrongValue => "the value of the quantity is wrong",
            Self::NotUnknown => "the problem does not ask for this quantity, so it is not unknown",
            Self::UnknownDefined => "the unknown is to be found from the equation, not defined",
            Self::WrongKnown => "the problem does not give this value",
            Self::WrongEquation => "the equation does not follow",
            Self::MissingSolution => "the equation is not set up and solved",
            Self::MissingQuantity => "a needed quantity has no step",
            Self::MissingAnswer => "no answer is stated",
            Self::WrongAnswer => "the answer is wrong",
            Self::RepeatedAnswer => "the answer is stated twice",
            Self::ConflictingAnswers => "two different answers are stated",
            Self::StrayText => "there is text where none belongs",
        })
    }
}

/// The first thing that is wrong with a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// Which sentence of the candidate, counted from zero, the answer included.
    pub step: usize,
    /// Where in the candidate, in bytes.
    pub span: Range<usize>,
    /// What kind of mistake.
    pub reason: Reason,
    /// What would have been right.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            span,
            reason,
            expected,
            found,
        } = self;
        let Range { start, end } = span;
        write!(
            f,
            "step {step}, bytes {start}..{end}: {reason}; expected {expected}, found {found}"
        )
    }
}

/// One sentence of the candidate and whether it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepVerdict {
    /// Where in the candidate, in bytes.
    pub span: Range<usize>,
    /// Whether it defines a quantity that the answer needs.
    pub needed: bool,
    /// Whether everything about it is right.
    pub correct: bool,
}

/// The judgement of one candidate.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the whole solution is right at the verifier's level.
    pub accepted: bool,
    /// Whether the stated answer is right, whatever the steps.
    pub answer_correct: bool,
    /// The share of needed quantities whose step is right, from 0 to 1.
    pub process_accuracy: f64,
    /// The first mistake; none where the solution is accepted.
    pub first_error: Option<StepError>,
    /// Needed quantities without a step.
    pub missing: u32,
    /// Steps about quantities that are not needed or do not exist.
    pub extra: u32,
    /// Steps that read other quantities than the definition.
    pub wrong_parents: u32,
    /// Steps with another value than the gold one.
    pub wrong_values: u32,
    /// Chains in which an equality does not hold or numbers do not mirror symbols.
    pub wrong_equalities: u32,
    /// The sentences in the order of the text, without the answer.
    pub steps: Vec<StepVerdict>,
    /// Whether something else than a step is wrong, such as the answer or text behind it.
    #[serde(skip)]
    pub(crate) beyond_steps: bool,
}

impl Verdict {
    /// The sentence among [`Verdict::steps`] that the first error lies in.
    pub(crate) fn wrong_step(&self) -> Option<&StepVerdict> {
        let span = &self.first_error.as_ref()?.span;
        let around = |step: &&StepVerdict| {
            let (start, end) = (step.span.start, step.span.end);
            start <= span.start && span.start < end && span.end <= end
        };
        self.steps.iter().find(around)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.first_error {
            _ if self.accepted => write!(f, "accepted"),
            Some(error) => write!(f, "rejected: {error}"),
            None => write!(f, "rejected"),
        }
    }
}
