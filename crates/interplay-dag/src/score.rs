//! From a verdict to a score.

use interplay_environment::{FirstError, Score, StepScore};
use interplay_verify::Verdict;

/// A verdict as a [`Score`] without reward components, which depend on what is paid for.
#[must_use]
pub(crate) fn score_of(verdict: &Verdict) -> Score {
    let mut score = Score::default();
    score.accepted = verdict.accepted;
    score.answer_correct = verdict.answer_correct;
    score.process_accuracy = verdict.process_accuracy;
    score.first_error = verdict.first_error.as_ref().map(|error| FirstError {
        step: error.step,
        span: error.span.clone(),
        reason: error.reason.name().into(),
        expected: error.expected.clone(),
        found: error.found.clone(),
        blame: verdict.blame(),
    });
    let steps = verdict.steps.iter().map(|step| {
        let node = step.node.map(|node| node as usize);
        let uses = step.uses.iter().map(|used| *used as usize);
        StepScore::new(step.span.clone(), step.correct)
            .stating(node)
            .using(uses)
    });
    score.steps = steps.collect();
    score.needed = verdict.needed as usize;
    score
}
