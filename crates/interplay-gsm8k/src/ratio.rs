//! Exact fractions of 128 bits, for arithmetic. What does not fit has no value.

use crate::Number;
use crate::number::gcd;

/// A fraction with a positive denominator, in lowest terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        let common = gcd(numerator.unsigned_abs(), denominator.unsigned_abs()) as i128;
        let sign = denominator.signum();
        Some(Self {
            numerator: sign * (numerator / common),
            denominator: (denominator / common).abs(),
        })
    }

    pub fn plus(self, other: Self) -> Option<Self> {
        let left = self.numerator.checked_mul(other.denominator)?;
        let right = other.numerator.checked_mul(self.denominator)?;
        let below = self.denominator.checked_mul(other.denominator)?;
        Self::new(left.checked_add(right)?, below)
    }

    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated()?)
    }

    pub fn negated(self) -> Option<Self> {
        Self::new(self.numerator.checked_neg()?, self.denominator)
    }

    pub fn times(self, other: Self) -> Option<Self> {
        let above = self.numerator.checked_mul(other.numerator)?;
        Self::new(above, self.denominator.checked_mul(other.denominator)?)
    }

    pub fn over(self, other: Self) -> Option<Self> {
        let above = self.numerator.checked_mul(other.denominator)?;
        Self::new(above, self.denominator.checked_mul(other.numerator)?)
    }

    pub fn abs(self) -> Self {
        Self {
            numerator: self.numerator.abs(),
            ..self
        }
    }

    pub fn is_less(self, other: Self) -> Option<bool> {
        Some(self.minus(other)?.numerator < 0)
    }

    pub fn shown(self) -> String {
        let text = format!("{}/{}", self.numerator, self.denominator);
        let number = text.parse::<Number>();
        match self.denominator {
            1 => self.numerator.to_string(),
            _ => number.map_or(text, |number| number.to_string()),
        }
    }
}
