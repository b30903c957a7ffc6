//! Values of reverse problems: linear expressions in the one unknown `x`.
//!
//! No definition multiplies the unknown by itself, so every quantity is `c*x + k`. It is written in
//! one canonical way: `15*x + 2`, `x - 3`, `2*x`, `7`, and with the constant in front where the
//! coefficient is negative, `9 - 2*x`, so that no expression starts with a sign. The constant is
//! positive then, since values are at least one.
//!
//! Source: the expressions of published reverse solutions (`15*x + 2`).

use std::fmt;

use interplay_graph::{Core, Definition, Outer};

/// `coefficient * x + constant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Linear {
    pub coefficient: i64,
    pub constant: i64,
}

impl Linear {
    /// The unknown itself.
    pub(crate) const X: Self = Self {
        coefficient: 1,
        constant: 0,
    };

    pub(crate) fn number(constant: i64) -> Self {
        Self {
            coefficient: 0,
            constant,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_add(other.coefficient)?,
            constant: self.constant.checked_add(other.constant)?,
        })
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.times(-1)?)
    }

    pub(crate) fn times(self, factor: i64) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_mul(factor)?,
            constant: self.constant.checked_mul(factor)?,
        })
    }

    /// The product, where one factor is a number.
    pub(crate) fn product(self, other: Self) -> Option<Self> {
        match (self.coefficient, other.coefficient) {
            (_, 0) => self.times(other.constant),
            (0, _) => other.times(self.constant),
            _ => None,
        }
    }

    /// What a definition gives over its parents; `None` where it leaves `i64` or is not linear.
    pub(crate) fn apply(
        definition: Definition,
        parents: impl IntoIterator<Item = Self>,
    ) -> Option<Self> {
        let mut parents = parents.into_iter();
        let inner = match definition.core {
            Core::Constant(value) => Self::number(value),
            Core::Difference => parents.next()?.minus(parents.next()?)?,
            Core::Sum => parents.try_fold(Self::number(0), Self::plus)?,
            Core::Products => {
                let mut sum = Self::number(0);
                while let Some(left) = parents.next() {
                    sum = sum.plus(left.product(parents.next()?)?)?;
                }
                sum
            }
        };
        match definition.outer {
            None => Some(inner),
            Some(Outer::Plus(k)) => inner.plus(Self::number(k)),
            Some(Outer::Times(k)) => inner.times(k),
        }
    }

    /// Whether it is written as two terms.
    pub(crate) fn is_compound(self) -> bool {
        self.coefficient != 0 && self.constant != 0
    }
}

impl fmt::Display for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.coefficient, self.constant) {
            (0, constant) => write!(f, "{constant}"),
            (coefficient, 0) => write!(f, "{}", Term(coefficient)),
            (coefficient, constant) if coefficient < 0 => {
                write!(f, "{constant} - {}", Term(-coefficient))
            }
            (coefficient, constant) if constant < 0 => {
                write!(f, "{} - {}", Term(coefficient), -constant)
            }
            (coefficient, constant) => write!(f, "{} + {constant}", Term(coefficient)),
        }
    }
}

/// A coefficient with the unknown.
struct Term(i64);

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("x"),
            coefficient => write!(f, "{coefficient}*x"),
        }
    }
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
    fn each_expression_is_written_in_one_way() {
        let written = |coefficient, constant| linear(coefficient, constant).to_string();
        assert_eq!(written(15, 2), "15*x + 2");
        assert_eq!(written(3, -2), "3*x - 2");
        assert_eq!(written(1, -2), "x - 2");
        assert_eq!(written(1, 0), "x");
        assert_eq!(written(0, 7), "7");
        assert_eq!(written(-1, 5), "5 - x");
        assert_eq!(written(-2, 5), "5 - 2*x");
    }

    #[test]
    fn definitions_apply_to_expressions() {
        let sum = Definition::sum().times(3);
        let parents = [linear(1, 2), Linear::X, Linear::number(4)];
        assert_eq!(Linear::apply(sum, parents), Some(linear(6, 18)));
        let difference = Definition::difference().plus(4);
        let parents = [Linear::number(9), linear(2, 3)];
        assert_eq!(Linear::apply(difference, parents), Some(linear(-2, 10)));
        let products = [
            Linear::X,
            Linear::number(3),
            Linear::number(2),
            linear(1, 4),
        ];
        let apply =
            |parents: &[Linear]| Linear::apply(Definition::products(), parents.iter().copied());
        assert_eq!(apply(&products), Some(linear(5, 8)));
        assert_eq!(apply(&[Linear::X, linear(1, 4)]), None);
        let far = Definition::sum().times(2);
        assert_eq!(Linear::apply(far, [linear(i64::MAX, 0)]), None);
    }
}
