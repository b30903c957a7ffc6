//! The one number that a short text states.
//!
//! The rules are documented at [`read_answer`](crate::read_answer).

use std::str::FromStr;

use crate::Number;
use crate::numeral::{Numeral, is_currency, is_minus, numerals};

/// A text that does not state one number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` does not state one number; expected a number such as 18, -2.5, $1,250 or 3/4")]
pub struct NotANumber {
    /// What was read.
    pub found: String,
}

/// Reads a text that states one number, with words and units around it; see
/// [`read_answer`](crate::read_answer) for the rule.
impl FromStr for Number {
    type Err = NotANumber;

    fn from_str(text: &str) -> Result<Self, NotANumber> {
        stated_number(text).ok_or_else(|| NotANumber {
            found: text.to_owned(),
        })
    }
}

/// The one number that a statement states.
pub(crate) fn stated_number(statement: &str) -> Option<Number> {
    let text = statement.rsplit('=').next().unwrap_or(statement);
    let mut numerals = numerals(text).into_iter();
    let clear = |numeral: Numeral| match is_operand(text, &numeral) {
        true => None,
        false => numeral.value,
    };
    let first = clear(numerals.next()?)?;
    let agree = numerals.all(|numeral| clear(numeral).as_ref() == Some(&first));
    agree.then_some(first)
}

/// Whether a numeral is part of a sum, a product or a range that is not worked out.
pub(crate) fn is_operand(text: &str, numeral: &Numeral) -> bool {
    let (before, after) = (&text[..numeral.span.start], &text[numeral.span.end..]);
    operator_before(before) || operator_after(after)
}

fn operator_after(after: &str) -> bool {
    let mut rest = after.trim_start_matches(['%', ')', ' ']).chars();
    let operator = rest.next();
    let next = || rest.as_str().trim_start().chars().next();
    let number_next = || next().is_some_and(|c| c.is_numeric() || is_currency(c) || c == '(');
    match operator {
        Some('+' | '×' | '÷' | '·' | '^') => true,
        // Two asterisks are markup.
        Some('*') => !rest.as_str().starts_with('*') && next().is_some_and(is_operand_start),
        Some('/' | 'x' | 'X') => number_next(),
        Some(c) if is_minus(c) => number_next(),
        _ => false,
    }
}

fn is_operand_start(c: char) -> bool {
    c.is_alphanumeric() || is_currency(c) || c == '('
}

fn operator_before(before: &str) -> bool {
    let unsigned = before.trim_end_matches(is_currency);
    // `total - 5` has a dash, `total-5` a minus.
    let attached = |c: char| c.is_alphanumeric() || matches!(c, ')' | '%');
    if let Some(rest) = unsigned.strip_suffix(is_minus) {
        let close = rest.chars().next_back().is_some_and(attached);
        let number = rest.trim_end().chars().next_back();
        return close || number.is_some_and(char::is_numeric);
    }
    let trimmed = unsigned.trim_end_matches(['(', ' ']);
    let Some(operator) = trimmed.chars().next_back() else {
        return false;
    };
    let rest = trimmed[..trimmed.len() - operator.len_utf8()].trim_end();
    let operand = rest.chars().next_back().is_some_and(attached);
    match operator {
        '+' | '×' | '÷' | '·' | '^' | '/' => operand,
        '*' => operand && !rest.ends_with('*'),
        c if is_minus(c) => rest.chars().next_back().is_some_and(char::is_numeric),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Option<String> {
        stated_number(text).map(|number| number.to_string())
    }

    #[test]
    fn words_and_signs_around_a_number_are_passed_over() {
        for text in [
            "18",
            "18.",
            " 18.00 ",
            "$18",
            "18 dollars",
            "18%",
            "**18**",
            "x = 18",
            "= $18",
            "+18",
            "9*2 = 18",
            "<<9*2=18>>18",
            "18 eggs/day",
            "18 (18.0)",
            "18-hour",
            "€18,-",
            "\\$18",
            "total: 18!",
            "1.8e1",
            "36/2",
            "18 million",
            "total - 18",
        ] {
            assert_eq!(number(text).as_deref(), Some("18"), "{text}");
        }
        assert_eq!(number("- 18").as_deref(), Some("-18"));
        assert_eq!(number("-$1,018.50").as_deref(), Some("-1018.5"));
    }

    #[test]
    fn what_is_not_worked_out_is_no_answer() {
        for text in [
            "10+John's age",
            "5+5",
            "5 + 5",
            "5 * 5",
            "5 x 5",
            "5 - 5",
            "5-5",
            "x+5",
            "x-5",
            "5*x",
            "5^2",
            "5 / 5",
            "18 = x",
            "",
            "none",
        ] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
