//! The settings that spread the advantage of a completion over its tokens.
//!
//! Source: the default is that of GRPO as published: all tokens alike.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

use super::{Completion, NodeCredit, Potential, Process, completion_credit, first_error_credit};
use crate::by_name::read_by_name;

/// Which tokens of a completion carry its advantage.
///
/// Written as a name, `credit = "node"`, or with settings, `credit = { node = { scale = false } }`.
/// Where no completion of a group has steps or blame, all of them are [`Completion`](Self::Completion).
///
/// ```
/// use interplay_objectives::credit::{Completion, CreditSpec};
///
/// let failed = Completion { blamed: Some(1..2), ..Completion::of_tokens(3) };
/// let group = [Completion::of_tokens(2), failed];
/// let tokens = CreditSpec::FirstError.assign(&group, &[1.0, -1.0]);
/// assert_eq!(tokens, [vec![1.0, 1.0], vec![0.0, -1.0, 0.0]]);
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", remote = "Self")]
pub enum CreditSpec {
    /// All of them, as published.
    #[default]
    Completion,
    /// A negative advantage is charged to the first error alone
    /// ([`first_error_credit`](super::first_error_credit)).
    FirstError,
    /// Each step is compared with the same step of the others ([`NodeCredit`]).
    Node(NodeCredit),
    /// Each step is paid for the progress that it makes ([`Potential`]).
    Potential(Potential),
    /// The sum of the normalized rewards of the steps that follow ([`Process`]).
    Process(Process),
}

read_by_name!(
    CreditSpec,
    "`completion`, `first_error`, `node`, `potential` or `process`, or a table of one of the last \
     three with its settings",
    ["node", "potential", "process"]
);

impl CreditSpec {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let (key, part) = match self {
            Self::Completion | Self::FirstError => return Issues::default(),
            Self::Node(node) => ("node", node.validate()),
            Self::Potential(potential) => ("potential", potential.validate()),
            Self::Process(process) => ("process", process.validate()),
        };
        let mut issues = Issues::default();
        issues.nest(key, part);
        issues
    }

    /// Whether anything but [`Completion::tokens`] is read.
    #[must_use]
    pub fn reads_steps(&self) -> bool {
        *self != Self::Completion
    }

    /// Whether tokens may have an advantage where that of their completion is zero, by what their steps are
    /// worth.
    #[must_use]
    pub fn rewards_steps(&self) -> bool {
        !matches!(self, Self::Completion | Self::FirstError)
    }

    /// The advantage of each token of the completions of one prompt, whose advantages are given.
    ///
    /// # Panics
    /// Where there is not an advantage for each completion.
    #[must_use]
    pub fn assign(&self, group: &[Completion], advantages: &[f64]) -> Vec<Vec<f64>> {
        assert_eq!(group.len(), advantages.len(), "an advantage for each");
        let each = |credit: &dyn Fn(&Completion, f64) -> Vec<f64>| {
            let members = group.iter().zip(advantages);
            members
                .map(|(one, advantage)| credit(one, *advantage))
                .collect()
        };
        match self {
            Self::Completion => each(&completion_credit),
            Self::FirstError => each(&first_error_credit),
            Self::Node(node) => node.assign(group, advantages),
            Self::Potential(potential) => each(&|one, advantage| potential.assign(one, advantage)),
            Self::Process(process) => process.assign(group, advantages),
        }
    }
}
