//! The published file format of a problem's necessary graph (`*_graphs.jsonl`, field `graph`).
//!
//! Source: the evaluation data of arXiv 2512.07783. The format has names, symbols, values and
//! dependencies; it does not say how a value follows from its dependencies.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Deserializer, Serialize};

use crate::{GraphError, QuantityId, ReasoningGraph};

/// One quantity of a published gold graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldNode {
    /// The quantity's name.
    pub name: String,
    /// The symbol that the gold solution uses for it.
    pub variable: String,
    /// Its value, or none if the gold solution states no number for it, such as for the unknown of
    /// a published reverse problem.
    pub value: Option<i64>,
    /// The names of the quantities that its definition reads.
    pub dependencies: Vec<String>,
}

/// The necessary graph of a problem, with its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldGraph {
    /// The quantities.
    pub nodes: Vec<GoldNode>,
    /// The value asked for.
    pub answer: i64,
    /// Names, each after its dependencies; empty if the file gives no order.
    #[serde(default, deserialize_with = "null_as_empty")]
    pub topological_order: Vec<String>,
}

/// Published files write `null` for an unknown order.
fn null_as_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl GoldGraph {
    /// The gold graph of the question "what is `target`?", with `variable` naming each
    /// quantity's symbol.
    ///
    /// # Errors
    /// [`GraphError::Overflow`] if a value overflows `i64`.
    pub fn new(
        graph: &ReasoningGraph,
        target: QuantityId,
        mut variable: impl FnMut(QuantityId) -> String,
    ) -> Result<Self, GraphError> {
        let values = graph.evaluate()?;
        let name = |id: QuantityId| graph.quantity(id).name.clone();
        let node = |id: QuantityId| {
            let mut seen = HashSet::new();
            let parents = graph
                .quantity(id)
                .parents()
                .iter()
                .filter(|id| seen.insert(**id));
            GoldNode {
                name: name(id),
                variable: variable(id),
                value: Some(values[id.index()]),
                dependencies: parents.map(|parent| name(*parent)).collect(),
            }
        };
        let order = graph.ancestors(target);
        Ok(Self {
            topological_order: order.iter().map(|id| name(*id)).collect(),
            nodes: order.iter().copied().map(node).collect(),
            answer: values[target.index()],
        })
    }

    /// Checks that names are unique, that dependencies exist and form no cycle, and that a
    /// non-empty `topological_order` lists every quantity once, after its dependencies.
    ///
    /// # Errors
    /// The first violation.
    pub fn validate(&self) -> Result<(), GraphError> {
        let mut indices = HashMap::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if indices.insert(node.name.as_str(), index).is_some() {
                return Err(GraphError::DuplicateName {
                    name: node.name.clone(),
                });
            }
        }
        let mut parents = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let index = |parent: &String| {
                indices
                    .get(parent.as_str())
                    .copied()
                    .ok_or_else(|| GraphError::UnknownParent {
                        name: node.name.clone(),
                        parent: parent.clone(),
                    })
            };
            parents.push(
                node.dependencies
                    .iter()
                    .map(index)
                    .collect::<Result<Vec<_>, _>>()?,
            );
        }
        self.reject_cycle(&parents)?;
        if self.topological_order.is_empty() {
            return Ok(());
        }
        self.check_order(&indices, &parents)
    }

    fn check_order(
        &self,
        indices: &HashMap<&str, usize>,
        parents: &[Vec<usize>],
    ) -> Result<(), GraphError> {
        let fault = |name: &str, fault| GraphError::TopologicalOrder {
            name: name.to_owned(),
            fault,
        };
        let mut listed = vec![false; self.nodes.len()];
        for name in &self.topological_order {
            let index = indices
                .get(name.as_str())
                .ok_or_else(|| fault(name, "is not a quantity of the graph"))?;
            if std::mem::replace(&mut listed[*index], true) {
                return Err(fault(name, "is listed twice"));
            }
            if parents[*index].iter().any(|parent| !listed[*parent]) {
                return Err(fault(name, "is listed before one of its dependencies"));
            }
        }
        match listed.iter().position(|listed| !listed) {
            None => Ok(()),
            Some(index) => Err(fault(&self.nodes[index].name, "is missing")),
        }
    }

    fn reject_cycle(&self, parents: &[Vec<usize>]) -> Result<(), GraphError> {
        // Kahn's algorithm from the leaves; what it never reaches lies on or behind a cycle.
        let mut missing: Vec<usize> = parents.iter().map(Vec::len).collect();
        let mut children = vec![Vec::new(); parents.len()];
        for (child, parents) in parents.iter().enumerate() {
            for parent in parents {
                children[*parent].push(child);
            }
        }
        let mut ready: Vec<usize> = (0..parents.len()).filter(|i| missing[*i] == 0).collect();
        while let Some(node) = ready.pop() {
            for child in &children[node] {
                missing[*child] -= 1;
                if missing[*child] == 0 {
                    ready.push(*child);
                }
            }
        }
        let Some(stuck) = missing.iter().position(|count| *count > 0) else {
            return Ok(());
        };
        let through = parents[stuck].iter().find(|parent| missing[**parent] > 0);
        let name = |index: usize| self.nodes[index].name.clone();
        Err(GraphError::Cycle {
            name: name(stuck),
            through: name(*through.unwrap_or(&stuck)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Definition;

    fn node(name: &str, dependencies: &[&str]) -> GoldNode {
        GoldNode {
            name: name.into(),
            variable: name.into(),
            value: Some(1),
            dependencies: dependencies.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn gold(nodes: Vec<GoldNode>) -> GoldGraph {
        GoldGraph {
            nodes,
            answer: 1,
            topological_order: Vec::new(),
        }
    }

    #[test]
    fn holds_the_necessary_part_only() {
        let mut graph = ReasoningGraph::new();
        let a = graph.add("a", Definition::constant(3), &[]).unwrap();
        graph.add("b", Definition::constant(9), &[]).unwrap();
        let c = graph.add("c", Definition::sum(), &[a, a]).unwrap();
        let gold = GoldGraph::new(&graph, c, |id| format!("v{}", id.index())).unwrap();
        assert_eq!(gold.answer, 6);
        assert_eq!(gold.topological_order, ["a", "c"]);
        assert_eq!(gold.nodes[1].dependencies, ["a"]);
        assert_eq!(gold.validate(), Ok(()));
    }

    #[test]
    fn rejects_a_cycle() {
        let cyclic = gold(vec![
            node("a", &["b"]),
            node("b", &["a"]),
            node("c", &["a"]),
        ]);
        assert!(matches!(cyclic.validate(), Err(GraphError::Cycle { .. })));
        let own = gold(vec![node("a", &["a"])]);
        assert!(matches!(own.validate(), Err(GraphError::Cycle { .. })));
    }

    #[test]
    fn names_a_missing_dependency() {
        let broken = gold(vec![node("a", &["z"])]);
        let expected = GraphError::UnknownParent {
            name: "a".into(),
            parent: "z".into(),
        };
        assert_eq!(broken.validate(), Err(expected));
    }

    #[test]
    fn a_topological_order_lists_every_name_once_after_its_dependencies() {
        let mut gold = gold(vec![node("b", &["a"]), node("a", &[])]);
        let mut check = |order: &[&str]| {
            gold.topological_order = order.iter().map(|name| (*name).to_owned()).collect();
            gold.validate().map_err(|error| error.to_string())
        };
        assert_eq!(check(&[]), Ok(()));
        assert_eq!(check(&["a", "b"]), Ok(()));
        for (order, part) in [
            (
                &["b", "a"][..],
                "`b` is listed before one of its dependencies",
            ),
            (&["a", "a", "b"], "`a` is listed twice"),
            (&["a"], "`b` is missing"),
            (&["a", "z"], "`z` is not a quantity of the graph"),
        ] {
            let message = check(order).unwrap_err();
            assert!(message.contains(part), "{part} not in: {message}");
        }
    }
}
