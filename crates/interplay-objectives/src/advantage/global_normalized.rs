//! REINFORCE++: advantages normalized over the whole batch.
//!
//! `A = (r - mean) / sqrt(var + eps)` over all tokens of the batch, each token carrying the reward
//! of its completion. The `-baseline` form first subtracts the mean of the group.
//!
//! Source: arXiv 2501.03262 (REINFORCE++ and REINFORCE++-baseline); verl's `reinforce_plus_plus`
//! with gamma 1 and `reinforce_plus_plus_baseline`, whose moments count tokens and whose variance is
//! that of a sample.
//!
//! Deviations: the KL penalty of the paper's reward is the trainer's business (KL in the reward),
//! and with gamma 1 the return of every token is the reward at the end. As published, a group with
//! equal rewards does not get zero: what counts is the batch. A batch with equal rewards does.

use crate::moments::{expect_whole_groups, mean, uniform};

/// Added to the variance before the root, as in verl's `masked_whiten`.
const VARIANCE_EPSILON: f64 = 1e-8;

/// The globally normalized advantages of `rewards`; `lengths` holds the tokens of each completion,
/// by which it counts.
///
/// # Panics
/// Where the two slices differ in length.
///
/// ```
/// use interplay_objectives::advantage::global_normalized;
///
/// // Four tokens with rewards 1, 0, 0, 0: mean 1/4, sample variance 1/4.
/// let found = global_normalized(&[1.0, 0.0], &[1, 3]);
/// assert!((found[0] - 1.5).abs() < 1e-6 && (found[1] + 0.5).abs() < 1e-6);
/// ```
#[must_use]
pub fn global_normalized(rewards: &[f64], lengths: &[usize]) -> Vec<f64> {
    assert_eq!(rewards.len(), lengths.len(), "a length for each reward");
    let tokens: usize = lengths.iter().sum();
    if tokens < 2 || uniform(rewards) {
        return vec![0.0; rewards.len()];
    }
    let weighted = |value: &dyn Fn(f64) -> f64| -> f64 {
        let pairs = rewards.iter().zip(lengths);
        pairs
            .map(|(reward, length)| value(*reward) * *length as f64)
            .sum()
    };
    let mean = weighted(&|reward| reward) / tokens as f64;
    let squares = weighted(&|reward| (reward - mean).powi(2));
    let variance = squares / (tokens - 1) as f64;
    let divisor = (variance + VARIANCE_EPSILON).sqrt();
    rewards
        .iter()
        .map(|reward| (reward - mean) / divisor)
        .collect()
}

/// The advantage of each token where rewards are discounted by `gamma` from token to token: the
/// return of a token, normalized over all tokens of the batch. With gamma 1 all tokens of a
/// completion carry its [`global_normalized`] advantage.
///
/// # Panics
/// Where the two slices differ in length.
///
/// ```
/// use interplay_objectives::advantage::discounted_normalized;
///
/// // Returns 1/2 and 1, and 0: mean 1/2, sample variance 1/4.
/// let found = discounted_normalized(&[1.0, 0.0], &[2, 1], 0.5);
/// assert!(found[0][0].abs() < 1e-6 && (found[0][1] - 1.0).abs() < 1e-6);
/// assert!((found[1][0] + 1.0).abs() < 1e-6);
/// ```
#[must_use]
pub fn discounted_normalized(rewards: &[f64], lengths: &[usize], gamma: f64) -> Vec<Vec<f64>> {
    assert_eq!(rewards.len(), lengths.len(), "a length for each reward");
    let completions = rewards.iter().zip(lengths).map(|(reward, length)| {
        let left = (0..*length).rev();
        left.map(|left| reward * gamma.powi(left as i32)).collect()
    });
    let returns: Vec<Vec<f64>> = completions.collect();
    let flat: Vec<f64> = returns.concat();
    let mut normalized = global_normalized(&flat, &vec![1; flat.len()]).into_iter();
    let tokens = lengths
        .iter()
        .map(|length| normalized.by_ref().take(*length).collect());
    tokens.collect()
}

/// [`global_normalized`] after the mean of each group of `group_size` is subtracted.
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards, or where there is not a
/// length for each reward.
///
/// ```
/// use interplay_objectives::advantage::global_normalized_with_baseline;
///
/// // Centered: 1/2, -1/2, 0, 0; sample variance of the four tokens 1/6.
/// let found = global_normalized_with_baseline(&[1.0, 0.0, 1.0, 1.0], 2, &[1; 4]);
/// assert!((found[0] - 0.5 * 6f64.sqrt()).abs() < 1e-6);
/// ```
#[must_use]
pub fn global_normalized_with_baseline(
    rewards: &[f64],
    group_size: usize,
    lengths: &[usize],
) -> Vec<f64> {
    expect_whole_groups(rewards, group_size);
    let mut centered = Vec::with_capacity(rewards.len());
    for group in rewards.chunks_exact(group_size) {
        // verl keeps the reward of a completion without siblings.
        let mean = if group_size > 1 { mean(group) } else { 0.0 };
        let level = group_size > 1 && uniform(group);
        let center = |reward: &f64| if level { 0.0 } else { reward - mean };
        centered.extend(group.iter().map(center));
    }
    global_normalized(&centered, lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_batch_has_no_advantage() {
        assert_eq!(global_normalized(&[0.3; 4], &[5, 1, 2, 9]), [0.0; 4]);
        assert_eq!(
            global_normalized_with_baseline(&[1.0, 1.0, 0.0, 0.0], 2, &[3; 4]),
            [0.0; 4]
        );
        assert!(global_normalized(&[], &[]).is_empty());
    }

    #[test]
    fn a_level_group_in_a_mixed_batch_keeps_its_distance_from_the_mean() {
        let found = global_normalized(&[1.0, 1.0, 0.0, 0.0], &[1; 4]);
        assert!(found[0] > 0.0 && found[0] == found[1]);
    }
}
