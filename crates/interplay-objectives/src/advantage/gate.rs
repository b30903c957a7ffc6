//! Gates: which problems take part in an update.
//!
//! Once a problem is solved now and then, more training on it adds nothing to pass@k for large k and
//! narrows the policy. Two gates act on that:
//!
//! - `zero_success`: only problems without an observed success take part.
//! - `boundary` (Bayesian boundary gating): of n completions, m are solved. With a uniform prior the
//!   success rate p follows Beta(m + 1, n - m + 1), and a small gain in p moves pass@k by
//!   `u(m) = E[k (1 - p)^(k-1)] = k * prod over j = 1..k-1 of (n - m + j) / (n + 1 + j)`. Over m = 0
//!   to n these sum to n + 1. Problems with `u(m) / (n + 1) < threshold` are left out, the others are
//!   weighted by `u(m) / u(0)`.
//!
//! Where no completion is solved, centered rewards are all zero. There the signed reward takes their
//! place: every completion gets -1.
//!
//! Source: arXiv 2606.15455 (updates on problems with zero observed success; Bayesian boundary gating,
//! equations 8 and 9). The equations were read in a third-party implementation that cites them by
//! number, not in the paper.
//!
//! Deviations: that implementation weights by `u(m) / u(1)` and cannot express the signed loss of
//! problems without success; here they get weight 1 and the others less. Its threshold 0.01 and
//! reference k 16 are the defaults. `on_failure = "estimator"` keeps the estimator's own advantages,
//! which graded rewards make useful.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use crate::by_name::read_by_name;

/// What completions get whose problem has no observed success.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// -1 each: the reward of a wrong completion where a right one earns +1, without a baseline.
    #[default]
    Signed,
    /// What the estimator says: 0 where rewards are 0 or 1.
    Estimator,
}

/// Which problems take part in an update.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum Gate {
    /// Only problems without an observed success.
    ZeroSuccess(ZeroSuccess),
    /// Problems weighted by what they can still add to pass@k.
    Boundary(Boundary),
}

read_by_name!(
    Gate,
    "`zero_success` or `boundary`, or a table of one of them with its settings",
    ["zero_success", "boundary"]
);

/// Settings of the zero-success gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ZeroSuccess {
    /// What the completions of the remaining problems get.
    pub on_failure: OnFailure,
}

/// Settings of Bayesian boundary gating.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Boundary {
    /// The k of the pass@k that training should raise.
    pub k: usize,
    /// The least share of the whole utility at which a problem takes part.
    pub threshold: f64,
    /// What completions get whose problem has no observed success.
    pub on_failure: OnFailure,
}

impl Default for Boundary {
    fn default() -> Self {
        Self {
            k: 16,
            threshold: 0.01,
            on_failure: OnFailure::default(),
        }
    }
}

/// The expected derivative of pass@k by the success rate after `solved` of `samples` completions
/// were solved, with a uniform prior.
///
/// ```
/// use interplay_objectives::advantage::boundary_utility;
///
/// // E[2 (1 - p)] under Beta(1, 3) is 2 * 3/4, under Beta(3, 1) 2 * 1/4.
/// assert_eq!(boundary_utility(0, 2, 2), 1.5);
/// assert_eq!(boundary_utility(2, 2, 2), 0.5);
/// // Before anything is seen, one draw more gains one in the mean.
/// assert!((boundary_utility(0, 0, 8) - 1.0).abs() < 1e-12);
/// ```
#[must_use]
pub fn boundary_utility(solved: usize, samples: usize, k: usize) -> f64 {
    let wrong = samples.saturating_sub(solved);
    let factor = |index: usize| (wrong + index) as f64 / (samples + 1 + index) as f64;
    k as f64 * (1..k).map(factor).product::<f64>()
}

