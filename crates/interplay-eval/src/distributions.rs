//! Quantiles and tails of the normal, Student's and beta distributions.
//!
//! Source: Numerical Recipes (3rd edition, 2007), section 6.4, for the continued fraction of the
//! incomplete beta function; Abramowitz and Stegun 1964, 6.1.41 for the log-gamma series and 26.7.1
//! for Student's tail as an incomplete beta function.
//! Deviations: quantiles are found by bisection on the distribution function, which needs no
//! starting value and cannot diverge; Student's takes fractional degrees of freedom.

/// The natural logarithm of the gamma function for `x > 0`, to about 1e-13 of its size.
pub(crate) fn ln_gamma(x: f64) -> f64 {
    // Shifted to where five terms of Stirling's series suffice.
    let (mut x, mut shift) = (x, 1.0_f64);
    while x < 12.0 {
        shift *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - r * (1.0 / 360.0 - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0))));
    (x - 0.5) * x.ln() - x + 0.918_938_533_204_672_8 + series / x - shift.ln()
}

/// The probability that a Beta(`a`, `b`) variable lies below `x`.
pub(crate) fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p();
    // The fraction converges fast on the near side of the mean.
    if x < (a + 1.0) / (a + b + 2.0) {
        front.exp() * fraction(a, b, x) / a
    } else {
        1.0 - front.exp() * fraction(b, a, 1.0 - x) / b
    }
}

/// The continued fraction of the incomplete beta function, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let bounded = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / bounded(1.0 - (a + b) * x / (a + 1.0));
    let mut value = d;
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / bounded(1.0 + term * d);
            c = bounded(1.0 + term / c);
            change = c * d;
            value *= change;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

/// The value below which a Beta(`a`, `b`) variable lies with probability `p`.
pub(crate) fn beta_quantile(a: f64, b: f64, p: f64) -> f64 {
    bisect(0.0, 1.0, |x| beta_below(a, b, x) < p)
}

/// The point between `low` and `high` up to which `below` holds.
pub(crate) fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The probability that a Student variable is at least `t` away from zero, on either side.
pub(crate) fn student_two_sided(freedom: f64, t: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    if freedom > 1e7 {
        return 2.0 * normal_below(-t.abs());
    }
    beta_below(freedom / 2.0, 0.5, freedom / (freedom + t * t))
}

/// The value that a Student variable exceeds with probability `tail < 1/2`.
pub(crate) fn student_above(freedom: f64, tail: f64) -> f64 {
    let mut high = 2.0;
    while student_two_sided(freedom, high) > 2.0 * tail {
        high *= 2.0;
    }
    bisect(0.0, high, |t| student_two_sided(freedom, t) > 2.0 * tail)
}

/// The probability that a standard normal variable lies below `z`.
pub(crate) fn normal_below(z: f64) -> f64 {
    // The tail as an incomplete gamma function of 1/2: a series near zero, a fraction far out.
    let x = 0.5 * z * z;
    let upper = if x < 1.5 {
        let (mut term, mut sum, mut n) = (1.0, 1.0, 0.5);
        while term > 1e-17 * sum {
            n += 1.0;
            term *= x / n;
            sum += term;
        }
        1.0 - sum * (x.sqrt() * (-x).exp()) * std::f64::consts::FRAC_2_SQRT_PI
    } else {
        let mut b = x + 0.5;
        let (mut c, mut d) = (1e300, 1.0 / b);
        let mut value = d;
        for step in 1..1000 {
            let i = f64::from(step);
            let a = -i * (i - 0.5);
            b += 2.0;
            d = 1.0 / (a * d + b);
            c = b + a / c;
            value *= c * d;
            if (c * d - 1.0).abs() < 1e-16 {
                break;
            }
        }
        value * (x.sqrt() * (-x).exp()) * 0.5 * std::f64::consts::FRAC_2_SQRT_PI
    };
    if z < 0.0 { 0.5 * upper } else { 1.0 - 0.5 * upper }
}

/// The value below which a standard normal variable lies with probability `p`.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    bisect(-40.0, 40.0, |z| normal_below(z) < p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64, within: f64) {
        assert!((found - expected).abs() < within, "{found}, expected {expected}");
    }

    #[test]
    fn the_normal_distribution_is_that_of_the_tables() {
        near(normal_below(0.0), 0.5, 1e-15);
        near(normal_below(1.0), 0.841_344_746_068_542_9, 1e-14);
        near(normal_below(-1.959_963_984_540_054), 0.025, 1e-14);
        near(normal_below(-6.0), 9.865_876_450_376_98e-10, 1e-20);
        near(normal_below(5.0) + normal_below(-5.0), 1.0, 1e-15);
        near(normal_quantile(0.975), 1.959_963_984_540_054, 1e-12);
        near(normal_quantile(0.2), -0.841_621_233_572_914_2, 1e-12);
    }

    #[test]
    fn log_gamma_is_that_of_factorials_and_halves() {
        let mut factorial = 1.0_f64;
        for n in 1..30 {
            near(ln_gamma(f64::from(n)), factorial.ln(), 1e-11);
            factorial *= f64::from(n);
        }
        near(ln_gamma(0.5), std::f64::consts::PI.sqrt().ln(), 1e-13);
        near(ln_gamma(1.0), 0.0, 1e-13);
    }

    #[test]
    fn the_beta_distribution_is_a_sum_of_binomial_terms_for_whole_numbers() {
        // P(Beta(a, b) < x) = P(Binomial(a + b - 1, x) >= a).
        for (a, b, x) in [(1_u32, 1_u32, 0.3_f64), (3, 4, 0.5), (2, 9, 0.05), (7, 2, 0.9)] {
            let n = a + b - 1;
            let mut coefficient = 1.0;
            let mut tail = 0.0;
            for i in 0..=n {
                if i >= a {
                    tail += coefficient * x.powi(i as i32) * (1.0 - x).powi((n - i) as i32);
                }
                coefficient *= f64::from(n - i) / f64::from(i + 1);
            }
            near(beta_below(f64::from(a), f64::from(b), x), tail, 1e-12);
        }
        // The arcsine distribution.
        near(beta_below(0.5, 0.5, 0.25), 1.0 / 3.0, 1e-13);
        near(beta_quantile(0.5, 0.5, 1.0 / 3.0), 0.25, 1e-12);
        near(beta_quantile(1.0, 5.0, 0.975), 1.0 - 0.025_f64.powf(0.2), 1e-12);
    }

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, quantile) in [
            (1.0, 12.706_204_736),
            (2.0, 4.302_652_730),
            (3.0, 3.182_446_305),
            (4.0, 2.776_445_105),
            (15.0, 2.131_449_546),
            (60.0, 2.000_297_822),
            (1e6, 1.959_966_36),
        ] {
            near(student_above(freedom, 0.025), quantile, 1e-6);
        }
        near(student_above(f64::INFINITY, 0.025), 1.959_963_985, 1e-8);
        // One degree of freedom is Cauchy's: a quarter lies above 1.
        near(student_two_sided(1.0, 1.0), 0.5, 1e-13);
    }
}
