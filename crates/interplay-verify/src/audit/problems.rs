//! Subjects from the problems of `interplay-tasks`: every op, context, dialect and mode in turn.

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec};

use crate::error::SubjectError;
use crate::{Gold, VerifyError};

use super::subject::{Kind, Subject};

/// What a subject's gold is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GoldSource {
    /// The full graph, which knows unneeded quantities too.
    Graph,
    /// The text of the right solution.
    Solution,
}

/// A subject for every index, going through all kinds of problems over and over.
#[derive(Debug, Clone)]
pub struct Problems {
    kinds: Vec<Dataset>,
    sources: Vec<GoldSource>,
}

impl Problems {
    /// Problems of these difficulties, in every context of the library, both dialects and every
    /// mode, with up to four unneeded quantities.
    ///
    /// # Errors
    /// A difficulty that `interplay-tasks` cannot draw.
    pub fn new(
        library: &ContextLibrary,
        contexts: &[&str],
        ops: &[u32],
        seed: u64,
    ) -> Result<Self, SubjectError> {
        let mut kinds = Vec::new();
        for context in contexts {
            for dialect in [Dialect::Prose, Dialect::Terse] {
                for mode in MODES {
                    for op in ops {
                        kinds.push(dataset(library, context, dialect, *mode, *op, seed)?);
                    }
                }
            }
        }
        Ok(Self {
            kinds,
            sources: vec![GoldSource::Graph, GoldSource::Solution],
        })
    }

    /// The same with gold made of these sources in turn.
    #[must_use]
    pub fn gold_from(mut self, sources: Vec<GoldSource>) -> Self {
        self.sources = sources;
        self
    }

    /// How many kinds of problems there are.
    #[must_use]
    pub fn kinds(&self) -> usize {
        self.kinds.len()
    }

    /// The subject of an index. All kinds have come once after [`Self::kinds`] subjects.
    ///
    /// # Errors
    /// A problem that cannot be drawn, or a solution that the audit's own reader cannot follow.
    pub fn subject(&self, index: u64) -> Result<Subject, SubjectError> {
        let kinds = self.kinds.len().max(1) as u64;
        let (kind, round) = ((index % kinds) as usize, index / kinds);
        let problem = self.kinds[kind].get(round)?;
        let sources = self.sources.len().max(1) as u64;
        let source = self.sources.get((round % sources) as usize);
        Ok(subject(
            &problem,
            source.copied().unwrap_or(GoldSource::Graph),
        )?)
    }
}

/// Every mode that `interplay-tasks` has.
const MODES: &[Mode] = &[Mode::Forward, Mode::Reverse];

fn dataset(
    library: &ContextLibrary,
    context: &str,
    dialect: Dialect,
    mode: Mode,
    op: u32,
    seed: u64,
) -> Result<Dataset, SubjectError> {
    let mut spec = TaskSpec::single(Counts::one(op), context, dialect);
    spec.mixture[0].mode = mode;
    if let Ok(distractors) = Counts::range(0, 4) {
        spec.distractors = distractors;
    }
    let name = format!("audit/{context}/{dialect:?}/{}/{op}", mode.published());
    let streams = SeedStreams::new(seed);
    Ok(Dataset::new(spec, library, streams, &name)?)
}

/// A problem as a subject.
///
/// # Errors
/// A solution that the audit's own reader cannot follow, or gold that cannot be made of it.
pub fn subject(problem: &Problem, source: GoldSource) -> Result<Subject, VerifyError> {
    let solution = problem.solution_text();
    let gold = match source {
        GoldSource::Graph => match problem.given() {
            Some(given) => Gold::from_reverse_graph(problem.graph(), problem.target(), given)?,
            None => Gold::from_graph(problem.graph(), problem.target())?,
        },
        GoldSource::Solution => Gold::from_solution(&solution)?,
    };
    let kind = Kind {
        op: problem.op(),
        d: problem.d(),
        context: problem.context().id().to_owned(),
        dialect: match problem.dialect() {
            Dialect::Prose => "prose",
            Dialect::Terse => "terse",
        },
        mode: mode_name(problem.mode()),
    };
    let subject = Subject::new(problem.problem_text(), &solution, gold, kind)?;
    Ok(match source {
        GoldSource::Graph => subject.with_graph(problem.graph().clone(), problem.target()),
        GoldSource::Solution => subject,
    })
}

fn mode_name(mode: Mode) -> &'static str {
    match mode.published() {
        "forwardreverse" => "reverse",
        _ => "forward",
    }
}
