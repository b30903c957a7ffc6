//! Resolves the quantities of a text by name, orders them, solves for the unknown and builds the
//! graph.
//!
//! Complexity: linear in the sentences and in the operands of totals.

use std::borrow::Cow;
use std::collections::HashMap;

use super::problem::{LeftOut, Reversal, TextProblem};
use super::read::Statements;
use super::said::Said;
use super::totals;
use crate::{Definition, GraphError, Linear, QuantityId, ReasoningGraph};

/// A quantity before ordering.
struct Node<'t> {
    name: Cow<'t, str>,
    definition: Definition,
    /// Indices of the parents; none for a parent that no sentence states.
    parents: Vec<Option<usize>>,
    read: Vec<&'t str>,
    structural: bool,
}

/// All quantities of a text, with references by index.
#[derive(Default)]
pub(super) struct Net<'t> {
    nodes: Vec<Node<'t>>,
    indices: HashMap<Cow<'t, str>, usize>,
    unknown: Option<usize>,
    given: Vec<(&'t str, i64)>,
    /// Those that can be computed, parents first.
    order: Vec<usize>,
    ordered: Vec<bool>,
}

/// The solution of the equation.
pub(super) struct Solved {
    unknown: usize,
    given: usize,
    value: i64,
    form: Linear,
    x: i64,
}

impl<'t> Net<'t> {
    fn add(
        &mut self,
        name: Cow<'t, str>,
        definition: Definition,
        read: Vec<&'t str>,
        structural: bool,
    ) -> Result<usize, GraphError> {
        let index = self.nodes.len();
        if self.indices.insert(name.clone(), index).is_some() {
            return Err(GraphError::Contradiction { name: name.into() });
        }
        self.nodes.push(Node {
            name,
            definition,
            parents: Vec::new(),
            read,
            structural,
        });
        Ok(index)
    }

