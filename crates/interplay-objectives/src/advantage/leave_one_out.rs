//! RLOO: each reward is compared with the mean of the other rewards of its group.
//!
//! `A_i = r_i - mean of r_j over j != i = G / (G - 1) * (r_i - mean of the group)`.
//!
//! Source: arXiv 2402.14740; verl's `rloo`; TRL's `RLOOTrainer`, whose
//! `normalize_advantages` whitens the result over the batch with a sample deviation.
//!
//! Deviations: a uniform group is zero exactly, before and after whitening, without the trace of rounding.

use crate::moments::{deviation, expect_whole_groups, mean, uniform};

/// The leave-one-out advantages of `rewards`, which hold `group_size` rewards for each prompt in
/// turn. A group of one has no other to compare with and gets zero.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards.
///
/// ```
/// use interplay_objectives::advantage::leave_one_out;
///
/// // Three others with mean 0, and three with mean 1/3 of the others' rewards.
/// let found = leave_one_out(&[1.0, 0.0, 0.0, 0.0], 4);
/// assert_eq!(found[0], 1.0);
/// assert!((found[1] + 1.0 / 3.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn leave_one_out(rewards: &[f64], group_size: usize) -> Vec<f64> {
    expect_whole_groups(rewards, group_size);
    let mut advantages = Vec::with_capacity(rewards.len());
    for group in rewards.chunks_exact(group_size) {
        if uniform(group) {
            advantages.resize(advantages.len() + group_size, 0.0);
            continue;
        }
        let (mean, others) = (mean(group), (group_size - 1) as f64);
        let factor = group_size as f64 / others;
        advantages.extend(group.iter().map(|reward| (reward - mean) * factor));
    }
    advantages
}

/// [`leave_one_out`] advantages, whitened over the batch ([`normalized_over_batch`]). The mean that is subtracted
/// is zero but for rounding, of which a group with equal rewards keeps no trace: it has zero exactly.
///
/// # Panics
/// As [`leave_one_out`].
///
/// ```
/// use interplay_objectives::advantage::normalized_leave_one_out;
///
/// let found = normalized_leave_one_out(&[0.3, 0.1, 0.7, 0.1, 0.1, 0.1], 3, 1e-4);
/// assert!(found[2] > 1.0);
/// assert_eq!(found[3..], [0.0; 3]);
/// ```
#[must_use]
pub fn normalized_leave_one_out(rewards: &[f64], group_size: usize, epsilon: f64) -> Vec<f64> {
    let advantages = leave_one_out(rewards, group_size);
    let mut normalized = normalized_over_batch(&advantages, epsilon);
    let groups = normalized.chunks_mut(group_size);
    for (own, rewards) in groups.zip(rewards.chunks(group_size)) {
        if uniform(rewards) {
            own.fill(0.0);
        }
    }
    normalized
}

/// Advantages shifted and scaled to mean 0 and standard deviation 1 over the batch: TRL's
/// `normalize_advantages` for RLOO. Equal ones become zero.
///
/// ```
/// use interplay_objectives::advantage::normalized_over_batch;
///
/// assert_eq!(normalized_over_batch(&[1.0, 2.0, 3.0], 0.0), [-1.0, 0.0, 1.0]);
/// ```
#[must_use]
pub fn normalized_over_batch(advantages: &[f64], epsilon: f64) -> Vec<f64> {
    if uniform(advantages) {
        return vec![0.0; advantages.len()];
    }
    let (mean, divisor) = (mean(advantages), deviation(advantages) + epsilon);
    let normalized = advantages.iter().map(|value| (value - mean) / divisor);
    normalized.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reward_is_compared_with_the_others() {
        // 3 - (1 + 2) / 2, 1 - (3 + 2) / 2, 2 - (3 + 1) / 2.
        assert_eq!(leave_one_out(&[3.0, 1.0, 2.0], 3), [1.5, -1.5, 0.0]);
        assert_eq!(leave_one_out(&[3.0, 1.0], 1), [0.0, 0.0]);
    }

    #[test]
    fn rounding_leaves_no_trace_in_uniform_groups() {
        // Here the mean of the advantages is not zero exactly.
        let rewards = [0.1, 0.3, 0.4, 0.7, 0.7, 0.7, 0.0, 0.0, 0.0];
        let plain = normalized_over_batch(&leave_one_out(&rewards, 3), 1e-4);
        assert_ne!(plain[3], 0.0);
        let found = normalized_leave_one_out(&rewards, 3, 1e-4);
        assert_eq!(found[..3], plain[..3]);
        assert_eq!(found[3..], [0.0; 6]);
    }

    #[test]
    fn equal_advantages_normalize_to_zero() {
        assert_eq!(normalized_over_batch(&[0.1; 3], 1e-4), [0.0; 3]);
        assert!(normalized_over_batch(&[], 1e-4).is_empty());
    }
}
