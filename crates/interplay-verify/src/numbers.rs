//! Values of expressions, and whether a numeric form mirrors a symbolic one.

use crate::reading::{Node, Span};

/// The value of a postfix expression; none where a symbol has none or 64 bits do not hold it.
pub(crate) fn evaluate(
    stack: &mut Vec<i64>,
    nodes: &[Node],
    value: impl Fn(Span) -> Option<i64>,
) -> Option<i64> {
    stack.clear();
    for node in nodes {
        let result = match *node {
            Node::Number(number) => number,
            Node::Symbol(span) => value(span)?,
            Node::Add | Node::Subtract | Node::Multiply => {
                let right = stack.pop()?;
                let left = stack.pop()?;
                match node {
                    Node::Add => left.checked_add(right)?,
                    Node::Subtract => left.checked_sub(right)?,
                    _ => left.checked_mul(right)?,
                }
            }
        };
        stack.push(result);
    }
    stack.pop()
}

/// Whether `numeric` is `symbolic` with every symbol replaced by its value, up to the order and
/// grouping of operands.
pub(crate) fn mirrors(
    symbolic: &[Node],
    numeric: &[Node],
    value: impl Fn(Span) -> Option<i64>,
) -> bool {
    if symbolic.len() != numeric.len() {
        return false;
    }
    let substitute = |node: &Node| match *node {
        Node::Symbol(span) => value(span).map(Node::Number),
        other => Some(other),
    };
    let same = symbolic
        .iter()
        .zip(numeric)
        .all(|(left, right)| substitute(left) == Some(*right));
    if same {
        return true;
    }
    let left: Option<Vec<Node>> = symbolic.iter().map(substitute).collect();
    left.is_some_and(|left| arranged(&left) == arranged(numeric))
}

/// An expression over numbers, flattened and sorted where order does not matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Arranged {
    Number(i64),
    /// Summands; `true` marks one that is subtracted.
    Sum(Vec<(bool, Arranged)>),
    Product(Vec<Arranged>),
}

fn arranged(nodes: &[Node]) -> Option<Arranged> {
    let mut stack = Vec::new();
    for node in nodes {
        let next = match node {
            Node::Number(value) => Arranged::Number(*value),
            Node::Symbol(_) => return None,
            Node::Add | Node::Subtract => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                let mut terms = summands(left);
                let minus = *node == Node::Subtract;
                terms.extend(
                    summands(right)
                        .into_iter()
                        .map(|(sign, term)| (sign ^ minus, term)),
                );
                Arranged::Sum(terms)
            }
            Node::Multiply => {
                let (right, left) = (stack.pop()?, stack.pop()?);
                let mut factors = factors(left);
                factors.extend(self::factors(right));
                Arranged::Product(factors)
            }
        };
        stack.push(next);
    }
    stack.pop().map(sorted)
}

fn summands(of: Arranged) -> Vec<(bool, Arranged)> {
    match of {
        Arranged::Sum(terms) => terms,
        other => vec![(false, other)],
    }
}

fn factors(of: Arranged) -> Vec<Arranged> {
    match of {
        Arranged::Product(factors) => factors,
        other => vec![other],
    }
}

fn sorted(of: Arranged) -> Arranged {
    match of {
        Arranged::Number(value) => Arranged::Number(value),
        Arranged::Sum(terms) => {
            let mut terms: Vec<_> = terms
                .into_iter()
                .map(|(sign, term)| (sign, sorted(term)))
                .collect();
            terms.sort_unstable();
            Arranged::Sum(terms)
        }
        Arranged::Product(factors) => {
            let mut factors: Vec<_> = factors.into_iter().map(sorted).collect();
            factors.sort_unstable();
            Arranged::Product(factors)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::reading::{Item, Reading};

    fn mirror(symbolic: &str, numeric: &str, values: &[(&str, i64)]) -> bool {
        let text = format!("z = {symbolic} = {numeric}.");
        let reading = Reading::of(&text, &Frame::of(&text));
        let Item::Step(step) = reading.items[0] else {
            panic!("a step")
        };
        let parts = reading.parts(&reading.clauses(&step)[0]);
        mirrors(reading.nodes(&parts[1]), reading.nodes(&parts[2]), |span| {
            values
                .iter()
                .find(|(name, _)| *name == span.of(&text))
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn order_is_free_and_operators_are_not() {
        let values = [("a", 3), ("b", 4), ("c", 2)];
        assert!(mirror("a + b", "3 + 4", &values));
        assert!(mirror("a + b", "4 + 3", &values));
        assert!(mirror("2 * (a + b)", "(4 + 3) * 2", &values));
        assert!(mirror("a + b - c", "3 - 2 + 4", &values));
        assert!(!mirror("a + b", "3 * 4", &values));
        assert!(!mirror("a + b", "5 + 2", &values));
        assert!(!mirror("a - b", "4 - 3", &values));
        assert!(!mirror("c * c", "2 + 2", &values));
        assert!(!mirror("a + b + c", "7 + 2", &values));
    }

    #[test]
    fn overflow_has_no_value() {
        let nodes = [Node::Number(i64::MAX), Node::Number(1), Node::Add];
        assert_eq!(evaluate(&mut Vec::new(), &nodes, |_| None), None);
    }
}
