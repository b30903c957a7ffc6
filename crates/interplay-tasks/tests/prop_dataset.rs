//! What holds for every problem of every spec.

use std::collections::{BTreeMap, BTreeSet};

use interplay_graph::{Core, SeedStreams};
use interplay_tasks::spec::{SolutionOrder, StatementOrder};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, Problem, TaskSpec, framing};
use proptest::prelude::*;

const CONTEXTS: [&str; 5] = ["zoo", "school", "festival", "garden", "harbor"];

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
        context in proptest::sample::select(&CONTEXTS[..]),
        d in 2u32..=3,
        max_value in 30i64..=999,
        max_constant in 2i64..=12,
        max_factor in 2i64..=6,
        max_parents in 2usize..=5,
        distractors in 0u32..=8,
        entanglement in proptest::option::of(0.0f64..=1.0),
        order in orders(),
    ) -> TaskSpec {
        // The unknown and what is told of it are two quantities.
        let op = if mode == Mode::Reverse { op.max(2) } else { op };
        let mut spec = TaskSpec::single(Counts::one(op), context, dialect);
        spec.mixture[0].mode = mode;
        spec.mixture[0].d = if dialect == Dialect::Prose { d } else { 2 };
        // Terse problems keep to a narrow bound; totals of many items need a wider one.
        let narrow = max_value.min(6 + max_value / 8);
        spec.max_value = Some(if dialect == Dialect::Prose { max_value } else { narrow });
        spec.entanglement = entanglement;
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

/// In prose a total is not stated, so it has to be what a reader takes it to be: the sum over all
/// items of its place, each once, of their numbers, or of number times average.
fn check_totals(problem: &Problem) -> Result<(), TestCaseError> {
    let graph = problem.graph();
    let unit = problem.context().unit().unwrap();
    let average = format!("average number of {unit} per ");
    let mut numbers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, quantity) in graph.quantities() {
        let (what, place) = quantity.name.split_once(" in ").unwrap();
        if !what.starts_with("total number of") && !what.starts_with("average") {
            numbers.entry(place).or_default().insert(&quantity.name);
        }
    }
    let text = problem.problem_text();
    for (_, quantity) in graph.quantities() {
        let (what, place) = quantity.name.split_once(" in ").unwrap();
        let total = what.starts_with("total number of");
        let opening = match what.starts_with("average") {
            true => format!("The {}", quantity.name),
            false => format!("The number of {}", quantity.name),
        };
        let stated = [" equals ", " exists, ", " is greater "]
            .iter()
            .any(|verb| text.contains(&format!("{opening}{verb}")));
        prop_assert_eq!(stated, !total, "{}", quantity.name);
        if !total {
            continue;
        }
        prop_assert_eq!(quantity.definition.outer, None);
        let parents: Vec<&str> = quantity
            .parents()
            .iter()
            .map(|id| graph.quantity(*id).name.as_str())
            .collect();
        let distinct: BTreeSet<&str> = parents.iter().copied().collect();
        prop_assert_eq!(parents.len(), distinct.len());
        let there = &numbers[place];
        if quantity.definition.core == Core::Products {
            prop_assert_eq!(what, format!("total number of {unit}"));
            prop_assert_eq!(parents.len(), 2 * there.len());
            for pair in parents.chunks(2) {
                prop_assert!(there.contains(pair[0]));
                prop_assert_eq!(pair[1], format!("{average}{}", pair[0]));
            }
        } else {
            prop_assert_eq!(quantity.definition.core, Core::Sum);
            prop_assert_eq!(&distinct, there);
        }
    }
    // A total is plain only where every average is of an item that is counted.
    for (_, quantity) in graph.quantities() {
        let Some(item) = quantity.name.strip_prefix(&average) else {
            continue;
        };
        let (_, place) = item.split_once(" in ").unwrap();
        let total = graph.find(&format!("{} in {place}", problem.context().total_noun()));
        if total.is_some() {
            prop_assert!(numbers[place].contains(item), "{}", item);
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
    fn problems_are_filled_up_to_their_length(
        op in 2u32..=20,
        context in proptest::sample::select(&CONTEXTS[..]),
        d in 2u32..=3,
        min_tokens in 1u32..=1_500,
        seed: u64,
    ) {
        let mut spec = TaskSpec::single(Counts::one(op), context, Dialect::Prose);
        spec.mixture[0].d = d;
        let plain = data(spec.clone(), seed).get(0).unwrap();
        spec.min_tokens = Some(min_tokens);
        let problem = data(spec, seed).get(0).unwrap();
        let length = |problem: &Problem| framing::token_estimate(&problem.problem_text());
        prop_assert!(length(&problem) >= min_tokens as usize);
        // Two sentences of four operands at most are added at once.
        prop_assert!(length(&problem) < length(&plain).max(min_tokens as usize) + 160);
        prop_assert_eq!(problem.op(), op);
        prop_assert_eq!(problem.necessary().0.op(), op);
        check_totals(&problem)?;
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

/// The place in the text of each quantity that it states.
fn stated_at(problem: &Problem) -> Vec<Option<usize>> {
    let text = format!(" {}", problem.problem_text());
    let find = |name: &str| {
        let openings = match problem.dialect() {
            Dialect::Terse => [format!(" {name} ="), format!(" {name} >")],
            Dialect::Prose => [format!(" The number of {name} "), format!(" The {name} ")],
        };
        openings
            .iter()
            .filter_map(|opening| text.find(opening))
            .min()
    };
    let names = problem.graph().quantities();
    names.map(|(_, quantity)| find(&quantity.name)).collect()
}

#[test]
fn statements_keep_the_order_that_is_asked_for() {
    for (dialect, order) in [Dialect::Prose, Dialect::Terse]
        .into_iter()
        .flat_map(|dialect| {
            [StatementOrder::Forward, StatementOrder::Backward].map(|order| (dialect, order))
        })
    {
        let mut spec = TaskSpec::single(Counts::one(12), "zoo", dialect);
        spec.statement_order = order;
        spec.distractors = Counts::one(4);
        let data = data(spec, 2);
        for index in 0..60 {
            let problem = data.get(index).unwrap();
            let at = stated_at(&problem);
            for (id, quantity) in problem.graph().quantities() {
                for parent in quantity.parents() {
                    let (Some(own), Some(parent)) = (at[id.index()], at[parent.index()]) else {
                        continue;
                    };
                    let forward = order == StatementOrder::Forward;
                    assert_eq!(parent < own, forward, "{}", problem.problem_text());
                }
            }
        }
    }
}

#[test]
fn asides_stand_among_the_statements_and_say_nothing_twice() {
    let mut spec = TaskSpec::single(Counts::one(6), "garden", Dialect::Prose);
    let plain = data(spec.clone(), 4);
    spec.asides = Counts::one(5);
    let told = data(spec, 4);
    let mut first = 0;
    for index in 0..100 {
        let text = told.get(index).unwrap().problem_text();
        let sentences: Vec<&str> = text.trim_end_matches('.').split(". ").collect();
        let (asides, stated): (Vec<&str>, Vec<&str>) = sentences
            .into_iter()
            .partition(|text| text.starts_with("By the way, "));
        let distinct: BTreeSet<&&str> = asides.iter().collect();
        assert_eq!((asides.len(), distinct.len()), (5, 5), "{text}");
        let plain = plain.get(index).unwrap().problem_text();
        assert_eq!(stated.join(". ") + ".", plain);
        first += usize::from(text.starts_with("By"));
    }
    assert!((20..80).contains(&first), "{first}");
}

#[test]
fn the_longest_published_contexts_can_be_filled() {
    for context in CONTEXTS {
        let mut spec = TaskSpec::single(Counts::one(8), context, Dialect::Prose);
        spec.min_tokens = Some(128 * 1024);
        let problem = data(spec, 3).get(0).unwrap();
        let tokens = framing::token_estimate(&problem.problem_text());
        assert!((131_072..131_400).contains(&tokens), "{context}: {tokens}");
        assert_eq!(problem.to_sample().length, "128k");
        assert_eq!(problem.necessary().0.op(), 8);
    }
}

#[test]
fn long_problems_hold_to_their_bounds() {
    for dialect in [Dialect::Prose, Dialect::Terse] {
        let op = if dialect == Dialect::Prose { 200 } else { 70 };
        let bounds = if dialect == Dialect::Prose {
            [99, 999]
        } else {
            [6, 99]
        };
        for max_value in bounds {
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
