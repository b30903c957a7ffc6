//! How one quantity is computed from others.
//!
//! Source: the sentence forms of GSM-Infinite (arXiv 2502.05252, section 3): a constant, a sum, a
//! difference of two, each optionally "k plus" or "k times" the rest; and, with a third layer, the
//! total of "how many each" over "how many", a sum of products.

use serde::{Deserialize, Serialize};

/// The inner part of a definition, over the parents in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Core {
    /// A given number, without parents.
    Constant(i64),
    /// The sum of one or more parents; the sum of one parent is a copy.
    Sum,
    /// The first parent minus the second.
    Difference,
    /// The sum of the products of neighbors: `first * second + third * fourth + ...`. Such is the
    /// total of a place in a problem with a third layer: the number of each item times its average.
    Products,
}

impl Core {
    /// The noun phrase used in messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Constant(_) => "a constant",
            Self::Sum => "a sum",
            Self::Difference => "a difference",
            Self::Products => "a sum of products",
        }
    }
}

/// The outer part of a definition: a constant applied to the inner part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outer {
    /// `k + inner`.
    Plus(i64),
    /// `k * inner`.
    Times(i64),
}

/// A whole definition: `outer(core(parents))`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Definition {
    /// The inner part.
    pub core: Core,
    /// The outer constant, if there is one.
    pub outer: Option<Outer>,
}

impl Definition {
    /// A quantity that the problem gives as a number.
    #[must_use]
    pub fn constant(value: i64) -> Self {
        Self {
            core: Core::Constant(value),
            outer: None,
        }
    }

    /// The sum of the parents (a copy, where there is one parent).
    #[must_use]
    pub fn sum() -> Self {
        Self {
            core: Core::Sum,
            outer: None,
        }
    }

    /// The first parent minus the second.
    #[must_use]
    pub fn difference() -> Self {
        Self {
            core: Core::Difference,
            outer: None,
        }
    }

    /// The sum of the products of the parents, two by two.
    #[must_use]
    pub fn products() -> Self {
        Self {
            core: Core::Products,
            outer: None,
        }
    }

    /// The same with `k +` in front.
    #[must_use]
    pub fn plus(self, k: i64) -> Self {
        Self {
            outer: Some(Outer::Plus(k)),
            ..self
        }
    }

    /// The same with `k *` in front.
    #[must_use]
    pub fn times(self, k: i64) -> Self {
        Self {
            outer: Some(Outer::Times(k)),
            ..self
        }
    }

    /// Whether the problem gives the quantity as a number.
    #[must_use]
    pub fn is_leaf(&self) -> bool {
        matches!(self.core, Core::Constant(_))
    }

    /// How many edges the definition adds to `op(G) = |E|`: one for each of its parents and one for
    /// its constant (arXiv 2512.07783, section 2.1).
    #[must_use]
    pub fn edges(&self, parents: usize) -> u32 {
        let constants = usize::from(self.is_leaf()) + usize::from(self.outer.is_some());
        u32::try_from(parents + constants).unwrap_or(u32::MAX)
    }

    /// The value over the parents' values, or `None` if it overflows `i64` or the definition takes
    /// another number of parents.
    #[must_use]
    pub fn apply(&self, parents: &[i64]) -> Option<i64> {
        let inner = match (self.core, parents) {
            (Core::Constant(value), []) => value,
            (Core::Sum, [first, rest @ ..]) => rest
                .iter()
                .try_fold(*first, |sum, value| sum.checked_add(*value))?,
            (Core::Difference, [left, right]) => left.checked_sub(*right)?,
            (Core::Products, [_, _, ..]) => {
                let (pairs, []) = parents.as_chunks::<2>() else {
                    return None;
                };
                pairs.iter().try_fold(0_i64, |sum, [left, right]| {
                    sum.checked_add(left.checked_mul(*right)?)
                })?
            }
            _ => return None,
        };
        match self.outer {
            None => Some(inner),
            Some(Outer::Plus(k)) => k.checked_add(inner),
            Some(Outer::Times(k)) => k.checked_mul(inner),
        }
    }

    /// Checks the number of parents; the error says what is expected.
    pub(crate) fn expected_parents(&self, parents: usize) -> Result<(), &'static str> {
        match self.core {
            Core::Constant(_) if parents != 0 => Err("no"),
            Core::Sum if parents == 0 => Err("one or more"),
            Core::Difference if parents != 2 => Err("two"),
            Core::Products if parents == 0 || parents % 2 == 1 => Err("two, four, six, ..."),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applies_inner_before_outer() {
        assert_eq!(Definition::sum().times(3).apply(&[2, 5]), Some(21));
        assert_eq!(Definition::difference().plus(4).apply(&[9, 6]), Some(7));
        assert_eq!(Definition::constant(4).apply(&[]), Some(4));
        assert_eq!(Definition::products().apply(&[2, 5, 3, 4]), Some(22));
    }

    #[test]
    fn overflow_and_wrong_arity_have_no_value() {
        assert_eq!(Definition::sum().apply(&[i64::MAX, 1]), None);
        assert_eq!(Definition::difference().apply(&[1]), None);
        assert_eq!(Definition::products().apply(&[1, 2, 3]), None);
        assert_eq!(Definition::products().apply(&[i64::MAX, 2]), None);
    }

    #[test]
    fn counts_a_constant_as_one_edge() {
        assert_eq!(Definition::constant(4).edges(0), 1);
        assert_eq!(Definition::sum().edges(3), 3);
        assert_eq!(Definition::sum().times(2).edges(1), 2);
    }
}
