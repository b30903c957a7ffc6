//! Beta distributions: what is known about a probability after some tries.
//!
//! Source: NIST Digital Library of Mathematical Functions, 5.11.1 (Stirling's series), 8.17.4 and
//! 8.17.22 (the regularized incomplete beta function as a continued fraction). pass@k under a Beta
//! distribution is `1 - E[(1 - p)^k]`, a ratio of two beta functions, hence a product of `k` factors.
//!
//! Deviations: quantiles are found by bisection, which needs no derivative and gives the same bits
//! on every platform whose `ln` and `exp` agree.

use serde::{Deserialize, Serialize};

/// A Beta distribution over a probability.
///
/// ```
/// use interplay_curriculum::Beta;
///
/// // Two successes in four tries, after a uniform prior.
/// let known = Beta::UNIFORM.after(2.0, 4.0);
/// assert_eq!(known.mean(), 0.5);
/// assert!((known.below(0.5) - 0.5).abs() < 1e-12);
/// // E[1 - (1 - p)^2] = 1 - (3 * 4) / (6 * 7).
/// assert!((known.pass_at_k(2) - (1.0 - 12.0 / 42.0)).abs() < 1e-12);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beta {
    /// The weight of successes; positive.
    pub a: f64,
    /// The weight of failures; positive.
    pub b: f64,
}

impl Beta {
    /// Every probability alike.
    pub const UNIFORM: Self = Self { a: 1.0, b: 1.0 };

    /// The prior of Jeffreys, which weighs the ends more (Proc. R. Soc. A 186, 1946).
    pub const JEFFREYS: Self = Self { a: 0.5, b: 0.5 };

    /// The posterior after `successes` in `tries`. Both may be fractions.
    #[must_use]
    pub fn after(self, successes: f64, tries: f64) -> Self {
        Self {
            a: self.a + successes,
            b: self.b + (tries - successes).max(0.0),
        }
    }

    /// The mean.
    #[must_use]
    pub fn mean(self) -> f64 {
        self.a / (self.a + self.b)
    }

    /// The probability that one of `k` tries succeeds: pass@k.
    #[must_use]
    pub fn pass_at_k(self, k: u32) -> f64 {
        let total = self.a + self.b;
        let factors = (0..k).map(|tried| (self.b + f64::from(tried)) / (total + f64::from(tried)));
        1.0 - factors.product::<f64>()
    }

    /// The probability of lying below `x`: the regularized incomplete beta function, to 1e-12 for small
    /// parameters and 1e-9 up to 100,000.
    #[must_use]
    pub fn below(self, x: f64) -> f64 {
        let Self { a, b } = self;
        if x <= 0.0 {
            return 0.0;
        }
        if x >= 1.0 {
            return 1.0;
        }
        let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
        let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta).exp();
        // The continued fraction converges fast on the near side of the mode.
        let value = if x < (a + 1.0) / (a + b + 2.0) {
            front * continued_fraction(a, b, x) / a
        } else {
            1.0 - front * continued_fraction(b, a, 1.0 - x) / b
        };
        value.clamp(0.0, 1.0)
    }

    /// The point below which a share `q` of the distribution lies, to 1e-15.
    #[must_use]
    pub fn quantile(self, q: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..50 {
            let middle = 0.5 * (low + high);
            if self.below(middle) < q {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }

    /// The central interval that holds a share `confidence` of the distribution.
    #[must_use]
    pub fn interval(self, confidence: f64) -> (f64, f64) {
        let tail = 0.5 * (1.0 - confidence);
        (self.quantile(tail), self.quantile(1.0 - tail))
    }
}

/// The logarithm of the gamma function of a positive number.
fn ln_gamma(x: f64) -> f64 {
    // Stirling's series is good to the last digit from about 12 on; the recurrence leads there.
    let mut shifted = x;
    let mut factors = 1.0;
    while shifted < 12.0 {
        factors *= shifted;
        shifted += 1.0;
    }
    let inverse = 1.0 / shifted;
    let square = inverse * inverse;
    let terms = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
    ];
    let series = terms
        .iter()
        .rev()
        .fold(0.0, |sum, term| sum * square + term)
        * inverse;
    let half_ln_tau = 0.5 * std::f64::consts::TAU.ln();
    (shifted - 0.5) * shifted.ln() - shifted + half_ln_tau + series - factors.ln()
}

