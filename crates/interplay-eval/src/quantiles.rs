//! Distribution functions and quantiles that the intervals and tests need.
//!
//! Source: NIST Digital Library of Mathematical Functions, 5.11.1 (Stirling's series), 8.17.22
//! (continued fraction of the incomplete beta function, evaluated as in 1.12); Abramowitz and
//! Stegun 1964, 26.7.5 (Student's 97.5 % point) with its table 26.10 up to three degrees of freedom.
//! Deviations: quantiles are found by bisection, which needs no starting guess and cannot diverge.

/// The 97.5 % point of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// The logarithm of the gamma function for `x > 0`.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 1.0);
    while x < 12.0 {
        shift *= x;
        x += 1.0;
    }
    let y = 1.0 / (x * x);
    let series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0))) / x;
    (x - 0.5) * x.ln() - x + 0.5 * std::f64::consts::TAU.ln() + series - f64::ln(shift)
}

/// The logarithm of the beta function.
pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// The probability that a Beta(`a`, `b`) variable lies below `x`.
pub(crate) fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction, by Lentz's method.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let guard = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / guard(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut step = 1.0;
        for term in [even, odd] {
            d = 1.0 / guard(1.0 + term * d);
            c = guard(1.0 + term / c);
            step = c * d;
            fraction *= step;
        }
        if (step - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The point below which a Beta(`a`, `b`) variable lies with probability `level`.
pub(crate) fn beta_quantile(a: f64, b: f64, level: f64) -> f64 {
    bisect(0.0, 1.0, |x| beta_cdf(a, b, x) < level)
}

/// The probability that a normal variable lies below `x`.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    // The integral of the density from 0, as a power series: all terms have one sign.
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / std::f64::consts::TAU.sqrt()
}

/// The point below which a normal variable lies with probability `level`.
pub(crate) fn normal_quantile(level: f64) -> f64 {
    bisect(-8.0, 8.0, |x| normal_cdf(x) < level)
}

/// The point below which Student's variable lies with probability `level`, at least 0.5.
pub(crate) fn student_quantile(level: f64, freedom: f64) -> f64 {
    let central = (2.0 * level - 1.0).max(0.0);
    let x = beta_quantile(0.5, freedom / 2.0, central);
    (freedom * x / (1.0 - x)).sqrt()
}

/// The probability that Student's variable lies at least `t` from zero, on either side.
pub(crate) fn student_two_sided(freedom: f64, t: f64) -> f64 {
    beta_cdf(0.5 * freedom, 0.5, freedom / (freedom + t * t))
}

/// The square of the point that Student's variable exceeds on either side with probability `p`.
pub(crate) fn student_two_sided_square(freedom: f64, p: f64) -> f64 {
    let x = beta_quantile(0.5 * freedom, 0.5, p);
    freedom * (1.0 - x) / x
}

/// The 97.5 % point of Student's distribution, at least one degree of freedom assumed.
pub(crate) fn student(freedom: usize) -> f64 {
    match freedom {
        0 | 1 => return 12.706_205,
        2 => return 4.302_653,
        3 => return 3.182_446,
        _ => {}
    }
    let (z, v) = (Z, freedom as f64);
    let z2 = z * z;
    let first = z * (z2 + 1.0) / 4.0;
    let second = z * ((5.0 * z2 + 16.0) * z2 + 3.0) / 96.0;
    let third = z * (((3.0 * z2 + 19.0) * z2 + 17.0) * z2 - 15.0) / 384.0;
    let fourth = z * ((((79.0 * z2 + 776.0) * z2 + 1482.0) * z2 - 1920.0) * z2 - 945.0) / 92_160.0;
    z + (first + (second + (third + fourth / v) / v) / v) / v
}

/// The point between `low` and `high` at which `below` turns false.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..70 {
        let middle = 0.5 * (low + high);
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_is_that_of_the_tables() {
        let table = [
            (1, 12.706),
            (2, 4.303),
            (3, 3.182),
            (4, 2.776),
            (7, 2.365),
            (15, 2.131),
            (60, 2.000),
            (1_000_000, 1.960),
        ];
        for (freedom, quantile) in table {
            let found = student(freedom);
            assert!((found - quantile).abs() < 3e-3, "{freedom}: {found}");
            let found = student_quantile(0.975, freedom as f64);
            assert!((found - quantile).abs() < 6e-4, "{freedom}: {found}");
            let square = student_two_sided_square(freedom as f64, 0.05);
            assert!((square.sqrt() - found).abs() < 1e-9, "{freedom}: {square}");
            let outside = student_two_sided(freedom as f64, found);
            assert!((outside - 0.05).abs() < 1e-9, "{freedom}: {outside}");
        }
    }

    #[test]
    fn normal_and_beta_distributions_are_those_of_the_tables() {
        assert!((normal_cdf(1.0) - 0.841_344_746_068_543).abs() < 1e-14);
        assert!((normal_quantile(0.975) - Z).abs() < 1e-12);
        assert!((normal_quantile(0.2) + 0.841_621_233_572_914).abs() < 1e-12);
        // Beta(2, 3): 6 x^2 - 8 x^3 + 3 x^4; at 0.4 that is 0.5248.
        assert!((beta_cdf(2.0, 3.0, 0.4) - 0.5248).abs() < 1e-13);
        assert!((beta_quantile(2.0, 3.0, 0.5248) - 0.4).abs() < 1e-12);
        // Beta(a, 1) is x^a, also far out.
        assert!((beta_cdf(300.0, 1.0, 0.99) - 0.99_f64.powi(300)).abs() < 1e-12);
    }

    #[test]
    fn ln_gamma_is_the_logarithm_of_factorials() {
        let mut factorial = 1.0_f64;
        for n in 1..20 {
            factorial *= f64::from(n);
            assert!((ln_gamma(f64::from(n) + 1.0) - factorial.ln()).abs() < 1e-11);
        }
        assert!((ln_gamma(0.5) - std::f64::consts::PI.sqrt().ln()).abs() < 1e-11);
    }
}
