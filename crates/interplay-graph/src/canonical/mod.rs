//! The hash of a graph in canonical form, which does not depend on names or node order.
//!
//! Two graphs have the same form if and only if renaming and reordering turns one into the other.
//! The hash covers the whole graph, listed under a numbering that depends on its structure alone.
//! Node colors are refined from parents and children (Weisfeiler and Leman 1968). While several
//! nodes share a color, each of them in turn is singled out and the rest is refined again; the
//! smallest of the resulting listings is hashed (individualization and refinement, McKay 1981). Of
//! nodes that can be exchanged without touching others, one is tried.
//!
//! Deviations: no other symmetry is used. A graph with more than 2,000 listings, such as one with
//! seven equal chains, is hashed by its refined colors alone and may share its hash with a
//! different graph. The number of listings does not depend on names or order, so neither does that
//! hash.
//! Complexity: O(listings * nodes * edges log edges) at worst; near-linear in practice, since few
//! rounds settle the colors and few graphs have more than one listing.

mod numbers;
mod refine;
mod search;

use std::fmt;

use sha2::{Digest, Sha256};

use crate::{QuantityId, ReasoningGraph};
pub use numbers::Numbers;
use refine::Net;

/// A 128-bit hash of a graph, equal for renamed and reordered copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalHash(pub [u8; 16]);

impl fmt::Display for CanonicalHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl ReasoningGraph {
    /// The hash of the graph with `target` marked, independent of names and node order.
    ///
    /// # Panics
    /// If `target` is an id of a larger graph.
    #[must_use]
    pub fn canonical_hash(&self, target: QuantityId, numbers: Numbers) -> CanonicalHash {
        self.hash_with_listings(target, numbers).0
    }

    /// Whether the hash is that of the canonical form, so that only renamed and reordered copies
    /// share it (up to a collision of 128 bits of SHA-256). Otherwise the graph is too symmetric,
    /// and other graphs may have the same hash.
    ///
    /// # Panics
    /// If `target` is an id of a larger graph.
    #[must_use]
    pub fn canonical_hash_is_exact(&self, target: QuantityId, numbers: Numbers) -> bool {
        self.hash_with_listings(target, numbers).1
    }

    fn hash_with_listings(&self, target: QuantityId, numbers: Numbers) -> (CanonicalHash, bool) {
        assert!(
            target.index() < self.len(),
            "quantity id {} belongs to another graph; this one has {} quantities",
            target.index(),
            self.len()
        );
        let net = Net::new(self, target, numbers);
        let mut colors = net.first_colors();
        net.refine(&mut colors);
        match search::smallest_listing(&net, &colors) {
            Some(listing) => (digest(b"listing", &listing), true),
            None => {
                colors.sort_unstable();
                (digest(b"colours", &colors), false)
            }
        }
    }
}

