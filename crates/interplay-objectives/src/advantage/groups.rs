//! What advantage estimators read of a batch of rollouts.
//!
//! Source: the shape of TRL's `GRPOTrainer` batch: the completions of a prompt stand next to each
//! other, and every prompt has as many.

/// The rollouts of one step: `group_size` completions of each prompt in turn.
///
/// Every slice has one entry for each completion. What an objective does not read may be empty:
/// `solved`, `log_probs` and `lengths` are read only by those that say so.
///
/// ```
/// use interplay_objectives::advantage::Groups;
///
/// let groups = Groups { log_probs: &[-3.0, -1.0], lengths: &[3, 1], ..Groups::of_rewards(&[1.0, 0.0], 2) };
/// assert_eq!(groups.entropy_nats(), Some(1.0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Groups<'a> {
    /// What each completion earned.
    pub rewards: &'a [f64],
    /// Completions of a prompt.
    pub group_size: usize,
    /// Whether each completion solves its problem: earns a reward of 0 or 1, or is accepted where rewards are
    /// graded. Under noisy supervision that is the noisy verdict, so that no exact knowledge enters the update.
    pub solved: &'a [bool],
    /// The log probability of each completion, in nats: the sum over its tokens under the policy
    /// that sampled it.
    pub log_probs: &'a [f64],
    /// Tokens of each completion, the one that ends the sequence included.
    pub lengths: &'a [usize],
    /// The share of the stage that is done, from 0 to 1.
    pub progress: f64,
}

impl<'a> Groups<'a> {
    /// Groups of which nothing but the rewards is known, at the beginning of a stage.
    #[must_use]
    pub fn of_rewards(rewards: &'a [f64], group_size: usize) -> Self {
        Self {
            rewards,
            group_size,
            solved: &[],
            log_probs: &[],
            lengths: &[],
            progress: 0.0,
        }
    }

    /// The mean of `-log p` over all sampled tokens, in nats: an estimate of the policy's entropy per
    /// token from its own samples. None where there is no token.
    #[must_use]
    pub fn entropy_nats(&self) -> Option<f64> {
        let tokens: usize = self.lengths.iter().sum();
        let nats = -self.log_probs.iter().sum::<f64>() / tokens as f64;
        (tokens > 0 && nats.is_finite()).then_some(nats)
    }
}
