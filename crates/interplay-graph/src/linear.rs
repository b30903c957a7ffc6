//! Values that are linear in one unknown: `c*x + k`.
//!
//! No definition of a problem multiplies the unknown by itself, so every quantity of a reverse
//! problem has such a value. In a forward problem values are plain numbers: the case `c = 0`.
//! Arithmetic is checked; whatever leaves 64 bits or is not linear has no value.
//!
//! Source: the expressions of published reverse solutions (`15*x + 2`).

use std::fmt;

use crate::{Core, Definition, Outer};

/// `coefficient * x + constant`, with `x` the unknown.
///
/// ```
/// use interplay_graph::{Definition, Linear};
///
/// let elk = Linear::of(Definition::sum().times(3), [Linear::UNKNOWN, Linear::number(4)]);
/// let elk = elk.expect("linear, and far from 64 bits");
/// assert_eq!(elk.to_string(), "3*x + 12");
/// assert_eq!(elk.solve(18), Some(2));
/// assert_eq!(elk.solve(19), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Linear {
    /// What the unknown is multiplied by.
    pub coefficient: i64,
    /// What is added to it.
    pub constant: i64,
}

/// The terms of a [`Linear`] value as solutions write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinearForm {
    /// `7`
    Number(i64),
    /// `3*x`
    Term(i64),
    /// `3*x + 7`
    TermPlus(i64, i64),
    /// `3*x - 7`
    TermMinus(i64, i64),
    /// `7 - 3*x`
    NumberMinus(i64, i64),
}

impl Linear {
    /// The unknown itself.
    pub const UNKNOWN: Self = Self {
        coefficient: 1,
        constant: 0,
    };

    /// A plain number.
    #[must_use]
    #[inline]
    pub const fn number(constant: i64) -> Self {
        Self {
            coefficient: 0,
            constant,
        }
    }

    /// The plain number that this is; none where it depends on the unknown.
    #[must_use]
    #[inline]
    pub fn as_number(self) -> Option<i64> {
        (self.coefficient == 0).then_some(self.constant)
    }

    /// The sum.
    #[must_use]
    #[inline]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_add(other.coefficient)?,
            constant: self.constant.checked_add(other.constant)?,
        })
    }

    /// The difference.
    #[must_use]
    #[inline]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_sub(other.coefficient)?,
            constant: self.constant.checked_sub(other.constant)?,
        })
    }

    /// The product; none where both factors depend on the unknown.
    #[must_use]
    #[inline]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let (value, factor) = match (self.as_number(), other.as_number()) {
            (_, Some(factor)) => (self, factor),
            (Some(factor), None) => (other, factor),
            (None, None) => return None,
        };
        Some(Self {
            coefficient: value.coefficient.checked_mul(factor)?,
            constant: value.constant.checked_mul(factor)?,
        })
    }

    /// The value of a definition over the values of its parents; none where it is not linear,
    /// leaves 64 bits, or takes another number of parents.
    #[must_use]
    pub fn of(definition: Definition, parents: impl IntoIterator<Item = Self>) -> Option<Self> {
        let mut parents = parents.into_iter();
        let inner = match definition.core {
            Core::Constant(value) => Self::number(value),
            Core::Sum => {
                let first = parents.next()?;
                parents.by_ref().try_fold(first, Self::checked_add)?
            }
            Core::Difference => parents.next()?.checked_sub(parents.next()?)?,
            Core::Products => {
                let mut sum = parents.next()?.checked_mul(parents.next()?)?;
                while let Some(left) = parents.next() {
                    sum = sum.checked_add(left.checked_mul(parents.next()?)?)?;
                }
                sum
            }
        };
        if parents.next().is_some() {
            return None;
        }
        match definition.outer {
            None => Some(inner),
            Some(Outer::Plus(k)) => inner.checked_add(Self::number(k)),
            Some(Outer::Times(k)) => inner.checked_mul(Self::number(k)),
        }
    }

    /// The `x` at which this is `value`; none unless that is exactly one whole number.
    #[must_use]
    pub fn solve(self, value: i64) -> Option<i64> {
        let right = value.checked_sub(self.constant)?;
        if self.coefficient == 0 || right.checked_rem(self.coefficient)? != 0 {
            return None;
        }
        Some(right / self.coefficient)
    }

    /// The terms in which it is written. No term begins with a sign where that can be avoided:
    /// `9 - 2*x` instead of `-2*x + 9`.
    #[must_use]
    pub fn form(self) -> LinearForm {
        let Self {
            coefficient,
            constant,
        } = self;
        // The most negative number has no positive counterpart.
        let opposite = |value: i64| value.checked_neg().filter(|opposite| *opposite > 0);
        match (opposite(coefficient), opposite(constant)) {
            _ if coefficient == 0 => LinearForm::Number(constant),
            _ if constant == 0 => LinearForm::Term(coefficient),
            (Some(coefficient), None) => LinearForm::NumberMinus(constant, coefficient),
            (_, Some(constant)) => LinearForm::TermMinus(coefficient, constant),
            (None, None) => LinearForm::TermPlus(coefficient, constant),
        }
    }
}

