//! GDPO: reward components are normalized one by one and summed afterwards.
//!
//! Summed first, components of different spread drown each other: (1, 0) and (0, 1) count alike.
//! Normalized first, each component has a say in every group where it differs. The weighted sum is
//! whitened over the batch.
//!
//! Source: arXiv 2601.05242 (GDPO); TRL's `multi_objective_aggregation = "normalize_then_sum"`, which
//! whitens over completions with `1e-4` beside the deviation; verl's `gdpo`, which whitens over tokens.
//!
//! Deviations: none; both kinds of whitening can be had.

use super::{ScaleRewards, global_normalized, group_normalized, normalized_over_batch};

/// The weighted sum of the group-normalized `components`, each of which holds a value for each
/// completion: what GDPO whitens.
///
/// # Panics
/// Where there is not a weight for each component, or a component does not come in whole groups.
#[must_use]
pub fn normalized_sum(
    components: &[&[f64]],
    weights: &[f64],
    group_size: usize,
    epsilon: f64,
) -> Vec<f64> {
    assert_eq!(
        components.len(),
        weights.len(),
        "a weight for each component"
    );
    let count = components.first().map_or(0, |component| component.len());
    let mut sum = vec![0.0; count];
    for (component, weight) in components.iter().zip(weights) {
        let normalized = group_normalized(component, group_size, ScaleRewards::Group, epsilon);
        for (sum, value) in sum.iter_mut().zip(normalized) {
            *sum += weight * value;
        }
    }
    sum
}

/// GDPO as TRL has it: whitened over the completions of the batch.
///
/// # Panics
/// As [`normalized_sum`].
///
/// ```
/// use interplay_objectives::advantage::decoupled;
///
/// // The second component is a hundredth of the first, and counts as much.
/// let found = decoupled(&[&[1.0, 0.0, 0.0], &[0.0, 0.0, 0.01]], &[1.0, 1.0], 3, 0.0);
/// assert!((found[0] - found[2]).abs() < 1e-9 && found[0] > 0.0 && found[1] < -1.0);
/// ```
#[must_use]
pub fn decoupled(
    components: &[&[f64]],
    weights: &[f64],
    group_size: usize,
    epsilon: f64,
) -> Vec<f64> {
    let sum = normalized_sum(components, weights, group_size, epsilon);
    normalized_over_batch(&sum, epsilon)
}

/// GDPO as verl has it: whitened over the tokens of the batch.
///
/// # Panics
/// As [`normalized_sum`], and where there is not a length for each completion.
///
/// ```
/// use interplay_objectives::advantage::decoupled_by_token;
///
/// let found = decoupled_by_token(&[&[1.0, 0.0]], &[2.0], 2, 0.0, &[1, 1]);
/// assert!((found[0] - 0.5f64.sqrt()).abs() < 1e-6);
/// ```
#[must_use]
pub fn decoupled_by_token(
    components: &[&[f64]],
    weights: &[f64],
    group_size: usize,
    epsilon: f64,
    lengths: &[usize],
) -> Vec<f64> {
    let sum = normalized_sum(components, weights, group_size, epsilon);
    global_normalized(&sum, lengths)
}
