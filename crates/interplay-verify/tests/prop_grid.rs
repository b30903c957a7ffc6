//! Every gold solution of the whole grid of problems is accepted at the strict level, every graph
//! is acyclic, every op exact and every value in its bounds.

use interplay_graph::SeedStreams;
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, SolutionOrder,
    StatementOrder, TaskSpec,
};
use interplay_verify::{Gold, Level, Verifier};
use proptest::prelude::*;
use proptest::sample::select;

const CONTEXTS: [&str; 5] = ["zoo", "school", "festival", "garden", "harbor"];
const MODES: [Mode; 2] = [Mode::Forward, Mode::Reverse];
const TELLINGS: [(Dialect, u32); 3] = [
    (Dialect::Terse, 2),
    (Dialect::Prose, 2),
    (Dialect::Prose, 3),
];

fn data(part: Component, change: impl Fn(&mut TaskSpec), seed: u64) -> Dataset {
    let mut spec = TaskSpec::new(vec![part]);
    change(&mut spec);
    let streams = SeedStreams::new(seed);
    Dataset::new(spec, &ContextLibrary::embedded(), streams, "grid").unwrap()
}

/// What is wrong with a problem, if anything is.
fn fault(problem: &Problem, op: u32, max_value: i64) -> Option<String> {
    let graph = problem.graph();
    let gold = match problem.given() {
        None => Gold::from_graph(graph, problem.target()),
        Some(given) => Gold::from_reverse_graph(graph, problem.target(), given),
    };
    let gold = match gold {
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

fn bound(dialect: Dialect) -> i64 {
    match dialect {
        Dialect::Prose => 999,
        Dialect::Terse => 99,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_gold_solution_of_the_grid_is_accepted(
        op in 2_u32..=20,
        context in select(&CONTEXTS[..]),
        mode in select(&MODES[..]),
        (dialect, d) in select(&TELLINGS[..]),
        solution_order in select(&[
            SolutionOrder::Random, SolutionOrder::DepthFirst, SolutionOrder::Stated,
        ][..]),
        statement_order in select(&[
            StatementOrder::Random, StatementOrder::Forward, StatementOrder::Backward,
        ][..]),
        distractors in 0_u32..=6,
        index in 0_u64..1_000_000_000,
    ) {
        let part = Component { mode, d, ..Component::new(Counts::one(op), context, dialect) };
        let change = |spec: &mut TaskSpec| {
            spec.solution_order = solution_order;
            spec.statement_order = statement_order;
            spec.distractors = Counts::one(distractors);
        };
        let problem = data(part, change, 1).get(index).unwrap();
        prop_assert_eq!(fault(&problem, op, bound(dialect)), None, "{}", problem.problem_text());
    }
}

/// The same for many more problems, each cell of the grid alike.
#[test]
#[ignore = "ten million problems take ten minutes: cargo test -p interplay-verify --test prop_grid -- --ignored"]
fn ten_million_problems_of_the_grid_are_accepted() {
    let cells: Vec<Component> = TELLINGS
        .iter()
        .flat_map(|(dialect, d)| MODES.iter().map(move |mode| (*dialect, *d, *mode)))
        .flat_map(|told| CONTEXTS.iter().map(move |context| (told, *context)))
        .flat_map(|(told, context)| (2..=20).map(move |op| (told, context, op)))
        .map(|((dialect, d, mode), context, op)| Component {
            mode,
            d,
            ..Component::new(Counts::one(op), context, dialect)
        })
        .collect();
    let each = 10_000_000_u64.div_ceil(cells.len() as u64);
    for part in cells {
        let (op, dialect) = (part.op.min(), part.dialect);
        let told = format!("{part:?}");
        let data = data(part, |_| {}, 10);
        for index in 0..each {
            let problem = data.get(index).unwrap();
            let fault = fault(&problem, op, bound(dialect));
            assert_eq!(fault, None, "{told} {index}\n{}", problem.problem_text());
        }
    }
}
