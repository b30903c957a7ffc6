//! Pass@k as the objective, with analytic advantages.
//!
//! Of N completions, c are right. A draw of k of them without replacement fails with probability
//! `m = C(N-c, k) / C(N, k)`, so the rewards of draws (1 where one of the k is right) have mean
//! `1 - m` and standard deviation `s = sqrt(m * (1 - m))`. The advantage of a completion is the
//! mean, over the draws that hold it, of the normalized reward of the draw:
//!
//! - `A+ = m / s` for a right one,
//! - `A- = (m - C(N-c-1, k-1) / C(N-1, k-1)) / s` for a wrong one,
//! - 0 where `s = 0`: all wrong, or so many right that no draw fails.
//!
//! Because `C(N-c-1, k-1) / C(N-1, k-1) = m * N / (N - c)`, this is `A+ = sqrt(m / (1 - m))` and
//! `A- = -A+ * c / (N - c)`, which subtracts no nearly equal numbers: the group sums to zero. With
//! k = 1 it is GRPO with the standard deviation of a population.
//!
//! Source: arXiv 2508.10751 (Pass@k Training, the analytical derivation). A k that becomes 1 in the
//! course of training is the annealing of arXiv 2505.15201 (PKPO).
//!
//! Deviations: none in the values; binomial ratios are products of at most min(c, k) factors, which
//! neither overflow nor lose digits for any N. A probability below the smallest number counts as 0.

use crate::moments::expect_whole_groups;

/// The advantages of a right and of a wrong completion where `right` of `samples` are right.
///
/// ```
/// use interplay_objectives::advantage::pass_at_k_pair;
///
/// // m = C(3, 2) / C(4, 2) = 1/2, s = 1/2; C(2, 1) / C(3, 1) = 2/3.
/// let (positive, negative) = pass_at_k_pair(4, 1, 2);
/// assert!((positive - 1.0).abs() < 1e-12);
/// assert!((negative + 1.0 / 3.0).abs() < 1e-12);
/// // Any two of four hold one of three right ones.
/// assert_eq!(pass_at_k_pair(4, 3, 2), (0.0, 0.0));
/// ```
#[must_use]
pub fn pass_at_k_pair(samples: usize, right: usize, k: usize) -> (f64, f64) {
    let wrong = samples.saturating_sub(right);
    if right == 0 || wrong == 0 || k == 0 || k > wrong {
        return (0.0, 0.0);
    }
    // C(N-c, k) / C(N, k), over k factors (N-c-i) / (N-i) or over c factors (N-k-j) / (N-j).
    let (taken, factors) = (right.max(k), right.min(k));
    let failure: f64 = (0..factors)
        .map(|index| (samples - taken - index) as f64 / (samples - index) as f64)
        .product();
    let positive = (failure / (1.0 - failure)).sqrt();
    (positive, -positive * right as f64 / wrong as f64)
}

/// The pass@k advantages of `rewards`, which hold `group_size` rewards of 0 or 1 for each prompt in
/// turn. A reward above one half counts as right.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards.
///
/// ```
/// use interplay_objectives::advantage::pass_at_k;
///
/// // Two of four right: m = C(2, 2) / C(4, 2) = 1/6, so A+ = sqrt(1/5).
/// let found = pass_at_k(&[1.0, 1.0, 0.0, 0.0], 4, 2);
/// assert!((found[0] - 0.2f64.sqrt()).abs() < 1e-12);
/// assert!((found[2] + 0.2f64.sqrt()).abs() < 1e-12);
/// ```
#[must_use]
pub fn pass_at_k(rewards: &[f64], group_size: usize, k: usize) -> Vec<f64> {
    expect_whole_groups(rewards, group_size);
    let mut advantages = Vec::with_capacity(rewards.len());
    for group in rewards.chunks_exact(group_size) {
        let right = group.iter().filter(|reward| **reward > 0.5).count();
        let (positive, negative) = pass_at_k_pair(group_size, right, k);
        let advantage = |reward: &f64| if *reward > 0.5 { positive } else { negative };
        advantages.extend(group.iter().map(advantage));
    }
    advantages
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(n: u128, k: u128) -> u128 {
        (0..k).fold(1, |found, index| found * (n - index) / (index + 1))
    }

    #[test]
    fn equals_the_published_form_in_exact_binomials() {
        for samples in 2..=40_usize {
            for right in 1..samples {
                for k in 1..=samples {
                    let (n, c, k128) = (samples as u128, right as u128, k as u128);
                    let ratio = |top: u128, below: u128| top as f64 / below as f64;
                    let m = match k <= samples - right {
                        true => ratio(choose(n - c, k128), choose(n, k128)),
                        false => 0.0,
                    };
                    let with = match k < samples - right + 1 {
                        true => ratio(choose(n - c - 1, k128 - 1), choose(n - 1, k128 - 1)),
                        false => 0.0,
                    };
                    let s = (m * (1.0 - m)).sqrt();
                    let (positive, negative) = pass_at_k_pair(samples, right, k);
                    if s == 0.0 {
                        assert_eq!((positive, negative), (0.0, 0.0));
                        continue;
                    }
                    let close = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1e-3);
                    assert!(close(positive, m / s), "{samples} {right} {k}");
                    assert!(close(negative, (m - with) / s), "{samples} {right} {k}");
                }
            }
        }
    }

    #[test]
    fn large_groups_neither_overflow_nor_lose_the_sign() {
        for right in [1, 2, 100, 2048, 4095] {
            for k in [1, 2, 64, 1024, 4096] {
                let (positive, negative) = pass_at_k_pair(4096, right, k);
                assert!(positive.is_finite() && positive >= 0.0);
                assert!(negative.is_finite() && negative <= 0.0);
            }
        }
        // m = 1 - k / N where one is right.
        let (positive, _) = pass_at_k_pair(4096, 1, 1024);
        assert!((positive - 3f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn groups_without_a_contrast_teach_nothing() {
        assert_eq!(pass_at_k(&[0.0, 0.0, 1.0, 1.0], 2, 2), [0.0; 4]);
    }
}
