//! Subjects from the problems of `interplay-tasks`, cycling through every op, context, dialect and
//! mode.

use interplay_graph::SeedStreams;
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec,
};
use interplay_verify::Gold;

use crate::SubjectError;
use crate::subject::{Kind, Subject};

/// The source of a subject's gold.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GoldSource {
    /// The full graph, which knows unneeded quantities too.
    Graph,
    /// The text of the right solution.
    Solution,
    /// The texts of the problem and of the right solution.
    Texts,
}

/// A subject for every index, cycling through all kinds of problems.
#[derive(Debug, Clone)]
pub struct Problems {
    kinds: Vec<Dataset>,
    sources: Vec<GoldSource>,
}

impl Problems {
    /// Problems of these difficulties and contexts of the library, in both dialects and every mode,
    /// with two layers and three where the context has a third, and with up to four unneeded
    /// quantities.
    ///
    /// # Errors
    /// `interplay-tasks` does not have a difficulty or context, or there is none of either.
    pub fn new(
        library: &ContextLibrary,
        contexts: &[&str],
        ops: &[u32],
        seed: u64,
    ) -> Result<Self, SubjectError> {
        if contexts.is_empty() || ops.is_empty() {
            return Err(SubjectError::NoKinds {
                contexts: contexts.len(),
                ops: ops.len(),
            });
        }
        let mut kinds = Vec::new();
        for context in contexts {
            for dialect in [Dialect::Prose, Dialect::Terse] {
                for mode in MODES {
                    for op in ops {
                        let part = component(context, dialect, *mode, *op);
                        if dialect == Dialect::Prose && library.get(context)?.unit().is_some() {
                            // With the third layer, where the context has one.
                            let part = Component {
                                d: 3,
                                ..part.clone()
                            };
                            kinds.push(dataset(library, part, seed)?);
                        }
                        kinds.push(dataset(library, part, seed)?);
                    }
                }
            }
        }
        Ok(Self {
            kinds,
            sources: vec![GoldSource::Graph, GoldSource::Solution, GoldSource::Texts],
        })
    }

    /// Takes gold from these sources in turn.
    #[must_use]
    pub fn gold_from(mut self, sources: Vec<GoldSource>) -> Self {
        self.sources = sources;
        self
    }

    /// The number of kinds of problems.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// The subject of an index. The first [`Self::kinds`] subjects have one of each kind.
    ///
    /// # Errors
    /// The problem cannot be drawn, or the audit's own reader cannot follow its solution.
    pub fn subject(&self, index: u64) -> Result<Subject, SubjectError> {
        let kinds = self.kinds.len().max(1) as u64;
        let (kind, round) = ((index % kinds) as usize, index / kinds);
        let problem = self.kinds[kind].get(round)?;
        let sources = self.sources.len().max(1) as u64;
        let source = self.sources.get((round % sources) as usize);
        Subject::of_problem(&problem, source.copied().unwrap_or(GoldSource::Graph))
    }
}

/// Every mode that `interplay-tasks` has.
const MODES: &[Mode] = &[Mode::Forward, Mode::Reverse];

fn component(context: &str, dialect: Dialect, mode: Mode, op: u32) -> Component {
    let component = Component::new(Counts::one(op), context, dialect);
    Component { mode, ..component }
}

fn dataset(
    library: &ContextLibrary,
    component: Component,
    seed: u64,
) -> Result<Dataset, SubjectError> {
    let Component {
        context,
        dialect,
        mode,
        op,
        d,
        ..
    } = &component;
    let (mode, op) = (mode.published(), op.min());
    let name = format!("audit/{context}/{dialect:?}/{mode}/{d}/{op}");
    let mut spec = TaskSpec::new(vec![component]);
    if let Ok(distractors) = Counts::range(0, 4) {
        spec.distractors = distractors;
    }
    let streams = SeedStreams::new(seed);
    Ok(Dataset::new(spec, library, streams, &name)?)
}

impl Subject {
    /// The subject that a problem of `interplay-tasks` makes, with gold from this source.
    ///
    /// # Errors
    /// The audit's own reader cannot follow the solution, or the source gives no gold.
    pub fn of_problem(problem: &Problem, source: GoldSource) -> Result<Self, SubjectError> {
        let (told, solution) = (problem.problem_text(), problem.solution_text());
        let kind = kind(problem);
        let gold = match source {
            GoldSource::Texts => {
                return Self::from_texts(&told, &problem.question_text(), &solution, kind);
            }
            GoldSource::Solution => {
                let subject = Self::new(told, &solution, Gold::from_solution(&solution)?, kind)?;
                return Ok(subject.asking(problem.question_text()));
            }
            GoldSource::Graph => Gold::from_goal(problem.graph(), problem.goal())?,
        };
        let subject = Self::new(told, &solution, gold, kind)?.asking(problem.question_text());
        Ok(subject.with_graph(problem.graph().clone(), problem.target()))
    }
}

fn kind(problem: &Problem) -> Kind {
    Kind {
        op: problem.op(),
        d: problem.d(),
        context: problem.context().id().to_owned(),
        dialect: match problem.dialect() {
            Dialect::Prose => "prose",
            Dialect::Terse => "terse",
        },
        mode: match problem.mode() {
            Mode::Reverse => "reverse",
            _ => "forward",
        },
    }
}
