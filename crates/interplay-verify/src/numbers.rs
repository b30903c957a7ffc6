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

/// How many nodes a form may have whose parts are worked out one after the other.
const MAX_REDUCED: usize = 256;

/// Whether `to` is `from` with some of its parts replaced by their values, up to the order of the
/// two sides of a sum or product.
///
/// Takes time quadratic in the forms, whose size is bounded: a longer form than any definition
/// needs is no reduction.
pub(crate) fn reduces(from: &[Node], to: &[Node]) -> bool {
    if from.len() > MAX_REDUCED || to.len() > MAX_REDUCED {
        return false;
    }
    match (Worked::of(from), Worked::of(to)) {
        (Some(from), Some(to)) => {
            let (first, second) = (from.nodes.len() - 1, to.nodes.len() - 1);
            from.becomes(first, &to, second)
        }
        _ => false,
    }
}

/// An expression over numbers, with the value of each of its parts.
struct Worked {
    nodes: Vec<(Node, i64)>,
    /// The two operands of an operator.
    sides: Vec<(usize, usize)>,
}

impl Worked {
    fn of(nodes: &[Node]) -> Option<Self> {
        let mut worked = Self {
            nodes: Vec::with_capacity(nodes.len()),
            sides: Vec::with_capacity(nodes.len()),
        };
        let mut stack = Vec::new();
        for (place, node) in nodes.iter().enumerate() {
            let (value, sides) = match *node {
                Node::Number(value) => (value, (place, place)),
                Node::Symbol(_) => return None,
                Node::Add | Node::Subtract | Node::Multiply => {
                    let (right, left): (usize, usize) = (stack.pop()?, stack.pop()?);
                    let (one, two) = (worked.nodes[left].1, worked.nodes[right].1);
                    let value = match node {
                        Node::Add => one.checked_add(two)?,
                        Node::Subtract => one.checked_sub(two)?,
                        _ => one.checked_mul(two)?,
                    };
                    (value, (left, right))
                }
            };
            worked.nodes.push((*node, value));
            worked.sides.push(sides);
            stack.push(place);
        }
        (stack.len() == 1).then_some(worked)
    }

    /// Whether the part of `self` at `from` is the part of `to` at `at`, or more of it.
    ///
    /// No pair of parts is looked at twice, because each is reached through one pair of wholes.
    fn becomes(&self, from: usize, to: &Self, at: usize) -> bool {
        let ((before, one), (after, two)) = (self.nodes[from], to.nodes[at]);
        if one != two {
            return false;
        }
        if matches!(after, Node::Number(_)) {
            return true;
        }
        let ((a, b), (c, d)) = (self.sides[from], to.sides[at]);
        before == after
            && ((self.becomes(a, to, c) && self.becomes(b, to, d))
                || (after != Node::Subtract && self.becomes(a, to, d) && self.becomes(b, to, c)))
    }
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
    fn a_further_form_works_out_parts_of_the_one_before() {
        let reduced = |from: &str, to: &str| {
            let text = format!("z = {from} = {to}.");
            let reading = Reading::of(&text, &Frame::of(&text));
            let Item::Step(step) = reading.items[0] else {
                panic!("a step")
            };
            let parts = reading.parts(&reading.clauses(&step)[0]);
            reduces(reading.nodes(&parts[1]), reading.nodes(&parts[2]))
        };
        assert!(reduced("2 * (5 - 3)", "2 * 2"));
        assert!(!reduced("2 * (5 - 3)", "(3 - 5) * 2"));
        assert!(reduced("2 * (5 - 3)", "(5 - 3) * 2"));
        assert!(reduced("2 * (5 - 3)", "4"));
        assert!(reduced("(2 + 3) * (4 - 1)", "3 * 5"));
        assert!(reduced("2 + 3 + 4", "4 + 5"));
        assert!(!reduced("2 * (5 - 3)", "2 + 2"));
        assert!(!reduced("2 * (5 - 3)", "999 - 995"));
        assert!(!reduced("2 * (5 - 3)", "7 - 3"));
        assert!(!reduced("8 - (4 - 1)", "3 - 8"));
        assert!(!reduced("2 + 3 + 4", "6 + 3"));
        let long = vec!["0"; 10_000].join(" + ");
        assert!(!reduced(&long, "0"));
    }

    #[test]
    fn overflow_has_no_value() {
        let nodes = [Node::Number(i64::MAX), Node::Number(1), Node::Add];
        assert_eq!(evaluate(&mut Vec::new(), &nodes, |_| None), None);
    }
}
