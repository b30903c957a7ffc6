//! The texts of a problem tell its graph: what the reader makes of them is what was drawn.

use interplay_graph::{Quantity, ReasoningGraph, SeedStreams};
use interplay_tasks::likeness::{Fingerprinted, Likeness};
use interplay_tasks::{
    Component, ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec,
};
use proptest::prelude::*;

/// What a quantity is, by names: the order of operands in a sum is free.
fn told(
    graph: &ReasoningGraph,
    quantity: &Quantity,
) -> (String, interplay_graph::Definition, Vec<String>) {
    let name = |id| graph.quantity(id).name.clone();
    let mut parents: Vec<String> = quantity.parents().iter().map(|id| name(*id)).collect();
    if quantity.definition.core != interplay_graph::Core::Difference {
        parents.sort_unstable();
    }
    (quantity.name.clone(), quantity.definition, parents)
}

fn check(problem: &Problem) {
    let sample = problem.to_sample();
    let read = sample
        .read_back()
        .unwrap_or_else(|error| panic!("{error}\n{}", sample.problem));
    let text = format!("{}\n{}", sample.problem, sample.question);
    assert_eq!(read.answer(), problem.answer(), "{text}");
    assert_eq!(read.op(), problem.op(), "{text}");
    assert_eq!(read.left_out, [], "{text}");
    let name = |id| problem.graph().quantity(id).name.as_str();
    let theirs = |id| read.graph.quantity(id).name.as_str();
    assert_eq!(theirs(read.asked), name(problem.target()), "{text}");
    let given = read.reversal.map(|reversal| theirs(reversal.given));
    assert_eq!(given, problem.given().map(name), "{text}");
    for (_, quantity) in problem.graph().quantities() {
        let id = read
            .graph
            .find(&quantity.name)
            .unwrap_or_else(|| panic!("{text}"));
        let ours = told(problem.graph(), quantity);
        assert_eq!(told(&read.graph, read.graph.quantity(id)), ours, "{text}");
    }
    for likeness in Likeness::ALL {
        let ours = problem.fingerprint(likeness).unwrap();
        assert_eq!(
            sample.fingerprint(likeness).unwrap(),
            ours,
            "{likeness}: {text}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn problems_read_back(
        op in 2_u32..30,
        context in prop::sample::select(vec!["zoo", "school", "festival", "garden", "harbor"]),
        (dialect, d) in prop::sample::select(vec![
            (Dialect::Terse, 2), (Dialect::Prose, 2), (Dialect::Prose, 3),
        ]),
        reverse in any::<bool>(),
        asides in 0_u32..4,
        index in 0_u64..1_000_000,
    ) {
        let component = Component {
            mode: if reverse { Mode::Reverse } else { Mode::Forward },
            d,
            ..Component::new(Counts::one(op), context, dialect)
        };
        let mut spec = TaskSpec::new(vec![component]);
        if dialect == Dialect::Prose {
            spec.asides = Counts::one(asides);
        }
        let library = ContextLibrary::embedded();
        let data = Dataset::new(spec, &library, SeedStreams::new(1), "read back").unwrap();
        let problem = data.get(index);
        // Some bounds leave no room; were they many, the test would fail for lack of cases.
        prop_assume!(problem.is_ok());
        check(&problem.unwrap());
    }
}
