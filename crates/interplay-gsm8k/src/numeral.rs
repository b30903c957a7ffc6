//! Numbers as people and models write them.
//!
//! A numeral may have a sign, a currency symbol, grouped digits, decimals, an exponent or a fraction.

use std::ops::Range;

use crate::number::{MAX_DENOMINATOR, Number};

/// The most digits of an exponent.
const MAX_EXPONENT: usize = 3;
/// Spaces that group digits: space, no-break space, thin space, narrow no-break space.
const GROUP_SPACES: [&str; 4] = [" ", "\u{a0}", "\u{2009}", "\u{202f}"];

/// Whether a character may stand beside an amount without changing it.
pub(crate) fn is_currency(c: char) -> bool {
    matches!(c, '$' | '€' | '£' | '¥' | '₹' | '\\')
}

/// Whether a character is a minus sign.
pub(crate) fn is_minus(c: char) -> bool {
    matches!(c, '-' | '−')
}

/// A numeral in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Numeral {
    /// Where its digits stand, without sign and currency.
    pub span: Range<usize>,
    /// Its value with its sign; `None` for `2:30`, `1.2.3`, `1/0` and the like, which cannot be
    /// compared.
    pub value: Option<Number>,
}

/// All numerals of a text in order. Digits inside words (`CO2`, `m^2`, `x_1`) are not numerals.
pub(crate) fn numerals(text: &str) -> Vec<Numeral> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_start(text, at) {
        let Some(c) = text[start..].chars().next() else {
            break;
        };
        if !c.is_ascii() {
            // `½` and digits of other scripts.
            at = start + c.len_utf8();
            found.push(Numeral {
                span: start..at,
                value: None,
            });
            continue;
        }
        let negative = is_negative(text, start);
        let run = Run::at(text, start);
        at = run.end;
        let mut pieces = run.pieces(text, start);
        if let [piece] = pieces.as_mut_slice() {
            (at, piece.value) = with_fraction(text, &piece.span, piece.value.take());
            piece.span.end = at;
        }
        for (index, mut piece) in pieces.into_iter().enumerate() {
            piece.value = piece
                .value
                .map(|value| value.with_sign(negative && index == 0));
            found.push(piece);
        }
    }
    found
}

/// Where the next numeral begins.
fn next_start(text: &str, from: usize) -> Option<usize> {
    let mut before = text[..from].chars().next_back();
    let mut rest = text[from..].char_indices().peekable();
    while let Some((index, c)) = rest.next() {
        let in_word = before.is_some_and(|c| is_word(c) && !c.is_ascii_digit());
        let begins = match c {
            '0'..='9' => !in_word,
            '.' => {
                !before.is_some_and(char::is_alphanumeric)
                    && rest.peek().is_some_and(|(_, next)| next.is_ascii_digit())
            }
            _ => !c.is_ascii() && c.is_numeric() && !in_word,
        };
        if begins {
            return Some(from + index);
        }
        // A digit inside a word makes the digits after it part of the word.
        before = match c {
            '0'..='9' => before,
            _ => Some(c),
        };
    }
    None
}

/// Whether digits after this character belong to a word.
fn is_word(c: char) -> bool {
    c.is_alphabetic() || matches!(c, '_' | '^')
}

/// A run of digits with points, commas and colons between them.
pub(crate) struct Run {
    pub end: usize,
    kind: RunKind,
}

enum RunKind {
    /// One number.
    One {
        /// Digits after the point, less the exponent.
        scale: i64,
        /// The end of the digits, where the exponent begins.
        digits_end: usize,
    },
    /// Numbers separated by commas.
    List,
    /// Not a number.
    Unclear,
}

impl Run {
    /// The run that begins at `start`, at a digit or at a point before one.
    pub fn at(text: &str, start: usize) -> Self {
        let bytes = text.as_bytes();
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let mut end = start;
        while digit(end) || (matches!(bytes.get(end), Some(b'.' | b',' | b':')) && digit(end + 1)) {
            end += 1;
        }
        let body = &text[start..end];
        if body.contains(':') {
            return Self {
                end,
                kind: RunKind::Unclear,
            };
        }
        if body.contains(',') && !is_grouped(body) {
            return Self {
                end,
                kind: RunKind::List,
            };
        }
        if body.len() <= 3 && body.bytes().all(|byte| byte.is_ascii_digit()) {
            end = space_groups(text, start, end);
        }
        let body = &text[start..end];
        let places = body.split_once('.').map_or(0, |(_, places)| places.len());
        if body.matches('.').count() > 1 {
            return Self {
                end,
                kind: RunKind::Unclear,
            };
        }
        let digits_end = end;
        let (end, exponent) = exponent_at(text, end);
        let kind = match exponent {
            Some(exponent) => RunKind::One {
                scale: places as i64 - exponent,
                digits_end,
            },
            None => RunKind::Unclear,
        };
        Self { end, kind }
    }

