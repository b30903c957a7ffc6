//! A reasoning problem as a directed acyclic graph of named quantities.
//!
//! Source: arXiv 2512.07783, section 2.1; `op(G) = |E|`, counting the edge from a constant. The
//! graph is petgraph's `DiGraph` with edges from parent to child. It is acyclic by construction: a
//! quantity reads only quantities that are already in the graph, and no edges are added later. Node
//! order is therefore a topological order.

use std::collections::HashMap;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::{Definition, GraphError};

/// The index of a quantity in its graph; parents come before children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuantityId(u32);

impl QuantityId {
    /// The index into [`ReasoningGraph::quantities`] and the values of
    /// [`ReasoningGraph::evaluate`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }

    fn node(self) -> NodeIndex<u32> {
        NodeIndex::new(self.index())
    }
}

/// A named quantity and its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quantity {
    /// The name, unique in its graph.
    pub name: String,
    /// How it is computed from its parents.
    pub definition: Definition,
    parents: Vec<QuantityId>,
}

impl Quantity {
    /// The quantities that the definition reads, in the definition's order.
    #[must_use]
    pub fn parents(&self) -> &[QuantityId] {
        &self.parents
    }
}

/// A directed acyclic graph of named quantities.
#[derive(Debug, Clone, Default)]
pub struct ReasoningGraph {
    graph: DiGraph<Quantity, (), u32>,
    /// Quantities by name; the names are stored in the graph.
    by_name: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl ReasoningGraph {
    /// An empty graph.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a quantity that reads `parents`, in this order. A repeated parent is read
    /// twice (`a + a`).
    ///
    /// # Errors
    /// The name is taken, a parent does not exist, or the definition takes another number of
    /// parents. The graph is then unchanged.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        definition: Definition,
        parents: &[QuantityId],
    ) -> Result<QuantityId, GraphError> {
        let name = name.into();
        let hash = self.hasher.hash_one(&*name);
        if self.find_hashed(hash, &name).is_some() {
            return Err(GraphError::DuplicateName { name });
        }
        if let Some(unknown) = parents.iter().find(|id| id.index() >= self.len()) {
            return Err(GraphError::UnknownId {
                id: unknown.index(),
                len: self.len(),
            });
        }
        if let Err(expected) = definition.expected_parents(parents.len()) {
            let (core, found) = (definition.core.name(), parents.len());
            return Err(GraphError::ParentCount {
                name,
                core,
                expected,
                found,
            });
        }
        let quantity = Quantity {
            name,
            definition,
            parents: parents.to_vec(),
        };
        let node = self.graph.add_node(quantity);
        for parent in parents {
            self.graph.add_edge(parent.node(), node, ());
        }
        let id = QuantityId(u32::try_from(node.index()).expect("petgraph indexes with u32"));
        let (graph, hasher) = (&self.graph, &self.hasher);
        let rehash = |id: &u32| hasher.hash_one(&*graph[NodeIndex::new(*id as usize)].name);
        self.by_name.insert_unique(hash, id.0, rehash);
        Ok(id)
    }

