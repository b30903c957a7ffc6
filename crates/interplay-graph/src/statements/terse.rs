//! One statement of the terse dialect.
//!
//! `elk = 3`, `elk = fox`, `elk = fox + 2`, `elk = 2 * fox`, `elk = fox + owl`, `elk = fox - owl +
//! 2`, `elk = 2 * (fox + owl)`, `elk = fox * owl + bee * ant`, and `elk > 0` for an unknown.
//! Deviations: operators may have any white space around them, and names may have several words.

use super::said::Said;
use crate::{Core, Definition, Outer};

const EXPECTED: &str = "`name = expression` or `name > 0`, where an expression is a number or \
                        names joined by ` + `, one ` - ` or products, with at most one `k *` \
                        before or `+ k` behind it";

/// The name of the quantity and its statement; appends to `operands`.
pub(super) fn sentence<'t>(
    text: &'t str,
    operands: &mut Vec<&'t str>,
) -> Result<(&'t str, Said), &'static str> {
    if let Some((subject, zero)) = text.split_once('>') {
        let subject = name(subject).ok_or(EXPECTED)?;
        return match zero.trim() {
            "0" => Ok((subject, Said::Unknown)),
            _ => Err(EXPECTED),
        };
    }
    let (subject, body) = text.split_once('=').ok_or(EXPECTED)?;
    let subject = name(subject).ok_or(EXPECTED)?;
    let from = operands.len();
    let definition = expression(body.trim(), operands).ok_or(EXPECTED)?;
    Ok((subject, Said::Defined(definition, from..operands.len())))
}

/// A name: words without operators that do not begin with a digit.
pub(super) fn name(text: &str) -> Option<&str> {
    let text = text.trim();
    let first = text.chars().next()?;
    let fits = !first.is_ascii_digit() && first != '-';
    let plain = |c: char| !"=<>+*()?".contains(c);
    (fits && text.chars().all(plain)).then_some(text)
}

fn expression<'t>(body: &'t str, operands: &mut Vec<&'t str>) -> Option<Definition> {
    if let Ok(value) = body.parse() {
        return Some(Definition::constant(value));
    }
    if let Some((k, inner)) = body.split_once('*')
        && let Ok(k) = k.trim().parse()
    {
        let inner = inner.trim();
        let bracketed = inner
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'));
        let from = operands.len();
        let core = core(bracketed.unwrap_or(inner), operands)?;
        let single = operands.len() == from + 1;
        let outer = Some(Outer::Times(k));
        return (bracketed.is_some() || single).then_some(Definition { core, outer });
    }
    let (inner, outer) = match body.rsplit_once('+') {
        Some((inner, last)) => match last.trim().parse() {
            Ok(k) => (inner, Some(Outer::Plus(k))),
            Err(_) => (body, None),
        },
        None => (body, None),
    };
    let core = core(inner, operands)?;
    Some(Definition { core, outer })
}

/// `a + b + c`, `a - b` or `a * b + c * d`.
fn core<'t>(text: &'t str, operands: &mut Vec<&'t str>) -> Option<Core> {
    if text.contains('*') {
        for pair in text.split('+') {
            let (left, right) = pair.split_once('*')?;
            operands.extend([name(left)?, name(right)?]);
        }
        return Some(Core::Products);
    }
    if let Some((left, right)) = text.split_once(" - ") {
        operands.extend([difference_operand(left)?, difference_operand(right)?]);
        return Some(Core::Difference);
    }
    for operand in text.split('+') {
        operands.push(name(operand)?);
    }
    Some(Core::Sum)
}

/// A name without a second minus.
fn difference_operand(text: &str) -> Option<&str> {
    name(text).filter(|name| !name.contains(" - "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(&str, Said, Vec<&str>)> {
        let mut operands = Vec::new();
        let (name, said) = sentence(text, &mut operands).ok()?;
        Some((name, said, operands))
    }

    #[test]
    fn every_form_is_read() {
        let cases: [(&str, Definition, &[&str]); 11] = [
            ("elk = 3", Definition::constant(3), &[]),
            ("elk = fox", Definition::sum(), &["fox"]),
            ("elk = fox + 2", Definition::sum().plus(2), &["fox"]),
            ("elk = 2 * fox", Definition::sum().times(2), &["fox"]),
            ("elk = fox+owl", Definition::sum(), &["fox", "owl"]),
            (
                "elk = fox + owl + 4",
                Definition::sum().plus(4),
                &["fox", "owl"],
            ),
            (
                "elk = sci-fi - red owl",
                Definition::difference(),
                &["sci-fi", "red owl"],
            ),
            (
                "elk = fox - owl + 2",
                Definition::difference().plus(2),
                &["fox", "owl"],
            ),
            (
                "elk = 2 * (fox + owl)",
                Definition::sum().times(2),
                &["fox", "owl"],
            ),
            (
                "elk = 3 * (fox - owl)",
                Definition::difference().times(3),
                &["fox", "owl"],
            ),
            (
                "elk = fox * owl + bee * ant",
                Definition::products(),
                &["fox", "owl", "bee", "ant"],
            ),
        ];
        for (text, definition, operands) in cases {
            let said = Said::Defined(definition, 0..operands.len());
            assert_eq!(read(text), Some(("elk", said, operands.to_vec())), "{text}");
        }
        assert_eq!(read("elk > 0").unwrap().1, Said::Unknown);
    }

    #[test]
    fn other_statements_are_refused() {
        for text in [
            "elk",
            "elk =",
            "= 3",
            "3 = elk",
            "elk > 1",
            "elk = fox +",
            "elk = 2 * 3",
            "elk = 2 * fox + owl",
            "elk = fox - owl - bee",
            "elk = (fox + owl)",
            "elk = fox = 3",
            "elk = 2 * (fox + owl",
            "elk = fox * owl * bee",
            "elk = 1 + 2",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
