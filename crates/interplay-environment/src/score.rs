//! What a completion is worth, and where it goes wrong.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Names of reward components that several environments have.
pub mod components {
    /// 1 for the right answer, else 0.
    pub const OUTCOME: &str = "outcome";
    /// The share of the needed steps that are right.
    pub const PROCESS: &str = "process";
    /// 1 for a completion that is accepted as a whole, else 0.
    pub const ACCEPTED: &str = "accepted";
}

/// A named part of a reward.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RewardComponent {
    /// The component's name.
    pub name: Cow<'static, str>,
    /// Its value.
    pub value: f64,
}

/// One step of a completion.
///
/// ```
/// use interplay_environment::StepScore;
///
/// // Right; states the third needed node from the steps 0 and 2.
/// let step = StepScore::new(9..20, true).stating(3).using([0, 2]);
/// assert_eq!((step.node, step.uses.as_slice()), (Some(3), &[0, 2][..]));
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepScore {
    /// Where it stands, in bytes of the completion.
    pub span: Range<usize>,
    /// Whether it is right.
    pub correct: bool,
    /// Which needed node of the problem it states, for environments that know: the same number means
    /// the same node in every completion of an example.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<usize>,
    /// The earlier steps that it uses, as sorted indices into [`Score::steps`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<usize>,
}

impl StepScore {
    /// A step that states no known node and uses no other step.
    #[must_use]
    pub fn new(span: Range<usize>, correct: bool) -> Self {
        Self {
            span,
            correct,
            node: None,
            uses: Vec::new(),
        }
    }

    /// The same, stating a needed node.
    #[must_use]
    pub fn stating(mut self, node: impl Into<Option<usize>>) -> Self {
        self.node = node.into();
        self
    }

    /// The same, using earlier steps.
    #[must_use]
    pub fn using(mut self, steps: impl IntoIterator<Item = usize>) -> Self {
        self.uses = steps.into_iter().collect();
        self.uses.sort_unstable();
        self.uses.dedup();
        self
    }
}

/// The first thing that is wrong with a completion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstError {
    /// The sentence it is in, counted from zero.
    pub step: usize,
    /// Where it stands, in bytes of the completion.
    pub span: Range<usize>,
    /// The kind of mistake, in snake case.
    pub reason: Cow<'static, str>,
    /// What would have been right.
    pub expected: String,
    /// What was found there.
    pub found: String,
    /// The text to charge the failure to.
    #[serde(skip)]
    pub blame: Option<Blame>,
}

impl fmt::Display for FirstError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            step,
            span,
            reason,
            expected,
            found,
            ..
        } = self;
        let (Range { start, end }, reason) = (span, reason.replace('_', " "));
        write!(
            f,
            "step {step}, bytes {start}..{end}: {reason}; expected {expected}, found {found}"
        )
    }
}

/// The stretch of a completion that a failure is charged to, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blame {
    /// Where it begins.
    pub start: usize,
    /// Where it ends; `None` for the end of the completion, the token that ends the sequence
    /// included.
    pub end: Option<usize>,
}

impl Blame {
    /// The tokens of the stretch, as a range of positions in `tokens`, which holds the byte range of
    /// every token of the completion, in order. Never empty where there are tokens: a truncated
    /// completion may have nothing left to blame but its last token.
    ///
    /// ```
    /// use interplay_environment::Blame;
    ///
    /// // Four tokens of text, and one that ends the sequence.
    /// let tokens = [0..3, 3..8, 8..12, 12..18, 18..18];
    /// let step = Blame { start: 3, end: Some(12) };
    /// assert_eq!(step.tokens(&tokens), 1..3);
    /// let rest = Blame { start: 12, end: None };
    /// assert_eq!(rest.tokens(&tokens), 3..5);
    /// ```
    #[must_use]
    pub fn tokens(&self, tokens: &[Range<usize>]) -> Range<usize> {
        let range = match self.end {
            Some(end) => tokens_of(&(self.start..end), tokens),
            None => tokens.partition_point(|token| token.start < self.start)..tokens.len(),
        };
        match range.is_empty() {
            true => tokens.len().saturating_sub(1)..tokens.len(),
            false => range,
        }
    }
}

