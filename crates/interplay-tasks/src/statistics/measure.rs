//! What is measured of a problem.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// What is measured of a problem, or of each of its quantities.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// The difficulty: edges of what the answer needs.
    Op,
    /// How many quantities the answer needs.
    Necessary,
    /// How many stated quantities it does not need.
    Distractors,
    /// The most needed quantities on one path to the answer.
    Depth,
    /// The most needed quantities at the same depth.
    Width,
    /// How many different quantities a needed one reads; given numbers are left out.
    InDegree,
    /// How many needed quantities read a needed one; the last one is left out.
    OutDegree,
    /// The values of needed quantities.
    Value,
    /// The answer.
    Answer,
    /// Sentences of the problem, counting repetitions.
    Sentences,
    /// Words, numbers and signs of problem, question and solution.
    Tokens,
    /// Those of the solution alone.
    SolutionTokens,
}

named!(Measure, "measure":
    Op = "op", Necessary = "necessary", Distractors = "distractors", Depth = "depth",
    Width = "width", InDegree = "in_degree", OutDegree = "out_degree", Value = "value",
    Answer = "answer", Sentences = "sentences", Tokens = "tokens",
    SolutionTokens = "solution_tokens");

impl Measure {
    /// The label in tables and plots.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Necessary => "needed quantities",
            Self::Distractors => "distractors",
            Self::Depth => "depth",
            Self::Width => "width",
            Self::InDegree => "in-degree",
            Self::OutDegree => "out-degree",
            Self::Value => "value",
            Self::Answer => "answer",
            Self::Sentences => "sentences",
            Self::Tokens => "tokens",
            Self::SolutionTokens => "tokens of the solution",
        }
    }
}
