//! Which number a completion states as its answer.
//!
//! Sources: the `#### ` line of GSM8K's data (arXiv 2110.14168, `extract_answer` of its published
//! code); the `A: ` line of the graded solutions published with it; the tags of this project's
//! prompts.
//!
//! Deviations: values are compared, not texts; and a statement with two different numbers, or two
//! statements that differ, state nothing. The published code takes the first `#### `.

use std::ops::Range;

use interplay_environment::framing::{ANSWER, ANSWER_END};

use crate::Number;
use crate::numeral::{is_currency, is_minus, numerals};
use crate::statement::{is_operand, stated_number};

/// The way in which a completion states its answer, in the order in which they are looked for.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnswerForm {
    /// `<answer> 18 </answer>`.
    Tag,
    /// `#### 18`, up to the end of the line.
    Hashes,
    /// A line that begins with `A: 18`.
    Line,
    /// `the answer is 18` or `answer: 18`, up to the end of the sentence or of the line.
    Phrase,
    /// The last number of a text that states its answer in none of the other ways.
    LastNumber,
}

/// Why a completion states an answer that is no number.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unclear {
    /// `<answer>` without `</answer>`: the completion was cut.
    Unclosed,
    /// A statement that is empty, holds different numbers or a sum that is not worked out.
    NotOneNumber,
    /// Statements that differ.
    Contradiction,
}

/// The answer that a completion states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatedAnswer {
    /// How it is stated.
    pub form: AnswerForm,
    /// Where the first statement stands, in bytes of the completion.
    pub span: Range<usize>,
    /// The number, or why there is none.
    pub number: Result<Number, Unclear>,
}

/// Reads the answer of a completion; none where it holds no number at all.
///
/// The first form of [`AnswerForm`] that occurs decides, and no other is looked at. All statements of
/// that form must agree. Each must state one number, by these rules:
///
/// - Where the statement has an equals sign, what follows the last one counts.
/// - Words, units, percent and currency signs and markup are passed over, also words such as
///   `million`: the data leave them to the question. `20%` is 20.
/// - All numbers in it must be equal: `5 or 6` states none, `5 (5.0)` states 5.
/// - Signs, commas (and spaces) that group digits, decimals, exponents, fractions and mixed numbers
///   are read: `-$1,250.50`, `80 000`, `1.5e3`, `3/4`, `1 1/2`. Commas that group nothing separate
///   numbers; times (`2:30`) and the like are none.
/// - Sums that are not worked out, such as `10 + 5` or `x + 10`, state none.
///
/// Digits inside words (`CO2`, `m^2`) are no numbers. The work is linear in the length of the text.
///
/// ```
/// use interplay_gsm8k::{AnswerForm, Number, Unclear, read_answer};
///
/// let stated = read_answer("She has 3 left.\n#### 1,018.0 dollars").unwrap();
/// assert_eq!(stated.form, AnswerForm::Hashes);
/// assert_eq!(stated.number, Ok(Number::from(1018)));
///
/// let both = read_answer("<answer> 3 </answer> <answer> 4 </answer>").unwrap();
/// assert_eq!(both.number, Err(Unclear::Contradiction));
/// assert_eq!(read_answer("no idea"), None);
/// ```
#[must_use]
pub fn read_answer(completion: &str) -> Option<StatedAnswer> {
    tagged(completion)
        .or_else(|| agreed(completion, AnswerForm::Hashes, hashes(completion)))
        .or_else(|| agreed(completion, AnswerForm::Line, lines(completion)))
        .or_else(|| agreed(completion, AnswerForm::Phrase, phrases(completion)))
        .or_else(|| last_number(completion))
}

/// What all statements of a form say.
fn agreed(
    text: &str,
    form: AnswerForm,
    statements: impl IntoIterator<Item = Range<usize>>,
) -> Option<StatedAnswer> {
    let mut statements = statements.into_iter();
    let span = trimmed(text, statements.next()?);
    let read = |span: &Range<usize>| stated_number(&text[span.clone()]);
    let mut number = read(&span).ok_or(Unclear::NotOneNumber);
    if let Ok(first) = &number
        && !statements.all(|other| read(&other).as_ref() == Some(first))
    {
        number = Err(Unclear::Contradiction);
    }
    Some(StatedAnswer { form, span, number })
}

fn trimmed(text: &str, span: Range<usize>) -> Range<usize> {
    let inside = &text[span.clone()];
    let start = span.end - inside.trim_start().len();
    start..start + inside.trim().len()
}

fn tagged(text: &str) -> Option<StatedAnswer> {
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(open) = text[at..].find(ANSWER) {
        let start = at + open + ANSWER.len();
        let Some(length) = text[start..].find(ANSWER_END) else {
            return Some(StatedAnswer {
                form: AnswerForm::Tag,
                span: trimmed(text, start..text.len()),
                number: Err(Unclear::Unclosed),
            });
        };
        spans.push(start..start + length);
        at = start + length + ANSWER_END.len();
    }
    agreed(text, AnswerForm::Tag, spans)
}

