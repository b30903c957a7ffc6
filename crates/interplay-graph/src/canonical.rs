//! A hash of a graph that does not see names or the order of nodes.
//!
//! Colour refinement (Weisfeiler and Leman 1968) over the definitions: a node's colour starts
//! from its definition and takes in the colours of parents (in order for a difference, as a
//! multiset for a sum) and of children, until the number of colours stops growing.
//!
//! Deviations: two graphs with the same hash need not be isomorphic, since refinement does not
//! tell every pair of graphs apart; for deduplication and splits that errs on the safe side.
//! Complexity: O(rounds * (nodes + edges) log edges), rounds at most the number of nodes.

use std::collections::HashSet;
use std::fmt;

use sha2::{Digest, Sha256};

use crate::{Core, Outer, QuantityId, ReasoningGraph};

/// Whether the constants of definitions count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Graphs that differ in constants differ.
    Distinct,
    /// Only the shape counts: which kind of definition reads which quantities.
    Ignored,
}

/// A 128-bit hash of a graph up to renaming.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalHash(pub [u8; 16]);

impl fmt::Display for CanonicalHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

type Colour = [u8; 16];

impl ReasoningGraph {
    /// The hash of the graph with the quantity asked for, blind to names and to node order.
    ///
    /// # Panics
    /// Where `target` is an id of another graph and this one has no such id.
    #[must_use]
    pub fn canonical_hash(&self, target: QuantityId, numbers: Numbers) -> CanonicalHash {
        assert!(
            target.index() < self.len(),
            "quantity id {} is of another graph; this one has {} quantities",
            target.index(),
            self.len()
        );
        let mut colours: Vec<Colour> = self
            .quantities()
            .map(|(id, quantity)| {
                let mut seed = Vec::with_capacity(24);
                seed.push(u8::from(id == target));
                let (core, number) = match quantity.definition.core {
                    Core::Constant(value) => (0, value),
                    Core::Sum => (1, 0),
                    Core::Difference => (2, 0),
                    Core::Products => (3, 0),
                };
                let (outer, k) = match quantity.definition.outer {
                    None => (0, 0),
                    Some(Outer::Plus(k)) => (1, k),
                    Some(Outer::Times(k)) => (2, k),
                };
                seed.extend([core, outer]);
                if numbers == Numbers::Distinct {
                    seed.extend(number.to_le_bytes());
                    seed.extend(k.to_le_bytes());
                }
                digest(&[&seed])
            })
            .collect();
        let mut children = vec![Vec::new(); self.len()];
        for (id, quantity) in self.quantities() {
            for (slot, parent) in quantity.parents().iter().enumerate() {
                let slot = if quantity.definition.core == Core::Difference {
                    slot as u8
                } else {
                    0
                };
                children[parent.index()].push((slot, id.index()));
            }
        }
        let mut distinct = count(&colours);
        loop {
            colours = self.refine(&colours, &children);
            let now = count(&colours);
            if now <= distinct {
                break;
            }
            distinct = now;
        }
        let mut sorted = colours;
        sorted.sort_unstable();
        let parts: Vec<&[u8]> = sorted.iter().map(<[u8; 16]>::as_slice).collect();
        CanonicalHash(digest(&parts))
    }

    fn refine(&self, colours: &[Colour], children: &[Vec<(u8, usize)>]) -> Vec<Colour> {
        self.quantities()
            .map(|(id, quantity)| {
                let mut above: Vec<Colour> = quantity
                    .parents()
                    .iter()
                    .map(|parent| colours[parent.index()])
                    .collect();
                if quantity.definition.core != Core::Difference {
                    above.sort_unstable();
                }
                let mut below: Vec<(u8, Colour)> = children[id.index()]
                    .iter()
                    .map(|(slot, node)| (*slot, colours[*node]))
                    .collect();
                below.sort_unstable();
                let mut parts: Vec<&[u8]> = vec![&colours[id.index()]];
                parts.extend(above.iter().map(<[u8; 16]>::as_slice));
                parts.push(b"|");
                for (slot, colour) in &below {
                    parts.push(std::slice::from_ref(slot));
                    parts.push(colour);
                }
                digest(&parts)
            })
            .collect()
    }
}

fn count(colours: &[Colour]) -> usize {
    colours.iter().collect::<HashSet<_>>().len()
}

fn digest(parts: &[&[u8]]) -> Colour {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let full: [u8; 32] = hash.finalize().into();
    let mut short = [0; 16];
    short.copy_from_slice(&full[..16]);
    short
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
}
