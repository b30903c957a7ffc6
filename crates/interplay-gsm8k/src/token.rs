//! The tokens of equations in running text.

use std::ops::Range;

use crate::numeral::{Run, is_currency, is_minus};
use crate::ratio::Ratio;

/// A number with this many decimals or more was written by a binary calculator.
pub(crate) const FLOAT_DECIMALS: usize = 10;

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    /// Where it stands, in bytes of the text.
    pub span: Range<usize>,
    pub kind: Kind,
    /// Whether it begins with a letter.
    pub is_letters: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Value(Value),
    /// `+`, `-`, `*` or `/`.
    Operator(u8),
    Open,
    Close,
    Equals,
    /// Anything that ends an expression.
    Word,
    /// The end of a line; a sign after it is unary.
    Break,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Value {
    /// The number without its percent sign; none where it cannot be compared or is too long.
    pub number: Option<Ratio>,
    /// Decimals that are written out.
    pub decimals: usize,
    pub percent: bool,
}

/// What a percent sign does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Percent {
    /// It makes hundredths.
    Hundredth,
    /// It is a unit.
    Unit,
}

impl Value {
    pub fn ratio(self, percent: Percent) -> Option<Ratio> {
        match percent {
            Percent::Hundredth if self.percent => self.number?.over(Ratio::new(100, 1)?),
            _ => self.number,
        }
    }

    /// One in the last decimal.
    pub fn unit(self, percent: Percent) -> Option<Ratio> {
        let places = u32::try_from(self.decimals.min(FLOAT_DECIMALS)).ok()?;
        let unit = Self {
            number: Ratio::new(1, 10_i128.checked_pow(places)?),
            ..self
        };
        unit.ratio(percent)
    }

    pub fn is_whole(self) -> bool {
        self.decimals == 0 && !self.percent
    }
}

/// The tokens of a part of a text.
pub(crate) fn tokens(text: &str, span: Range<usize>) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let end = span.end;
    let text = &text[..end];
    let mut at = span.start;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        at += c.len_utf8();
        let next = text[at..].chars().next();
        let kind = match c {
            '\n' => Kind::Break,
            c if c.is_whitespace() || is_currency(c) => continue,
            '.' | '0'..='9' if c != '.' || next.is_some_and(|c| c.is_ascii_digit()) => {
                let (value_end, value) = value_at(text, start);
                at = value_end;
                Kind::Value(value)
            }
            '*' if next == Some('*') => {
                at += text[at..].len() - text[at..].trim_start_matches('*').len();
                Kind::Word
            }
            '*' | '×' | '·' => Kind::Operator(b'*'),
            'x' | 'X' if is_times(&text[..start], &text[at..]) => Kind::Operator(b'*'),
            '/' | '÷' => Kind::Operator(b'/'),
            '+' => Kind::Operator(b'+'),
            c if is_minus(c) || c == '–' => Kind::Operator(b'-'),
            '(' | '[' => Kind::Open,
            ')' | ']' => Kind::Close,
            '=' if next != Some('=') => Kind::Equals,
            '=' => {
                at += text[at..].len() - text[at..].trim_start_matches('=').len();
                Kind::Word
            }
            // An equals sign after one of these is part of a comparison.
            '<' | '>' | '!' | ':' | '~' => {
                at += text[at..].len() - text[at..].trim_start_matches('=').len();
                Kind::Word
            }
            c if c.is_alphanumeric() || c == '_' => {
                let word = |c: char| c.is_alphanumeric() || c == '_';
                at += text[at..].len() - text[at..].trim_start_matches(word).len();
                Kind::Word
            }
            _ => Kind::Word,
        };
        tokens.push(Token {
            span: start..at,
            kind,
            is_letters: c.is_alphabetic(),
        });
    }
    tokens
}

fn value_at(text: &str, start: usize) -> (usize, Value) {
    let run = Run::at(text, start);
    let number = run.number(text, start);
    let percent = text[run.end..].starts_with('%');
    let ratio = number.as_ref().and_then(|(number, _)| number.to_ratio());
    let value = Value {
        number: ratio.and_then(|(numerator, denominator)| Ratio::new(numerator, denominator)),
        decimals: number.map_or(0, |(_, decimals)| decimals),
        percent,
    };
    (run.end + usize::from(percent), value)
}

/// Whether the letter x between `before` and `after` multiplies.
fn is_times(before: &str, after: &str) -> bool {
    let next = after.trim_start_matches([' ', '$']).chars().next();
    !before.ends_with(|c: char| c.is_alphabetic() || c == '_')
        && next.is_some_and(|c| c.is_ascii_digit() || matches!(c, '.' | '('))
}
