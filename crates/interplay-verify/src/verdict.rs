//! Verdicts: what a verifier finds out about a candidate.

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Why a sentence, or a whole solution, is wrong.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The text is not a sentence of the dialect.
    Unreadable,
    /// A number is not a plain decimal integer of 64 bits.
    BadNumber,
    /// Parentheses nest too deep.
    TooDeep,
    /// The text is too long.
    TooLong,
    /// Formulas are out of proportion to the text.
    TooLarge,
    /// The step is in another dialect than the first.
    MixedDialects,
    /// The problem has no such quantity.
    UnknownQuantity,
    /// The step is true but not needed, and unneeded steps are forbidden.
    UnneededQuantity,
    /// The quantity was defined before.
    Redefinition,
    /// The symbol already stands for something else.
    SymbolReused,
    /// No earlier step defines the symbol.
    UndefinedSymbol,
    /// The equation of a quantity or symbol, or its value, is missing.
    MissingEquation,
    /// The chain does not lead from a symbol through an expression and numeric forms to a number.
    OddChain,
    /// The step never reads an intermediate symbol that it defines.
    UnusedIntermediate,
    /// The step reads other quantities than the definition does.
    WrongParents,
    /// The step reads the right quantities but computes something else.
    WrongOperation,
    /// The numeric form is not the symbolic one with values substituted.
    WrongNumbers,
    /// Two sides of an equality differ.
    WrongEquality,
    /// The quantity has another value.
    WrongValue,
    /// The step calls a quantity unknown that the problem does not ask for, or a second one.
    NotUnknown,
    /// The unknown is defined instead of being left unknown.
    UnknownDefined,
    /// The value stated as known is not the one that the problem gives.
    WrongKnown,
    /// The equation does not follow, or is not what its label says.
    WrongEquation,
    /// The equation is not set up or not solved.
    MissingSolution,
    /// A needed quantity has no step.
    MissingQuantity,
    /// No answer is stated.
    MissingAnswer,
    /// The answer is wrong.
    WrongAnswer,
    /// The answer is stated twice.
    RepeatedAnswer,
    /// Two different answers are stated.
    ConflictingAnswers,
    /// There is text after the answer or between the tags.
    StrayText,
    /// Noisy supervision judges the step wrong.
    JudgedWrong,
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
            Self::JudgedWrong => "judged_wrong",
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
            Self::SymbolReused => "the symbol already stands for something else",
            Self::UndefinedSymbol => "the symbol was not defined before",
            Self::MissingEquation => "an equation with its value is missing",
            Self::OddChain => {
                "the equalities do not lead from a symbol through its expression to a number"
            }
            Self::UnusedIntermediate => "an intermediate symbol is never read in its step",
            Self::WrongParents => "the step reads other quantities than the definition does",
            Self::WrongOperation => "the step computes something other than the definition",
            Self::WrongNumbers => "the numeric form does not mirror the symbolic one",
            Self::WrongEquality => "the two sides of an equality differ",
            Self::WrongValue => "the value of the quantity is wrong",
            Self::NotUnknown => "the problem does not ask for this quantity, so it is not unknown",
            Self::UnknownDefined => "the unknown must be found from the equation, not defined",
            Self::WrongKnown => "the problem does not give this value",
            Self::WrongEquation => "the equation does not follow",
            Self::MissingSolution => "the equation is not set up and solved",
            Self::MissingQuantity => "a needed quantity has no step",
            Self::MissingAnswer => "no answer is stated",
            Self::WrongAnswer => "the answer is wrong",
            Self::RepeatedAnswer => "the answer is stated twice",
            Self::ConflictingAnswers => "two different answers are stated",
            Self::StrayText => "there is text where none belongs",
            Self::JudgedWrong => "the step is judged wrong",
        })
    }
}

/// The first mistake in a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    /// The sentence of the candidate, counted from zero, the answer included.
    pub step: usize,
    /// The byte range in the candidate.
    pub span: Range<usize>,
    /// What kind of mistake.
    pub reason: Reason,
    /// What was expected.
    pub expected: String,
    /// What was found.
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

/// One sentence of the candidate and whether it is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepVerdict {
    /// The byte range in the candidate.
    pub span: Range<usize>,
    /// Whether it defines a quantity that the answer needs.
    pub needed: bool,
    /// Whether everything about it is right.
    pub correct: bool,
    /// The number of the needed quantity that it states, among the quantities of the gold: the same
    /// in every candidate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
    /// The earlier sentences that it reads, as sorted indices into [`Verdict::steps`]; empty unless
    /// [`Verifier::with_uses`](crate::Verifier::with_uses) asks for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<u32>,
}

/// The judgment on one candidate.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the whole solution is right at the verifier's level.
    pub accepted: bool,
    /// Whether the stated answer is right, regardless of the steps.
    pub answer_correct: bool,
    /// The share of needed quantities whose step is right, from 0 to 1.
    pub process_accuracy: f64,
    /// How many quantities the answer needs.
    #[serde(default)]
    pub needed: u32,
    /// The first mistake, or none if the solution is accepted.
    pub first_error: Option<StepError>,
    /// Needed quantities without a step.
    pub missing: u32,
    /// Steps about quantities that are not needed or do not exist.
    pub extra: u32,
    /// Steps that read other quantities than the definition does.
    pub wrong_parents: u32,
    /// Steps with a wrong value.
    pub wrong_values: u32,
    /// Chains in which an equality does not hold or numbers do not mirror symbols.
    pub wrong_equalities: u32,
    /// The sentences in text order, without the answer.
    pub steps: Vec<StepVerdict>,
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
