//! Reverse mode: which leaf is the unknown, and the equation that finds it.
//!
//! Source: mode `forwardreverse` of arXiv 2512.07783. One leaf is unknown, the value of a quantity
//! that needs it is given, and the solution carries expressions in `x` up to an equation.
//!
//! Deviations: the given quantity is the top of the necessary part, so that `op` is the same as in
//! forward mode, with the unknown leaf counted like a constant. The unknown always matters: a leaf
//! whose coefficient in the given quantity is zero is not chosen.

use interplay_graph::QuantityId;

use crate::generation::draw::Draw;
use crate::generation::linear::Linear;
use crate::generation::skeleton::{Node, Skeleton};

/// How many leaves are tried before a graph is given up.
const TRIES: usize = 8;

/// The largest coefficient or constant of an expression: far inside `i64`, and far above what
/// values below one thousand lead to without long chains of differences.
const LIMIT: i64 = 1_000_000_000_000;

/// What a reverse problem has and a forward one has not.
#[derive(Debug, Clone)]
pub(crate) struct Reverse {
    /// The quantity whose value is given.
    pub given: QuantityId,
    /// The necessary quantities as expressions in the unknown.
    pub forms: Vec<Linear>,
}

/// A leaf of a skeleton as the unknown.
pub(crate) struct Unknown {
    pub leaf: usize,
    pub forms: Vec<Linear>,
}

impl Unknown {
    /// A leaf on which the top of the necessary part depends, if a few tries find one.
    pub(crate) fn choose(skeleton: &Skeleton, draw: &mut Draw) -> Option<Self> {
        let nodes = &skeleton.nodes[..skeleton.necessary];
        let mut leaves: Vec<usize> = (0..nodes.len())
            .filter(|index| nodes[*index].definition.is_leaf())
            .collect();
        draw.choose_front(&mut leaves, TRIES);
        leaves.into_iter().take(TRIES).find_map(|leaf| {
            let forms = forms(nodes, leaf)?;
            let matters = leaf + 1 < forms.len() && forms.last()?.coefficient != 0;
            matters.then_some(Self { leaf, forms })
        })
    }
}

/// The necessary quantities as expressions in a leaf; `None` where one leaves the limit.
pub(crate) fn forms(nodes: &[Node], leaf: usize) -> Option<Vec<Linear>> {
    let mut forms: Vec<Linear> = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        let form = if index == leaf {
            Linear::UNKNOWN
        } else {
            Linear::of(node.definition, node.parents.iter().map(|at| forms[*at]))?
        };
        let largest = form.coefficient.abs().max(form.constant.abs());
        if largest > LIMIT {
            return None;
        }
        forms.push(form);
    }
    Some(forms)
}

/// `left = right`, where the coefficient of `left` is not zero and `x` is a whole number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Equation {
    pub left: Linear,
    pub right: i64,
}

impl Equation {
    /// The left side once all terms are moved there.
    pub(crate) fn moved(self) -> Linear {
        Linear {
            constant: self.left.constant - self.right,
            ..self.left
        }
    }

    /// Factor and number of `factor*x = number`, the factor positive.
    pub(crate) fn isolated(self) -> (i64, i64) {
        let sign = self.left.coefficient.signum();
        let number = self.right - self.left.constant;
        (sign * self.left.coefficient, sign * number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use interplay_graph::{Definition, SeedStreams};

    fn node(definition: Definition, parents: &[usize], value: i64) -> Node {
        Node {
            definition,
            parents: parents.to_vec(),
            value,
        }
    }

    fn draw(index: u64) -> Draw {
        Draw::new(SeedStreams::new(1).stream("reverse").rng(index))
    }

    #[test]
    fn a_leaf_that_cancels_out_is_not_the_unknown() {
        // 0 = 2, 1 = 3, 2 = 0 + 1, 3 = 2 - 0 = the value of 1.
        let skeleton = Skeleton {
            nodes: vec![
                node(Definition::constant(2), &[], 2),
                node(Definition::constant(3), &[], 3),
                node(Definition::sum(), &[0, 1], 5),
                node(Definition::difference(), &[2, 0], 3),
            ],
            necessary: 4,
        };
        for index in 0..20 {
            let unknown = Unknown::choose(&skeleton, &mut draw(index)).unwrap();
            assert_eq!(unknown.leaf, 1);
            assert_eq!(unknown.forms[3], Linear::UNKNOWN);
        }
    }

    #[test]
    fn a_single_leaf_leaves_nothing_to_solve() {
        let skeleton = Skeleton {
            nodes: vec![node(Definition::constant(2), &[], 2)],
            necessary: 1,
        };
        assert!(Unknown::choose(&skeleton, &mut draw(0)).is_none());
    }

    #[test]
    fn an_equation_is_solved_from_both_signs() {
        let equation = |coefficient, constant, right| Equation {
            left: Linear {
                coefficient,
                constant,
            },
            right,
        };
        let rising = equation(3, 2, 14);
        assert_eq!(rising.moved().to_string(), "3*x - 12");
        assert_eq!(rising.isolated(), (3, 12));
        let falling = equation(-2, 9, 1);
        assert_eq!(falling.moved().to_string(), "8 - 2*x");
        assert_eq!(falling.isolated(), (2, 8));
    }
}