/// The tokens that reach into a span of bytes.
fn tokens_of(span: &Range<usize>, tokens: &[Range<usize>]) -> Range<usize> {
    let first = tokens.partition_point(|token| token.end <= span.start);
    let inside = tokens[first..].partition_point(|token| token.start < span.end);
    first..first + inside
}

/// The judgment of one completion.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Score {
    /// Whether the whole completion is right, by the environment's [rule](crate::Environment::level).
    /// Never subject to noise.
    pub accepted: bool,
    /// Whether the stated answer is right, whatever the steps. Never subject to noise.
    pub answer_correct: bool,
    /// The share of the needed steps that are right, from 0 to 1.
    pub process_accuracy: f64,
    /// The first mistake; none where nothing is wrong.
    pub first_error: Option<FirstError>,
    /// The steps in the order of the text, for environments that see steps.
    pub steps: Vec<StepScore>,
    /// How many nodes the answer needs, for environments that know; else 0.
    #[serde(default)]
    pub needed: usize,
    /// What a trainer may pay for. Noisy supervision shows here, and in `first_error` and `steps`; the
    /// other fields are exact.
    pub components: Vec<RewardComponent>,
    /// The answer that the completion states, in a form in which equal answers are equal texts; none
    /// where it states no readable answer. Majority votes count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
}

impl Score {
    /// The score of a completion of which only the answer is judged.
    #[must_use]
    pub fn of_answer(correct: bool) -> Self {
        let value = f64::from(u8::from(correct));
        Self {
            accepted: correct,
            answer_correct: correct,
            process_accuracy: value,
            ..Self::default()
        }
        .with_component(components::OUTCOME, value)
        .with_component(components::ACCEPTED, value)
    }

