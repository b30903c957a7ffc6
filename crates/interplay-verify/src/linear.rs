//! Values that may depend on the unknown of a reverse problem: `c*x + k`.
//!
//! In a forward problem every value is a plain number, which is the case `c = 0`.

use std::fmt;

use crate::reading::Node;

/// `factor * x + constant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Linear {
    pub factor: i64,
    pub constant: i64,
}

impl Linear {
    /// The unknown itself.
    pub(crate) const UNKNOWN: Self = Self {
        factor: 1,
        constant: 0,
    };

    pub(crate) const fn number(constant: i64) -> Self {
        Self {
            factor: 0,
            constant,
        }
    }

    /// The plain number that this is, where the unknown has no part in it.
    pub(crate) fn as_number(self) -> Option<i64> {
        (self.factor == 0).then_some(self.constant)
    }

    pub(crate) fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            factor: self.factor.checked_add(other.factor)?,
            constant: self.constant.checked_add(other.constant)?,
        })
    }

    pub(crate) fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            factor: self.factor.checked_sub(other.factor)?,
            constant: self.constant.checked_sub(other.constant)?,
        })
    }

    /// The product; none where it is not linear any more or leaves 64 bits.
    pub(crate) fn checked_mul(self, other: Self) -> Option<Self> {
        let (line, by) = match (self.as_number(), other.as_number()) {
            (_, Some(by)) => (self, by),
            (Some(by), None) => (other, by),
            (None, None) => return None,
        };
        Some(Self {
            factor: line.factor.checked_mul(by)?,
            constant: line.constant.checked_mul(by)?,
        })
    }

    /// One operation; a division only where it leaves no remainder.
    pub(crate) fn apply(operator: Node, left: Self, right: Self) -> Option<Self> {
        match operator {
            Node::Add => left.checked_add(right),
            Node::Subtract => left.checked_sub(right),
            Node::Multiply => left.checked_mul(right),
            Node::Divide => {
                let (left, right) = (left.as_number()?, right.as_number()?);
                (left.checked_rem(right)? == 0).then(|| Self::number(left / right))
            }
            Node::Number(_) | Node::Symbol(_) | Node::Unknown => None,
        }
    }

    /// The `x` at which this is `value`, where that is one whole number.
    pub(crate) fn solve(self, value: i64) -> Option<i64> {
        let right = value.checked_sub(self.constant)?;
        if self.factor == 0 || right.checked_rem(self.factor)? != 0 {
            return None;
        }
        Some(right / self.factor)
    }

    /// What this is, read from an expression that is a value and nothing to be worked out:
    /// `7`, `x`, `3*x`, `3*x + 7` or the same with its parts in another order. Every symbol must
    /// be the unknown. Nothing is added, taken away or multiplied by zero in a value.
    pub(crate) fn stated(nodes: &[Node]) -> Option<Self> {
        if let [Node::Number(number)] = nodes {
            return Some(Self::number(*number));
        }
        if let Some(term) = term(nodes) {
            return Some(term);
        }
        let (operator, operands) = nodes.split_last()?;
        if !matches!(operator, Node::Add | Node::Subtract) {
            return None;
        }
        if let [rest @ .., Node::Number(constant @ ..=-1 | constant @ 1..)] = operands
            && let Some(term) = term(rest)
        {
            return Self::apply(*operator, term, Self::number(*constant));
        }
        let (Node::Number(constant @ ..=-1 | constant @ 1..), rest) = operands.split_first()?
        else {
            return None;
        };
        Self::apply(*operator, Self::number(*constant), term(rest)?)
    }

    /// The nodes that write this in its usual form: `3*x + 7`, `3*x - 7`, `7 - 3*x`.
    pub(crate) fn write(self, nodes: &mut Vec<Node>) {
        let Self { factor, constant } = self;
        // The most negative number has no positive counterpart.
        let opposite = |value: i64| value.checked_neg().filter(|opposite| *opposite > 0);
        match (opposite(factor), opposite(constant)) {
            _ if factor == 0 => nodes.push(Node::Number(constant)),
            _ if constant == 0 => write_term(factor, nodes),
            (Some(factor), None) => {
                nodes.push(Node::Number(constant));
                write_term(factor, nodes);
                nodes.push(Node::Subtract);
            }
            (_, Some(constant)) => {
                write_term(factor, nodes);
                nodes.extend([Node::Number(constant), Node::Subtract]);
            }
            (None, None) => {
                write_term(factor, nodes);
                nodes.extend([Node::Number(constant), Node::Add]);
            }
        }
    }
}

