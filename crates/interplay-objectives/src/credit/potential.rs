//! Potential-based shaping: each step is paid for the progress that it makes.
//!
//! The potential after a step is `Phi = (needed nodes stated rightly so far) / (needed nodes)`. Step t
//! is paid `F_t = gamma * Phi_t - Phi_(t-1)`, and its tokens carry `A + weight * F_t`, where A is the
//! advantage of the completion. With `terminal_zero` the end of the completion has potential 0, as
//! the theorem wants: the tokens behind the last step carry `A - weight * Phi_T`, so that the payments
//! of a completion sum to 0 (gamma 1) and shaping moves credit without adding any.
//!
//! The payments telescope: the sum of `gamma^t * F_t` over the T steps is `gamma^T * Phi_T - Phi_0`,
//! and `Phi_0 = 0`.
//!
//! Source: Ng, Harada and Russell, "Policy invariance under reward transformations" (ICML 1999), with
//! the value zero at the end of an episode (Grzes, "Reward shaping in episodic reinforcement learning",
//! AAMAS 2017).
//!
//! Deviations: a step's tokens are paid at once, not with the sum of what follows, which would be
//! `-Phi_(t-1)` and so only a baseline; this is the one-step advantage with Phi as the value function.

use std::collections::BTreeSet;

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::Completion;

/// Settings of potential-based shaping.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Potential {
    /// The discount from step to step.
    pub gamma: f64,
    /// The weight of the payments, in units of the advantage.
    pub weight: f64,
    /// Whether the potential is given back at the end.
    pub terminal_zero: bool,
}

impl Default for Potential {
    fn default() -> Self {
        Self {
            gamma: 1.0,
            weight: 1.0,
            terminal_zero: true,
        }
    }
}

impl Potential {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.range("gamma", self.gamma, 0.0..=1.0);
        let holds = self.weight >= 0.0 && self.weight.is_finite();
        issues.expect(holds, "weight", self.weight, "0 or more");
        issues
    }

    /// The payment of each step, and that of the end.
    ///
    /// ```
    /// use interplay_objectives::credit::{Completion, Potential, Step};
    ///
    /// let step = |correct, node| Step { correct, node: Some(node), ..Step::default() };
    /// let steps = vec![step(true, 0), step(false, 1), step(true, 2)];
    /// let completion = Completion { steps, needed: 4, ..Completion::of_tokens(9) };
    /// assert_eq!(Potential::default().payments(&completion), (vec![0.25, 0.0, 0.25], -0.5));
    /// ```
    #[must_use]
    pub fn payments(&self, completion: &Completion) -> (Vec<f64>, f64) {
        let mut right = BTreeSet::new();
        let mut before = 0.0;
        let mut payments = Vec::with_capacity(completion.steps.len());
        for step in &completion.steps {
            if let (Some(node), true, 1..) = (step.node, step.correct, completion.needed) {
                right.insert(node);
            }
            let after = right.len() as f64 / completion.needed.max(1) as f64;
            payments.push(self.gamma * after - before);
            before = after;
        }
        let end = if self.terminal_zero {
            0.0 - before
        } else {
            0.0
        };
        (payments, end)
    }

    /// The advantage of each token.
    #[must_use]
    pub fn assign(&self, completion: &Completion, advantage: f64) -> Vec<f64> {
        let (payments, end) = self.payments(completion);
        let behind = completion.end_of_steps();
        let owners = completion.step_of_tokens().into_iter().enumerate();
        let tokens = owners.map(|(token, owner)| match owner {
            Some(step) => advantage + self.weight * payments[step],
            None if token >= behind => advantage + self.weight * end,
            None => advantage,
        });
        tokens.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::Step;

    fn completion() -> Completion {
        let step = |tokens, correct, node| Step {
            tokens,
            correct,
            node,
            uses: vec![],
        };
        Completion {
            steps: vec![
                step(0..1, true, Some(0)),
                step(2..4, false, Some(1)),
                step(4..5, true, None),
            ],
            needed: 2,
            ..Completion::of_tokens(6)
        }
    }

    #[test]
    fn tokens_are_paid_with_their_step() {
        let found = Potential::default().assign(&completion(), -1.0);
        assert_eq!(found, [-0.5, -1.0, -1.0, -1.0, -1.0, -1.5]);
        let kept = Potential {
            terminal_zero: false,
            ..Potential::default()
        };
        assert_eq!(kept.assign(&completion(), -1.0)[5], -1.0);
    }

    #[test]
    fn with_a_discount_standing_still_costs() {
        let impatient = Potential {
            gamma: 0.5,
            ..Potential::default()
        };
        // Potentials 1/2, 1/2, 1/2.
        assert_eq!(
            impatient.payments(&completion()),
            (vec![0.25, -0.25, -0.25], -0.5)
        );
    }

    #[test]
    fn a_node_is_paid_once() {
        let mut twice = completion();
        twice.steps[2] = twice.steps[0].clone();
        assert_eq!(Potential::default().payments(&twice).0, [0.5, 0.0, 0.0]);
    }
}
