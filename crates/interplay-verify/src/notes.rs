//! Notes that a judge takes while it reads a candidate.

use crate::excerpt::{excerpt, message};
use crate::reading::{Reading, Span};
use crate::{Reason, StepError, StepVerdict, Verdict};

/// How much a judge notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// The first mistake.
    First,
    /// Every step's mistake, needed to overrule the judgment of single steps.
    All,
}

/// A judgment with what is needed to overrule the judgment of single steps.
#[derive(Debug)]
pub(crate) struct Judgment {
    pub verdict: Verdict,
    /// A note for each of the verdict's steps; empty unless [`Detail::All`] was requested.
    pub steps: Vec<StepNote>,
    /// One mistake for each needed quantity without a step, in gold order.
    pub missing: Vec<StepError>,
    /// The first mistake that is not a step's own: a wrong answer, or text where none belongs.
    pub beyond: Option<StepError>,
}

/// The note on one step.
#[derive(Debug)]
pub(crate) struct StepNote {
    /// The index of its sentence in the candidate.
    pub sentence: usize,
    /// Its first mistake, if one was noted.
    pub error: Option<StepError>,
    /// Whether it is wrong merely because it stands there.
    pub misplaced: bool,
}

/// The notes of a judge.
pub(crate) struct Notes<'t> {
    text: &'t str,
    pub verdict: Verdict,
    /// The sentence that is being read.
    pub at: usize,
    detail: Detail,
    /// Whether it is noted which earlier sentences a sentence reads.
    pub uses: bool,
    steps: Vec<StepNote>,
    /// The first mistake of the sentence that is being read.
    own: Option<StepError>,
    /// Whether that sentence is misplaced.
    misplaced: bool,
    missing: Vec<StepError>,
    beyond: Option<StepError>,
}

impl<'t> Notes<'t> {
    pub(crate) fn new(text: &'t str, reading: &Reading, detail: Detail, uses: bool) -> Self {
        let steps = Vec::with_capacity(reading.items.len());
        Self {
            text,
            verdict: Verdict {
                steps,
                ..Verdict::default()
            },
            at: 0,
            detail,
            uses,
            steps: Vec::new(),
            own: None,
            misplaced: false,
            missing: Vec::new(),
            beyond: None,
        }
    }

    pub(crate) fn all(&self) -> bool {
        self.detail == Detail::All
    }

    /// Begins a sentence.
    pub(crate) fn begin(&mut self, at: usize) {
        self.at = at;
        self.own = None;
        self.misplaced = false;
    }

    /// Ends a sentence that is no answer.
    pub(crate) fn end(&mut self, step: StepVerdict) {
        self.verdict.steps.push(step);
        if self.all() {
            self.steps.push(StepNote {
                sentence: self.at,
                error: self.own.take(),
                misplaced: self.misplaced,
            });
        }
    }

    /// Notes a mistake of the sentence that is being read; the first one is explained.
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
        let first = self.verdict.first_error.is_none();
        if first || (self.all() && self.own.is_none()) {
            let error = self.written(span, reason, expected, found);
            if self.all() && self.own.is_none() {
                self.own = Some(error.clone());
            }
            self.verdict.first_error.get_or_insert(error);
        }
    }

    /// Notes a mistake that no judgment of a step can overrule.
    pub(crate) fn beyond(&mut self, span: Span, reason: Reason, expected: impl FnOnce() -> String) {
        self.misplaced = true;
        let first = self.verdict.first_error.is_none();
        if first || (self.all() && self.beyond.is_none()) {
            let error = self.written(span, reason, expected, None);
            if self.all() && self.beyond.is_none() {
                self.beyond = Some(error.clone());
            }
            self.verdict.first_error.get_or_insert(error);
        }
    }

    /// Notes that a needed quantity has no step before the answer.
    pub(crate) fn absent(&mut self, span: Span, name: &str, found: &str) {
        if self.verdict.first_error.is_none() {
            self.verdict.first_error = Some(self.without(span, name, found));
        }
    }

    /// With [`Detail::All`]: notes that a needed quantity has no step at all.
    pub(crate) fn missing(&mut self, (at, span): (usize, Span), name: &str, found: &str) {
        let error = StepError {
            step: at,
            ..self.without(span, name, found)
        };
        self.missing.push(error);
    }

    /// With [`Detail::All`]: notes that the answer comes before a step that it needs.
    pub(crate) fn early(&mut self, (at, span): (usize, Span), name: &str, found: &str) {
        let error = StepError {
            step: at,
            ..self.without(span, name, found)
        };
        let earlier = |beyond: &StepError| beyond.span.start <= error.span.start;
        if !self.beyond.as_ref().is_some_and(earlier) {
            self.beyond = Some(error);
        }
    }

    fn without(&self, span: Span, name: &str, found: &str) -> StepError {
        let expected = || format!("a step for `{name}`");
        let found = || found.to_owned();
        self.written(span, Reason::MissingQuantity, expected, Some(&found))
    }

    fn written(
        &self,
        span: Span,
        reason: Reason,
        expected: impl FnOnce() -> String,
        found: Option<&dyn Fn() -> String>,
    ) -> StepError {
        let shown = || excerpt(span.of(self.text));
        StepError {
            step: self.at,
            span: span.range(),
            reason,
            expected: message(&expected()),
            found: message(&found.map_or_else(shown, |found| found())),
        }
    }

    /// The judgment, once `finish` has filled in the verdict's totals.
    pub(crate) fn close(self, finish: impl FnOnce(&mut Verdict)) -> Judgment {
        let mut verdict = self.verdict;
        finish(&mut verdict);
        Judgment {
            verdict,
            steps: self.steps,
            missing: self.missing,
            beyond: self.beyond,
        }
    }
}
