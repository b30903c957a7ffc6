//! Subjects of an audit: right solutions and what is known about their problems.

use std::fmt;

use interplay_graph::{QuantityId, ReasoningGraph, Statements};
use interplay_verify::{Gold, Verifier};
use serde::Serialize;

use crate::SubjectError;
use crate::script::Script;

/// The kind of a problem, by which reports group their tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Kind {
    /// The difficulty.
    pub op: u32,
    /// The number of layers of the problem's structure.
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
    question: String,
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
    /// A subject from a problem's text, its right solution, and the gold that candidates are
    /// checked against.
    ///
    /// # Errors
    /// The audit's own reader cannot follow the solution.
    pub fn new(
        problem: String,
        solution: &str,
        gold: Gold,
        kind: Kind,
    ) -> Result<Self, SubjectError> {
        Ok(Self {
            script: Script::read(solution)?,
            problem,
            question: String::new(),
            graph: None,
            gold,
            kind,
        })
    }

    /// A subject from texts alone. The problem's text, as far as it is readable, gives the unneeded
    /// quantities.
    ///
    /// # Errors
    /// The solution gives no gold, or the audit's own reader cannot follow it.
    pub fn from_texts(
        problem: &str,
        question: &str,
        solution: &str,
        kind: Kind,
    ) -> Result<Self, SubjectError> {
        let gold = Gold::from_texts(problem, question, solution)?;
        let subject = Self::new(problem.to_owned(), solution, gold, kind)?.asking(question);
        Ok(match Statements::read(problem, question).problem() {
            Ok(whole) => subject.with_graph(whole.graph, whole.asked),
            Err(_) => subject,
        })
    }

    /// Adds the full graph, from which operators write steps that the answer does not need.
    #[must_use]
    pub fn with_graph(mut self, graph: ReasoningGraph, target: QuantityId) -> Self {
        self.graph = Some((graph, target));
        self
    }

    /// Adds the question, for judges that read the problem's own text.
    #[must_use]
    pub fn asking(self, question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            ..self
        }
    }

    /// The question; empty where it is not known.
    #[must_use]
    pub fn question(&self) -> &str {
        &self.question
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

    /// The gold that candidates are checked against.
    #[must_use]
    pub fn gold(&self) -> &Gold {
        &self.gold
    }

    /// The kind of problem.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }
}

/// Decides whether a candidate is right: the thing that is audited.
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