    /// The number of quantities.
    #[must_use]
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether the graph has no quantities.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }

    /// The quantity at `id`.
    ///
    /// # Panics
    /// If `id` comes from a larger graph. An id of another graph of at most this size gives an
    /// unrelated quantity.
    #[must_use]
    pub fn quantity(&self, id: QuantityId) -> &Quantity {
        &self.graph[id.node()]
    }

    /// The quantity with this name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<QuantityId> {
        self.find_hashed(self.hasher.hash_one(name), name)
    }

    fn find_hashed(&self, hash: u64, name: &str) -> Option<QuantityId> {
        let same = |id: &u32| self.graph[NodeIndex::new(*id as usize)].name == name;
        self.by_name.find(hash, same).copied().map(QuantityId)
    }

    /// All quantities with their ids, parents before children.
    pub fn quantities(&self) -> impl ExactSizeIterator<Item = (QuantityId, &Quantity)> {
        let ids = 0..u32::try_from(self.len()).expect("petgraph indexes with u32");
        ids.map(|id| (QuantityId(id), &self.graph[NodeIndex::new(id as usize)]))
    }

    /// The same graph as petgraph's type, for its algorithms.
    #[must_use]
    pub fn as_petgraph(&self) -> &DiGraph<Quantity, (), u32> {
        &self.graph
    }

    /// The difficulty `op(G) = |E|`: the number of operands of all definitions, constants included.
    #[must_use]
    pub fn op(&self) -> u32 {
        self.quantities()
            .map(|(_, quantity)| quantity.edges())
            .sum()
    }

    /// The values of all quantities, by [`QuantityId::index`].
    ///
    /// # Errors
    /// [`GraphError::Overflow`] if a value overflows `i64`.
    pub fn evaluate(&self) -> Result<Vec<i64>, GraphError> {
        let mut values = Vec::with_capacity(self.len());
        let mut operands = Vec::new();
        for (_, quantity) in self.quantities() {
            operands.clear();
            operands.extend(quantity.parents.iter().map(|parent| values[parent.index()]));
            let value =
                quantity
                    .definition
                    .apply(&operands)
                    .ok_or_else(|| GraphError::Overflow {
                        name: quantity.name.clone(),
                    })?;
            values.push(value);
        }
        Ok(values)
    }

    /// `target` and everything that it reads, directly or indirectly, in topological order: what a
    /// solution must compute.
    ///
    /// # Panics
    /// If `target` comes from a larger graph.
    #[must_use]
    pub fn ancestors(&self, target: QuantityId) -> Vec<QuantityId> {
        let mut needed = vec![false; self.len()];
        needed[target.index()] = true;
        // Node order is topological, so one pass backwards reaches every ancestor.
        for index in (0..=target.index()).rev() {
            if needed[index] {
                for parent in self.graph[NodeIndex::new(index)].parents() {
                    needed[parent.index()] = true;
                }
            }
        }
        self.quantities()
            .map(|(id, _)| id)
            .filter(|id| needed[id.index()])
            .collect()
    }

    /// The subgraph of `target` and everything that it reads, with the id of `target` in it: the
    /// necessary quantities of a problem.
    ///
    /// # Panics
    /// If `target` comes from a larger graph.
    #[must_use]
    pub fn necessary(&self, target: QuantityId) -> (Self, QuantityId) {
        let mut necessary = Self::new();
        let mut moved = HashMap::new();
        let mut last = target;
        for id in self.ancestors(target) {
            let quantity = self.quantity(id);
            let parents: Vec<_> = quantity
                .parents
                .iter()
                .map(|parent| moved[parent])
                .collect();
            last = necessary
                .add(quantity.name.clone(), quantity.definition, &parents)
                .expect("a part of a valid graph is valid");
            moved.insert(id, last);
        }
        (necessary, last)
    }
}

impl Quantity {
    /// The number of edges that the quantity adds to `op`.
    #[must_use]
    pub fn edges(&self) -> u32 {
        self.definition.edges(self.parents.len())
    }
}

impl PartialEq for ReasoningGraph {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .quantities()
                .zip(other.quantities())
                .all(|(left, right)| left == right)
    }
}

impl Eq for ReasoningGraph {}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> (ReasoningGraph, [QuantityId; 4]) {
        let mut graph = ReasoningGraph::new();
        let a = graph.add("a", Definition::constant(3), &[]).unwrap();
        let b = graph.add("b", Definition::sum().times(2), &[a]).unwrap();
        let c = graph.add("c", Definition::constant(1), &[]).unwrap();
        let d = graph.add("d", Definition::difference(), &[b, a]).unwrap();
        (graph, [a, b, c, d])
    }

    #[test]
    fn evaluates_in_topological_order() {
        let (graph, _) = chain();
        assert_eq!(graph.evaluate().unwrap(), [3, 6, 1, 3]);
        assert_eq!(graph.op(), 1 + 2 + 1 + 2);
        assert!(!petgraph::algo::is_cyclic_directed(graph.as_petgraph()));
    }

    #[test]
    fn the_necessary_part_leaves_distractors_out() {
        let (graph, [_, _, _, d]) = chain();
        let (necessary, target) = graph.necessary(d);
        assert_eq!(necessary.op(), 5);
        assert_eq!(necessary.find("c"), None);
        assert_eq!(necessary.evaluate().unwrap()[target.index()], 3);
    }

    #[test]
    fn rejects_invalid_quantities_and_stays_unchanged() {
        let (mut graph, [a, ..]) = chain();
        let before = graph.clone();
        let outside = QuantityId(9);
        assert!(matches!(
            graph.add("a", Definition::sum(), &[a]),
            Err(GraphError::DuplicateName { .. })
        ));
        assert!(matches!(
            graph.add("e", Definition::sum(), &[outside]),
            Err(GraphError::UnknownId { id: 9, len: 4 })
        ));
        assert!(matches!(
            graph.add("e", Definition::difference(), &[a]),
            Err(GraphError::ParentCount {
                expected: "two",
                found: 1,
                ..
            })
        ));
        assert_eq!(graph, before);
    }

    #[test]
    fn overflow_names_the_quantity() {
        let mut graph = ReasoningGraph::new();
        let a = graph.add("a", Definition::constant(i64::MAX), &[]).unwrap();
        graph.add("b", Definition::sum(), &[a, a]).unwrap();
        assert_eq!(
            graph.evaluate(),
            Err(GraphError::Overflow { name: "b".into() })
        );
    }
}
