//! Values of expressions, and whether a numeric form mirrors a symbolic one.
//!
//! In a reverse problem a numeric form may contain the unknown: the value of a symbol is then a
//! linear expression, which is substituted in its usual form (`2*x + 3`).

use interplay_graph::Linear;

use crate::reading::{Node, Span};
use crate::values;

/// The value of a postfix expression, or none if a symbol has none, it overflows 64 bits, it is not
/// linear in the unknown, or a division leaves a remainder.
pub(crate) fn evaluate(
    stack: &mut Vec<Linear>,
    nodes: &[Node],
    value: impl Fn(Span) -> Option<Linear>,
) -> Option<Linear> {
    stack.clear();
    for node in nodes {
        let result = match *node {
            Node::Number(number) => Linear::number(number),
            Node::Symbol(span) => value(span)?,
            Node::Unknown => Linear::UNKNOWN,
            operator => {
                let right = stack.pop()?;
                let left = stack.pop()?;
                values::apply(operator, left, right)?
            }
        };
        stack.push(result);
    }
    stack.pop()
}

/// Whether `numeric` is `symbolic` with every symbol replaced by its value, up to the order and
/// grouping of operands. Every symbol of `numeric` is the unknown.
pub(crate) fn mirrors(
    symbolic: &[Node],
    numeric: &[Node],
    value: impl Fn(Span) -> Option<Linear>,
) -> bool {
    let plain = |node: &Node| match *node {
        Node::Symbol(span) => value(span).and_then(Linear::as_number).map(Node::Number),
        other => Some(other),
    };
    let same = symbolic.len() == numeric.len()
        && symbolic
            .iter()
            .zip(numeric)
            .all(|(left, right)| plain(left) == Some(*right));
    if same {
        return true;
    }
    let mut put_in = Vec::with_capacity(symbolic.len() + 8);
    for node in symbolic {
        match *node {
            Node::Symbol(span) => match value(span) {
                Some(value) => values::write(value, &mut put_in),
                None => return false,
            },
            other => put_in.push(other),
        }
    }
    // The shortest check first: as many operands as there should be.
    put_in.len() == numeric.len()
        && arranged(&put_in).is_some_and(|put_in| Some(put_in) == arranged(numeric))
}

/// The most nodes of a form whose parts are evaluated step by step.
const MAX_REDUCED: usize = 256;

/// Whether `to` is `from` with some of its parts replaced by their values, up to the order of the
/// two sides of a sum or product.
///
/// Takes time quadratic in the forms, whose size is bounded: a form longer than any definition
/// needs is not a reduction.
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

/// One node of an expression over numbers and the unknown.
struct Part {
    node: Node,
    /// The value of the part that ends here.
    value: Linear,
    /// The two operands of an operator.
    sides: (usize, usize),
    /// Whether the part is a value with nothing left to evaluate.
    stated: bool,
}

/// An expression over numbers and the unknown, with the value of each of its parts.
struct Worked {
    nodes: Vec<Part>,
}

impl Worked {
    fn of(nodes: &[Node]) -> Option<Self> {
        let mut worked = Vec::with_capacity(nodes.len());
        let mut stack = Vec::new();
        for (index, node) in nodes.iter().enumerate() {
            let (value, sides, start) = match *node {
                Node::Number(value) => (Linear::number(value), (index, index), index),
                Node::Symbol(_) | Node::Unknown => (Linear::UNKNOWN, (index, index), index),
                operator => {
                    let (right, _): (usize, usize) = stack.pop()?;
                    let (left, start): (usize, usize) = stack.pop()?;
                    let of = |side: usize| -> Linear {
                        let part: &Part = &worked[side];
                        part.value
                    };
                    let value = values::apply(operator, of(left), of(right))?;
                    (value, (left, right), start)
                }
            };
            // A value has at most five nodes.
            let stated = index - start < 5 && values::stated(&nodes[start..=index]).is_some();
            worked.push(Part {
                node: *node,
                value,
                sides,
                stated,
            });
            stack.push((index, start));
        }
        (stack.len() == 1).then_some(Self { nodes: worked })
    }

    /// Whether the part of `self` at `from` equals or evaluates to the part of `to` at `at`.
    ///
    /// No pair of parts is compared twice, because each is reached through one pair of wholes.
    fn becomes(&self, from: usize, to: &Self, at: usize) -> bool {
        let (before, after) = (&self.nodes[from], &to.nodes[at]);
        if before.value != after.value {
            return false;
        }
        if after.stated {
            return true;
        }
        let ((a, b), (c, d)) = (before.sides, after.sides);
        before.node == after.node
            && before.node.is_operator()
            && ((self.becomes(a, to, c) && self.becomes(b, to, d))
                || (matches!(after.node, Node::Add | Node::Multiply)
                    && self.becomes(a, to, d)
                    && self.becomes(b, to, c)))
    }
}

/// An expression over numbers and the unknown, flattened, and sorted wherever order is irrelevant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Arranged {
    Unknown,
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
            Node::Symbol(_) | Node::Unknown => Arranged::Unknown,
            Node::Divide => return None,
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

/// In a sum with the unknown a sign belongs to its term: `2 - 3*x` is `-3*x + 2`.
fn signed((minus, term): (bool, Arranged)) -> (bool, Arranged) {
    let by_unknown = |factor| Arranged::Product(vec![Arranged::Unknown, Arranged::Number(factor)]);
    let opposite = match (&term, minus) {
        (Arranged::Number(number), true) => number.checked_neg().map(Arranged::Number),
        (Arranged::Unknown, true) => Some(by_unknown(-1)),
        (Arranged::Product(factors), true) => match factors[..] {
            [Arranged::Number(factor), Arranged::Unknown]
            | [Arranged::Unknown, Arranged::Number(factor)] => factor.checked_neg().map(by_unknown),
            _ => None,
        },
        _ => None,
    };
    opposite.map_or((minus, term), |opposite| (false, opposite))
}

fn has_unknown(term: &Arranged) -> bool {
    match term {
        Arranged::Unknown => true,
        Arranged::Product(factors) => factors.contains(&Arranged::Unknown),
        Arranged::Number(_) | Arranged::Sum(_) => false,
    }
}

fn sorted(of: Arranged) -> Arranged {
    match of {
        Arranged::Number(_) | Arranged::Unknown => of,
        Arranged::Sum(terms) => {
            let unknown = terms.iter().any(|(_, term)| has_unknown(term));
            let terms = terms.into_iter().map(|term| match unknown {
                true => signed(term),
                false => term,
            });
            let mut terms: Vec<_> = terms.map(|(sign, term)| (sign, sorted(term))).collect();
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
                .map(|(_, value)| Linear::number(*value))
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
    fn a_further_form_evaluates_parts_of_the_one_before() {
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
