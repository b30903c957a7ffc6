//! Which number a completion states as its answer.
//!
//! Sources: the `#### ` line of GSM8K's data (arXiv 2110.14168, `extract_answer` of its published
//! code); the `A: ` line of the graded solutions published with it; the tags of this project's
//! prompts.
//!
//! Deviations: values are compared, not texts. A statement with two different numbers states nothing,
//! and neither do two statements that differ; the published code takes the first `#### `.

use std::ops::Range;

use interplay_environment::framing::{ANSWER, ANSWER_END};

use crate::Number;
use crate::numeral::{is_currency, is_minus, numerals};
use crate::statement::{is_operand, stated_number};

/// How a completion states its answer. The variants are tried in this order.
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

/// Why a stated answer is not a number.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unclear {
    /// `<answer>` without `</answer>`: the completion was truncated.
    Unclosed,
    /// The statement is empty, contains different numbers, or an unevaluated expression.
    NotOneNumber,
    /// Several statements differ.
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

/// Reads the answer that a completion states; `None` if it has neither a number nor an `<answer>` tag.
///
/// The first form of [`AnswerForm`] that occurs decides; later forms are not consulted. All statements
/// of that form must agree, and each must state one number:
///
/// - If the statement has an equals sign, only the text after the last one counts.
/// - Words, units, percent and currency signs and markup are ignored, and so are scale words
///   such as `million`, because GSM8K's answers leave them to the question. `20%` is 20.
/// - All numbers in it must be equal: `5 or 6` states nothing, `5 (5.0)` states 5.
/// - Signs, commas (and spaces) that group digits, decimals, exponents, fractions and mixed numbers
///   are read: `-$1,250.50`, `80 000`, `1.5e3`, `3/4`, `1 1/2`. Other commas separate numbers.
///   Times such as `2:30` are not numbers.
/// - Unevaluated expressions such as `10 + 5` or `x + 10` state nothing.
///
/// Digits inside words (`CO2`, `m^2`) are not numbers. Runs in time linear in the length of the text.
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

/// The text after each `####` that precedes a number, up to the next one or the end of the line.
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

/// The span from each start to the end of its statement or to the next start. Spans do not overlap,
/// so reading all of them takes linear time.
fn statements(starts: &[usize], text: &str, length: fn(&str) -> usize) -> Vec<Range<usize>> {
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let spans = starts.iter().zip(ends);
    spans
        .map(|(&start, end)| start..start + length(&text[start..end]))
        .collect()
}

/// The text after each `A:` that starts a line and precedes a number, up to the end of the line.
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

/// The text after each `answer is` and `answer:`, if its sentence contains a number.
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

/// The length up to a line break, or to a period before white space.
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