/// Behind every `####` that a number follows, up to the next one or the end of its line.
fn hashes(text: &str) -> Vec<Range<usize>> {
    let mut starts = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("####") {
        at = text.len() - text[at + found..].trim_start_matches('#').len();
        starts.push(at);
    }
    let spans = statements(&starts, text, line_length);
    let stated = |span: &Range<usize>| begins_with_number(&text[span.clone()]);
    spans.into_iter().filter(stated).collect()
}

/// From each start to where the statement ends, or to the next start. So the spans do not overlap,
/// and reading them all is linear in the length of the text.
fn statements(starts: &[usize], text: &str, length: fn(&str) -> usize) -> Vec<Range<usize>> {
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let spans = starts.iter().zip(ends);
    spans
        .map(|(&start, end)| start..start + length(&text[start..end]))
        .collect()
}

/// Behind every `A:` at the start of a line that a number follows, up to the end of the line.
fn lines(text: &str) -> Vec<Range<usize>> {
    let mut spans = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        if let Some(rest) = line.trim_start().strip_prefix("A:")
            && begins_with_number(rest)
        {
            spans.push(end - rest.len()..end);
        }
        at = end;
    }
    spans
}

/// Behind every `answer is` and `answer:` whose sentence holds a number.
fn phrases(text: &str) -> Vec<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    let starts = lower.match_indices("answer").filter_map(|(found, word)| {
        let rest = &lower[found + word.len()..];
        let mut signs = [" is", ":"].iter();
        let rest = signs.find_map(|sign| rest.strip_prefix(sign))?;
        let rest = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ':' | '*'));
        Some(text.len() - rest.len())
    });
    let starts: Vec<usize> = starts.collect();
    let spans = statements(&starts, text, sentence_length);
    let stated = |span: &Range<usize>| !numerals(&text[span.clone()]).is_empty();
    spans.into_iter().filter(stated).collect()
}

fn begins_with_number(text: &str) -> bool {
    let decoration =
        |c: char| matches!(c, ' ' | '\t' | '*' | '.' | '+' | '<') || is_currency(c) || is_minus(c);
    let first = text.trim_start_matches(decoration).chars().next();
    first.is_some_and(char::is_numeric)
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// The length up to a line break, or to a full stop before white space.
fn sentence_length(text: &str) -> usize {
    let line = line_length(text);
    let mut stops = text[..line].match_indices('.').map(|(at, _)| at);
    let stop = stops.find(|at| text[at + 1..].starts_with(char::is_whitespace));
    stop.unwrap_or(line)
}

fn last_number(text: &str) -> Option<StatedAnswer> {
    let numeral = numerals(text).pop()?;
    let clear = !is_operand(text, &numeral);
    Some(StatedAnswer {
        form: AnswerForm::LastNumber,
        number: numeral
            .value
            .clone()
            .filter(|_| clear)
            .ok_or(Unclear::NotOneNumber),
        span: numeral.span,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (AnswerForm, Result<String, Unclear>) {
        let stated = read_answer(text).unwrap();
        (stated.form, stated.number.map(|number| number.to_string()))
    }

    #[test]
    fn the_forms_are_looked_for_in_their_order() {
        use AnswerForm::*;
        let text = "The answer is 5.\nA: 4\n#### 3\n</solution> <answer> 2 </answer> 1";
        assert_eq!(read(text), (Tag, Ok("2".into())));
        assert_eq!(
            read(&text.replace("answer>", "a>")),
            (Hashes, Ok("3".into()))
        );
        assert_eq!(read("The answer is 5.\nA: 4\n 1"), (Line, Ok("4".into())));
        assert_eq!(read("So the answer is $5. Not 1"), (Phrase, Ok("5".into())));
        assert_eq!(read("**Answer:**\n 7\n1"), (Phrase, Ok("7".into())));
        assert_eq!(read("2 + 3 = 5 apples"), (LastNumber, Ok("5".into())));
        assert_eq!(read_answer("The answer is unknown."), None);
    }

    #[test]
    fn a_cut_tag_states_nothing() {
        let text = "#### 18\n<answer> 1";
        assert_eq!(read(text), (AnswerForm::Tag, Err(Unclear::Unclosed)));
        let text = "<answer> 18 </answer> <answer> 1";
        assert_eq!(read(text), (AnswerForm::Tag, Err(Unclear::Unclosed)));
    }

    #[test]
    fn statements_must_agree() {
        let contradiction = Err(Unclear::Contradiction);
        assert_eq!(read("#### 3\n#### 4").1, contradiction);
        assert_eq!(read("#### 3\n#### 3.0").1, Ok("3".into()));
        assert_eq!(
            read("The answer is 3. No, the answer is 4.").1,
            contradiction
        );
        assert_eq!(read("<answer>3</answer><answer></answer>").1, contradiction);
        for text in [
            "<answer> 3 or 4 </answer>",
            "<answer> </answer>",
            "#### 3, 4",
        ] {
            assert_eq!(read(text).1, Err(Unclear::NotOneNumber), "{text}");
        }
    }

    #[test]
    fn a_last_number_that_is_part_of_a_sum_is_no_answer() {
        let text = "She has 3 apples and 10 + 5";
        assert_eq!(
            read(text),
            (AnswerForm::LastNumber, Err(Unclear::NotOneNumber))
        );
    }
}
