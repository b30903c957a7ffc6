//! How a problem and its solution are framed in a model's text.
//!
//! Source: the published model text:
//! `<question> {problem} {question} </question> <solution> {steps} </solution> <answer> {answer}
//! </answer>`; the prompt of RL and of evaluation ends after `<solution>`.

use crate::generation::Problem;

pub use crate::length::token_estimate;

/// The prompt: everything up to and including `<solution>`.
#[must_use]
pub fn prompt(problem: &str, question: &str) -> String {
    format!("<question> {problem} {question} </question> <solution>")
}

/// The completion a perfect model writes after the prompt, with the space before it.
#[must_use]
pub fn completion(reasoning: &str, answer: i64) -> String {
    format!(" {reasoning} </solution> <answer> {answer} </answer>")
}

/// The prompt of a problem.
#[must_use]
pub fn prompt_text(problem: &Problem) -> String {
    prompt(&problem.problem_text(), &problem.question_text())
}

/// The gold completion of a problem.
#[must_use]
pub fn completion_text(problem: &Problem) -> String {
    completion(&problem.reasoning_text(), problem.answer())
}

/// The whole text of a problem: prompt and gold completion.
#[must_use]
pub fn model_text(problem: &Problem) -> String {
    prompt_text(problem) + &completion_text(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_follows_the_reasoning() {
        let text = prompt("fox = 3.", "fox?") + &completion("fox = 3.", 3);
        let expected = "<question> fox = 3. fox? </question> <solution> fox = 3. </solution> \
                        <answer> 3 </answer>";
        assert_eq!(text, expected);
    }
}
