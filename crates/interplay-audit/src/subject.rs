//! What is audited: a right solution and what is known about its problem.

use std::fmt;

use interplay_graph::{QuantityId, ReasoningGraph, Statements};
use interplay_verify::{Gold, Verifier};
use serde::Serialize;

use crate::SubjectError;
use crate::script::Script;

/// What the tables of a report group by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Kind {
    /// The difficulty.
    pub op: u32,
    /// How many layers the structure of the problem has.
    pub d: u32,
    /// The context, by its id.
    pub context: String,
    /// `prose` or `terse`.
    pub dialect: &'static str,
    /// `forward` or `reverse`.
    pub mode: &'static str,
}

/// A problem with a right solution, ready for mutation.
#[derive(Clone)]
pub struct Subject {
    pub(crate) script: Script,
    pub(crate) problem: String,
    pub(crate) graph: Option<(ReasoningGraph, QuantityId)>,
    gold: Gold,
    kind: Kind,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject")
            .field("kind", &self.kind)
            .field("problem", &self.problem)
            .field("solution", &self.script.text)
            .finish_non_exhaustive()
    }
}

impl Subject {
    /// A subject from the texts of a problem, and the gold that candidates are held against.
    ///
    /// # Errors
    /// A solution that the audit's own reader cannot follow.
    pub fn new(
        problem: String,
        solution: &str,
        gold: Gold,
        kind: Kind,
    ) -> Result<Self, SubjectError> {
        Ok(Self {
            script: Script::read(solution)?,
            problem,
            graph: None,
            gold,
            kind,
        })
    }

    /// A subject from texts alone. The problem's text, as far as it can be read, says which
    /// unneeded quantities there are.
    ///
    /// # Errors
    /// A solution that gives no gold, or that the audit's own reader cannot follow.
    pub fn from_texts(
        problem: &str,
        question: &str,
        solution: &str,
        kind: Kind,
    ) -> Result<Self, SubjectError> {
        let gold = Gold::from_texts(problem, question, solution)?;
        let subject = Self::new(problem.to_owned(), solution, gold, kind)?;
        Ok(match Statements::read(problem, question).problem() {
            Ok(whole) => subject.with_graph(whole.graph, whole.asked),
            Err(_) => subject,
        })
    }

    /// The same with the full graph, from which steps that the answer does not need are written.
    #[must_use]
    pub fn with_graph(mut self, graph: ReasoningGraph, target: QuantityId) -> Self {
        self.graph = Some((graph, target));
        self
    }

    /// The statements of the problem.
    #[must_use]
    pub fn problem(&self) -> &str {
        &self.problem
    }

    /// The right solution.
    #[must_use]
    pub fn solution(&self) -> &str {
        &self.script.text
    }

    /// What candidates are held against.
    #[must_use]
    pub fn gold(&self) -> &Gold {
        &self.gold
    }

    /// What kind of problem it is.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
}

/// Says whether a candidate solution of a problem is right: what is audited.
///
/// A [`Verifier`] is one, and so is a closure over a [`Subject`] and a candidate.
pub trait Judge: Sync {
    /// Whether the candidate is accepted.
    fn accepts(&self, subject: &Subject, candidate: &str) -> bool;
}

impl Judge for Verifier {
    fn accepts(&self, subject: &Subject, candidate: &str) -> bool {
        self.verify(&subject.gold, candidate).accepted
    }
}

impl<F: Fn(&Subject, &str) -> bool + Sync> Judge for F {
    fn accepts(&self, subject: &Subject, candidate: &str) -> bool {
        self(subject, candidate)
    }
}
