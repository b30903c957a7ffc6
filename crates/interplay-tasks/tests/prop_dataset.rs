//! What holds for every problem of every spec.

use std::collections::{BTreeMap, BTreeSet};

use interplay_graph::{Core, SeedStreams};
use interplay_tasks::{
    ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, SolutionOrder, TaskSpec, framing,
};
use proptest::prelude::*;

fn dialects() -> impl Strategy<Value = Dialect> {
    prop_oneof![Just(Dialect::Prose), Just(Dialect::Terse)]
}

fn orders() -> impl Strategy<Value = SolutionOrder> {
    let (random, depth) = (SolutionOrder::Random, SolutionOrder::DepthFirst);
    prop_oneof![Just(random), Just(depth), Just(SolutionOrder::Stated)]
}

prop_compose! {
    fn specs()(
        op in 1u32..=24,
        dialect in dialects(),
        mode in prop_oneof![Just(Mode::Forward), Just(Mode::Reverse)],
        context in prop_oneof![Just("zoo"), Just("school")],
        max_value in 6i64..=999,
        max_constant in 2i64..=12,
        max_factor in 2i64..=6,
        max_parents in 2usize..=5,
        distractors in 0u32..=8,
        order in orders(),
    ) -> TaskSpec {
        // The unknown and what is told of it are two quantities.
        let op = if mode == Mode::Reverse { op.max(2) } else { op };
        let mut spec = TaskSpec::single(Counts::one(op), context, dialect);
        spec.mixture[0].mode = mode;
        spec.max_value = Some(max_value);
        spec.max_constant = max_constant;
        spec.max_factor = max_factor;
        spec.max_parents = max_parents;
        spec.distractors = Counts::one(distractors);
        spec.solution_order = order;
        spec
    }
}

fn data(spec: TaskSpec, seed: u64) -> Dataset {
    Dataset::new(
        spec,
        &ContextLibrary::embedded(),
        SeedStreams::new(seed),
        "test",
    )
    .unwrap()
}

