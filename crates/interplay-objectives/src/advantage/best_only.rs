//! The leave-one-out advantage of max@k for k = the group: only the best completion counts.
//!
//! The best reward of a group is what max@k pays. Without completion i it would be the best of the
//! others, so `A_i = max_j r_j - max over j != i of r_j`: the best gets its lead over the second
//! best, the others get zero, and so does everyone where two share the first place.
//!
//! Source: arXiv 2503.19595 (leave-one-out control variate of the pass@k objective); verl's `grpo_passk`, which
//! divides by the standard deviation of the group unless `norm_adv_by_std_in_grpo` is off.
//!
//! Deviations: none.

use super::ScaleRewards;
use crate::moments::{deviation, expect_whole_groups};

/// The best-only advantages of `rewards`, which hold `group_size` rewards for each prompt in turn.
/// `epsilon` is added to the standard deviation. A group of one has no second best and gets zero.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards.
///
/// ```
/// use interplay_objectives::advantage::{ScaleRewards, best_only};
///
/// let rewards = [0.25, 1.0, 0.75, 1.0, 1.0, 0.0];
/// assert_eq!(best_only(&rewards, 3, ScaleRewards::None, 1e-6), [0.0, 0.25, 0.0, 0.0, 0.0, 0.0]);
/// ```
#[must_use]
pub fn best_only(
    rewards: &[f64],
    group_size: usize,
    scale: ScaleRewards,
    epsilon: f64,
) -> Vec<f64> {
    expect_whole_groups(rewards, group_size);
    let batch = deviation(rewards);
    let mut advantages = vec![0.0; rewards.len()];
    let groups = rewards.chunks_exact(group_size);
    for (group, found) in groups.zip(advantages.chunks_exact_mut(group_size)) {
        let (mut best, mut second) = (0, None::<f64>);
        for (index, reward) in group.iter().enumerate().skip(1) {
            let beaten = if *reward > group[best] {
                let beaten = group[best];
                best = index;
                beaten
            } else {
                *reward
            };
            second = Some(second.map_or(beaten, |second| second.max(beaten)));
        }
        let lead = second.map_or(0.0, |second| group[best] - second);
        if lead > 0.0 {
            found[best] = lead / scale.divisor(group, batch, epsilon);
        }
    }
    advantages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_divided_by_the_deviation_of_the_group() {
        // Mean 1/4, sample variance (9/16 + 3/16) / 3 = 1/4.
        let found = best_only(&[0.0, 1.0, 0.0, 0.0], 4, ScaleRewards::Group, 0.0);
        assert_eq!(found, [0.0, 2.0, 0.0, 0.0]);
    }

    #[test]
    fn the_second_best_may_come_before_or_after_the_best() {
        for rewards in [
            [0.5, 2.0, 1.0],
            [1.0, 2.0, 0.5],
            [2.0, 0.5, 1.0],
            [0.5, 1.0, 2.0],
        ] {
            let found = best_only(&rewards, 3, ScaleRewards::None, 0.0);
            assert_eq!(found.iter().sum::<f64>(), 1.0, "{rewards:?}");
        }
        assert_eq!(best_only(&[3.0], 1, ScaleRewards::None, 0.0), [0.0]);
    }
}
