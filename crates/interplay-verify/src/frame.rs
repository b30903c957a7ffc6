//! The frame around a solution: what the tags of the model text enclose.
//!
//! `<question> p q </question> <solution> STEPS </solution> <answer> N </answer>` is the model
//! text; a sampled completion starts behind `<solution>`, and a bare solution has no tags at
//! all. All of these frame the same steps.

use crate::parse::integer;
use crate::reading::Span;

const SOLUTION: &str = "<solution>";
const SOLUTION_END: &str = "</solution>";
const ANSWER: &str = "<answer>";
const ANSWER_END: &str = "</answer>";
/// Tokens that mark the ends of a sequence and say nothing.
const MARKS: [&str; 3] = ["[BOS]", "[EOS]", "[PAD]"];

/// Where the parts of a text lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The steps, perhaps with an `Answer: N.` sentence.
    pub body: Span,
    /// The `<answer>` tag, if there is one.
    pub tag: Option<TagAnswer>,
    /// What stands where nothing should: between the tags or behind the last one.
    pub stray: Option<Span>,
}

/// An `<answer>` tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagAnswer {
    pub span: Span,
    /// The number inside; none where it cannot be read or the tag is not closed.
    pub value: Option<i64>,
}

impl Frame {
    pub(crate) fn of(text: &str) -> Self {
        let start = skip_marks(text, 0);
        let start = if text[start..].starts_with(SOLUTION) {
            start + SOLUTION.len()
        } else {
            start
        };
        let close = find(text, start, SOLUTION_END);
        let open = find(text, start, ANSWER);
        let body_end = close.into_iter().chain(open).min();
        let Some(body_end) = body_end else {
            let end = start + trim_marks(&text[start..]);
            return Self {
                body: Span::new(start, end),
                tag: None,
                stray: None,
            };
        };
        let body = Span::new(start, body_end);
        let mut at = body_end;
        if close == Some(body_end) {
            at = skip_space(text, at + SOLUTION_END.len());
        }
        let mut tag = None;
        if text[at..].starts_with(ANSWER) {
            let inside = at + ANSWER.len();
            let (value, end) = match find(text, inside, ANSWER_END) {
                Some(close) => {
                    let number = text[inside..close].trim_ascii().as_bytes();
                    let value = integer(number)
                        .ok()
                        .filter(|(_, length)| *length == number.len());
                    (value.map(|(value, _)| value), close + ANSWER_END.len())
                }
                None => (None, text.len()),
            };
            tag = Some(TagAnswer {
                span: Span::new(at, end),
                value,
            });
            at = end;
        }
        at = skip_marks(text, at);
        let stray = (at < text.len()).then(|| Span::new(at, text.len()));
        Self { body, tag, stray }
    }
}

fn find(text: &str, from: usize, what: &str) -> Option<usize> {
    text[from..].find(what).map(|at| from + at)
}

fn skip_space(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_ascii_start().len()
}

fn skip_marks(text: &str, from: usize) -> usize {
    let mut at = skip_space(text, from);
    while let Some(mark) = MARKS.iter().find(|mark| text[at..].starts_with(**mark)) {
        at = skip_space(text, at + mark.len());
    }
    at
}

/// The length of `text` without marks and white space at its end.
fn trim_marks(text: &str) -> usize {
    let mut rest = text.trim_ascii_end();
    while let Some(mark) = MARKS.iter().find(|mark| rest.ends_with(**mark)) {
        rest = rest[..rest.len() - mark.len()].trim_ascii_end();
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> (&str, Option<Option<i64>>, Option<&str>) {
        let frame = Frame::of(text);
        let stray = frame.stray.map(|span| span.of(text));
        (
            frame.body.of(text).trim(),
            frame.tag.map(|tag| tag.value),
            stray,
        )
    }

    #[test]
    fn finds_the_steps_with_and_without_tags() {
        let tagged = " a = 3. </solution> <answer> 3 </answer>";
        assert_eq!(parts(tagged), ("a = 3.", Some(Some(3)), None));
        let marked = "[BOS] <solution> a = 3. </solution>\n<answer>3</answer> [EOS][PAD] ";
        assert_eq!(parts(marked), ("a = 3.", Some(Some(3)), None));
        assert_eq!(
            parts(" a = 3. Answer: 3. [EOS]"),
            ("a = 3. Answer: 3.", None, None)
        );
    }

    #[test]
    fn notes_what_stands_behind_the_answer() {
        let text = "a = 3. </solution> <answer> 3 </answer> <answer> 4 </answer>";
        assert_eq!(
            parts(text),
            ("a = 3.", Some(Some(3)), Some("<answer> 4 </answer>"))
        );
        let between = "a = 3. </solution> so <answer> 3 </answer>";
        assert_eq!(
            parts(between),
            ("a = 3.", None, Some("so <answer> 3 </answer>"))
        );
    }

    #[test]
    fn an_answer_tag_holds_one_number_and_closes() {
        for text in [
            "<answer> 3 4 </answer>",
            "<answer> 3",
            "<answer></answer>",
            "<answer>3.0</answer>",
        ] {
            assert_eq!(Frame::of(text).tag.unwrap().value, None, "{text}");
        }
    }
}
