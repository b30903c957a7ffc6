//! Values and the nodes of expressions that compute or write them.
//!
//! In a forward problem every value is a plain number; in a reverse problem it may depend on the
//! unknown ([`Linear`]).

use interplay_graph::{Linear, LinearForm};

use crate::reading::Node;

/// Applies one operator; a division must leave no remainder.
pub(crate) fn apply(operator: Node, left: Linear, right: Linear) -> Option<Linear> {
    match operator {
        Node::Add => left.checked_add(right),
        Node::Subtract => left.checked_sub(right),
        Node::Multiply => left.checked_mul(right),
        Node::Divide => {
            let (left, right) = (left.as_number()?, right.as_number()?);
            (left.checked_rem(right)? == 0).then(|| Linear::number(left / right))
        }
        Node::Number(_) | Node::Symbol(_) | Node::Unknown => None,
    }
}

/// The value that an expression states without anything left to evaluate: `7`, `x`, `3*x`,
/// `3*x + 7` or the same in another order. Every symbol must be the unknown. A stated value has no
/// zeros among its terms.
pub(crate) fn stated(nodes: &[Node]) -> Option<Linear> {
    if let [Node::Number(number)] = nodes {
        return Some(Linear::number(*number));
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
        return apply(*operator, term, Linear::number(*constant));
    }
    let (Node::Number(constant @ ..=-1 | constant @ 1..), rest) = operands.split_first()? else {
        return None;
    };
    apply(*operator, Linear::number(*constant), term(rest)?)
}

/// Appends the nodes of the form in which a solution writes `value`: `3*x + 7`, `7 - 3*x`.
pub(crate) fn write(value: Linear, nodes: &mut Vec<Node>) {
    match value.form() {
        LinearForm::Number(number) => nodes.push(Node::Number(number)),
        LinearForm::Term(coefficient) => write_term(coefficient, nodes),
        LinearForm::TermPlus(coefficient, constant) => {
            write_term(coefficient, nodes);
            nodes.extend([Node::Number(constant), Node::Add]);
        }
        LinearForm::TermMinus(coefficient, constant) => {
            write_term(coefficient, nodes);
            nodes.extend([Node::Number(constant), Node::Subtract]);
        }
        LinearForm::NumberMinus(constant, coefficient) => {
            nodes.push(Node::Number(constant));
            write_term(coefficient, nodes);
            nodes.push(Node::Subtract);
        }
    }
}

fn write_term(coefficient: i64, nodes: &mut Vec<Node>) {
    match coefficient {
        1 => nodes.push(Node::Unknown),
        coefficient => nodes.extend([Node::Number(coefficient), Node::Unknown, Node::Multiply]),
    }
}

/// `x` or `c*x`.
fn term(nodes: &[Node]) -> Option<Linear> {
    let coefficient = match nodes {
        [Node::Symbol(_) | Node::Unknown] => 1,
        [
            Node::Number(coefficient),
            Node::Symbol(_) | Node::Unknown,
            Node::Multiply,
        ]
        | [
            Node::Symbol(_) | Node::Unknown,
            Node::Number(coefficient),
            Node::Multiply,
        ] if *coefficient != 0 => *coefficient,
        _ => return None,
    };
    Some(Linear {
        coefficient,
        constant: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linear(coefficient: i64, constant: i64) -> Linear {
        Linear {
            coefficient,
            constant,
        }
    }

    #[test]
    fn reads_what_it_writes() {
        let numbers = [0, 1, 3, -1, -3, i64::MIN, i64::MAX];
        for coefficient in numbers {
            for constant in [0, 7, -7, i64::MIN] {
                let value = linear(coefficient, constant);
                let mut nodes = Vec::new();
                write(value, &mut nodes);
                assert_eq!(stated(&nodes), Some(value));
            }
        }
    }

    #[test]
    fn rejects_unevaluated_expressions() {
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
            assert_eq!(stated(nodes), None, "{nodes:?}");
        }
        let sum = [two, x, Node::Subtract];
        assert_eq!(stated(&sum), Some(linear(-1, 2)));
    }
}
