//! GPG: centered rewards, scaled up by how few completions earned anything.
//!
//! `A = (B / M) * (r - mean of the group)`, where M of the B completions of the batch have a reward
//! other than 0 (at least 1 is counted).
//!
//! Source: arXiv 2504.02546 (group policy gradient); verl's `gpg` with `f_norm` 1.
//!
//! Deviations: a group with equal rewards is zero exactly, without the trace of rounding.

use super::{ScaleRewards, group_normalized};

/// The GPG advantages of `rewards`, which hold `group_size` rewards for each prompt in turn. A group
/// of one has no mean to compare with and keeps its reward, scaled.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards.
///
/// ```
/// use interplay_objectives::advantage::group_policy_gradient;
///
/// // One of four earned something.
/// let found = group_policy_gradient(&[1.0, 0.0, 0.0, 0.0], 2);
/// assert_eq!(found, [2.0, -2.0, 0.0, 0.0]);
/// ```
#[must_use]
pub fn group_policy_gradient(rewards: &[f64], group_size: usize) -> Vec<f64> {
    let paid = rewards.iter().filter(|reward| **reward != 0.0).count();
    let scale = rewards.len() as f64 / paid.max(1) as f64;
    let centered = match group_size {
        1 => rewards.to_vec(),
        _ => group_normalized(rewards, group_size, ScaleRewards::None, 0.0),
    };
    centered.into_iter().map(|value| value * scale).collect()
}