    /// The value and the number of decimals, where the run is one number.
    pub fn number(&self, text: &str, start: usize) -> Option<(Number, usize)> {
        let RunKind::One { scale, digits_end } = self.kind else {
            return None;
        };
        let number = Number::decimal(&text[start..digits_end], -scale);
        Some((number, usize::try_from(scale).unwrap_or(0)))
    }

    fn pieces(&self, text: &str, start: usize) -> Vec<Numeral> {
        if !matches!(self.kind, RunKind::List) {
            let value = self.number(text, start).map(|(number, _)| number);
            return vec![Numeral {
                span: start..self.end,
                value,
            }];
        }
        let mut at = start;
        let pieces = text[start..self.end].split(',').map(|piece| {
            let span = at..at + piece.len();
            at = span.end + 1;
            let places = piece.split_once('.').map_or(0, |(_, places)| places.len());
            let value =
                (piece.matches('.').count() < 2).then(|| Number::decimal(piece, -(places as i64)));
            Numeral { span, value }
        });
        pieces.collect()
    }
}

/// Whether the commas group digits: by threes, or in the Indian way by twos before the last three.
fn is_grouped(body: &str) -> bool {
    let (whole, places) = body.split_once('.').unwrap_or((body, ""));
    let groups: Vec<usize> = whole.split(',').map(str::len).collect();
    let [first, middle @ .., 3] = groups.as_slice() else {
        return false;
    };
    let by = |size: usize| (1..=size).contains(first) && middle.iter().all(|&group| group == size);
    !places.contains(',') && (by(3) || by(2))
}

/// The end of the number whose first digits end at `end`, including groups of three digits after
/// spaces, and the decimals.
fn space_groups(text: &str, start: usize, end: usize) -> usize {
    let group = |at: usize| {
        let rest = &text[at..];
        let rest = GROUP_SPACES
            .iter()
            .find_map(|space| rest.strip_prefix(space))?;
        let digits = rest.bytes().take_while(u8::is_ascii_digit).take(4).count();
        let (group, behind) = rest.split_at(digits);
        let alone = !behind.starts_with([':', ',']) && !is_proper(group, behind);
        (digits == 3 && alone).then(|| text.len() - behind.len())
    };
    let mut at = end;
    // A number that begins with a zero has no groups.
    while let Some(next) = group(at).filter(|_| !text[start..].starts_with('0')) {
        at = next;
    }
    let decimals = text[at..].strip_prefix('.').map_or(0, |rest| {
        rest.bytes().take_while(u8::is_ascii_digit).count()
    });
    match (at > end, decimals) {
        (true, 1..) => at + 1 + decimals,
        _ => at,
    }
}

/// Whether three digits and the text after them form a proper fraction, as in `1 100/200` but not in
/// `17 000/5`.
fn is_proper(above: &str, behind: &str) -> bool {
    let Some(behind) = behind.strip_prefix('/') else {
        return false;
    };
    let digits = behind.bytes().take_while(u8::is_ascii_digit).take(10);
    let below: u64 = behind[..digits.count()].parse().unwrap_or(0);
    !above.starts_with('0') && above.parse().is_ok_and(|above: u64| above < below)
}

/// The end of the exponent at `at`, and its value: 0 without an exponent, `None` if it is too long.
fn exponent_at(text: &str, at: usize) -> (usize, Option<i64>) {
    let Some(rest) = text[at..].strip_prefix(['e', 'E']) else {
        return (at, Some(0));
    };
    let unsigned = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let behind = unsigned[digits..].chars().next();
    if digits == 0 || behind.is_some_and(char::is_alphanumeric) {
        return (at, Some(0));
    }
    let end = text.len() - unsigned.len() + digits;
    if digits > MAX_EXPONENT {
        return (end, None);
    }
    let value = unsigned[..digits].parse::<i64>().ok();
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    (end, value.map(|value| sign * value))
}

