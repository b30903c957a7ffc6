//! One sentence of the prose dialect.
//!
//! `The QUANTITY equals EXPRESSION`, `The QUANTITY exists, and its number is greater than 0` and
//! `The QUANTITY is greater than 0`, where a quantity is `number of ITEM in PLACE`,
//! `total ... in PLACE` or `average ... per ITEM in PLACE`, and an expression is a number or
//! `[k plus | k times] [the sum of | the difference between] the QUANTITY, ... and the QUANTITY`.

use super::names::{is_average, is_total};
use super::said::Said;
use crate::{Core, Definition, Outer};

const EXPECTED_BODY: &str = "a number, or an optional `k plus` or `k times` followed by `the \
                             QUANTITY`, `the sum of ...` or `the difference between ...`";

/// The name of the quantity and its statement; appends to `operands`.
pub(super) fn sentence<'t>(
    text: &'t str,
    operands: &mut Vec<&'t str>,
) -> Result<(&'t str, Said), &'static str> {
    let text = text.strip_prefix("The ").ok_or("`The QUANTITY ...`")?;
    let unknown = text
        .strip_suffix(" exists, and its number is greater than 0")
        .or_else(|| text.strip_suffix(" is greater than 0"));
    let (subject, body) = match (unknown, text.split_once(" equals ")) {
        (_, Some((subject, body))) => (subject, Some(body)),
        (Some(subject), None) => (subject, None),
        (None, None) => return Err("`equals ...` or `is greater than 0` after the quantity"),
    };
    let name = quantity(subject).ok_or(
        "a quantity that begins with `number of`, `total` or `average` after the first `The`",
    )?;
    let said = match body {
        None => Said::Unknown,
        Some(body) => expression(body.trim(), operands).ok_or(EXPECTED_BODY)?,
    };
    Ok((name, said))
}

/// The name in a phrase: `number of` belongs to the sentence, not to the name.
pub(super) fn quantity(phrase: &str) -> Option<&str> {
    let phrase = phrase.trim();
    let name = phrase.strip_prefix("number of ").unwrap_or(phrase);
    let named = name.len() < phrase.len() || begins_a_name(phrase);
    (named && !name.is_empty()).then_some(name)
}

fn begins_a_name(phrase: &str) -> bool {
    is_total(phrase) || is_average(phrase) || phrase.starts_with("number of ")
}

fn expression<'t>(body: &'t str, operands: &mut Vec<&'t str>) -> Option<Said> {
    let from = operands.len();
    if let Ok(value) = body.parse() {
        return Some(Said::Defined(Definition::constant(value), from..from));
    }
    let (outer, body) = outer(body)?;
    let (core, list) = if let Some(list) = body.strip_prefix("the sum of ") {
        (Core::Sum, list)
    } else if let Some(list) = body.strip_prefix("the difference between ") {
        (Core::Difference, list)
    } else {
        (Core::Sum, body)
    };
    list_of(list, operands)?;
    let count = operands.len() - from;
    let fits = match core {
        Core::Difference => count == 2,
        _ => (list.len() < body.len()) == (count > 1),
    };
    let definition = Definition { core, outer };
    fits.then_some(Said::Defined(definition, from..operands.len()))
}

/// The `k plus` or `k times` in front, and the rest.
fn outer(body: &str) -> Option<(Option<Outer>, &str)> {
    let (first, rest) = body.split_once(' ')?;
    if first == "the" {
        return Some((None, body));
    }
    let k = first.parse().ok()?;
    if let Some(rest) = rest.strip_prefix("plus ") {
        Some((Some(Outer::Plus(k)), rest))
    } else {
        let rest = rest.strip_prefix("times ")?;
        Some((Some(Outer::Times(k)), rest))
    }
}

/// `the A`, `the A and the B`, `the A, the B, and the C`: a separator is a comma or an `and` that
/// stands before a phrase which begins a name, so that names may hold commas and `and`.
fn list_of<'t>(list: &'t str, operands: &mut Vec<&'t str>) -> Option<()> {
    let mut rest = list.strip_prefix("the ")?;
    let mut at = 0;
    while let Some(found) = rest[at..].find(" the ") {
        let position = at + found;
        let next = &rest[position + " the ".len()..];
        let before = &rest[..position];
        let ended = before
            .strip_suffix(", and")
            .or_else(|| before.strip_suffix(" and"))
            .or_else(|| before.strip_suffix(','));
        match ended {
            Some(phrase) if begins_a_name(next) => {
                operands.push(quantity(phrase)?);
                rest = next;
                at = 0;
            }
            // The blank at the end may begin the next " the ".
            _ => at = position + " the".len(),
        }
    }
    operands.push(quantity(rest)?);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(&str, Said, Vec<&str>), &'static str> {
        let mut operands = Vec::new();
        let (name, said) = sentence(text, &mut operands)?;
        Ok((name, said, operands))
    }

    fn defined(definition: Definition, operands: usize) -> Said {
        Said::Defined(definition, 0..operands)
    }

    #[test]
    fn every_form_of_the_published_data_is_read() {
        let cases: [(&str, &str, Definition, &[&str]); 8] = [
            (
                "The number of A in P equals 3",
                "A in P",
                Definition::constant(3),
                &[],
            ),
            (
                "The number of A in P equals the number of B in Q",
                "A in P",
                Definition::sum(),
                &["B in Q"],
            ),
            (
                "The average number of u per A in P equals 4 times the total number of xs in Q",
                "average number of u per A in P",
                Definition::sum().times(4),
                &["total number of xs in Q"],
            ),
            (
                "The number of A in P equals 2 plus the average number of u per B in Q",
                "A in P",
                Definition::sum().plus(2),
                &["average number of u per B in Q"],
            ),
            (
                "The number of A in P equals the sum of the number of B in Q and the number of C in R",
                "A in P",
                Definition::sum(),
                &["B in Q", "C in R"],
            ),
            (
                "The number of A in P equals 3 times the sum of the number of B in Q, the total \
                 number of xs in P, and the number of C, or the like in R",
                "A in P",
                Definition::sum().times(3),
                &["B in Q", "total number of xs in P", "C, or the like in R"],
            ),
            (
                "The number of A in P equals the difference between the number of B in Q and the \
                 number of B in Q",
                "A in P",
                Definition::difference(),
                &["B in Q", "B in Q"],
            ),
            (
                "The total number of xs in P equals 61",
                "total number of xs in P",
                Definition::constant(61),
                &[],
            ),
        ];
        for (text, name, definition, operands) in cases {
            let expected = (name, defined(definition, operands.len()), operands.to_vec());
            assert_eq!(read(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn both_forms_of_an_unknown_are_read() {
        for text in [
            "The number of A in P exists, and its number is greater than 0",
            "The average number of u per A in P is greater than 0",
        ] {
            assert_eq!(read(text).unwrap().1, Said::Unknown);
        }
    }

    #[test]
    fn other_sentences_are_refused() {
        for text in [
            "The end",
            "The fox equals 3",
            "The number of  equals",
            "The number of A in P equals ",
            "The number of A in P equals 3 plus 4",
            "The number of A in P equals 99999999999999999999",
            "The number of A in P equals the sum of the number of B in Q",
            "The number of A in P equals the number of B in Q and the number of C in Q",
            "The number of A in P equals the difference between the number of B in Q",
            "The number of A in P equals 3 minus the number of B in Q",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
