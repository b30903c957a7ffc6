//! The estimators by name.
//!
//! Source: the names are those of verl's `algorithm.adv_estimator`; `pass_at_k` has none there.

use serde::{Deserialize, Serialize};

use crate::by_name::read_by_name;

/// How rewards become advantages.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Estimator {
    /// Centered by the group ([`group_normalized`](super::group_normalized)).
    #[default]
    Grpo,
    /// Compared with the others of the group ([`leave_one_out`](super::leave_one_out)).
    Rloo,
    /// Pass@k of the group ([`pass_at_k`](super::pass_at_k())); needs rewards of 0 or 1.
    PassAtK(PassAtK),
    /// The lead of the best completion ([`best_only`](super::best_only)).
    GrpoPassk,
    /// Normalized over the batch ([`global_normalized`](super::global_normalized)).
    ReinforcePlusPlus,
    /// The same after the mean of the group is subtracted.
    ReinforcePlusPlusBaseline,
    /// Over a baseline weighted by length ([`length_weighted`](super::length_weighted)).
    Opo,
    /// Scaled up by how few earn anything
    /// ([`group_policy_gradient`](super::group_policy_gradient)).
    Gpg,
}

read_by_name!(
    Estimator,
    "`grpo`, `rloo`, `grpo_passk`, `reinforce_plus_plus`, `reinforce_plus_plus_baseline`, `opo`, \
     `gpg`, or `{ pass_at_k = { k = ... } }`",
    ["pass_at_k"]
);

/// Settings of the pass@k estimator.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PassAtK {
    /// How many completions are drawn; up to the size of a group.
    pub k: usize,
    /// The share of the stage after which k is 1: pass@k first, then pass@1; 1 for never.
    #[serde(default = "whole_stage")]
    pub until: f64,
}

fn whole_stage() -> f64 {
    1.0
}

impl PassAtK {
    /// The k at a share of the stage.
    ///
    /// ```
    /// use interplay_objectives::advantage::PassAtK;
    ///
    /// let first_half = PassAtK { k: 4, until: 0.5 };
    /// assert_eq!([0.0, 0.49, 0.5, 1.0].map(|progress| first_half.k_at(progress)), [4, 4, 1, 1]);
    /// assert_eq!(PassAtK { k: 4, until: 1.0 }.k_at(1.0), 4);
    /// ```
    #[must_use]
    pub fn k_at(&self, progress: f64) -> usize {
        let over = self.until < 1.0 && progress >= self.until;
        if over { 1 } else { self.k }
    }
}
