//! The verifier: a level, applied to candidates.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::frame::Frame;
use crate::notes::{Detail, Judgment, Notes};
use crate::parse::MAX_TEXT;
use crate::reading::Reading;
use crate::strict::Unneeded;
use crate::{Gold, Reason, StepError, Verdict, paper, strict};

/// How much of a solution is checked.
///
/// ```
/// use interplay_verify::Level;
///
/// assert_eq!("strict".parse(), Ok(Level::Strict));
/// assert_eq!(Level::Paper.to_string(), "paper");
/// assert!("stricter".parse::<Level>().is_err());
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As published (arXiv 2512.07783): every needed quantity is there with its parents and its
    /// value, and the first answer is right. Nothing else is checked.
    Paper,
    /// Everything that the solution says is right: every equality, operator and symbol, one answer,
    /// nothing invented, nothing after the answer.
    Strict,
}

impl Level {
    /// All levels, the most lenient first.
    pub const ALL: [Self; 2] = [Self::Paper, Self::Strict];

    /// The name in files and on command lines.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Strict => "strict",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(name: &str) -> Result<Self, UnknownLevel> {
        let level = Self::ALL.into_iter().find(|level| level.name() == name);
        level.ok_or_else(|| UnknownLevel(name.to_owned()))
    }
}

/// A name that no [`Level`] has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("found the level `{0}`; expected `paper` or `strict`")]
pub struct UnknownLevel(String);

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
    uses: bool,
}

impl Verifier {
    /// A verifier at this level that accepts true steps which the answer does not need.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self {
            level,
            unneeded: Unneeded::Allowed,
            uses: false,
        }
    }

    /// Makes a step that the answer does not need a mistake at the strict level.
    #[must_use]
    pub fn forbid_unneeded(self) -> Self {
        Self {
            unneeded: Unneeded::Forbidden,
            ..self
        }
    }

    /// Makes verdicts say which earlier sentences each sentence reads
    /// ([`StepVerdict::uses`](crate::StepVerdict::uses)), which takes about a tenth longer.
    #[must_use]
    pub fn with_uses(self) -> Self {
        Self { uses: true, ..self }
    }

    /// Verdicts that do not say so.
    #[must_use]
    pub fn without_uses(self) -> Self {
        Self {
            uses: false,
            ..self
        }
    }

    /// The level.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Judges a candidate: a bare solution, or a sampled completion with its closing tags.
    ///
    /// Never fails: an unreadable text is a wrong candidate. Takes time linear in the text.
    #[must_use]
    pub fn verify(&self, gold: &Gold, candidate: &str) -> Verdict {
        self.judge(gold, candidate, Detail::First).verdict
    }

    /// The same with as many notes as asked for.
    pub(crate) fn judge(&self, gold: &Gold, candidate: &str, detail: Detail) -> Judgment {
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
                needed: gold.needed(),
                ..Verdict::default()
            };
            return Judgment {
                verdict,
                steps: Vec::new(),
                missing: Vec::new(),
                beyond: Some(error),
            };
        }
        let frame = Frame::of(candidate);
        let reading = Reading::of(candidate, &frame);
        let notes = Notes::new(candidate, &reading, detail, self.uses);
        match self.level {
            Level::Paper => paper::judge(gold, candidate, &frame, &reading, notes),
            Level::Strict => strict::judge(self.unneeded, gold, candidate, &frame, &reading, notes),
        }
    }
}
