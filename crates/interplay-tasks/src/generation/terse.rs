//! Draws the graph of a terse problem: bare dependencies, without places and items.
//!
//! Source: the dependency graphs of iGSM (arXiv 2407.20311, appendix) and GSM-Infinite
//! (arXiv 2502.05252): necessary quantities that all lead to the target, then unnecessary ones
//! that may read anything and that the target never reads.
//!
//! Deviations: the published generators draw places and items first, as this crate does for prose,
//! and reject what misses the requested op. Here dependencies are drawn under a budget of edges, so
//! no problem is rejected for its op. One inequality keeps the budget: u quantities that nothing
//! reads yet can be joined into one with `closing(u)` edges, and a definition is accepted only if at
//! least that many edges remain. Every value is checked as it is drawn; where no definition fits,
//! the last few quantities are removed again.
//!
//! Complexity: linear in op, for a fixed bound on parents.

use interplay_graph::{Core, Definition, Outer};

use super::draw::Draw;
use super::skeleton::{Node, Skeleton};
use crate::spec::{DefinitionWeights, Dialect, TaskSpec};

/// How many proposals are made for one quantity before earlier ones are removed.
const PROPOSALS: usize = 24;

/// The bounds and weights of one dialect.
pub(crate) struct TerseRules<'a> {
    max_value: i64,
    max_constant: i64,
    max_factor: i64,
    max_parents: usize,
    /// The most quantities that one definition can join into one.
    max_joined: usize,
    /// The share of distractors that may read what the target needs.
    entanglement: f64,
    weights: &'a DefinitionWeights,
}

impl<'a> TerseRules<'a> {
    pub(crate) fn new(spec: &'a TaskSpec, dialect: Dialect) -> Self {
        let max_value = spec.max_value(dialect);
        Self {
            max_value,
            max_constant: spec.max_constant.min(max_value),
            max_factor: spec.max_factor,
            max_parents: spec.max_parents,
            // Only a sum reads more than two.
            max_joined: if spec.definitions.sum > 0.0 {
                spec.max_parents
            } else {
                2
            },
            entanglement: spec.entanglement(dialect),
            weights: &spec.definitions,
        }
    }

    /// Draws a skeleton of exactly `op` edges with this many unnecessary quantities; on failure, returns
    /// how often quantities were removed before giving up.
    pub(crate) fn draw(
        &self,
        op: usize,
        distractors: usize,
        draw: &mut Draw,
    ) -> Result<Skeleton, u32> {
        // Both wide and narrow problems: some have many leaves, some are chains.
        let leaves = [0.4, 1.0, 2.0][draw.below(3)];
        let mut growth = Growth::new(self, op, leaves);
        let limit = 100 + 4 * op as u32;
        let mut taken_back = 0;
        while growth.left > 0 {
            if growth.step(draw) {
                continue;
            }
            taken_back += 1;
            if taken_back > limit {
                return Err(taken_back);
            }
            // A longer and longer tail, so that even a bad beginning is abandoned in the end.
            growth.take_back(1 + draw.below(3 + taken_back as usize / 4));
        }
        let necessary = growth.nodes.len();
        // Distractors that read nothing that the target needs.
        let mut apart = Vec::new();
        for _ in 0..distractors {
            if self.entanglement < 1.0 && !draw.chance(self.entanglement) {
                growth.distract_apart(&mut apart, draw);
            } else {
                growth.distract(draw);
            }
        }
        Ok(Skeleton {
            nodes: growth.nodes,
            necessary,
        })
    }

    /// The number of edges reserved to join `open` quantities into one.
    ///
    /// For a few quantities, the minimum. For many, what pairwise differences take and some to spare,
    /// since sums of many exceed the bound on values.
    fn closing(&self, open: usize) -> usize {
        match open {
            0 => 1,
            1..=4 => open - 1 + (open - 1).div_ceil(self.max_joined - 1),
            _ => 2 * (open - 1) + (open - 4) / 2,
        }
    }
}

/// A skeleton while it grows.
struct Growth<'a> {
    rules: &'a TerseRules<'a>,
    weights: [f64; 6],
    nodes: Vec<Node>,
    /// The indices of the quantities that nothing reads yet.
    open: Vec<usize>,
    /// The edges left to spend.
    left: usize,
}

// Indices into `weights`; the last is a difference.
const CONSTANT: usize = 0;
const COPY: usize = 1;
const PLUS: usize = 2;
const TIMES: usize = 3;
const SUM: usize = 4;

impl<'a> Growth<'a> {
    fn new(rules: &'a TerseRules<'a>, op: usize, leaves: f64) -> Self {
        let w = rules.weights;
        let weights = [
            w.constant * leaves,
            w.copy,
            w.plus,
            w.times,
            w.sum,
            w.difference,
        ];
        Self {
            rules,
            weights,
            nodes: Vec::with_capacity(op + 4),
            open: Vec::new(),
            left: op,
        }
    }

