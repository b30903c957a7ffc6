//! The verifier: a level, applied to candidates.

use serde::{Deserialize, Serialize};

use crate::explain::{head, one_line};
use crate::frame::Frame;
use crate::reading::{Reading, Span};
use crate::{Gold, Reason, StepError, Verdict, paper, strict};

/// The longest candidate that is read, in bytes.
pub(crate) const MAX_TEXT: usize = 1 << 24;

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
    pub(crate) allow_unneeded: bool,
}

impl Verifier {
    /// A verifier at this level. True steps that the answer does not need are accepted.
    #[must_use]
    pub fn new(level: Level) -> Self {
        Self {
            level,
            allow_unneeded: true,
        }
    }

    /// The same, but at the strict level a step that the answer does not need is a mistake.
    #[must_use]
    pub fn forbid_unneeded(self) -> Self {
        Self {
            allow_unneeded: false,
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
        if candidate.len() > MAX_TEXT {
            let error = StepError {
                step: 0,
                span: 0..candidate.len(),
                reason: Reason::TooLong,
                expected: format!("at most {MAX_TEXT} bytes"),
                found: format!("{} bytes", candidate.len()),
            };
            return Verdict {
                first_error: Some(error),
                missing: gold.needed(),
                ..Verdict::default()
            };
        }
        let frame = Frame::of(candidate);
        let reading = Reading::of(candidate, &frame);
        match self.level {
            Level::Paper => paper::judge(gold, candidate, &frame, &reading),
            Level::Strict => strict::judge(self, gold, candidate, &frame, &reading),
        }
    }
}

/// What a judge notes while it reads.
pub(crate) struct Notes<'t> {
    text: &'t str,
    pub verdict: Verdict,
    /// The sentence that is being read.
    pub at: usize,
}

impl<'t> Notes<'t> {
    pub(crate) fn new(text: &'t str, reading: &Reading) -> Self {
        let steps = Vec::with_capacity(reading.items.len());
        Self {
            text,
            verdict: Verdict {
                steps,
                ..Verdict::default()
            },
            at: 0,
        }
    }

    /// Notes a mistake; the first one is explained.
    pub(crate) fn error(&mut self, span: Span, reason: Reason, expected: impl FnOnce() -> String) {
        self.explained(span, reason, expected, None);
    }

    pub(crate) fn explained(
        &mut self,
        span: Span,
        reason: Reason,
        expected: impl FnOnce() -> String,
        found: Option<&dyn Fn() -> String>,
    ) {
        if self.verdict.first_error.is_none() {
            let shown = || excerpt(span.of(self.text));
            self.verdict.first_error = Some(StepError {
                step: self.at,
                span: span.range(),
                reason,
                expected: message(&expected()),
                found: message(&found.map_or_else(shown, |found| found())),
            });
        }
    }
}

/// A message on one line, of bounded length, whatever the candidate brought into it.
fn message(text: &str) -> String {
    const LONGEST: usize = 400;
    let shown = head(text, LONGEST);
    let mut line = one_line(shown);
    if shown.len() < text.len() {
        line.push_str("...");
    }
    line
}

/// A stretch of the candidate for a message, shortened where it is long.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        _ if text.trim_ascii().is_empty() => "nothing".to_owned(),
        None => format!("`{text}`"),
        Some((cut, _)) => format!("`{}...`", &text[..cut]),
    }
}