fn write_term(factor: i64, nodes: &mut Vec<Node>) {
    match factor {
        1 => nodes.push(Node::Unknown),
        factor => nodes.extend([Node::Number(factor), Node::Unknown, Node::Multiply]),
    }
}

/// `x` or `c*x`.
fn term(nodes: &[Node]) -> Option<Linear> {
    let factor = match nodes {
        [Node::Symbol(_) | Node::Unknown] => 1,
        [
            Node::Number(factor),
            Node::Symbol(_) | Node::Unknown,
            Node::Multiply,
        ]
        | [
            Node::Symbol(_) | Node::Unknown,
            Node::Number(factor),
            Node::Multiply,
        ] if *factor != 0 => *factor,
        _ => return None,
    };
    Some(Linear {
        factor,
        constant: 0,
    })
}

impl fmt::Display for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut nodes = Vec::with_capacity(5);
        self.write(&mut nodes);
        let mut operands = Vec::with_capacity(3);
        for node in nodes {
            let operand = match node {
                Node::Number(number) => number.to_string(),
                Node::Unknown | Node::Symbol(_) => "x".to_owned(),
                operator => {
                    let right = operands.pop().unwrap_or_default();
                    let left: String = operands.pop().unwrap_or_default();
                    match operator {
                        Node::Multiply => format!("{left}*{right}"),
                        Node::Subtract => format!("{left} - {right}"),
                        _ => format!("{left} + {right}"),
                    }
                }
            };
            operands.push(operand);
        }
        f.write_str(operands.last().map_or("", String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(factor: i64, constant: i64) -> Linear {
        Linear { factor, constant }
    }

    #[test]
    fn products_stay_linear_or_have_no_value() {
        assert_eq!(line(2, 3).checked_mul(Linear::number(4)), Some(line(8, 12)));
        assert_eq!(Linear::number(4).checked_mul(line(2, 3)), Some(line(8, 12)));
        assert_eq!(line(1, 0).checked_mul(line(1, 0)), None);
        assert_eq!(line(i64::MAX, 0).checked_mul(Linear::number(2)), None);
    }

    #[test]
    fn solves_where_one_whole_number_fits() {
        assert_eq!(line(15, 1).solve(61), Some(4));
        assert_eq!(line(-2, 10).solve(4), Some(3));
        assert_eq!(line(2, 1).solve(4), None);
        assert_eq!(line(0, 4).solve(4), None);
        assert_eq!(line(-1, i64::MIN).solve(0), None);
        assert_eq!(line(-1, 0).solve(i64::MIN), None);
    }

    #[test]
    fn what_it_writes_it_reads() {
        for (factor, constant, text) in [
            (0, 7, "7"),
            (1, 0, "x"),
            (3, 0, "3*x"),
            (3, 7, "3*x + 7"),
            (3, -7, "3*x - 7"),
            (-1, 2, "2 - x"),
            (-3, 2, "2 - 3*x"),
            (1, -1, "x - 1"),
            (-2, -1, "-2*x - 1"),
            (i64::MIN, 1, "-9223372036854775808*x + 1"),
            (1, i64::MIN, "x + -9223372036854775808"),
        ] {
            let mut nodes = Vec::new();
            line(factor, constant).write(&mut nodes);
            assert_eq!(Linear::stated(&nodes), Some(line(factor, constant)));
            assert_eq!(line(factor, constant).to_string(), text);
        }
    }

    #[test]
    fn what_is_to_be_worked_out_is_no_value() {
        let (two, x) = (Node::Number(2), Node::Unknown);
        for nodes in [
            &[two, two, Node::Add][..],
            &[x, x, Node::Add],
            &[two, x, Node::Multiply, two, Node::Multiply],
            &[two, x, two, Node::Add, Node::Multiply],
            &[two, two, Node::Divide],
            &[Node::Number(0), x, Node::Add],
            &[x, Node::Number(0), Node::Subtract],
            &[Node::Number(0), x, Node::Multiply],
            &[],
        ] {
            assert_eq!(Linear::stated(nodes), None, "{nodes:?}");
        }
        let sum = [two, x, Node::Subtract];
        assert_eq!(Linear::stated(&sum), Some(line(-1, 2)));
    }
}
