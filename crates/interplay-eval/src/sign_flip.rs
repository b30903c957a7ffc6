//! The sign-flip permutation test of paired differences.
//!
//! Source: Fisher 1935, "The Design of Experiments", section 21; Phipson and Smyth 2010
//! (Statistical Applications in Genetics and Molecular Biology 9) for `(hits + 1) / (draws + 1)`,
//! which keeps the error rate of a test with random permutations; Besag and Clifford 1991 (Biometrika
//! 78) for more draws where few hit; Hoeffding 1963 (Journal of the American Statistical Association
//! 58), theorem 2, for the bound `2 exp(-T^2 / (2 sum d^2))`.
//! Deviations: draws come in three stages instead of one by one. Ten hits end a stage, so a p-value is
//! known to about a third of itself down to 1e-5, and a table of thousands of rows can have findings
//! after Holm's correction. Ending so keeps the error rate at every level: a p-value of at most `a` is
//! one of the first stage whose own p-values can be so small, or implies one of it. Where Hoeffding's
//! bound alone is below what a million patterns can tell, it is the p-value, and nothing is drawn.
//!
//! Where left and right do not differ, each problem's difference is as likely to be `d` as `-d`, so
//! the test's error rate is at most its level for any distribution of the differences and any
//! number of problems. That holds where both sides have the same number of samples.

use crate::draws::Draws;

/// With up to so many problems that differ, every pattern of signs is counted.
const EXACT: usize = 16;
/// Otherwise so many patterns are drawn, in all stages so far.
const STAGES: [u32; 3] = [9_999, 99_999, 999_999];
/// So many hits end a stage.
const ENOUGH: u32 = 10;

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
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    let bound = 2.0 * (-extreme * extreme / (2.0 * squares)).exp();
    let most = STAGES[STAGES.len() - 1];
    if extreme > 0.0 && bound * f64::from(most) < 1.0 {
        return bound;
    }
    let (mut draws, mut hits, mut drawn) = (Draws::new(seed), 0, 0);
    for patterns in STAGES {
        for _ in drawn..patterns {
            hits += u32::from(flipped(&differences, &mut draws).abs() >= extreme);
        }
        drawn = patterns;
        if hits >= ENOUGH {
            break;
        }
    }
    f64::from(hits + 1) / f64::from(drawn + 1)
}

/// The sum of the differences with random signs.
fn flipped(differences: &[f64], draws: &mut Draws) -> f64 {
    let mut sum = 0.0;
    for chunk in differences.chunks(64) {
        let mut bits = draws.bits();
        for difference in chunk {
            // The sign bit is set or not without a branch.
            sum += f64::from_bits(difference.to_bits() ^ (bits << 63));
            bits >>= 1;
        }
    }
    sum
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

    #[test]
    fn small_p_values_are_not_bounded_by_the_first_draws() {
        // 40 problems that differ by one, 36 of them up: 2 P(X >= 36) = 2 x 102,091 / 2^40.
        let signs = |up: i32| (0..40).map(move |i| if i < up { 1.0 } else { -1.0 });
        // 33 up: 2 x 23,230,928 / 2^40 = 4.2e-5, known from 42 hits or so.
        let found = sign_flip(signs(33), 7);
        assert!((found / 4.226e-5 - 1.0).abs() < 0.5, "{found}");
        let found = sign_flip(signs(36), 7);
        assert!(found < 1e-5, "{found}");
        // All up: 2^-39, for which Hoeffding's bound is 2 exp(-20).
        let found = sign_flip(signs(40), 7);
        assert!(
            (found / (2.0 * (-20.0_f64).exp()) - 1.0).abs() < 1e-6,
            "{found}"
        );
    }
}
