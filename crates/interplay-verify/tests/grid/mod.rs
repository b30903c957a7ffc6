//! The grid of problems over context, mode, dialect and layers, and what must hold for each.

use interplay_graph::SeedStreams;
use interplay_tasks::{Component, ContextLibrary, Dataset, Dialect, Mode, Problem, TaskSpec};
use interplay_verify::{Gold, Level, Verifier};

pub const CONTEXTS: [&str; 5] = ["zoo", "school", "festival", "garden", "harbor"];
pub const MODES: [Mode; 2] = [Mode::Forward, Mode::Reverse];
pub const TELLINGS: [(Dialect, u32); 3] = [
    (Dialect::Terse, 2),
    (Dialect::Prose, 2),
    (Dialect::Prose, 3),
];

/// The problems of one cell.
pub fn data(part: Component, change: impl Fn(&mut TaskSpec), seed: u64) -> Dataset {
    let mut spec = TaskSpec::new(vec![part]);
    change(&mut spec);
    let streams = SeedStreams::new(seed);
    Dataset::new(spec, &ContextLibrary::embedded(), streams, "grid").unwrap()
}

/// What is wrong with a problem, if anything is.
pub fn fault(problem: &Problem, op: u32, max_value: i64) -> Option<String> {
    let graph = problem.graph();
    let gold = match Gold::from_goal(graph, problem.goal()) {
        Ok(gold) => gold,
        Err(error) => return Some(format!("no gold: {error}")),
    };
    let verdict = Verifier::new(Level::Strict).verify(&gold, &problem.solution_text());
    if !verdict.accepted {
        return Some(format!("{verdict}\n{}", problem.solution_text()));
    }
    if problem.op() != op || problem.necessary().0.op() != op {
        return Some(format!("op {} instead of {op}", problem.necessary().0.op()));
    }
    // A graph whose nodes stand after all that they read has no cycle.
    let cyclic = graph
        .quantities()
        .any(|(id, quantity)| quantity.parents().iter().any(|parent| *parent >= id));
    let inside = |value: &i64| (1..=max_value).contains(value);
    let right = graph
        .evaluate()
        .is_ok_and(|values| values == problem.values());
    if cyclic || !right || !problem.values().iter().all(inside) {
        return Some(format!("values {:?}", problem.values()));
    }
    None
}

/// The bound on values that a spec has unless told.
pub fn bound(dialect: Dialect) -> i64 {
    match dialect {
        Dialect::Prose => 999,
        Dialect::Terse => 99,
    }
}
