//! A problem as its texts tell it: its graph, what it asks for, its equation.

use crate::{CanonicalHash, Goal, Linear, Numbers, QuantityId, ReasoningGraph};

/// A problem as its texts tell it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProblem {
    /// All quantities that can be computed, stated ones and totals. The unknown of a reverse
    /// problem is a constant with the value that solves it.
    pub graph: ReasoningGraph,
    /// The quantity asked for.
    pub asked: QuantityId,
    /// The equation, where the problem is a reverse one.
    pub reversal: Option<Reversal>,
    /// Totals that no sentence defines and that follow from the structure.
    pub structural: Vec<QuantityId>,
    /// Stated quantities that cannot be computed; the answer does not need them.
    pub left_out: Vec<LeftOut>,
    pub(super) values: Vec<i64>,
}

/// The equation of a reverse problem: `form = value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversal {
    /// The unknown leaf.
    pub unknown: QuantityId,
    /// The quantity whose value the text gives.
    pub given: QuantityId,
    /// Its value.
    pub value: i64,
    /// What it is in terms of the unknown.
    pub form: Linear,
}

/// A quantity that cannot be computed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The quantity.
    pub name: String,
    /// A quantity that it reads and that is not there.
    pub through: String,
    /// Whether `through` is not stated at all; otherwise it is left out too.
    pub missing: bool,
}

impl TextProblem {
    /// The values of the graph's quantities, by index.
    #[must_use]
    pub fn values(&self) -> &[i64] {
        &self.values
    }

    /// The value asked for.
    #[must_use]
    pub fn answer(&self) -> i64 {
        self.values[self.asked.index()]
    }

    /// What the problem asks for.
    #[must_use]
    pub fn goal(&self) -> Goal {
        match self.reversal {
            None => Goal::Forward { target: self.asked },
            Some(Reversal { unknown, given, .. }) => Goal::Reverse { unknown, given },
        }
    }

    /// The difficulty: the edges of all that [`Goal::top`] needs.
    #[must_use]
    pub fn op(&self) -> u32 {
        let needed = self.graph.ancestors(self.goal().top());
        needed
            .iter()
            .map(|id| self.graph.quantity(*id).edges())
            .sum()
    }

    /// The hash of all that [`Goal::top`] needs, with what is asked marked in it: blind to
    /// names, to the order of sentences and to distractors.
    #[must_use]
    pub fn canonical_hash(&self, numbers: Numbers) -> CanonicalHash {
        let (needed, top) = self.graph.necessary(self.goal().top());
        let asked = &self.graph.quantity(self.asked).name;
        // An asked quantity that the top does not need changes nothing in it.
        needed.canonical_hash(needed.find(asked).unwrap_or(top), numbers)
    }
}
