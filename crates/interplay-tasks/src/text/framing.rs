//! The text of a problem and its solution as a model sees them, framed by
//! [`interplay_environment::framing`].

use interplay_environment::framing;

use crate::generation::Problem;

pub use crate::length::token_estimate;

/// The prompt of a problem: its text and its question, up to and including `<solution>`.
#[must_use]
pub fn prompt_text(problem: &Problem) -> String {
    framing::prompt(&format!(
        "{} {}",
        problem.problem_text(),
        problem.question_text()
    ))
}

/// The gold completion of a problem, beginning with the space after the prompt.
#[must_use]
pub fn target_text(problem: &Problem) -> String {
    framing::target(&problem.reasoning_text(), &problem.answer().to_string())
}

/// The whole text of a problem: prompt and gold completion.
#[must_use]
pub fn model_text(problem: &Problem) -> String {
    prompt_text(problem) + &target_text(problem)
}
