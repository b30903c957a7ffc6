//! How a problem and its solution stand in a model's text, framed by
//! [`interplay_environment::framing`].

use interplay_environment::framing;

use crate::Problem;

/// About how many tokens a text has: one for each word or number, and one for each other mark.
///
/// A tokenizer trained on such texts needs about as many, since it learns their few words; general
/// ones need a third more.
///
/// ```
/// use interplay_tasks::framing::token_estimate;
///
/// assert_eq!(token_estimate("The number of adult fox in Fern Valley equals 3."), 11);
/// ```
#[must_use]
pub fn token_estimate(text: &str) -> usize {
    let mut tokens = 0;
    let mut in_word = false;
    for c in text.chars() {
        let word = c.is_alphanumeric() || c == '\'';
        tokens += usize::from(if word { !in_word } else { !c.is_whitespace() });
        in_word = word;
    }
    tokens
}

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