    /// The judgment of a completion that did not end by itself: it ran into the limit of tokens before
    /// it drew a token that ends it.
    ///
    /// Such a completion is not accepted and has no right answer, whatever its text says, because the
    /// model may still have contradicted itself. The components [`OUTCOME`](components::OUTCOME) and
    /// [`ACCEPTED`](components::ACCEPTED) become 0, and no answer is stated. The steps that were
    /// written, the process accuracy and every other component stay as they are.
    ///
    /// Evaluations and trainers apply this one rule.
    ///
    /// ```
    /// use interplay_environment::{Score, components};
    ///
    /// let score = Score::of_answer(true).with_component("length", 0.5).unfinished();
    /// assert!(!score.accepted && !score.answer_correct);
    /// assert_eq!(score.component(components::OUTCOME), Some(0.0));
    /// assert_eq!(score.component("length"), Some(0.5));
    /// ```
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        (self.accepted, self.answer_correct, self.answer) = (false, false, None);
        for component in &mut self.components {
            if [components::OUTCOME, components::ACCEPTED].contains(&component.name.as_ref()) {
                component.value = 0.0;
            }
        }
        self
    }

    /// The same with the answer that the completion states.
    #[must_use]
    pub fn stating(mut self, answer: impl Into<Option<String>>) -> Self {
        self.answer = answer.into();
        self
    }

    /// The same with one more reward component; one of the same name is replaced.
    #[must_use]
    pub fn with_component(mut self, name: impl Into<Cow<'static, str>>, value: f64) -> Self {
        let name = name.into();
        match self.components.iter_mut().find(|known| known.name == name) {
            Some(known) => known.value = value,
            None => self.components.push(RewardComponent { name, value }),
        }
        self
    }

    /// The value of a reward component.
    #[must_use]
    pub fn component(&self, name: &str) -> Option<f64> {
        let found = self.components.iter().find(|known| known.name == name);
        found.map(|component| component.value)
    }

    /// The tokens of each of [`Score::steps`], as ranges of positions in `tokens`, which holds the
    /// byte range of every token of the completion, in order.
    ///
    /// A token that reaches into a step belongs to it, also where it begins with the white space
    /// before it. A token that reaches into two steps belongs to both.
    ///
    /// ```
    /// use interplay_environment::{Score, StepScore};
    ///
    /// let mut score = Score::of_answer(false);
    /// score.steps = vec![StepScore::new(0..8, true), StepScore::new(9..20, false)];
    /// let tokens = [0..3, 3..8, 8..12, 12..20, 20..20];
    /// assert_eq!(score.step_tokens(&tokens), [0..2, 2..4]);
    /// ```
    #[must_use]
    pub fn step_tokens(&self, tokens: &[Range<usize>]) -> Vec<Range<usize>> {
        let steps = self.steps.iter();
        steps.map(|step| tokens_of(&step.span, tokens)).collect()
    }

    /// The tokens that the failure of the completion is charged to; none where nothing is wrong or
    /// the environment does not say.
    #[must_use]
    pub fn blamed_tokens(&self, tokens: &[Range<usize>]) -> Option<Range<usize>> {
        let blame = self.first_error.as_ref()?.blame?;
        Some(blame.tokens(tokens))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_has_one_value() {
        let score = Score::of_answer(true).with_component("length", 0.5);
        assert_eq!(score.component("length"), Some(0.5));
        assert_eq!(score.component(components::OUTCOME), Some(1.0));
        assert_eq!(score.component("other"), None);
        let score = score.with_component("length", 0.25);
        assert_eq!(score.component("length"), Some(0.25));
        assert_eq!(score.components.len(), 3);
    }

    #[test]
    fn an_unfinished_completion_keeps_its_steps_and_no_success() {
        let mut score = Score::of_answer(true)
            .with_component(components::PROCESS, 0.75)
            .stating("7".to_owned());
        score.process_accuracy = 0.75;
        let unfinished = score.clone().unfinished();
        assert!(!unfinished.accepted && !unfinished.answer_correct);
        assert_eq!(unfinished.answer, None);
        assert_eq!(unfinished.process_accuracy, 0.75);
        let values = [
            components::OUTCOME,
            components::ACCEPTED,
            components::PROCESS,
        ]
        .map(|name| unfinished.component(name));
        assert_eq!(values, [Some(0.0), Some(0.0), Some(0.75)]);
        // Components that an environment does not have do not appear.
        assert_eq!(Score::default().unfinished(), Score::default());
        // The rule is idempotent.
        assert_eq!(unfinished.clone().unfinished(), unfinished);
    }

    #[test]
    fn blame_is_never_empty_while_there_are_tokens() {
        let tokens = [0..3, 3..8];
        let behind = Blame {
            start: 8,
            end: None,
        };
        assert_eq!(behind.tokens(&tokens), 1..2);
        assert_eq!(behind.tokens(&[]), 0..0);
    }

    #[test]
    fn an_error_reads_and_writes_without_its_blame() {
        let error = FirstError {
            step: 2,
            span: 4..9,
            reason: "wrong_value".into(),
            expected: "`3`".into(),
            found: "`4`".into(),
            blame: Some(Blame {
                start: 0,
                end: Some(9),
            }),
        };
        let text = serde_json::to_string(&error).unwrap();
        assert_eq!(
            text,
            r#"{"step":2,"span":{"start":4,"end":9},"reason":"wrong_value","expected":"`3`","found":"`4`"}"#
        );
        let back: FirstError = serde_json::from_str(&text).unwrap();
        assert_eq!(back.blame, None);
        assert_eq!(
            back.to_string(),
            "step 2, bytes 4..9: wrong value; expected `3`, found `4`"
        );
    }
}