    /// Adds one necessary quantity; `false` if no proposal fits.
    fn step(&mut self, draw: &mut Draw) -> bool {
        let weights = self.affordable();
        for _ in 0..PROPOSALS {
            // With few edges to spare, only quantities that nothing reads yet may be read.
            let spare = self
                .left
                .saturating_sub(self.rules.closing(self.open.len()));
            let fresh = if spare < 3 { 1.0 } else { 0.75 };
            let Some(node) = self.propose(&weights, fresh, draw) else {
                continue;
            };
            let read = node
                .parents
                .iter()
                .filter(|parent| self.open.contains(parent))
                .count();
            let open = self.open.len() - read + 1;
            let Some(left) = self.left.checked_sub(node.edges()) else {
                continue;
            };
            if left < self.rules.closing(open) {
                continue;
            }
            self.left = left;
            self.open.retain(|index| !node.parents.contains(index));
            self.open.push(self.nodes.len());
            self.nodes.push(node);
            return true;
        }
        false
    }

    /// The weights, with 0 for kinds that would break the budget whatever they read.
    fn affordable(&self) -> [f64; 6] {
        let open = self.open.len();
        let after = |edges: usize, open: usize| {
            self.left
                .checked_sub(edges)
                .is_some_and(|left| left >= self.rules.closing(open))
        };
        let mut weights = self.weights;
        for (kind, weight) in weights.iter_mut().enumerate() {
            let affordable = match kind {
                CONSTANT => after(1, open + 1),
                COPY => after(1, open),
                PLUS | TIMES => after(2, open),
                _ => self.left >= 2,
            };
            if !affordable {
                *weight = 0.0;
            }
        }
        weights
    }

    /// Adds one quantity that the target does not read.
    fn distract(&mut self, draw: &mut Draw) {
        let node = (0..PROPOSALS).find_map(|_| self.propose(&self.weights, 0.0, draw));
        let node = node.unwrap_or_else(|| self.leaf(draw));
        self.nodes.push(node);
    }

    /// Adds one quantity that reads only others of its kind.
    fn distract_apart(&mut self, apart: &mut Vec<usize>, draw: &mut Draw) {
        // The same proposals over those alone, then mapped back to their indices.
        let alone = Growth {
            rules: self.rules,
            weights: self.weights,
            nodes: apart
                .iter()
                .map(|index| self.nodes[*index].clone())
                .collect(),
            open: Vec::new(),
            left: 0,
        };
        let node = (0..PROPOSALS).find_map(|_| alone.propose(&alone.weights, 0.0, draw));
        let mut node = node.unwrap_or_else(|| self.leaf(draw));
        for parent in &mut node.parents {
            *parent = apart[*parent];
        }
        apart.push(self.nodes.len());
        self.nodes.push(node);
    }

    fn take_back(&mut self, count: usize) {
        for _ in 0..count {
            let Some(node) = self.nodes.pop() else { break };
            self.left += node.edges();
        }
        let mut read = vec![false; self.nodes.len()];
        for parent in self.nodes.iter().flat_map(|node| &node.parents) {
            read[*parent] = true;
        }
        self.open = (0..self.nodes.len())
            .filter(|index| !read[*index])
            .collect();
    }

    /// A quantity whose value is in bounds, or `None`. `fresh` is the probability of drawing an operand
    /// from those that nothing reads yet.
    fn propose(&self, weights: &[f64], fresh: f64, draw: &mut Draw) -> Option<Node> {
        let kind = if self.nodes.is_empty() {
            CONSTANT
        } else {
            draw.weighted(weights)?
        };
        match kind {
            CONSTANT => Some(self.leaf(draw)),
            COPY | PLUS | TIMES => {
                let added = if kind == COPY {
                    None
                } else {
                    Some(kind == PLUS)
                };
                self.finish(
                    Definition::sum(),
                    self.operands(1, fresh, draw)?,
                    added,
                    draw,
                )
            }
            SUM => {
                let mut count = 2;
                while count < self.rules.max_parents && draw.chance(0.35) {
                    count += 1;
                }
                let parents = self.operands(count, fresh, draw)?;
                let outer = self.outer(draw);
                self.finish(Definition::sum(), parents, outer, draw)
            }
            _ => {
                let mut parents = self.operands(2, fresh, draw)?;
                if self.nodes[parents[0]].value < self.nodes[parents[1]].value {
                    parents.swap(0, 1);
                }
                let outer = self.outer(draw);
                self.finish(Definition::difference(), parents, outer, draw)
            }
        }
    }

    fn leaf(&self, draw: &mut Draw) -> Node {
        let value = draw.between(1, self.rules.max_constant);
        Node {
            definition: Definition::constant(value),
            parents: Vec::new(),
            value,
        }
    }

