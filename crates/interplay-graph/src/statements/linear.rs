//! Values that are linear in the one unknown of a reverse problem.

use crate::{Core, Definition, Outer};

/// `coefficient * x + constant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Linear {
    pub(super) coefficient: i64,
    pub(super) constant: i64,
}

impl Linear {
    pub(super) const UNKNOWN: Self = Self {
        coefficient: 1,
        constant: 0,
    };

    fn number(constant: i64) -> Self {
        Self {
            coefficient: 0,
            constant,
        }
    }

    fn add(self, other: Self) -> Option<Self> {
        Some(Self {
            coefficient: self.coefficient.checked_add(other.coefficient)?,
            constant: self.constant.checked_add(other.constant)?,
        })
    }

    /// The product, where one side has no unknown.
    fn multiply(self, other: Self) -> Option<Self> {
        let (form, factor) = match (self.coefficient, other.coefficient) {
            (_, 0) => (self, other.constant),
            (0, _) => (other, self.constant),
            _ => return None,
        };
        Some(Self {
            coefficient: form.coefficient.checked_mul(factor)?,
            constant: form.constant.checked_mul(factor)?,
        })
    }

    /// The form of a definition over its parents' forms; none where it leaves 64 bits or is not
    /// linear.
    pub(super) fn of(definition: Definition, parents: &[Self]) -> Option<Self> {
        let minus = Self::number(-1);
        let inner = match (definition.core, parents) {
            (Core::Constant(value), _) => Self::number(value),
            (Core::Difference, [left, right]) => left.add(right.multiply(minus)?)?,
            (Core::Difference, _) => return None,
            (Core::Sum, _) => parents
                .iter()
                .try_fold(Self::number(0), |sum, form| sum.add(*form))?,
            (Core::Products, _) => {
                let (pairs, _) = parents.as_chunks::<2>();
                pairs
                    .iter()
                    .try_fold(Self::number(0), |sum, [left, right]| {
                        sum.add(left.multiply(*right)?)
                    })?
            }
        };
        match definition.outer {
            None => Some(inner),
            Some(Outer::Plus(k)) => inner.add(Self::number(k)),
            Some(Outer::Times(k)) => inner.multiply(Self::number(k)),
        }
    }

    /// The whole number at which the form has this value.
    pub(super) fn solve(self, value: i64) -> Option<i64> {
        let rest = value.checked_sub(self.constant)?;
        let whole = rest.checked_rem(self.coefficient)? == 0;
        whole.then(|| rest.checked_div(self.coefficient)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_follow_the_definitions() {
        let x = Linear::UNKNOWN;
        let three = Linear::number(3);
        let form = |coefficient, constant| {
            Some(Linear {
                coefficient,
                constant,
            })
        };
        assert_eq!(
            Linear::of(Definition::sum().times(2), &[x, three]),
            form(2, 6)
        );
        assert_eq!(
            Linear::of(Definition::difference().plus(1), &[three, x]),
            form(-1, 4)
        );
        assert_eq!(
            Linear::of(Definition::products(), &[three, x, three, three]),
            form(3, 9)
        );
        assert_eq!(Linear::of(Definition::products(), &[x, x]), None);
    }

    #[test]
    fn only_whole_numbers_solve() {
        let form = Linear {
            coefficient: 3,
            constant: 2,
        };
        assert_eq!(form.solve(14), Some(4));
        assert_eq!(form.solve(15), None);
        assert_eq!(Linear::number(2).solve(2), None);
        let far = Linear {
            constant: i64::MIN,
            ..form
        };
        assert_eq!(far.solve(1), None);
    }
}
