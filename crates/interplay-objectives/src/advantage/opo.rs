//! OPO: the baseline of a group weighs its completions by length.
//!
//! `A_i = r_i - sum of l_j r_j / sum of l_j`, where l are lengths in tokens: the baseline of least
//! variance where the gradient of a completion grows with its length.
//!
//! Source: arXiv 2505.23585; verl's `opo`.
//!
//! Deviations: a group with equal rewards is zero exactly, without the trace of rounding.

use crate::moments::{expect_whole_groups, uniform};

/// The advantages of `rewards`, which hold `group_size` rewards for each prompt in turn, over the
/// baseline weighted by `lengths`. A group of one has no baseline and keeps its reward.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards, or where there is not a
/// length for each reward.
///
/// ```
/// use interplay_objectives::advantage::length_weighted;
///
/// // The right one has 3 of 4 tokens.
/// assert_eq!(length_weighted(&[1.0, 0.0], 2, &[3, 1]), [0.25, -0.75]);
/// ```
#[must_use]
pub fn length_weighted(rewards: &[f64], group_size: usize, lengths: &[usize]) -> Vec<f64> {
    expect_whole_groups(rewards, group_size);
    assert_eq!(rewards.len(), lengths.len(), "a length for each reward");
    let groups = rewards
        .chunks_exact(group_size)
        .zip(lengths.chunks_exact(group_size));
    let mut advantages = Vec::with_capacity(rewards.len());
    for (group, lengths) in groups {
        let tokens: usize = lengths.iter().sum();
        let weighted = group.iter().zip(lengths);
        let sum: f64 = weighted
            .map(|(reward, length)| reward * *length as f64)
            .sum();
        let baseline = match group_size {
            1 => 0.0,
            _ => sum / tokens.max(1) as f64,
        };
        let level = group_size > 1 && uniform(group);
        let advantage = |reward: &f64| if level { 0.0 } else { reward - baseline };
        advantages.extend(group.iter().map(advantage));
    }
    advantages
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lengths_give_the_plain_mean() {
        let found = length_weighted(&[1.0, 0.0, 0.0, 0.0], 4, &[5; 4]);
        assert_eq!(found, [0.75, -0.25, -0.25, -0.25]);
        assert_eq!(length_weighted(&[0.1, 0.1, 0.1], 3, &[1, 2, 4]), [0.0; 3]);
    }
}