/// The end and the value of a number together with a fraction that it begins: `3/4`, `1 3/4`.
fn with_fraction(
    text: &str,
    span: &Range<usize>,
    value: Option<Number>,
) -> (usize, Option<Number>) {
    let body = &text[span.clone()];
    let is_whole = body
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b',');
    let digits = |at: usize| {
        let digits = text.get(at..)?.bytes().take_while(u8::is_ascii_digit);
        Some(digits.count()).filter(|&count| count > 0)
    };
    if !is_whole {
        // `1.5/2` is a quotient; the number before it means nothing alone.
        let quotient = text[span.end..].starts_with('/') && digits(span.end + 1).is_some();
        return (span.end, value.filter(|_| !quotient));
    }
    let fraction_at = |at: usize| {
        let above = digits(at)?;
        let below = text[at + above..]
            .starts_with('/')
            .then(|| digits(at + above + 1))??;
        let end = at + above + 1 + below;
        let parts = (&text[at..at + above], &text[at + above + 1..end]);
        Some((end, parts))
    };
    let goes_on = |end: usize| {
        let mut rest = text[end..].chars();
        matches!(rest.next(), Some('/' | '.' | ',' | ':'))
            && rest.next().is_some_and(|c| c.is_ascii_digit())
    };
    if text[span.end..].starts_with('/')
        && let Some(below) = digits(span.end + 1)
    {
        let end = span.end + 1 + below;
        let above: Option<u64> = body.replace(',', "").parse().ok();
        let below = text[span.end + 1..end].parse().ok();
        let ratio = above.zip(below).and_then(|(a, b)| Number::ratio(a, b));
        return (end, ratio.filter(|_| !goes_on(end)));
    }
    if text[span.end..].starts_with(' ')
        && let Some((end, (above, below))) = fraction_at(span.end + 1)
    {
        let mixed = mixed(body, above, below);
        return (end, mixed.filter(|_| !goes_on(end)));
    }
    (span.end, value)
}

/// A whole number followed by a proper fraction.
fn mixed(whole: &str, above: &str, below: &str) -> Option<Number> {
    let part = |text: &str| -> Option<u64> {
        let number = text.replace(',', "").parse().ok()?;
        (number < 10_u64.pow(MAX_DENOMINATOR as u32)).then_some(number)
    };
    let (whole, above, below) = (part(whole)?, part(above)?, part(below)?);
    (above < below)
        .then(|| Number::ratio(whole * below + above, below))
        .flatten()
}

/// Whether a minus sign belongs to the numeral at `start`: `-5`, `-$5`, `$-5`, and `- 5` where
/// nothing but an equals sign stands before it.
fn is_negative(text: &str, start: usize) -> bool {
    let before = text[..start].trim_end_matches(is_currency);
    if let Some(before) = before.strip_suffix(is_minus) {
        let last = before.chars().next_back();
        return !last.is_some_and(|c| c.is_alphanumeric() || is_minus(c) || matches!(c, ')' | '%'));
    }
    match before.trim_end().strip_suffix(is_minus) {
        Some(before) => {
            let before = before.trim_end();
            before.is_empty() || before.ends_with('=')
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<String> {
        let shown = |numeral: Numeral| match numeral.value {
            Some(value) => value.to_string(),
            None => format!("?{}", &text[numeral.span]),
        };
        numerals(text).into_iter().map(shown).collect()
    }

    #[test]
    fn reads_the_ways_of_writing_a_number() {
        for (text, expected) in [
            ("1,234", "1234"),
            ("12,34,567.50", "1234567.5"),
            ("$80 000.", "80000"),
            ("1\u{202f}234\u{202f}567.25", "1234567.25"),
            (".50", "0.5"),
            ("007", "7"),
            ("-0.0", "0"),
            ("1.5e3", "1500"),
            ("2E-3 m", "0.002"),
            ("-$5", "-5"),
            ("$-5", "-5"),
            ("−5%", "-5"),
            ("x = - 5", "-5"),
            ("3/4", "0.75"),
            ("2/6", "1/3"),
            ("-3 1/2", "-3.5"),
            ("1 100/200", "1.5"),
            ("4/2", "2"),
            ("5kg", "5"),
            ("2nd", "2"),
        ] {
            assert_eq!(values(text), [expected], "{text}");
        }
    }

    #[test]
    fn what_cannot_be_compared_is_no_value() {
        for text in [
            "2:30", "1.2.3", "1/0", "3/4/2020", "1.5/2", "1e1000", "½", "1/2.5",
        ] {
            assert!(values(text)[0].starts_with('?'), "{text}");
        }
    }

    #[test]
    fn digits_inside_words_are_no_numerals() {
        assert_eq!(values("CO2 m^2 x_12 a1b22"), [""; 0]);
        assert_eq!(values("day.5 A4-5 x-5"), ["5", "5", "5"]);
    }

    #[test]
    fn commas_that_group_nothing_separate() {
        assert_eq!(values("1,2,3"), ["1", "2", "3"]);
        assert_eq!(values("-3,50 and 1,2345"), ["-3", "50", "1", "2345"]);
        assert_eq!(values("2,000,00"), ["2", "0", "0"]);
        assert_eq!(values("5, 6, 7."), ["5", "6", "7"]);
    }
}
