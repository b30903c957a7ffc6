//! p-values adjusted for the number of comparisons in a table.
//!
//! Source: Holm 1979 (Scandinavian Journal of Statistics 6), which bounds the probability of any
//! false positive; Benjamini and Hochberg 1995 (Journal of the Royal Statistical Society B 57),
//! which bounds the expected share of false positives among the positives.
//! Deviations: both give adjusted p-values, to compare with the level, instead of decisions. A p-value
//! that is not a number stays so, is never significant and counts as a comparison like any other.

/// Holm's adjusted p-values, in the order given. Those at most `level` are significant, with a
/// probability of at most `level` that any of them is false, whatever their dependence.
///
/// ```
/// # use interplay_eval::holm;
/// assert_eq!(holm(&[0.01, 0.5, 0.02]), [0.03, 0.5, 0.04]);
/// ```
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let (order, number) = (ascending(p_values), p_values.len());
    let mut adjusted = vec![0.0; number];
    let mut least = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        let p_value = p_values[index];
        if p_value.is_nan() {
            adjusted[index] = p_value;
            continue;
        }
        least = least.max(p_value * (number - rank) as f64).min(1.0);
        adjusted[index] = least;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values, in the order given. Of those at most `level`, an
/// expected share of at most `level` is false, for independent or positively dependent comparisons.
///
/// ```
/// # use interplay_eval::benjamini_hochberg;
/// assert_eq!(benjamini_hochberg(&[0.01, 0.5, 0.02]), [0.03, 0.5, 0.03]);
/// ```
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let (order, number) = (ascending(p_values), p_values.len());
    let mut adjusted = vec![0.0; number];
    let mut most = 1.0_f64;
    for (rank, index) in order.into_iter().enumerate().rev() {
        let p_value = p_values[index];
        if p_value.is_nan() {
            adjusted[index] = p_value;
            continue;
        }
        most = most.min(p_value * number as f64 / (rank + 1) as f64);
        adjusted[index] = most;
    }
    adjusted
}

/// The order of the p-values, those that are not numbers last, whatever their sign.
fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    let key = |index: usize| (p_values[index].is_nan(), p_values[index]);
    order.sort_by(|a, b| {
        let (a, b) = (key(*a), key(*b));
        a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Draws;

    #[test]
    fn adjusts_as_by_hand() {
        // Ascending: 0.01 x 4, 0.02 x 3 = 0.06, 0.03 x 2 = 0.06, 0.2.
        let p_values = [0.03, 0.01, 0.2, 0.02];
        let by_hand = [0.06, 0.04, 0.2, 0.06];
        for (found, wanted) in holm(&p_values).into_iter().zip(by_hand) {
            assert!((found - wanted).abs() < 1e-15);
        }
        // Descending: 0.2, 0.03 x 4 / 3, 0.02 x 4 / 2, 0.01 x 4.
        let by_hand = [0.04, 0.04, 0.2, 0.04];
        for (found, wanted) in benjamini_hochberg(&p_values).into_iter().zip(by_hand) {
            assert!((found - wanted).abs() < 1e-15);
        }
        assert!(holm(&[]).is_empty() && benjamini_hochberg(&[]).is_empty());
    }

    #[test]
    fn what_is_not_a_number_stays_so_and_counts() {
        for nan in [f64::NAN, -f64::NAN] {
            for adjust in [holm, benjamini_hochberg] {
                let found = adjust(&[nan, 0.01, 0.9]);
                assert!(found[0].is_nan());
                // The first of three comparisons, not of two.
                assert!((found[1] - 0.03).abs() < 1e-15, "{found:?}");
                assert!(found[2] <= 1.0, "{found:?}");
            }
        }
    }

    #[test]
    fn a_table_without_effects_rarely_has_a_finding() {
        let mut draws = Draws::new(3);
        let mut found = [0_u32; 3];
        for _ in 0..4000 {
            let mut uniform = || (draws.below(1 << 20) as f64 + 0.5) / f64::from(1 << 20);
            let p_values: Vec<f64> = (0..20).map(|_| uniform()).collect();
            let any = |p_values: &[f64]| u32::from(p_values.iter().any(|p| *p <= 0.05));
            found[0] += any(&p_values);
            found[1] += any(&holm(&p_values));
            found[2] += any(&benjamini_hochberg(&p_values));
        }
        let shares = found.map(|count| f64::from(count) / 4000.0);
        assert!(shares[0] > 0.5, "{shares:?}");
        assert!(
            shares[1..]
                .iter()
                .all(|share| (0.035..=0.06).contains(share)),
            "{shares:?}"
        );
    }
}