impl fmt::Display for Linear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form() {
            LinearForm::Number(number) => write!(f, "{number}"),
            LinearForm::Term(c) => write!(f, "{}", Term(c)),
            LinearForm::TermPlus(c, k) => write!(f, "{} + {k}", Term(c)),
            LinearForm::TermMinus(c, k) => write!(f, "{} - {k}", Term(c)),
            LinearForm::NumberMinus(k, c) => write!(f, "{k} - {}", Term(c)),
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
    fn definitions_apply_to_linear_values() {
        let (x, three) = (Linear::UNKNOWN, Linear::number(3));
        let of = |definition, parents: &[Linear]| Linear::of(definition, parents.iter().copied());
        let sum = Definition::sum().times(3);
        assert_eq!(of(sum, &[linear(1, 2), x, three]), Some(linear(6, 15)));
        let difference = Definition::difference().plus(4);
        let parents = [Linear::number(9), linear(2, 3)];
        assert_eq!(of(difference, &parents), Some(linear(-2, 10)));
        let products = Definition::products();
        assert_eq!(of(products, &[three, x, three, three]), Some(linear(3, 9)));
        assert_eq!(of(products, &[x, linear(1, 4)]), None);
        let double = Definition::sum().times(2);
        assert_eq!(of(double, &[linear(i64::MAX, 0)]), None);
    }

    #[test]
    fn rejects_a_wrong_number_of_parents() {
        let x = Linear::UNKNOWN;
        let of = |definition, count| Linear::of(definition, std::iter::repeat_n(x, count));
        assert_eq!(of(Definition::constant(3), 1), None);
        assert_eq!(of(Definition::sum(), 0), None);
        assert_eq!(of(Definition::difference(), 1), None);
        assert_eq!(of(Definition::difference(), 3), None);
        assert_eq!(of(Definition::products(), 0), None);
        assert_eq!(of(Definition::products(), 3), None);
    }

    #[test]
    fn products_stay_linear_or_have_no_value() {
        let four = Linear::number(4);
        assert_eq!(linear(2, 3).checked_mul(four), Some(linear(8, 12)));
        assert_eq!(four.checked_mul(linear(2, 3)), Some(linear(8, 12)));
        assert_eq!(linear(1, 0).checked_mul(linear(1, 0)), None);
        assert_eq!(linear(i64::MAX, 0).checked_mul(Linear::number(2)), None);
    }

    #[test]
    fn solves_where_one_whole_number_fits() {
        assert_eq!(linear(15, 1).solve(61), Some(4));
        assert_eq!(linear(-2, 10).solve(4), Some(3));
        assert_eq!(linear(2, 1).solve(4), None);
        assert_eq!(linear(0, 4).solve(4), None);
        assert_eq!(linear(3, i64::MIN).solve(1), None);
        assert_eq!(linear(-1, i64::MIN).solve(0), None);
        assert_eq!(linear(-1, 0).solve(i64::MIN), None);
    }

    #[test]
    fn each_value_is_written_in_one_way() {
        for (coefficient, constant, text) in [
            (0, 7, "7"),
            (1, 0, "x"),
            (3, 0, "3*x"),
            (15, 2, "15*x + 2"),
            (3, -7, "3*x - 7"),
            (1, -1, "x - 1"),
            (-1, 5, "5 - x"),
            (-2, 5, "5 - 2*x"),
            (-2, -1, "-2*x - 1"),
            (i64::MIN, 1, "-9223372036854775808*x + 1"),
            (1, i64::MIN, "x + -9223372036854775808"),
        ] {
            assert_eq!(linear(coefficient, constant).to_string(), text);
        }
    }
}
