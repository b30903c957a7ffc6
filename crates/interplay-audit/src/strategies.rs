//! Strategies of `proptest` for testing any verifier: arbitrary problems, and arbitrary changes of
//! their right solutions, labeled by construction.
//!
//! They shrink to smaller problems with fewer unneeded quantities, to the first site in the
//! solution that an operator can change, and to the smallest change there.
//!
//! ```
//! use interplay_audit::strategies::{Kinds, cases};
//! use interplay_audit::Label;
//! use interplay_verify::{Level, Verifier};
//! use proptest::test_runner::{Config, TestRunner};
//!
//! let strict = Verifier::new(Level::Strict);
//! let mut runner = TestRunner::new(Config::with_cases(64));
//! runner.run(&cases(Kinds::default()), |case| {
//!     let verdict = strict.verify(case.subject.gold(), &case.mutant.text);
//!     assert_eq!(verdict.accepted, case.mutant.label == Label::Harmless, "{case:?}");
//!     Ok(())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;
use std::ops::RangeInclusive;

use interplay_graph::SeedStreams;
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec,
};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::{Index, select};

use crate::{Draw, GoldSource, Label, Mutant, Operator, Subject};

/// The number of drawn choices for a change; zeros follow.
const CHOICES: usize = 24;

/// The kinds of problems to draw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kinds {
    /// The difficulties, from 1 on.
    pub ops: RangeInclusive<u32>,
    /// The embedded contexts, by id or alias; at least one.
    pub contexts: Vec<&'static str>,
    /// The dialects; at least one.
    pub dialects: Vec<Dialect>,
    /// The modes; at least one.
    pub modes: Vec<Mode>,
    /// The number of quantities that the answer does not need.
    pub unneeded: RangeInclusive<u32>,
}

impl Default for Kinds {
    /// Op 2 to 20, every embedded context, both dialects, both modes, up to four unneeded
    /// quantities. The simplest of each comes first: counterexamples shrink toward it.
    fn default() -> Self {
        Self {
            ops: 2..=20,
            contexts: vec!["zoo", "school", "festival", "garden", "harbor"],
            dialects: vec![Dialect::Terse, Dialect::Prose],
            modes: vec![Mode::Forward, Mode::Reverse],
            unneeded: 0..=4,
        }
    }
}

/// Arbitrary problems of these kinds; in prose some have a third layer, if the context has one.
///
/// # Panics
/// If one of the lists is empty. Kinds that cannot be drawn give no problem, which the test runner
/// reports.
pub fn problems(kinds: Kinds) -> impl Strategy<Value = Problem> {
    let Kinds {
        ops,
        contexts,
        dialects,
        modes,
        unneeded,
    } = kinds;
    let library = ContextLibrary::embedded();
    let kind = (select(contexts), select(dialects), select(modes), 2_u32..=3);
    (ops, kind, unneeded, any::<u64>()).prop_filter_map(
        "the kind of problem can be drawn",
        move |(op, (context, dialect, mode, layers), unneeded, seed)| {
            let component = Component::new(Counts::one(op), context, dialect);
            let d = match dialect {
                Dialect::Prose if library.get(context).ok()?.unit().is_some() => layers,
                _ => 2,
            };
            let mut spec = TaskSpec::new(vec![Component {
                mode,
                d,
                ..component
            }]);
            spec.distractors = Counts::one(unneeded);
            let streams = SeedStreams::new(seed);
            let dataset = Dataset::new(spec, &library, streams, "strategies").ok()?;
            dataset.get(0).ok()
        },
    )
}

/// Arbitrary problems of these kinds as subjects, with gold from their full graph.
///
/// # Panics
/// As [`problems`].
pub fn subjects(kinds: Kinds) -> impl Strategy<Value = Subject> {
    problems(kinds).prop_filter_map("the solution can be read", |problem| {
        Subject::of_problem(&problem, GoldSource::Graph).ok()
    })
}

/// A problem and a changed solution.
#[derive(Clone)]
pub struct Case {
    /// The problem with its right solution.
    pub subject: Subject,
    /// The changed solution with its label.
    pub mutant: Mutant,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({})\n  problem   {}\n  solution  {}\n  candidate {}",
            self.mutant.operator,
            self.mutant.label.name(),
            self.subject.problem(),
            self.subject.solution(),
            self.mutant.text
        )
    }
}

/// Arbitrary changes by any operator, harmless and harmful ones.
///
/// # Panics
/// As [`problems`].
pub fn cases(kinds: Kinds) -> impl Strategy<Value = Case> {
    by(Operator::all().collect(), kinds)
}

/// Changes that leave the solution right.
///
/// # Panics
/// As [`problems`].
pub fn harmless_cases(kinds: Kinds) -> impl Strategy<Value = Case> {
    by(labeled(Label::Harmless), kinds)
}

/// Changes that make the solution wrong.
///
/// # Panics
/// As [`problems`].
pub fn harmful_cases(kinds: Kinds) -> impl Strategy<Value = Case> {
    by(labeled(Label::Harmful), kinds)
}

fn labeled(label: Label) -> Vec<&'static Operator> {
    Operator::all()
        .filter(|operator| operator.label() == label)
        .collect()
}

fn by(operators: Vec<&'static Operator>, kinds: Kinds) -> impl Strategy<Value = Case> {
    let choices = vec(any::<u64>(), CHOICES);
    let how = (Just(operators), any::<Index>(), any::<bool>());
    // The parts shrink in this order, each once: the operator first, so that smaller problems keep
    // it.
    (how, subjects(kinds), choices).prop_filter_map(
        "an operator applies",
        |((operators, first, varied), subject, choices)| {
            // The first operator that applies, starting from a drawn one.
            let first = first.index(operators.len());
            let order = operators[first..].iter().chain(&operators[..first]);
            let mutant = order.copied().find_map(|operator| {
                let mut draw = Draw::of_choices(choices.clone());
                match varied {
                    true => operator.mutate_varied(&subject, &mut draw),
                    false => operator.mutate(&subject, &mut draw),
                }
            })?;
            Some(Case { subject, mutant })
        },
    )
}
