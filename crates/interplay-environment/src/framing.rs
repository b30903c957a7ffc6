//! The tags that frame a task in a model's text.
//!
//! Source: the model text of arXiv 2512.07783's published code: `<question> {problem} {question}
//! </question> <solution> {steps} </solution> <answer> {answer} </answer>`; the prompt of RL and of
//! evaluation ends after `<solution>`.

/// Opens the question.
pub const QUESTION: &str = "<question>";
/// Closes the question.
pub const QUESTION_END: &str = "</question>";
/// Opens the solution; the last tag of a prompt.
pub const SOLUTION: &str = "<solution>";
/// Closes the solution.
pub const SOLUTION_END: &str = "</solution>";
/// Opens the answer.
pub const ANSWER: &str = "<answer>";
/// Closes the answer.
pub const ANSWER_END: &str = "</answer>";

/// All tags, in the order in which they appear in a model text.
pub const TAGS: [&str; 6] = [
    QUESTION,
    QUESTION_END,
    SOLUTION,
    SOLUTION_END,
    ANSWER,
    ANSWER_END,
];

/// The prompt for a question: everything up to and including `<solution>`.
#[must_use]
pub fn prompt(question: &str) -> String {
    let question = question.trim();
    format!("{QUESTION} {question} {QUESTION_END} {SOLUTION}")
}

/// What a perfect model writes after the prompt, beginning with the space.
#[must_use]
pub fn target(reasoning: &str, answer: &str) -> String {
    let (reasoning, answer) = (reasoning.trim(), answer.trim());
    let space = if reasoning.is_empty() { "" } else { " " };
    format!("{space}{reasoning} {SOLUTION_END} {ANSWER} {answer} {ANSWER_END}")
}

/// The first tag in a text that is about to be framed. Such a text could pass part of a
/// question off as a solution or an answer, so environments refuse it.
#[must_use]
pub fn forged_tag(text: &str) -> Option<&'static str> {
    let tags = TAGS
        .into_iter()
        .filter_map(|tag| Some((text.find(tag)?, tag)));
    tags.min().map(|(_, tag)| tag)
}

/// The parts of a completion.
///
/// ```
/// use interplay_environment::framing::Completion;
///
/// let completion = Completion::of(" 2 + 2 = 4. </solution> <answer> 4 </answer>");
/// assert_eq!((completion.reasoning, completion.answer), ("2 + 2 = 4.", Some("4")));
/// assert_eq!(Completion::of("it is 4").answer, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion<'t> {
    /// The text before the first closing or answer tag, trimmed.
    pub reasoning: &'t str,
    /// The text between the first `<answer>` and the `</answer>` after it, trimmed; none where
    /// one of them is missing.
    pub answer: Option<&'t str>,
}

impl<'t> Completion<'t> {
    /// Finds the parts of a completion.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let ends = [SOLUTION_END, ANSWER].into_iter();
        let end = ends.filter_map(|tag| text.find(tag)).min();
        let inside = text.split_once(ANSWER).map(|(_, rest)| rest);
        let answer = inside.and_then(|rest| Some(rest.split_once(ANSWER_END)?.0.trim()));
        Self {
            reasoning: text[..end.unwrap_or(text.len())].trim(),
            answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_follows_the_reasoning() {
        let text = prompt("fox = 3. fox?") + &target("fox = 3.", "3");
        let expected = "<question> fox = 3. fox? </question> <solution> fox = 3. </solution> \
                        <answer> 3 </answer>";
        assert_eq!(text, expected);
        assert_eq!(target("", "3"), " </solution> <answer> 3 </answer>");
    }

    #[test]
    fn reads_what_it_writes() {
        let text = target("a. b.", " -7 ");
        let completion = Completion::of(&text);
        assert_eq!(completion.reasoning, "a. b.");
        assert_eq!(completion.answer, Some("-7"));
    }

    #[test]
    fn an_answer_needs_both_tags() {
        for text in ["<answer> 3", "3 </answer>", "</answer> 3 <answer>"] {
            assert_eq!(Completion::of(text).answer, None, "{text}");
        }
        assert_eq!(Completion::of("x <answer> 3 </answer>").reasoning, "x");
    }

    #[test]
    fn finds_the_first_forged_tag() {
        assert_eq!(forged_tag("a < b > c"), None);
        assert_eq!(forged_tag("</answer> <question>"), Some(ANSWER_END));
    }
}
