//! Per-node credit: each step is compared with the same step of the other completions.
//!
//! The needed nodes of a problem are the same for all completions of its group. For a node v take
//! the completions that state it and whose steps it uses are all right, so that the step could have
//! been right: with `s_i = 1` where it is, its credit is `s_i - mean of s` over these completions,
//! divided by their standard deviation plus `std_epsilon` where `scale` is set. A step on wrong
//! premises, and one that no other completion can be compared with, gets credit 0: it neither
//! earned nor lost anything of its own.
//!
//! The tokens of a step that states a needed node carry `node_weight * credit + outcome_weight * A`,
//! where A is the advantage of the completion; all other tokens carry A.
//!
//! Source: the group baseline of arXiv 2402.03300 (section 4.1), applied node by node; which steps a
//! step uses is known from the problem's graph (step score `s(v)` of arXiv 2512.07783, section 2.3).
//! No published method was found that does exactly this.
//!
//! Deviations: a completion that states a node twice takes part with both statements.

use std::collections::BTreeMap;

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::Completion;
use crate::moments::{deviation, mean};

/// Settings of per-node credit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NodeCredit {
    /// The weight of a node's credit in the tokens of its step.
    pub node_weight: f64,
    /// The weight of the completion's advantage in the tokens of a step that states a needed node.
    pub outcome_weight: f64,
    /// Whether credits are divided by their standard deviation.
    pub scale: bool,
    /// Added to the standard deviation.
    pub std_epsilon: f64,
}

impl Default for NodeCredit {
    fn default() -> Self {
        Self {
            node_weight: 1.0,
            outcome_weight: 0.0,
            scale: true,
            std_epsilon: 1e-4,
        }
    }
}

impl NodeCredit {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        let numbers = [
            ("node_weight", self.node_weight),
            ("outcome_weight", self.outcome_weight),
            ("std_epsilon", self.std_epsilon),
        ];
        for (key, value) in numbers {
            let holds = value >= 0.0 && value.is_finite();
            issues.expect(holds, key, value, "0 or more");
        }
        issues
    }

    /// The credit of each step of each completion of a group; none where the step states no needed
    /// node.
    ///
    /// ```
    /// use interplay_objectives::credit::{Completion, NodeCredit, Step};
    ///
    /// let of = |correct| {
    ///     let step = Step { tokens: 0..2, correct, node: Some(0), uses: vec![] };
    ///     Completion { steps: vec![step], ..Completion::of_tokens(3) }
    /// };
    /// let plain = NodeCredit { scale: false, ..NodeCredit::default() };
    /// let credits = plain.step_credits(&[of(true), of(false), of(false), of(false)]);
    /// assert_eq!(credits, [[Some(0.75)], [Some(-0.25)], [Some(-0.25)], [Some(-0.25)]]);
    /// ```
    #[must_use]
    pub fn step_credits(&self, group: &[Completion]) -> Vec<Vec<Option<f64>>> {
        let mut credits: Vec<Vec<Option<f64>>> = group
            .iter()
            .map(|completion| {
                completion
                    .steps
                    .iter()
                    .map(|step| step.node.map(|_| 0.0))
                    .collect()
            })
            .collect();
        let mut compared: BTreeMap<usize, Vec<(usize, usize)>> = BTreeMap::new();
        for (member, completion) in group.iter().enumerate() {
            for (index, step) in completion.steps.iter().enumerate() {
                if let (Some(node), true) = (step.node, completion.has_right_premises(step)) {
                    compared.entry(node).or_default().push((member, index));
                }
            }
        }
        for statements in compared.into_values() {
            let right = |(member, index): &(usize, usize)| group[*member].steps[*index].correct;
            let scores: Vec<f64> = statements
                .iter()
                .map(|at| f64::from(u8::from(right(at))))
                .collect();
            let spread = deviation(&scores);
            if spread == 0.0 {
                continue;
            }
            let divisor = if self.scale {
                spread + self.std_epsilon
            } else {
                1.0
            };
            let mean = mean(&scores);
            for ((member, index), score) in statements.into_iter().zip(scores) {
                credits[member][index] = Some((score - mean) / divisor);
            }
        }
        credits
    }

    /// The advantage of each token of each completion of a group.
    ///
    /// # Panics
    /// Where there is not an advantage for each completion.
    #[must_use]
    pub fn assign(&self, group: &[Completion], advantages: &[f64]) -> Vec<Vec<f64>> {
        assert_eq!(group.len(), advantages.len(), "an advantage for each");
        let credits = self.step_credits(group);
        let members = group.iter().zip(advantages).zip(&credits);
        let tokens = members.map(|((completion, advantage), credits)| {
            let owners = completion.step_of_tokens().into_iter();
            let token = |owner: Option<usize>| match owner.and_then(|index| credits[index]) {
                Some(credit) => self.node_weight * credit + self.outcome_weight * advantage,
                None => *advantage,
            };
            owners.map(token).collect()
        });
        tokens.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit::Step;

    fn step(tokens: std::ops::Range<usize>, correct: bool, node: usize, uses: &[usize]) -> Step {
        Step {
            tokens,
            correct,
            node: Some(node),
            uses: uses.to_vec(),
        }
    }

    fn pair(first: bool, second: bool) -> Completion {
        Completion {
            steps: vec![step(0..2, first, 0, &[]), step(2..4, second, 1, &[0])],
            needed: 2,
            ..Completion::of_tokens(5)
        }
    }

    fn plain() -> NodeCredit {
        NodeCredit {
            scale: false,
            ..NodeCredit::default()
        }
    }

    #[test]
    fn a_step_on_wrong_premises_is_not_charged() {
        let group = [pair(true, true), pair(true, false), pair(false, false)];
        let tokens = plain().assign(&group, &[1.0, -0.5, -0.5]);
        let third = 1.0 / 3.0;
        let close = |found: &[f64], expected: &[f64]| {
            found
                .iter()
                .zip(expected)
                .all(|(a, b)| (a - b).abs() < 1e-12)
        };
        // The first node: right, right, wrong. The second is compared in the first two only.
        assert!(
            close(&tokens[0], &[third, third, 0.5, 0.5, 1.0]),
            "{tokens:?}"
        );
        assert!(
            close(&tokens[1], &[third, third, -0.5, -0.5, -0.5]),
            "{tokens:?}"
        );
        assert!(
            close(&tokens[2], &[-2.0 * third, -2.0 * third, 0.0, 0.0, -0.5]),
            "{tokens:?}"
        );
    }

    #[test]
    fn a_right_step_of_a_failed_completion_earns() {
        let group = [pair(true, false), pair(false, false)];
        let tokens = NodeCredit::default().assign(&group, &[0.0, 0.0]);
        // Sample deviation of 1 and 0 is sqrt(1/2).
        assert!((tokens[0][0] - 0.5 * 2f64.sqrt()).abs() < 1e-3);
        assert_eq!(tokens[0][2..], [0.0, 0.0, 0.0]);
    }

    #[test]
    fn what_all_do_alike_has_no_credit() {
        let group = [pair(true, true), pair(true, true)];
        assert_eq!(plain().assign(&group, &[0.0, 0.0]), [[0.0; 5], [0.0; 5]]);
    }
}
