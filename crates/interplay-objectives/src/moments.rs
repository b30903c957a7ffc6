//! Means and standard deviations of rewards.
//!
//! Source: `torch.std` (n - 1 degrees of freedom), which TRL and verl use.

/// The mean; 0 of nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The standard deviation of a sample (n - 1); 0 of fewer than two values, and of equal ones.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 || uniform(values) {
        return 0.0;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

/// Whether all values are equal. Rounding in a mean would leave a trace in such a group, so
/// estimators ask first.
pub(crate) fn uniform(values: &[f64]) -> bool {
    values.iter().all(|value| *value == values[0])
}

/// Refuses rewards that do not come in whole groups.
pub(crate) fn expect_whole_groups(rewards: &[f64], group_size: usize) {
    let whole = group_size > 0 && rewards.len().is_multiple_of(group_size);
    assert!(
        whole,
        "{} rewards are no whole groups of {group_size}",
        rewards.len()
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deviation_by_hand() {
        // Mean 2, squares 1 + 0 + 1, divided by 2.
        assert_eq!(deviation(&[1.0, 2.0, 3.0]), 1.0);
        assert_eq!(deviation(&[0.1, 0.1, 0.1]), 0.0);
        assert_eq!((deviation(&[7.0]), mean(&[])), (0.0, 0.0));
    }
}
