//! From a completion or a verdict to a score.

use interplay_environment::{FirstError, Score, StepScore, components};
use interplay_verify::{
    Accepted, Gold, Outcome, Process, Reward, Verdict, Verifier, released_process,
};

/// The component of [`DagEnvironment::with_released_process`](crate::DagEnvironment::with_released_process).
pub const RELEASED_PROCESS: &str = "released_process";

/// The components of a score of [`judge`].
pub const COMPONENTS: [&str; 4] = [
    components::OUTCOME,
    components::PROCESS,
    components::ACCEPTED,
    RELEASED_PROCESS,
];

/// The verdict on a completion, and its score. With `released`, the score has [`RELEASED_PROCESS`] too, which costs a
/// second verification.
///
/// ```
/// use interplay_dag::{RELEASED_PROCESS, judge};
/// use interplay_verify::{Gold, Level, Verifier};
///
/// let solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
/// let (strict, gold) = (Verifier::new(Level::Strict), Gold::from_solution(solution)?);
/// let (verdict, score) = judge(strict, &gold, "fox = 3. Answer: 5.", false);
/// assert!(verdict.answer_correct && !verdict.accepted);
/// assert_eq!((score.component("process"), score.component(RELEASED_PROCESS)), (Some(0.5), None));
/// # Ok::<(), interplay_verify::VerifyError>(())
/// ```
#[must_use]
pub fn judge(
    verifier: Verifier,
    gold: &Gold,
    completion: &str,
    released: bool,
) -> (Verdict, Score) {
    let verdict = verifier.verify(gold, completion);
    let score = score_of(&verdict);
    let score = match released {
        true => score.with_component(RELEASED_PROCESS, released_process(gold, completion)),
        false => score,
    };
    (verdict, score)
}

/// A verdict as a [`Score`] with the components `outcome`, `process` and `accepted`.
///
/// The answer that the completion states is not known from the verdict; [`Score::answer`] is none.
///
/// ```
/// use interplay_dag::score_of;
/// use interplay_verify::{Gold, Level, Verifier};
///
/// let gold = Gold::from_solution("fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.")?;
/// let score = score_of(&Verifier::new(Level::Strict).verify(&gold, "fox = 3. Answer: 5."));
/// assert_eq!((score.component("outcome"), score.component("process")), (Some(1.0), Some(0.5)));
/// # Ok::<(), interplay_verify::VerifyError>(())
/// ```
#[must_use]
pub fn score_of(verdict: &Verdict) -> Score {
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
        .with_component(components::OUTCOME, Outcome.reward(verdict))
        .with_component(components::PROCESS, Process.reward(verdict))
        .with_component(components::ACCEPTED, Accepted.reward(verdict))
}
