//! The sign-flip permutation test of paired differences.
//!
//! Source: Fisher 1935, "The Design of Experiments", section 21; Phipson and Smyth 2010
//! (Statistical Applications in Genetics and Molecular Biology 9) for `(hits + 1) / (draws + 1)`,
//! which keeps the error rate of a test with random permutations.
//! Deviations: none.
//!
//! Where left and right do not differ, each problem's difference is as likely to be `d` as `-d`, so
//! the test's error rate is at most its level for any distribution of the differences and any
//! number of problems. That holds where both sides have the same number of samples.

use crate::draws::Draws;

/// With up to so many problems that differ, every pattern of signs is counted.
const EXACT: usize = 16;
/// Otherwise so many patterns are drawn.
const PATTERNS: u32 = 9_999;

/// The two-sided p-value of a mean difference of zero.
pub(crate) fn sign_flip(differences: impl IntoIterator<Item = f64>, seed: u64) -> f64 {
    let differences: Vec<f64> = differences.into_iter().filter(|d| *d != 0.0).collect();
    let total: f64 = differences.iter().sum();
    let scale: f64 = differences.iter().map(|d| d.abs()).sum();
    // Sums that differ in their rounding alone are equal.
    let extreme = total.abs() - 1e-9 * scale;
    if differences.len() <= EXACT {
        return exact(&differences, extreme);
    }
    let mut draws = Draws::new(seed);
    let mut hits = 0_u32;
    for _ in 0..PATTERNS {
        let mut sum = 0.0;
        for chunk in differences.chunks(64) {
            let mut bits = draws.bits();
            for difference in chunk {
                // The sign bit is set or not without a branch.
                sum += f64::from_bits(difference.to_bits() ^ (bits << 63));
                bits >>= 1;
            }
        }
        hits += u32::from(sum.abs() >= extreme);
    }
    f64::from(hits + 1) / f64::from(PATTERNS + 1)
}

fn exact(differences: &[f64], extreme: f64) -> f64 {
    let patterns = 1_u32 << differences.len();
    let extreme_of = |pattern: &u32| {
        let signed = differences.iter().enumerate().map(|(index, difference)| {
            let flipped = pattern >> index & 1 == 1;
            if flipped { -difference } else { *difference }
        });
        signed.sum::<f64>().abs() >= extreme
    };
    let hits = (0..patterns).filter(extreme_of).count();
    hits as f64 / f64::from(patterns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_the_patterns_of_few_problems() {
        // Only +++ and --- are as extreme as 1 + 2 + 3, zeros aside.
        assert_eq!(sign_flip([1.0, 0.0, 2.0, 3.0], 0), 0.25);
        // |sum| >= 2 for 1 + 2 - 1: of the eight patterns, only 2 - 1 - 1 and its mirror give 0.
        assert_eq!(sign_flip([1.0, 2.0, -1.0], 0), 0.75);
        assert_eq!(sign_flip([0.0, 0.0], 0), 1.0);
        assert_eq!(sign_flip([0.25; 16], 0), 2.0 / 65_536.0);
    }

    #[test]
    fn random_patterns_agree_with_the_binomial_test() {
        // 40 problems that differ by one, 26 of them up: P(X >= 26 or <= 14) for 40 fair coins.
        let signs = |i: i32| if i < 26 { 1.0 } else { -1.0 };
        let found = sign_flip((0..40).map(signs), 7);
        assert!((found - 0.0807).abs() < 0.008, "{found}");
        assert_eq!(found, sign_flip((0..40).map(signs), 7));
        assert_ne!(found, sign_flip((0..40).map(signs), 8));
    }
}