    pub(super) fn add_stated(&mut self, read: &Statements<'t>) -> Result<(), GraphError> {
        for entry in &read.entries {
            let name = Cow::Borrowed(entry.name);
            match &entry.said {
                Said::Given(value) => self.given.push((entry.name, *value)),
                Said::Defined(definition, operands) => {
                    let operands = read.operands[operands.clone()].to_vec();
                    self.add(name, *definition, operands, false)?;
                }
                Said::Unknown => {
                    let index = self.add(name, Definition::constant(0), Vec::new(), false)?;
                    if let Some(first) = self.unknown.replace(index) {
                        return Err(GraphError::SecondUnknown {
                            first: self.nodes[first].name.to_string(),
                            second: entry.name.to_owned(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds totals, then the indices of all parents. A total with a given value whose place has no
    /// items is a given number.
    pub(super) fn add_totals(&mut self, read: &Statements<'t>) {
        for total in totals::totals(&read.entries, read.names()) {
            let definition = if total.products {
                Definition::products()
            } else {
                Definition::sum()
            };
            if !self.indices.contains_key(&total.name) {
                // The name is free, so adding cannot fail.
                let _ = self.add(total.name, definition, total.parents, true);
            }
        }
        let indices = &self.indices;
        let (leaves, given) = std::mem::take(&mut self.given)
            .into_iter()
            .partition(|(name, _)| !indices.contains_key(*name));
        self.given = given;
        let leaves: Vec<(&'t str, i64)> = leaves;
        for (name, value) in leaves {
            let definition = Definition::constant(value);
            if self
                .add(Cow::Borrowed(name), definition, Vec::new(), false)
                .is_err()
            {
                // The same total is given twice: the second value is checked against the first.
                self.given.push((name, value));
            }
        }
        for node in &mut self.nodes {
            let index = |name: &&str| self.indices.get(*name).copied();
            node.parents = node.read.iter().map(index).collect();
        }
    }

    /// Orders the computable quantities (Kahn's algorithm).
    pub(super) fn order(&mut self) {
        let mut waits: Vec<usize> = self.nodes.iter().map(|node| node.parents.len()).collect();
        let mut readers = vec![Vec::new(); self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate() {
            for parent in node.parents.iter().flatten() {
                readers[*parent].push(index);
            }
        }
        self.order = (0..waits.len())
            .filter(|index| waits[*index] == 0)
            .collect();
        let mut next = 0;
        while let Some(&index) = self.order.get(next) {
            next += 1;
            for &reader in &readers[index] {
                waits[reader] -= 1;
                if waits[reader] == 0 {
                    self.order.push(reader);
                }
            }
        }
        self.ordered = waits.iter().map(|waits| *waits == 0).collect();
    }

    /// Why a quantity is not in the order.
    fn left_out(&self, index: usize) -> LeftOut {
        let node = &self.nodes[index];
        let absent = |parent: &Option<usize>| parent.is_none_or(|index| !self.ordered[index]);
        let through = node.parents.iter().position(absent);
        LeftOut {
            name: node.name.to_string(),
            through: through.map_or_else(String::new, |slot| node.read[slot].to_owned()),
            missing: through.is_some_and(|slot| node.parents[slot].is_none()),
        }
    }

    /// The error of a quantity that is needed and not in the order.
    fn not_computable(&self, name: &str) -> GraphError {
        let Some(&index) = self.indices.get(name) else {
            return GraphError::NotStated {
                name: name.to_owned(),
            };
        };
        // Follow absent parents to one that is not stated, or around a cycle.
        let mut at = index;
        let mut seen = vec![false; self.nodes.len()];
        while !std::mem::replace(&mut seen[at], true) {
            let left = self.left_out(at);
            match self.indices.get(left.through.as_str()) {
                Some(&next) if !left.missing => at = next,
                _ => return GraphError::NotStated { name: left.through },
            }
        }
        let left = self.left_out(at);
        GraphError::Cycle {
            name: left.name,
            through: left.through,
        }
    }

    /// Solves for the unknown, if there is one.
    pub(super) fn solve(&self) -> Result<Option<Solved>, GraphError> {
        let Some(unknown) = self.unknown else {
            return Ok(None);
        };
        let mut forms: Vec<Option<Linear>> = vec![None; self.nodes.len()];
        let mut above = Vec::new();
        for &index in &self.order {
            let node = &self.nodes[index];
            above.clear();
            above.extend(node.parents.iter().flatten().filter_map(|p| forms[*p]));
            forms[index] = if index == unknown {
                Some(Linear::UNKNOWN)
            } else if above.len() == node.parents.len() {
                Linear::of(node.definition, above.iter().copied())
            } else {
                None
            };
        }
        let name = || self.nodes[unknown].name.to_string();
        let mut absent = None;
        for &(given, value) in &self.given {
            let Some(index) = self.indices.get(given).copied() else {
                continue;
            };
            match forms[index] {
                Some(form) if form.coefficient != 0 => {
                    let x = form
                        .solve(value)
                        .ok_or_else(|| GraphError::NoWholeSolution {
                            unknown: name(),
                            given: given.to_owned(),
                            coefficient: form.coefficient,
                            constant: form.constant,
                            value,
                        })?;
                    return Ok(Some(Solved {
                        unknown,
                        given: index,
                        value,
                        form,
                        x,
                    }));
                }
                Some(_) => {}
                None => absent = Some(given),
            }
        }
        Err(match absent {
            Some(given) if !self.ordered[self.indices[given]] => self.not_computable(given),
            _ => GraphError::NothingGiven { unknown: name() },
        })
    }

    /// Builds the graph and checks the given values.
    pub(super) fn finish(
        self,
        asked: &str,
        solved: Option<Solved>,
    ) -> Result<TextProblem, GraphError> {
        let mut graph = ReasoningGraph::new();
        let mut ids: Vec<Option<QuantityId>> = vec![None; self.nodes.len()];
        let mut structural = Vec::new();
        let mut parents = Vec::new();
        for &index in &self.order {
            let node = &self.nodes[index];
            let definition = match &solved {
                Some(solved) if solved.unknown == index => Definition::constant(solved.x),
                _ => node.definition,
            };
            parents.clear();
            parents.extend(node.parents.iter().flatten().filter_map(|p| ids[*p]));
            let id = graph.add(&*node.name, definition, &parents)?;
            ids[index] = Some(id);
            if node.structural {
                structural.push(id);
            }
        }
        let id = |name: &str| self.indices.get(name).and_then(|index| ids[*index]);
        let values = graph.evaluate()?;
        for (name, value) in &self.given {
            if id(name).is_some_and(|id| values[id.index()] != *value) {
                return Err(GraphError::Contradiction {
                    name: (*name).to_owned(),
                });
            }
        }
        let target = id(asked).ok_or_else(|| self.not_computable(asked))?;
        let reversal = solved.and_then(|solved| {
            Some(Reversal {
                unknown: ids[solved.unknown]?,
                given: ids[solved.given]?,
                value: solved.value,
                form: solved.form,
            })
        });
        let left_out = (0..self.nodes.len())
            .filter(|index| !self.ordered[*index] && !self.nodes[*index].structural)
            .map(|index| self.left_out(index))
            .collect();
        Ok(TextProblem {
            graph,
            asked: target,
            reversal,
            structural,
            left_out,
            values,
        })
    }
}
