//! Rewards centered by their group: GRPO and its scales.
//!
//! `A = (r - mean of the group) / (std + eps)`, with `std` that of the group, that of all rewards of
//! the batch, or no division.
//!
//! Source: GRPO is arXiv 2402.03300, section 4.1.1. Leaving the scale out is Dr. GRPO (arXiv
//! 2503.20783, section 3.1). The mean of the group with the deviation of the batch is Lite PPO (arXiv
//! 2508.08221). TRL 1.16 calls them `scale_rewards` `group`, `none` and `batch`; verl 0.9 has the
//! first two (`grpo` with `norm_adv_by_std_in_grpo`).
//!
//! Deviations: none. As in TRL the deviation of the batch is that of all rewards, not centered by
//! group; deviations are those of a sample (n - 1).

use serde::{Deserialize, Serialize};

use crate::moments::{deviation, expect_whole_groups, mean, uniform};

/// What a centered reward is divided by.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaleRewards {
    /// The standard deviation within the group.
    #[default]
    Group,
    /// The standard deviation of all rewards of the batch.
    Batch,
    /// Nothing.
    None,
}

impl ScaleRewards {
    /// The divisor of a group's centered rewards.
    pub(crate) fn divisor(self, group: &[f64], batch: f64, epsilon: f64) -> f64 {
        match self {
            Self::Group => deviation(group) + epsilon,
            Self::Batch => batch + epsilon,
            Self::None => 1.0,
        }
    }
}

/// The group-normalized advantages of `rewards`, which hold `group_size` rewards for each prompt in
/// turn. `epsilon` is added to the standard deviation.
///
/// A group in which all rewards are equal has advantage zero throughout.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards.
///
/// ```
/// use interplay_objectives::advantage::{ScaleRewards, group_normalized};
///
/// let rewards = [1.0, 0.0, 0.0, 0.0];
/// assert_eq!(group_normalized(&rewards, 4, ScaleRewards::None, 1e-4), [0.75, -0.25, -0.25, -0.25]);
/// assert_eq!(group_normalized(&[0.5, 0.5], 2, ScaleRewards::Group, 1e-4), [0.0, 0.0]);
/// ```
#[must_use]
pub fn group_normalized(
    rewards: &[f64],
    group_size: usize,
    scale: ScaleRewards,
    epsilon: f64,
) -> Vec<f64> {
    expect_whole_groups(rewards, group_size);
    let batch = deviation(rewards);
    let mut advantages = Vec::with_capacity(rewards.len());
    for group in rewards.chunks_exact(group_size) {
        if uniform(group) {
            advantages.resize(advantages.len() + group_size, 0.0);
            continue;
        }
        let (mean, divisor) = (mean(group), scale.divisor(group, batch, epsilon));
        advantages.extend(group.iter().map(|reward| (reward - mean) / divisor));
    }
    advantages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_scale_by_hand() {
        // Mean 0.5, sample variance (4 * 0.25) / 3.
        let found = group_normalized(&[1.0, 1.0, 0.0, 0.0], 4, ScaleRewards::Group, 0.0);
        let expected = 0.75f64.sqrt();
        assert!((found[0] - expected).abs() < 1e-12);
        assert!((found[3] + expected).abs() < 1e-12);
    }

    #[test]
    fn uniform_groups_teach_nothing_even_where_rounding_would() {
        let rewards = [0.1, 0.1, 0.1, 1.0, 0.0, 0.0];
        for scale in [ScaleRewards::Group, ScaleRewards::Batch, ScaleRewards::None] {
            let found = group_normalized(&rewards, 3, scale, 1e-4);
            assert_eq!(found[..3], [0.0, 0.0, 0.0]);
            assert!(found[3] > 0.0);
        }
    }

    #[test]
    fn batch_scale_is_the_deviation_of_all_rewards() {
        // All four: mean 0.25, sample variance (0.5625 + 3 * 0.0625) / 3 = 0.25.
        let found = group_normalized(&[1.0, 0.0, 0.0, 0.0], 2, ScaleRewards::Batch, 0.0);
        assert_eq!(found, [1.0, -1.0, 0.0, 0.0]);
    }

    #[test]
    #[should_panic(expected = "3 rewards are no whole groups of 2")]
    fn refuses_part_of_a_group() {
        let _ = group_normalized(&[1.0, 0.0, 0.0], 2, ScaleRewards::Group, 1e-4);
    }
}