impl Gate {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        if let Self::Boundary(boundary) = self {
            issues.range("boundary.k", boundary.k, 1..=1 << 20);
            issues.range("boundary.threshold", boundary.threshold, 0.0..=1.0);
        }
        issues
    }

    /// The weight of a problem of which `solved` of `samples` completions are solved, from 0 to 1.
    #[must_use]
    pub fn weight(&self, solved: usize, samples: usize) -> f64 {
        match self {
            Self::ZeroSuccess(_) => f64::from(u8::from(solved == 0)),
            Self::Boundary(Boundary { k, threshold, .. }) => {
                let utility = boundary_utility(solved, samples, *k);
                let takes_part = utility / (samples + 1) as f64 >= *threshold;
                let most = boundary_utility(0, samples, *k);
                if takes_part { utility / most } else { 0.0 }
            }
        }
    }

    /// Applies the gate to the advantages of groups of `group_size`.
    ///
    /// # Panics
    /// Where there is not a `solved` for each advantage, or `group_size` is zero.
    ///
    /// ```
    /// use interplay_objectives::advantage::{Gate, ZeroSuccess};
    ///
    /// let mut advantages = [1.0, -1.0, 0.0, 0.0];
    /// let gate = Gate::ZeroSuccess(ZeroSuccess::default());
    /// gate.apply(&mut advantages, &[true, false, false, false], 2);
    /// assert_eq!(advantages, [0.0, 0.0, -1.0, -1.0]);
    /// ```
    pub fn apply(&self, advantages: &mut [f64], solved: &[bool], group_size: usize) {
        assert_eq!(advantages.len(), solved.len(), "whether each is solved");
        let (Self::ZeroSuccess(ZeroSuccess { on_failure })
        | Self::Boundary(Boundary { on_failure, .. })) = self;
        let groups = advantages
            .chunks_mut(group_size)
            .zip(solved.chunks(group_size));
        for (group, solved) in groups {
            let right = solved.iter().filter(|solved| **solved).count();
            let weight = self.weight(right, solved.len());
            for advantage in group {
                *advantage = match on_failure {
                    OnFailure::Signed if right == 0 => -weight,
                    _ if weight == 0.0 => 0.0,
                    _ => *advantage * weight,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn boundary(k: usize, threshold: f64) -> Gate {
        Gate::Boundary(Boundary {
            k,
            threshold,
            ..Boundary::default()
        })
    }

    #[test]
    fn utilities_sum_to_the_number_of_outcomes() {
        for (samples, k) in [(1, 1), (4, 2), (8, 16), (128, 128)] {
            let sum: f64 = (0..=samples).map(|m| boundary_utility(m, samples, k)).sum();
            assert!((sum - (samples + 1) as f64).abs() < 1e-9, "{samples} {k}");
        }
    }

    #[test]
    fn weights_by_hand() {
        // n = 2, k = 2: u = 3/2, 1, 1/2, shares 1/2, 1/3, 1/6.
        let gate = boundary(2, 0.2);
        let weights = [0, 1, 2].map(|solved| gate.weight(solved, 2));
        assert!((weights[1] - 2.0 / 3.0).abs() < 1e-12);
        assert_eq!((weights[0], weights[2]), (1.0, 0.0));
    }

    #[test]
    fn one_success_of_few_nearly_saturates_a_large_k() {
        let gate = boundary(256, 0.01);
        assert!(gate.weight(1, 8) < 0.1);
        assert!(gate.weight(2, 8) == 0.0);
    }

    #[test]
    fn failures_keep_their_own_advantages_on_request() {
        let mut advantages = [0.5, -0.5];
        let gate = Gate::ZeroSuccess(ZeroSuccess {
            on_failure: OnFailure::Estimator,
        });
        gate.apply(&mut advantages, &[false, false], 2);
        assert_eq!(advantages, [0.5, -0.5]);
        gate.apply(&mut advantages, &[true, false], 2);
        assert_eq!(advantages, [0.0, 0.0]);
    }
}
