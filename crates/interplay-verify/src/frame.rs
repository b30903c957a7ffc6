//! The tags around a solution.
//!
//! `<question> p q </question> <solution> STEPS </solution> <answer> N </answer>` is the model
//! text. A sampled completion starts after `<solution>`, which it may repeat, and a bare solution
//! has no tags at all. A text that opens with a question is rejected: a policy could hide anything
//! there.
//!
//! One `[BOS]` may precede the text; one `[EOS]` and any number of `[PAD]` may end it. Anywhere
//! else these tokens are text.

use interplay_environment::framing::{ANSWER, ANSWER_END, SOLUTION, SOLUTION_END};

use crate::lexical::integer;
use crate::reading::Span;

const BEGIN: &str = "[BOS]";
const END: &str = "[EOS]";
const PAD: &str = "[PAD]";

/// The parts of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The steps, perhaps with an `Answer: N.` sentence.
    pub body: Span,
    /// The `<answer>` tag, if there is one.
    pub tag: Option<TagAnswer>,
    /// Text where none belongs: between the tags or after the last one.
    pub stray: Option<Span>,
}

/// An `<answer>` tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagAnswer {
    pub span: Span,
    /// The number inside, or none if it is unreadable or the tag is not closed.
    pub value: Option<i64>,
}

impl Frame {
    pub(crate) fn of(text: &str) -> Self {
        let text = trim_marks(text);
        let start = skip_begin(text);
        let start = if text[start..].starts_with(SOLUTION) {
            start + SOLUTION.len()
        } else {
            start
        };
        let close = find(text, start, SOLUTION_END);
        let open = find(text, start, ANSWER);
        let body_end = close.into_iter().chain(open).min();
        let Some(body_end) = body_end else {
            return Self {
                body: Span::new(start, text.len()),
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
        at = skip_space(text, at);
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

/// The offset after white space and a token that begins a sequence.
fn skip_begin(text: &str) -> usize {
    let start = skip_space(text, 0);
    match text[start..].starts_with(BEGIN) {
        true => skip_space(text, start + BEGIN.len()),
        false => start,
    }
}

/// `text` without trailing white space and tokens that end a sequence.
pub(crate) fn trim_marks(text: &str) -> &str {
    let mut rest = text.trim_ascii_end();
    while let Some(before) = rest.strip_suffix(PAD) {
        rest = before.trim_ascii_end();
    }
    rest.strip_suffix(END).map_or(rest, str::trim_ascii_end)
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
    fn sequence_marks_are_allowed_at_the_ends_only() {
        let closed = "a = 3. </solution> <answer> 3 </answer>";
        for (behind, stray) in [
            ("[EOS] [PAD][PAD]", None),
            ("[PAD]", None),
            ("[EOS][EOS]", Some("[EOS]")),
            ("[PAD][EOS]", Some("[PAD]")),
            ("[BOS]", Some("[BOS]")),
            ("[EOS] a = 4.", Some("[EOS] a = 4.")),
        ] {
            let text = format!("{closed} {behind}");
            assert_eq!(parts(&text), ("a = 3.", Some(Some(3)), stray), "{text}");
        }
        for (text, body) in [
            ("[BOS] [BOS] a = 3.", "[BOS] a = 3."),
            ("[EOS] a = 3.", "[EOS] a = 3."),
            ("a = 3. [PAD] Answer: 3.", "a = 3. [PAD] Answer: 3."),
        ] {
            assert_eq!(parts(text), (body, None, None));
        }
    }

    #[test]
    fn reports_text_after_the_answer() {
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
