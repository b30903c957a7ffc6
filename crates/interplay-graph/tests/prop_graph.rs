//! Properties of random graphs: acyclic, evaluated in order, hashed without regard to names.

use interplay_graph::{Definition, GoldGraph, Numbers, QuantityId, ReasoningGraph};
use proptest::prelude::*;

/// A recipe for one quantity: which kind, a constant, and two draws that pick parents.
type Recipe = (u8, i64, usize, usize);

fn recipes() -> impl Strategy<Value = Vec<Recipe>> {
    prop::collection::vec((0..6u8, 1..9i64, any::<usize>(), any::<usize>()), 1..24)
}

fn build(recipes: &[Recipe], prefix: &str) -> (ReasoningGraph, QuantityId) {
    let mut graph = ReasoningGraph::new();
    let mut ids: Vec<QuantityId> = Vec::new();
    for (place, &(kind, k, first, second)) in recipes.iter().enumerate() {
        let name = format!("{prefix}{place}");
        let id = if ids.is_empty() || kind == 0 {
            graph.add(name, Definition::constant(k), &[])
        } else {
            let (first, second) = (ids[first % ids.len()], ids[second % ids.len()]);
            match kind {
                1 => graph.add(name, Definition::sum().plus(k), &[first]),
                2 => graph.add(name, Definition::difference(), &[first, second]),
                3 => graph.add(name, Definition::sum(), &[first, second]),
                4 => graph.add(name, Definition::sum(), &[first]),
                _ => graph.add(name, Definition::sum().plus(k), &[first, second]),
            }
        };
        ids.push(id.expect("the recipe is valid"));
    }
    let target = *ids.last().expect("at least one quantity");
    (graph, target)
}

proptest! {
    #[test]
    fn graphs_are_acyclic_and_keep_their_op(recipes in recipes()) {
        let (graph, target) = build(&recipes, "q");
        prop_assert!(!petgraph::algo::is_cyclic_directed(graph.as_petgraph()));
        let (necessary, moved) = graph.necessary(target);
        prop_assert!(necessary.op() <= graph.op());
        let (values, fewer) = (graph.evaluate().unwrap(), necessary.evaluate().unwrap());
        prop_assert_eq!(values[target.index()], fewer[moved.index()]);
        prop_assert_eq!(necessary.ancestors(moved).len(), necessary.len());
    }

    #[test]
    fn hashes_do_not_see_names(recipes in recipes()) {
        let (left, target) = build(&recipes, "a");
        let (right, _) = build(&recipes, "zz");
        for numbers in [Numbers::Distinct, Numbers::Ignored] {
            let hashes = [&left, &right].map(|graph| graph.canonical_hash(target, numbers));
            prop_assert_eq!(hashes[0], hashes[1]);
        }
    }

    #[test]
    fn gold_graphs_are_valid_and_survive_json(recipes in recipes()) {
        let (graph, target) = build(&recipes, "q");
        let gold = GoldGraph::new(&graph, target, |id| format!("v{}", id.index())).unwrap();
        prop_assert_eq!(gold.validate(), Ok(()));
        let json = serde_json::to_string(&gold).unwrap();
        prop_assert_eq!(serde_json::from_str::<GoldGraph>(&json).unwrap(), gold);
    }
}
