//! A problem read from its texts: graph, question and equation.

use crate::{CanonicalHash, Goal, Linear, Numbers, QuantityId, ReasoningGraph};

/// A problem read from its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextProblem {
    /// All computable quantities, both stated ones and totals. The unknown of a reverse problem is
    /// a constant with the value that solves the equation.
    pub graph: ReasoningGraph,
    /// The quantity asked for.
    pub asked: QuantityId,
    /// The equation of a reverse problem.
    pub reversal: Option<Reversal>,
    /// Totals that follow from the structure and that no sentence defines.
    pub structural: Vec<QuantityId>,
    /// Stated quantities that cannot be computed and that the answer does not need.
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
    /// The given quantity in terms of the unknown.
    pub form: Linear,
}

/// A quantity that cannot be computed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The quantity.
    pub name: String,
    /// The missing or left-out quantity that it reads.
    pub through: String,
    /// Whether `through` is not stated at all; otherwise it is left out itself.
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

    /// The difficulty: the number of edges of everything that [`Goal::top`] needs.
    #[must_use]
    pub fn op(&self) -> u32 {
        let needed = self.graph.ancestors(self.goal().top());
        needed
            .iter()
            .map(|id| self.graph.quantity(*id).edges())
            .sum()
    }

    /// The hash of everything that [`Goal::top`] needs, with the asked quantity marked; independent
    /// of names, sentence order and distractors.
    #[must_use]
    pub fn canonical_hash(&self, numbers: Numbers) -> CanonicalHash {
        let (needed, top) = self.graph.necessary(self.goal().top());
        let asked = &self.graph.quantity(self.asked).name;
        // An asked quantity that the top does not need changes nothing in it.
        needed.canonical_hash(needed.find(asked).unwrap_or(top), numbers)
    }
}
