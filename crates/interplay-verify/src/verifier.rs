//! The verifier: a level, applied to candidates.

use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::notes::{Detail, Judgement};
use crate::parse::MAX_TEXT;
use crate::reading::Reading;
use crate::strict::Unneeded;
use crate::{Gold, Reason, StepError, Verdict, paper, strict};

/// How much of a solution is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As published (arXiv 2512.07783): each needed quantity is there with its parents and its
    /// value, and the first answer is right. Whatever else the solution says is not looked at.
    Paper,
    /// Everything the solution says is right: every equality, every operator, every symbol in
    /// its place, one answer, nothing invented, nothing behind it.
    Strict,
}

impl Level {
    /// The name in files and on command lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Strict => "strict",
        }
    }
}

/// Judges candidates at one level.
///
/// ```
/// use interplay_graph::{Definition, ReasoningGraph};
/// use interplay_verify::{Gold, Level, Verifier};
///
/// let mut graph = ReasoningGraph::new();
/// let fox = graph.add("fox", Definition::constant(3), &[])?;
/// let elk = graph.add("elk", Definition::sum().plus(2), &[fox])?;
/// let gold = Gold::from_graph(&graph, elk)?;
///
/// let verifier = Verifier::new(Level::Strict);
/// let verdict = verifier.verify(&gold, "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.");
/// assert!(verdict.accepted);
/// let verdict = verifier.verify(&gold, "fox = 3. elk = fox + 2 = 3 + 1 = 5. Answer: 5.");
/// assert!(!verdict.accepted && verdict.answer_correct);
/// assert_eq!(verdict.first_error.unwrap().span, 25..30);
/// # Ok::<(), interplay_verify::VerifyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verifier {
    level: Level,
    unneeded: Unneeded,
}

impl Verifier {
    /// A verifier at this level. True steps that the answer does not need are accepted.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self {
            level,
            unneeded: Unneeded::Allowed,
        }
    }

    /// The same, but at the strict level a step that the answer does not need is a mistake.
    #[must_use]
    pub fn forbid_unneeded(self) -> Self {
        Self {
            unneeded: Unneeded::Forbidden,
            ..self
        }
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Judges a candidate: a bare solution text, or a sampled completion with its closing tags.
    ///
    /// Never fails: what cannot be read is a wrong candidate. Takes time linear in the text.
    #[must_use]
    pub fn verify(&self, gold: &Gold, candidate: &str) -> Verdict {
        self.judge(gold, candidate, Detail::First).verdict
    }

    /// The same with as many notes as asked for.
    pub(crate) fn judge(&self, gold: &Gold, candidate: &str, detail: Detail) -> Judgement {
        if candidate.len() > MAX_TEXT {
            let error = StepError {
                step: 0,
                span: 0..candidate.len(),
                reason: Reason::TooLong,
                expected: format!("at most {MAX_TEXT} bytes"),
                found: format!("{} bytes", candidate.len()),
            };
            let verdict = Verdict {
                first_error: Some(error.clone()),
                missing: gold.needed(),
                ..Verdict::default()
            };
            return Judgement {
                verdict,
                steps: Vec::new(),
                missing: Vec::new(),
                beyond: Some(error),
            };
        }
        let frame = Frame::of(candidate);
        let reading = Reading::of(candidate, &frame);
        match self.level {
            Level::Paper => paper::judge(gold, candidate, &frame, &reading, detail),
            Level::Strict => {
                strict::judge(self.unneeded, gold, candidate, &frame, &reading, detail)
            }
        }
    }
}