    /// Whether a sum or difference gets a constant around it, and whether that is added.
    fn outer(&self, draw: &mut Draw) -> Option<bool> {
        let weights = self.rules.weights;
        if !draw.chance(weights.compound) {
            return None;
        }
        draw.weighted(&[weights.plus, weights.times])
            .map(|kind| kind == 0)
    }

    /// `count` different earlier quantities.
    fn operands(&self, count: usize, fresh: f64, draw: &mut Draw) -> Option<Vec<usize>> {
        if count > self.nodes.len() {
            return None;
        }
        let mut parents = Vec::with_capacity(count);
        // Drawing the same one again is rare; a bound keeps small graphs from looping.
        for _ in 0..4 * count {
            let from_open = !self.open.is_empty() && draw.chance(fresh);
            let index = if from_open {
                self.open[draw.below(self.open.len())]
            } else {
                draw.below(self.nodes.len())
            };
            if !parents.contains(&index) {
                parents.push(index);
                if parents.len() == count {
                    return Some(parents);
                }
            }
        }
        None
    }

    /// The quantity, with a constant that keeps its value in bounds; `None` if there is none.
    fn finish(
        &self,
        definition: Definition,
        parents: Vec<usize>,
        added: Option<bool>,
        draw: &mut Draw,
    ) -> Option<Node> {
        let rules = self.rules;
        let values = parents.iter().map(|parent| self.nodes[*parent].value);
        let inner = match definition.core {
            Core::Difference => values.reduce(|left, right| left - right)?,
            Core::Products => definition.apply(&values.collect::<Vec<_>>())?,
            _ => values.sum(),
        };
        if !(1..=rules.max_value).contains(&inner) {
            return None;
        }
        let definition = match added {
            None => definition,
            Some(true) => {
                let high = rules.max_constant.min(rules.max_value - inner);
                (high >= 1).then(|| definition.plus(draw.between(1, high)))?
            }
            Some(false) => {
                let high = rules.max_factor.min(rules.max_value / inner);
                (high >= 2).then(|| definition.times(draw.between(2, high)))?
            }
        };
        let value = match definition.outer {
            None => inner,
            Some(Outer::Plus(k)) => k + inner,
            Some(Outer::Times(k)) => k * inner,
        };
        Some(Node {
            definition,
            parents,
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counts::Counts;
    use interplay_graph::SeedStreams;

    fn spec(max_value: i64) -> TaskSpec {
        let mut spec = TaskSpec::single(Counts::one(4), "zoo", Dialect::Terse);
        spec.max_value = Some(max_value);
        spec
    }

    fn draw(index: u64) -> Draw {
        Draw::new(SeedStreams::new(1).stream("skeleton").rng(index))
    }

    #[test]
    fn edges_are_kept_back_to_join_what_is_open() {
        let mut spec = spec(99);
        spec.max_parents = 2;
        let pairs = TerseRules::new(&spec, Dialect::Terse);
        assert_eq!([1, 2, 3, 4].map(|open| pairs.closing(open)), [0, 2, 4, 6]);
        spec.max_parents = 3;
        let triples = TerseRules::new(&spec, Dialect::Terse);
        assert_eq!(
            [1, 2, 3, 4, 5, 6].map(|open| triples.closing(open)),
            [0, 2, 3, 5, 8, 11]
        );
        spec.definitions.sum = 0.0;
        let differences = TerseRules::new(&spec, Dialect::Terse);
        assert_eq!(
            [1, 2, 3, 4].map(|open| differences.closing(open)),
            [0, 2, 4, 6]
        );
    }

    #[test]
    fn op_is_exact_and_values_stay_small() {
        for max_value in [6, 20, 999] {
            let spec = spec(max_value);
            let rules = TerseRules::new(&spec, Dialect::Terse);
            for index in 0..400 {
                let op = 1 + index as usize % 30;
                let skeleton = rules.draw(op, 3, &mut draw(index)).unwrap();
                let edges: usize = skeleton.nodes[..skeleton.necessary]
                    .iter()
                    .map(Node::edges)
                    .sum();
                assert_eq!(edges, op);
                assert!(
                    skeleton
                        .nodes
                        .iter()
                        .all(|node| (1..=max_value).contains(&node.value))
                );
                assert_eq!(skeleton.nodes.len(), skeleton.necessary + 3);
            }
        }
    }

    #[test]
    fn the_target_needs_every_necessary_quantity() {
        let spec = spec(30);
        let rules = TerseRules::new(&spec, Dialect::Terse);
        for index in 0..300 {
            let skeleton = rules.draw(12, 2, &mut draw(index)).unwrap();
            let mut read = vec![false; skeleton.necessary];
            read[skeleton.necessary - 1] = true;
            for index in (0..skeleton.necessary).rev() {
                assert!(read[index], "{skeleton:?}");
                for parent in &skeleton.nodes[index].parents {
                    read[*parent] = true;
                }
            }
        }
    }
}