fn digest(kind: &[u8], words: &[u64]) -> CanonicalHash {
    let mut bytes = Vec::with_capacity(8 * words.len());
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    let mut hash = Sha256::new();
    hash.update(b"interplay/canonical/v2/");
    hash.update(kind);
    hash.update(&bytes);
    let full: [u8; 32] = hash.finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    CanonicalHash(short)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Definition;

    fn graph(names: [&str; 3], k: i64, swap: bool) -> (ReasoningGraph, QuantityId) {
        let mut graph = ReasoningGraph::new();
        let (first, second) = if swap { (4, 2) } else { (2, 4) };
        let a = graph
            .add(names[0], Definition::constant(first), &[])
            .unwrap();
        let b = graph
            .add(names[1], Definition::constant(second), &[])
            .unwrap();
        let c = graph
            .add(names[2], Definition::sum().times(k), &[a, b])
            .unwrap();
        (graph, c)
    }

    #[test]
    fn renaming_and_reordering_keep_the_hash() {
        let (left, target) = graph(["a", "b", "c"], 3, false);
        let (right, other) = graph(["x", "y", "z"], 3, true);
        let hash = left.canonical_hash(target, Numbers::Distinct);
        assert_eq!(hash, right.canonical_hash(other, Numbers::Distinct));
    }

    #[test]
    fn numbers_count_only_where_asked() {
        let (left, target) = graph(["a", "b", "c"], 3, false);
        let (right, _) = graph(["a", "b", "c"], 2, false);
        let hashes = |numbers| {
            (
                left.canonical_hash(target, numbers),
                right.canonical_hash(target, numbers),
            )
        };
        let (with, without) = (hashes(Numbers::Distinct), hashes(Numbers::Ignored));
        assert_ne!(with.0, with.1);
        assert_eq!(without.0, without.1);
    }

    #[test]
    fn a_difference_is_not_symmetric() {
        let build = |flip: bool| {
            let mut graph = ReasoningGraph::new();
            let a = graph.add("a", Definition::constant(5), &[]).unwrap();
            let b = graph.add("b", Definition::sum(), &[a]).unwrap();
            let parents = if flip { [b, a] } else { [a, b] };
            let c = graph.add("c", Definition::difference(), &parents).unwrap();
            graph.canonical_hash(c, Numbers::Distinct)
        };
        assert_ne!(build(false), build(true));
    }

    #[test]
    fn products_depend_on_pairs_but_not_on_their_order() {
        let build = |order: [usize; 4]| {
            let mut graph = ReasoningGraph::new();
            let leaves: Vec<_> = (0..4)
                .map(|k| {
                    graph
                        .add(format!("q{k}"), Definition::constant(k), &[])
                        .unwrap()
                })
                .collect();
            let parents = order.map(|slot| leaves[slot]);
            let top = graph.add("top", Definition::products(), &parents).unwrap();
            graph.canonical_hash(top, Numbers::Distinct)
        };
        assert_eq!(build([0, 1, 2, 3]), build([3, 2, 1, 0]));
        assert_eq!(build([0, 1, 2, 3]), build([2, 3, 0, 1]));
        assert_ne!(build([0, 1, 2, 3]), build([0, 2, 1, 3]));
    }

    /// Sums of two neighbors on rings of leaves, all added up.
    fn rings(sizes: &[usize]) -> (ReasoningGraph, QuantityId) {
        let mut graph = ReasoningGraph::new();
        let mut sums = Vec::new();
        for (ring, size) in sizes.iter().enumerate() {
            let leaves: Vec<_> = (0..*size)
                .map(|at| {
                    graph
                        .add(format!("{ring}-{at}"), Definition::constant(1), &[])
                        .unwrap()
                })
                .collect();
            for at in 0..*size {
                let pair = [leaves[at], leaves[(at + 1) % size]];
                let name = format!("{ring}+{at}");
                sums.push(graph.add(name, Definition::sum(), &pair).unwrap());
            }
        }
        let top = graph.add("top", Definition::sum(), &sums).unwrap();
        (graph, top)
    }

    #[test]
    fn graphs_that_refinement_cannot_tell_apart_differ() {
        let (one, top) = rings(&[6]);
        let (two, other) = rings(&[3, 3]);
        for numbers in [Numbers::Distinct, Numbers::Ignored] {
            assert!(one.canonical_hash_is_exact(top, numbers));
            assert_ne!(
                one.canonical_hash(top, numbers),
                two.canonical_hash(other, numbers)
            );
        }
    }

    #[test]
    fn twins_do_not_multiply_the_work() {
        let mut graph = ReasoningGraph::new();
        let leaves: Vec<_> = (0..60)
            .map(|at| {
                graph
                    .add(format!("q{at}"), Definition::constant(1), &[])
                    .unwrap()
            })
            .collect();
        let top = graph.add("top", Definition::sum(), &leaves).unwrap();
        assert!(graph.canonical_hash_is_exact(top, Numbers::Ignored));
    }

    #[test]
    fn reports_a_graph_that_is_too_symmetric() {
        let (graph, top) = rings(&[3, 3, 3, 3, 3, 3]);
        assert!(!graph.canonical_hash_is_exact(top, Numbers::Ignored));
    }
}
