//! Rewards of a group turned into advantages.
//!
//! Source: arXiv 2402.03300, section 4.1.1; leaving the scale out is arXiv 2503.20783, section
//! 3.1; the batch scale is REINFORCE++ (arXiv 2501.03262).

use serde::{Deserialize, Serialize};

/// What a centered reward is divided by.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdvantageScale {
    /// The standard deviation within the group.
    #[default]
    Group,
    /// The standard deviation of the whole batch.
    Batch,
    /// Nothing.
    None,
}

/// Added to a standard deviation before division.
const EPSILON: f64 = 1e-6;

/// The advantages of `rewards`, which hold `group_size` rewards for each prompt in turn.
///
/// A group in which all rewards are equal has advantage zero throughout. Standard deviations are
/// those of a sample (n - 1).
///
/// # Panics
/// Where `group_size` is zero or does not divide the number of rewards.
///
/// ```
/// use interplay_train::grpo::{AdvantageScale, advantages};
///
/// assert_eq!(advantages(&[1.0, 0.0, 0.0, 0.0], 4, AdvantageScale::None), [0.75, -0.25, -0.25, -0.25]);
/// assert_eq!(advantages(&[0.5, 0.5], 2, AdvantageScale::Group), [0.0, 0.0]);
/// ```
#[must_use]
pub fn advantages(rewards: &[f64], group_size: usize, scale: AdvantageScale) -> Vec<f64> {
    assert!(
        group_size > 0 && rewards.len().is_multiple_of(group_size),
        "whole groups"
    );
    let batch = deviation(rewards);
    let mut advantages = Vec::with_capacity(rewards.len());
    for group in rewards.chunks_exact(group_size) {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        let divisor = match scale {
            AdvantageScale::None => 1.0,
            AdvantageScale::Group => deviation(group) + EPSILON,
            AdvantageScale::Batch => batch + EPSILON,
        };
        let uniform = group.iter().all(|reward| *reward == group[0]);
        // Without this, rounding in the mean would leave a trace in a uniform group.
        let advantage = |reward: &f64| {
            if uniform {
                0.0
            } else {
                (reward - mean) / divisor
            }
        };
        advantages.extend(group.iter().map(advantage));
    }
    advantages
}

fn deviation(values: &[f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() - 1) as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn group_scale_by_hand() {
        // Mean 0.5, sample variance (4 * 0.25) / 3.
        let found = advantages(&[1.0, 1.0, 0.0, 0.0], 4, AdvantageScale::Group);
        let expected = 0.5 / (1.0f64 / 3.0).sqrt();
        assert!((found[0] - expected).abs() < 1e-5);
        assert!((found[3] + expected).abs() < 1e-5);
    }

    #[test]
    fn uniform_groups_teach_nothing_even_where_rounding_would() {
        let found = advantages(&[0.1, 0.1, 0.1, 1.0, 0.0, 0.0], 3, AdvantageScale::Group);
        assert_eq!(found[..3], [0.0, 0.0, 0.0]);
        assert!(found[3] > 0.0);
    }

    #[test]
    fn batch_scale_uses_every_group() {
        let found = advantages(&[1.0, 0.0, 0.0, 0.0], 2, AdvantageScale::Batch);
        assert!((found[0] - 0.5 / 0.5).abs() < 1e-4);
        assert_eq!(found[2..], [0.0, 0.0]);
    }
}
