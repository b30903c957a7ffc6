//! Properties of random graphs: acyclic, evaluated in order, hashed without regard to names.

use interplay_graph::{Definition, GoldGraph, Numbers, QuantityId, ReasoningGraph};
use proptest::prelude::*;

/// A recipe for one quantity: which kind, a constant, and two draws that pick parents.
type Recipe = (u8, i64, usize, usize);

fn recipes() -> impl Strategy<Value = Vec<Recipe>> {
    prop::collection::vec((0..6u8, 1..9i64, any::<usize>(), any::<usize>()), 1..24)
}

/// The same with sums of products, whose values soon leave 64 bits.
fn recipes_with_products() -> impl Strategy<Value = Vec<Recipe>> {
    prop::collection::vec((0..7u8, 1..9i64, any::<usize>(), any::<usize>()), 1..24)
}

fn build(recipes: &[Recipe], prefix: &str) -> (ReasoningGraph, QuantityId) {
    let mut graph = ReasoningGraph::new();
    let mut ids: Vec<QuantityId> = Vec::new();
    for (position, &(kind, k, first, second)) in recipes.iter().enumerate() {
        let name = format!("{prefix}{position}");
        let id = if ids.is_empty() || kind == 0 {
            graph.add(name, Definition::constant(k), &[])
        } else {
            let (first, second) = (ids[first % ids.len()], ids[second % ids.len()]);
            match kind {
                1 => graph.add(name, Definition::sum().plus(k), &[first]),
                2 => graph.add(name, Definition::difference(), &[first, second]),
                3 => graph.add(name, Definition::sum(), &[first, second]),
                4 => graph.add(name, Definition::sum(), &[first]),
                6 => {
                    let third = ids[(position / 2) % ids.len()];
                    let parents = [first, second, third, first];
                    graph.add(name, Definition::products(), &parents)
                }
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
    fn hashes_ignore_names(recipes in recipes()) {
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

/// The same graph with its quantities in another topological order.
fn shuffled(graph: &ReasoningGraph, target: QuantityId, seed: u64) -> (ReasoningGraph, QuantityId) {
    use rand::{Rng, SeedableRng};
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let mut waiting: Vec<QuantityId> = graph.quantities().map(|(id, _)| id).collect();
    let mut moved = std::collections::HashMap::new();
    let mut other = ReasoningGraph::new();
    while !waiting.is_empty() {
        let ready: Vec<usize> = (0..waiting.len())
            .filter(|position| {
                let parents = graph.quantity(waiting[*position]).parents();
                parents.iter().all(|parent| moved.contains_key(parent))
            })
            .collect();
        let id = waiting.remove(ready[rng.next_u64() as usize % ready.len()]);
        let quantity = graph.quantity(id);
        let mut parents: Vec<_> = quantity.parents().iter().map(|p| moved[p]).collect();
        if quantity.definition.core != interplay_graph::Core::Difference {
            parents.reverse();
        }
        let name = format!("other {}", other.len());
        moved.insert(id, other.add(name, quantity.definition, &parents).unwrap());
    }
    (other, moved[&target])
}

/// Whether one graph is the other but for names and order, by trying all numberings.
fn isomorphic(left: &ReasoningGraph, right: &ReasoningGraph) -> bool {
    fn sorted(mut parents: Vec<usize>, quantity: &interplay_graph::Quantity) -> Vec<usize> {
        if quantity.definition.core == interplay_graph::Core::Sum {
            parents.sort_unstable();
        }
        parents
    }
    fn extend(left: &ReasoningGraph, right: &ReasoningGraph, images: &mut Vec<usize>) -> bool {
        let Some((_, quantity)) = left.quantities().nth(images.len()) else {
            return images[images.len() - 1] == right.len() - 1;
        };
        let parents = quantity.parents().iter().map(|p| images[p.index()]);
        let parents = sorted(parents.collect(), quantity);
        for (id, other) in right.quantities() {
            let theirs = other
                .parents()
                .iter()
                .map(|parent| parent.index())
                .collect();
            if !images.contains(&id.index())
                && other.definition == quantity.definition
                && sorted(theirs, other) == parents
            {
                images.push(id.index());
                if extend(left, right, images) {
                    return true;
                }
                images.pop();
            }
        }
        false
    }
    left.len() == right.len() && extend(left, right, &mut Vec::new())
}

/// Small graphs with few kinds of definitions, so that many of them are the same in disguise.
fn small() -> impl Strategy<Value = Vec<Recipe>> {
    let kind = prop::sample::select(vec![0_u8, 3, 3]);
    prop::collection::vec((kind, 1..2i64, 0..3_usize, 0..3_usize), 3..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn hashes_ignore_order(recipes in recipes_with_products(), seed in any::<u64>()) {
        let (left, target) = build(&recipes, "a");
        let (right, other) = shuffled(&left, target, seed);
        for numbers in [Numbers::Distinct, Numbers::Ignored] {
            prop_assert_eq!(
                left.canonical_hash(target, numbers),
                right.canonical_hash(other, numbers)
            );
        }
    }

    #[test]
    fn hashes_are_equal_iff_graphs_are_isomorphic(
        left in small(), right in small()
    ) {
        let (left, target) = build(&left, "a");
        let (right, other) = build(&right, "b");
        let same = left.canonical_hash(target, Numbers::Distinct)
            == right.canonical_hash(other, Numbers::Distinct);
        prop_assert_eq!(same, isomorphic(&left, &right));
    }
}
