//! Exact numbers.
//!
//! [`Number`] keeps its value in a normal form, so equality is equality of values and no floating
//! point is involved.

use std::fmt;

/// The most digits of a fraction's numerator, and of its denominator.
const MAX_NUMERATOR: usize = 18;
pub(crate) const MAX_DENOMINATOR: usize = 9;
/// An exact number: a decimal of any length, or a fraction.
///
/// Two numbers are equal if their values are, however they were written.
///
/// ```
/// use interplay_gsm8k::Number;
///
/// let number = |text: &str| text.parse::<Number>().ok();
/// assert_eq!(number("$1,250.00"), number("1250 dollars."));
/// assert_eq!(number("3/4"), number("0.75"));
/// assert_eq!(number("20%"), number("20"));
/// assert_ne!(number("3.333"), number("10/3"));
/// assert_eq!(number("5 or 6"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Number {
    // The value is ± digits × 10^exponent / divisor. The digits neither begin nor end with a zero,
    // except for zero itself, and the divisor has no factor in common with them or with 10. So each
    // value has one form.
    negative: bool,
    digits: String,
    exponent: i64,
    divisor: u64,
}

impl Number {
    /// `digits` × 10^`exponent`; other characters among the digits are ignored.
    pub(crate) fn decimal(digits: &str, exponent: i64) -> Self {
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        let significant = digits.trim_start_matches('0');
        let trimmed = significant.trim_end_matches('0');
        if trimmed.is_empty() {
            return Self {
                negative: false,
                digits: "0".to_owned(),
                exponent: 0,
                divisor: 1,
            };
        }
        let zeros = (significant.len() - trimmed.len()) as i64;
        Self {
            negative: false,
            digits: trimmed.to_owned(),
            exponent: exponent + zeros,
            divisor: 1,
        }
    }

    /// `numerator` / `denominator`; `None` for a denominator of zero and for parts that are too long.
    pub(crate) fn ratio(numerator: u64, denominator: u64) -> Option<Self> {
        let limits = (
            10_u64.pow(MAX_NUMERATOR as u32),
            10_u64.pow(MAX_DENOMINATOR as u32),
        );
        if denominator == 0 || numerator >= limits.0 || denominator >= limits.1 {
            return None;
        }
        let common = gcd(numerator.into(), denominator.into()) as u64;
        let (mut digits, mut divisor) = (u128::from(numerator / common), denominator / common);
        let (mut twos, mut fives) = (0, 0);
        while divisor % 2 == 0 {
            (divisor, twos) = (divisor / 2, twos + 1);
        }
        while divisor % 5 == 0 {
            (divisor, fives) = (divisor / 5, fives + 1);
        }
        // A denominator below 10^9 has at most 29 twos, and 10^18 × 5^29 is below 2^128.
        let places: u32 = twos.max(fives);
        digits *= 2_u128.pow(places - twos) * 5_u128.pow(places - fives);
        Some(Self {
            divisor: if digits == 0 { 1 } else { divisor },
            ..Self::decimal(&digits.to_string(), -i64::from(places))
        })
    }

    pub(crate) fn with_sign(mut self, negative: bool) -> Self {
        self.negative = negative && self.digits != "0";
        self
    }

    /// The value in lowest terms, if both parts fit.
    pub(crate) fn to_ratio(&self) -> Option<(i128, i128)> {
        let digits: i128 = self.digits.parse().ok()?;
        let power = 10_i128.checked_pow(u32::try_from(self.exponent.unsigned_abs()).ok()?)?;
        let (numerator, denominator) = match self.exponent >= 0 {
            true => (digits.checked_mul(power)?, self.divisor.into()),
            false => (digits, power.checked_mul(self.divisor.into())?),
        };
        let common = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let common = i128::try_from(common).ok()?;
        let sign = if self.negative { -1 } else { 1 };
        Some((sign * (numerator / common), denominator / common))
    }
}

/// As a decimal without grouping, or as a reduced fraction where no decimal is exact.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (2.., Some((numerator, denominator))) = (self.divisor, self.to_ratio()) {
            return write!(f, "{numerator}/{denominator}");
        }
        let sign = if self.negative { "-" } else { "" };
        let (digits, exponent) = (&self.digits, self.exponent);
        if exponent >= 0 {
            return write!(f, "{sign}{digits}{:0<1$}", "", exponent as usize);
        }
        let places = exponent.unsigned_abs() as usize;
        match digits.len().checked_sub(places) {
            None | Some(0) => write!(f, "{sign}0.{digits:0>places$}"),
            Some(whole) => write!(f, "{sign}{}.{}", &digits[..whole], &digits[whole..]),
        }
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self::decimal(&value.to_string(), 0)
    }
}

pub(crate) fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_form() {
        let ratio = |a, b| Number::ratio(a, b).unwrap();
        assert_eq!(ratio(1, 8), Number::decimal("0.125", -3));
        assert_eq!(ratio(5, 6), ratio(10, 12));
        assert_eq!(ratio(0, 7), Number::from(0));
        assert_eq!(ratio(1, 6).to_string(), "1/6");
        assert_eq!(ratio(20, 3).to_string(), "20/3");
        let largest = ratio(999_999_999_999_999_999, 536_870_912);
        assert_eq!(largest.to_string().parse(), Ok(largest));
    }
}