/// In prose a total is not stated, so it has to be what a reader takes it to be: the sum of all
/// instances of its place, each once.
fn check_totals(problem: &Problem) -> Result<(), TestCaseError> {
    let mut instances: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (id, quantity) in problem.graph().quantities() {
        let (what, place) = quantity.name.split_once(" in ").unwrap();
        if !what.starts_with("total number of") {
            instances.entry(place).or_default().insert(id.index());
        }
    }
    let text = problem.problem_text();
    for (_, quantity) in problem.graph().quantities() {
        let (what, place) = quantity.name.split_once(" in ").unwrap();
        let stated = ["equals", "exists,"]
            .iter()
            .any(|verb| text.contains(&format!("The number of {} {verb}", quantity.name)));
        let total = what.starts_with("total number of");
        prop_assert_eq!(stated, !total, "{}", quantity.name);
        if total {
            prop_assert_eq!(quantity.definition.core, Core::Sum);
            prop_assert_eq!(quantity.definition.outer, None);
            let parents: BTreeSet<usize> = quantity.parents().iter().map(|id| id.index()).collect();
            prop_assert_eq!(parents.len(), quantity.parents().len());
            prop_assert_eq!(Some(&parents), instances.get(place));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn op_is_exact_and_values_are_in_bounds(spec in specs(), seed: u64, index: u64) {
        let (op, distractors) = (spec.mixture[0].op.min(), spec.distractors.min() as usize);
        let max_value = spec.max_value.unwrap();
        let problem = data(spec, seed).get(index).unwrap();
        let (necessary, target) = problem.necessary();
        prop_assert_eq!(problem.op(), op);
        prop_assert_eq!(necessary.op(), op);
        prop_assert_eq!(problem.graph().len(), necessary.len() + distractors);
        let (last, _) = necessary.quantities().last().unwrap();
        prop_assert_eq!(necessary.ancestors(last).len(), necessary.len());
        prop_assert_eq!(problem.given().is_some(), problem.mode() == Mode::Reverse);
        prop_assert_eq!(target == last, problem.mode() == Mode::Forward);
        prop_assert!(target == last || necessary.quantity(target).parents().is_empty());
        prop_assert!(!petgraph::algo::is_cyclic_directed(problem.graph().as_petgraph()));
        let values = problem.graph().evaluate().unwrap();
        prop_assert_eq!(&values[..], problem.values());
        prop_assert!(values.iter().all(|value| (1..=max_value).contains(value)));
        prop_assert_eq!(necessary.evaluate().unwrap()[target.index()], problem.answer());
    }

    #[test]
    fn texts_tell_the_graph(spec in specs(), seed: u64, index: u64) {
        let problem = data(spec, seed).get(index).unwrap();
        let (text, solution) = (problem.problem_text(), problem.solution_text());
        let (necessary, _) = problem.necessary();
        prop_assert_eq!(text.trim(), &text);
        prop_assert!(!text.contains("  ") && !solution.contains("  "));
        let end = format!(" Answer: {}.", problem.answer());
        prop_assert!(solution.ends_with(&end));
        let around = match (problem.mode(), problem.dialect()) {
            (Mode::Reverse, Dialect::Prose) => 6,
            (Mode::Reverse, Dialect::Terse) => 1,
            _ => 0,
        };
        prop_assert_eq!(solution.matches(". ").count(), necessary.len() + around);
        let statements: BTreeSet<&str> = text.split_inclusive(". ").collect();
        prop_assert_eq!(statements.len(), text.matches(". ").count() + 1);
        match problem.dialect() {
            Dialect::Prose => check_totals(&problem)?,
            Dialect::Terse => {
                let told = usize::from(problem.given().is_some());
                prop_assert_eq!(statements.len(), problem.graph().len() + told);
            }
        }
        let model = framing::model_text(&problem);
        prop_assert!(model.starts_with(&framing::prompt_text(&problem)));
        let gold = problem.gold_graph();
        prop_assert_eq!(gold.validate(), Ok(()));
        prop_assert_eq!((gold.answer, gold.nodes.len()), (problem.answer(), necessary.len()));
    }

    #[test]
    fn solutions_define_before_they_read(spec in specs(), seed: u64, index: u64) {
        let problem = data(spec, seed).get(index).unwrap();
        let mut done = BTreeSet::new();
        for id in problem.solution_steps() {
            let parents = problem.graph().quantity(id).parents();
            prop_assert!(parents.iter().all(|parent| done.contains(parent)));
            prop_assert!(done.insert(id));
        }
        let top = problem.given().unwrap_or(problem.target());
        prop_assert_eq!(problem.solution_steps().last(), Some(top));
        prop_assert_eq!(done.len(), problem.necessary().0.len());
    }

    #[test]
    fn random_access_equals_iteration(spec in specs(), seed: u64, index in 0usize..40) {
        let data = data(spec, seed);
        let nth = data.iter().nth(index).unwrap().unwrap();
        let got = data.get(index as u64).unwrap();
        prop_assert_eq!(got.to_sample(), nth.to_sample());
        prop_assert_eq!(got.graph(), nth.graph());
    }
}

#[test]
fn long_problems_hold_to_their_bounds() {
    for dialect in [Dialect::Prose, Dialect::Terse] {
        let op = if dialect == Dialect::Prose { 200 } else { 70 };
        for max_value in [6, 99] {
            let mut spec = TaskSpec::single(Counts::one(op), "zoo", dialect);
            spec.max_value = Some(max_value);
            let data = data(spec, 5);
            for index in 0..20 {
                let problem = data.get(index).unwrap();
                assert_eq!(problem.necessary().0.op(), op);
                assert!(
                    problem
                        .values()
                        .iter()
                        .all(|value| (1..=max_value).contains(value))
                );
            }
        }
    }
}

#[test]
fn names_of_data_sets_separate_their_problems() {
    let spec = TaskSpec::single(Counts::one(8), "zoo", Dialect::Terse);
    let library = ContextLibrary::embedded();
    let text = |name, index| {
        let data = Dataset::new(spec.clone(), &library, SeedStreams::new(1), name).unwrap();
        data.get(index).unwrap().problem_text()
    };
    assert_ne!(text("pretrain", 0), text("midtrain", 0));
    assert_ne!(text("pretrain", 0), text("pretrain", 1));
    assert_eq!(text("pretrain", 0), text("pretrain", 0));
}

#[test]
fn a_mixture_is_drawn_in_proportion() {
    let mut spec = TaskSpec::single(Counts::range(2, 5).unwrap(), "zoo", Dialect::Terse);
    let mut second = spec.mixture[0].clone();
    (spec.mixture[0].weight, second.weight) = (0.8, 0.2);
    "school".clone_into(&mut second.context);
    spec.mixture.push(second);
    let data = data(spec, 3);
    let mut ops = BTreeMap::new();
    let mut zoo = 0;
    for index in 0..4000 {
        let problem = data.get(index).unwrap();
        *ops.entry(problem.op()).or_insert(0) += 1;
        zoo += u32::from(problem.context().id() == "zoo");
    }
    // Five standard deviations of a fair draw.
    assert!((3200 - 130..=3200 + 130).contains(&zoo), "{zoo}");
    assert!(
        ops.values()
            .all(|count| (1000 - 140..=1000 + 140).contains(count)),
        "{ops:?}"
    );
    assert_eq!(ops.len(), 4);
}

#[test]
fn bounds_without_room_are_an_error_with_the_index() {
    let mut spec = TaskSpec::single(Counts::one(40), "zoo", Dialect::Terse);
    spec.max_value = Some(4);
    spec.definitions.difference = 0.0;
    spec.definitions.constant = 50.0;
    let data = data(spec, 1);
    let error = (0..50)
        .find_map(|index| data.get(index).err())
        .unwrap()
        .to_string();
    assert!(
        error.contains("op 40") && error.contains("1..=4"),
        "{error}"
    );
}

#[test]
fn differences_alone_reach_every_op() {
    let mut spec = TaskSpec::single(Counts::one(20), "zoo", Dialect::Terse);
    spec.max_value = Some(30);
    spec.max_parents = 16;
    spec.definitions.sum = 0.0;
    spec.definitions.constant = 6.0;
    let data = data(spec, 1);
    for index in 0..10_000 {
        assert_eq!(data.get(index).unwrap().necessary().0.op(), 20);
    }
}
