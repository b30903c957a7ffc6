//! The problem that sentences tell: its graph, what is asked, its equation.
//!
//! Deviations: quantities that cannot be computed (they read what the text does not state, or
//! themselves in a circle) are left out where the answer does not need them; the published
//! corpora have such distractors.

use super::Statements;
use super::net::Net;
use crate::{CanonicalHash, GraphError, Numbers, QuantityId, ReasoningGraph};

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

/// The equation of a reverse problem: `coefficient * unknown + constant = value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reversal {
    /// The unknown leaf.
    pub unknown: QuantityId,
    /// The quantity whose value the text gives.
    pub given: QuantityId,
    /// Its value.
    pub value: i64,
    /// How often the unknown goes into it.
    pub coefficient: i64,
    /// What the rest adds.
    pub constant: i64,
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

    /// The quantity that a solution works up to: the given one of a reverse problem, else the
    /// one asked for.
    #[must_use]
    pub fn goal(&self) -> QuantityId {
        self.reversal.map_or(self.asked, |reversal| reversal.given)
    }

    /// The difficulty: the edges of all that [`TextProblem::goal`] needs.
    #[must_use]
    pub fn op(&self) -> u32 {
        let needed = self.graph.ancestors(self.goal());
        needed
            .iter()
            .map(|id| self.graph.quantity(*id).edges())
            .sum()
    }

    /// The hash of all that [`TextProblem::goal`] needs, with what is asked marked in it: blind to
    /// names, to the order of sentences and to distractors.
    #[must_use]
    pub fn canonical_hash(&self, numbers: Numbers) -> CanonicalHash {
        let (needed, goal) = self.graph.necessary(self.goal());
        let asked = &self.graph.quantity(self.asked).name;
        // An asked quantity that the goal does not need changes nothing in it.
        needed.canonical_hash(needed.find(asked).unwrap_or(goal), numbers)
    }
}

impl Statements<'_> {
    /// The problem's graph, totals included, with what is asked; a reverse problem is solved.
    ///
    /// # Errors
    /// A sentence or question that cannot be read, two definitions of one quantity, a needed
    /// quantity that is not stated or depends on itself, a value that contradicts the others, an
    /// equation without a whole solution, values beyond 64 bits.
    pub fn problem(&self) -> Result<TextProblem, GraphError> {
        if let Some(bad) = self.unreadable.first() {
            return Err(GraphError::UnreadableSentence {
                start: bad.span.start,
                sentence: self.problem[bad.span.clone()].to_owned(),
                expected: bad.expected,
            });
        }
        let asked = self.asked().ok_or_else(|| GraphError::UnreadableQuestion {
            question: self.question.to_owned(),
        })?;
        self.problem_about(asked)
    }

    /// The same about this quantity, whatever the question says, from the sentences that can be
    /// read; the others are passed over.
    ///
    /// # Errors
    /// As for [`Statements::problem`], but for what cannot be read.
    pub fn problem_about(&self, asked: &str) -> Result<TextProblem, GraphError> {
        let mut net = Net::default();
        net.add_stated(self)?;
        net.add_totals(self);
        net.order();
        let solved = net.solve()?;
        net.finish(asked, solved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(problem: &str, question: &str) -> Result<TextProblem, GraphError> {
        Statements::read(problem, question).problem()
    }

    #[test]
    fn a_forward_problem_is_computed_with_its_totals() {
        let text = "The number of A in P equals 3. The number of B in Q equals 2 times the total \
                    number of xs in P. The number of B in P equals 4.";
        let read = told(text, "How many B does Q have?").unwrap();
        assert_eq!((read.answer(), read.op()), (14, 1 + 1 + 2 + 2));
        let totals: Vec<&str> = read
            .structural
            .iter()
            .map(|id| read.graph.quantity(*id).name.as_str())
            .collect();
        assert_eq!(
            totals,
            ["total number of xs in P", "total number of xs in Q"]
        );
    }

    #[test]
    fn a_reverse_problem_is_solved() {
        let text = "owl = 14. fox > 0. owl = elk + fox + 2. elk = 2 * fox.";
        let read = told(text, "fox?").unwrap();
        assert_eq!((read.answer(), read.op()), (4, 1 + 2 + 3));
        let equation = read.reversal.unwrap();
        assert_eq!(
            (equation.coefficient, equation.constant, equation.value),
            (3, 2, 14)
        );
    }

    #[test]
    fn what_cannot_be_computed_is_left_out_or_an_error() {
        let text = "fox = 3. elk = owl + fox. bee = elk. ant = cow. cow = ant + fox.";
        let read = told(text, "fox?").unwrap();
        let left: Vec<_> = read
            .left_out
            .iter()
            .map(|left| (left.name.as_str(), left.through.as_str(), left.missing))
            .collect();
        assert_eq!(
            left,
            [
                ("elk", "owl", true),
                ("bee", "elk", false),
                ("ant", "cow", false),
                ("cow", "ant", false)
            ]
        );
        let error = |question| told(text, question).unwrap_err();
        let not_stated = |name: &str| GraphError::NotStated { name: name.into() };
        assert_eq!(error("bee?"), not_stated("owl"));
        assert_eq!(error("hen?"), not_stated("hen"));
        assert!(matches!(error("ant?"), GraphError::Cycle { .. }));
        assert!(matches!(error(""), GraphError::UnreadableQuestion { .. }));
    }

    #[test]
    fn contradictions_are_errors() {
        for text in [
            "fox = 3. fox = 4.",
            "fox = 3. elk = fox. elk = fox + 1.",
            "fox = 3. elk = fox. elk = 5.",
            "fox > 0. fox = owl. owl = 1.",
        ] {
            let error = told(text, "fox?").unwrap_err();
            assert!(
                matches!(error, GraphError::Contradiction { .. }),
                "{error}: {text}"
            );
        }
    }

    #[test]
    fn equations_without_a_solution_are_errors() {
        type Check = fn(&GraphError) -> bool;
        let cases: [(&str, Check); 5] = [
            ("fox > 0. elk > 0. owl = fox + elk. owl = 3.", |error| {
                matches!(error, GraphError::SecondUnknown { .. })
            }),
            ("fox > 0. owl = 2 * fox.", |error| {
                matches!(error, GraphError::NothingGiven { .. })
            }),
            ("fox > 0. owl = 2 * fox. owl = 3.", |error| {
                matches!(error, GraphError::NoWholeSolution { .. })
            }),
            ("fox > 0. owl = fox - fox. owl = 0.", |error| {
                matches!(error, GraphError::NothingGiven { .. })
            }),
            ("fox > 0. owl = fox * fox. owl = 4.", |error| {
                matches!(error, GraphError::NothingGiven { .. })
            }),
        ];
        for (text, check) in cases {
            let error = told(text, "fox?").unwrap_err();
            assert!(check(&error), "{error}: {text}");
        }
    }

    #[test]
    fn a_sentence_that_cannot_be_read_is_an_error_with_its_place() {
        let error = told("fox = 3. Hello there. elk = fox.", "elk?").unwrap_err();
        let message = error.to_string();
        assert!(message.contains("byte 9"), "{message}");
        assert!(message.contains("Hello there"), "{message}");
    }
}
