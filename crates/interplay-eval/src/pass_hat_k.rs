//! pass^k and the probability that at least j of k samples are right.
//!
//! Source: Yao et al. 2024 (arXiv 2406.12045), section 3.1 for pass^k, all of k samples right,
//! which is `C(c, k) / C(n, k)`; the tail of the hypergeometric distribution for `j` of `k`, of
//! which pass@k (`j = 1`) and pass^k (`j = k`) are the ends.
//! Deviations: neither needs a binomial: a product, and the ratios of neighboring probabilities
//! from the most probable one on, which are exact to 1e-12 for thousands of samples.

/// The probability that all of `k` samples, drawn without replacement from `n` samples of which
/// `c` are right, are right: an unbiased estimate of pass^k, the reliability of a sampler.
///
/// ```
/// # use interplay_eval::pass_hat_k;
/// assert_eq!(pass_hat_k(4, 2, 1), 0.5);
/// // One of the six pairs.
/// assert!((pass_hat_k(4, 2, 2) - 1.0 / 6.0).abs() < 1e-15);
/// assert_eq!(pass_hat_k(4, 2, 3), 0.0);
/// ```
///
/// # Panics
/// Where `k` is zero or above `n`, or `c` is above `n`.
#[must_use]
pub fn pass_hat_k(n: u32, c: u32, k: u32) -> f64 {
    assert!(
        k >= 1 && k <= n && c <= n,
        "pass^{k} of {c} right among {n} samples"
    );
    if c < k {
        return 0.0;
    }
    let ratio = |i| f64::from(c - i) / f64::from(n - i);
    (0..k).map(ratio).product()
}

/// The probability that at least `j` of `k` samples, drawn without replacement from `n` samples of
/// which `c` are right, are right.
///
/// ```
/// # use interplay_eval::at_least_j_of_k;
/// // At least 2 of 3 from 2 right and 2 wrong: 2 of the 4 triples.
/// assert!((at_least_j_of_k(4, 2, 3, 2) - 0.5).abs() < 1e-15);
/// ```
///
/// # Panics
/// Where `k` is zero or above `n`, or `c` is above `n`.
#[must_use]
pub fn at_least_j_of_k(n: u32, c: u32, k: u32, j: u32) -> f64 {
    assert!(
        k >= 1 && k <= n && c <= n,
        "at least {j} of {k} from {c} right among {n} samples"
    );
    let (least, most) = (k.saturating_sub(n - c), c.min(k));
    if j <= least {
        return 1.0;
    }
    if j > most {
        return 0.0;
    }
    let [more_k, more_c] = [k, c].map(|count| f64::from(count) + 1.0);
    let mode = (more_k * more_c / (f64::from(n) + 2.0)) as u32;
    let mode = mode.clamp(least, most);
    // How much more probable x + 1 right samples are than x.
    let up = |x: u32| {
        let more = f64::from(c - x) * f64::from(k - x);
        // `n + x + 1` alone may be above the largest u32.
        let neither = u64::from(n) + u64::from(x) + 1 - u64::from(c) - u64::from(k);
        more / ((f64::from(x) + 1.0) * neither as f64)
    };
    let (mut tail, mut rest) = (0.0, 0.0);
    let mut add = |x: u32, weight: f64| {
        if x >= j {
            tail += weight;
        } else {
            rest += weight;
        }
    };
    add(mode, 1.0);
    let mut weight = 1.0;
    for x in mode..most {
        weight *= up(x);
        add(x + 1, weight);
    }
    weight = 1.0;
    for x in (least..mode).rev() {
        weight /= up(x);
        add(x, weight);
    }
    tail / (tail + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pass_at_k;

    fn choose(n: u32, k: u32) -> u128 {
        if k > n {
            return 0;
        }
        (0..k).fold(1, |all, i| all * u128::from(n - i) / u128::from(i + 1))
    }

    #[test]
    fn equals_the_ratios_of_binomials() {
        for n in [1, 2, 5, 17, 40, 64] {
            for c in 0..=n {
                for k in 1..=n {
                    let all = choose(n, k) as f64;
                    let exact = choose(c, k) as f64 / all;
                    assert!((pass_hat_k(n, c, k) - exact).abs() < 4e-15, "{n} {c} {k}");
                    for j in [0, 1, k / 2, k - 1, k, k + 1] {
                        let ways = |x| choose(c, x) * choose(n - c, k - x);
                        let exact = (j..=k).map(ways).sum::<u128>() as f64 / all;
                        let found = at_least_j_of_k(n, c, k, j);
                        assert!(
                            (found - exact).abs() < 2e-14,
                            "{n} {c} {k} {j}: {found} {exact}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_counts_do_not_overflow() {
        let n = u32::MAX;
        // Two right: all of them are among all samples.
        assert_eq!(at_least_j_of_k(n, 2, n, 2), 1.0);
        // One of two right is among all samples but one, unless both left out; so is the other.
        assert_eq!(at_least_j_of_k(n, 2, n - 1, 1), 1.0);
        let both = at_least_j_of_k(n, 2, n - 1, 2);
        assert!((both - (1.0 - 2.0 / f64::from(n))).abs() < 1e-12, "{both}");
        let half = at_least_j_of_k(n, 2, n / 2, 1);
        assert!((half - 0.75).abs() < 1e-6, "{half}");
        assert_eq!(pass_hat_k(n, n, n), 1.0);
    }

    #[test]
    fn its_ends_are_pass_at_k_and_pass_hat_k_for_thousands_of_samples() {
        for n in [1000, 4096] {
            for c in [0, 1, 3, 50, 500, 999] {
                for k in [1, 2, 16, 128, 1000] {
                    let any = at_least_j_of_k(n, c, k, 1) - pass_at_k(n, c, k);
                    let all = at_least_j_of_k(n, c, k, k) - pass_hat_k(n, c, k);
                    assert!(
                        any.abs() < 1e-12 && all.abs() < 1e-12,
                        "{n} {c} {k}: {any} {all}"
                    );
                }
            }
        }
    }
}