/// DLMF 8.17.22 by the modified method of Lentz.
fn continued_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TERMS: u32 = 20_000;
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut numerator, mut denominator) = (1.0, 0.0);
    let mut fraction = 1.0;
    for term in 0..TERMS {
        let coefficient = coefficient(a, b, x, term);
        denominator = 1.0 / away_from_zero(1.0 + coefficient * denominator);
        numerator = away_from_zero(1.0 + coefficient / numerator);
        let step = numerator * denominator;
        fraction *= step;
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    1.0 / fraction
}

/// The coefficient `d` with number `term + 1` of DLMF 8.17.23.
fn coefficient(a: f64, b: f64, x: f64, term: u32) -> f64 {
    let m = f64::from(term / 2);
    let whole = a + 2.0 * m;
    if term.is_multiple_of(2) {
        -(a + m) * (a + b + m) * x / (whole * (whole + 1.0))
    } else {
        let m = m + 1.0;
        m * (b - m) * x / ((whole + 1.0) * (whole + 2.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: f64, expected: f64) {
        let error = (found - expected).abs();
        assert!(
            error <= 1e-12 * expected.abs().max(1.0),
            "{found} != {expected}"
        );
    }

    #[test]
    fn gamma_of_integers_and_halves() {
        close(ln_gamma(1.0), 0.0);
        close(ln_gamma(2.0), 0.0);
        close(ln_gamma(5.0), 24_f64.ln());
        close(ln_gamma(11.0), 3_628_800_f64.ln());
        close(ln_gamma(0.5), 0.5 * std::f64::consts::PI.ln());
        close(ln_gamma(1e-3), 6.907_178_885_383_853);
        close(ln_gamma(1e4), 82_099.717_496_442_38);
    }

    /// With whole parameters, `below` is the upper tail of a binomial distribution.
    fn binomial_tail(a: u32, b: u32, x: f64) -> f64 {
        let n = a + b - 1;
        let mut binomial = 1.0;
        let mut sum = 0.0;
        for j in 0..=n {
            if j >= a {
                sum += binomial * x.powi(j as i32) * (1.0 - x).powi((n - j) as i32);
            }
            binomial *= f64::from(n - j) / f64::from(j + 1);
        }
        sum
    }

    #[test]
    fn the_incomplete_beta_function_equals_binomial_tails() {
        for (a, b) in [(1, 1), (1, 9), (2, 3), (5, 5), (17, 3), (30, 40)] {
            for x in [0.01, 0.1, 0.3, 0.5, 0.7, 0.95] {
                let beta = Beta {
                    a: f64::from(a),
                    b: f64::from(b),
                };
                close(beta.below(x), binomial_tail(a, b, x));
            }
        }
    }

    #[test]
    fn the_arcsine_law_has_a_closed_form() {
        let arcsine = Beta { a: 0.5, b: 0.5 };
        for x in [1e-6, 0.1, 0.25, 0.5, 0.9] {
            close(
                arcsine.below(x),
                2.0 / std::f64::consts::PI * f64::sqrt(x).asin(),
            );
        }
        assert_eq!((arcsine.below(-1.0), arcsine.below(2.0)), (0.0, 1.0));
    }

    #[test]
    fn large_parameters_converge() {
        // Symmetric around one half, however narrow.
        for n in [1e2, 1e3, 1e5] {
            let beta = Beta { a: n, b: n };
            assert!((beta.below(0.5) - 0.5).abs() < 1e-9, "{n}");
            let deviation = 0.5 / (2.0 * n + 1.0_f64).sqrt();
            assert!((beta.below(0.5 + deviation) - 0.841_3).abs() < 1e-3, "{n}");
        }
    }

    #[test]
    fn quantiles_invert() {
        let beta = Beta { a: 3.5, b: 0.8 };
        for q in [0.001, 0.2, 0.5, 0.99] {
            close(beta.below(beta.quantile(q)), q);
        }
        let (low, high) = Beta::UNIFORM.interval(0.9);
        close(low, 0.05);
        close(high, 0.95);
    }

    #[test]
    fn pass_at_k_is_a_product() {
        // One success and three failures after a uniform prior: Beta(2, 4).
        let beta = Beta::UNIFORM.after(1.0, 4.0);
        close(beta.pass_at_k(1), 1.0 / 3.0);
        // 1 - (4/6)(5/7)(6/8).
        close(beta.pass_at_k(3), 1.0 - 5.0 / 14.0);
        assert_eq!(beta.pass_at_k(0), 0.0);
    }
}
