//! Every gold solution of the whole grid of problems is accepted at the strict level, every graph
//! is acyclic, every op exact and every value in its bounds. `benches/grid.rs` says the same of ten
//! million problems.

mod grid;

use interplay_tasks::spec::{SolutionOrder, StatementOrder};
use interplay_tasks::{Component, Counts, TaskSpec};
use proptest::prelude::*;
use proptest::sample::select;

use grid::{CONTEXTS, MODES, TELLINGS, bound, data, fault};

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
