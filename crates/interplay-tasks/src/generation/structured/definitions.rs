//! Defines each needed quantity: spends the remaining edges and keeps values in bounds.
//!
//! Source: necessary graph 3 of iGSM. The edges beyond one for each instance are distributed
//! uniformly over the definitions, and an instance may read any quantity before it.
//!
//! Deviations: values are known while definitions are drawn, so that a definition out of bounds is
//! redrawn instead of the whole problem. Items of a total share the bound on values between
//! them, so that the total keeps to it. How often a constant stands around what is read, and which
//! of sum and difference is taken, follows the weights of the spec.

use interplay_graph::Definition;

use crate::generation::draw::Draw;
use crate::generation::naming::Label;
use crate::generation::skeleton::Node;

use super::plan::Plan;
use super::rules::{Request, StructuredRules};
use super::topology::Topology;

/// How many definitions are drawn for one quantity and one number of edges.
const PROPOSALS: usize = 16;

/// How many of them must stay well inside the bound, so that values do not grow at once to where
/// hardly anything fits.
const CAREFUL: usize = 8;

/// How many operands are tried for a difference that brings a large value down.
const SCANNED: usize = 64;

/// The quantities of a problem while they are defined, in topological order.
pub(super) struct Definitions<'a> {
    pub rules: &'a StructuredRules<'a>,
    nodes: Vec<Node>,
    /// The index in `nodes` of each quantity of the plan.
    node_of: Vec<usize>,
    /// Whether some quantity reads each of `nodes`.
    read: Vec<bool>,
    /// Quantities still unread because the instance that should read them could not.
    waiting: Vec<usize>,
    /// Edges beyond one for each instance that are still to be spent.
    spare: usize,
    /// The most edges beyond one each that the instances to come can take.
    holes: usize,
}

/// The requested definition.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    pub edges: usize,
    /// A quantity it must read.
    pub reads: Option<usize>,
    /// The largest allowed value.
    pub bound: i64,
}

impl<'a> Definitions<'a> {
    pub(super) fn new(
        rules: &'a StructuredRules<'a>,
        plan: &Plan,
        topology: &Topology,
        request: Request,
    ) -> Self {
        let order = &topology.order;
        let holes = |(at, node): (usize, &usize)| {
            if plan.members[*node].is_empty() {
                rules.holes(at)
            } else {
                0
            }
        };
        Self {
            rules,
            nodes: Vec::with_capacity(order.len() + request.distractors),
            node_of: vec![0; order.len()],
            read: Vec::with_capacity(order.len()),
            waiting: Vec::new(),
            spare: plan.spare,
            holes: order.iter().enumerate().map(holes).sum(),
        }
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }

    pub(super) fn pop(&mut self) {
        self.nodes.pop();
    }

    pub(super) fn push(&mut self, node: Node) {
        self.nodes.push(node);
    }

    /// Whether everything but the target is read.
    pub(super) fn complete(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Defines the next quantity of the order; `None` if nothing fits.
    pub(super) fn add(
        &mut self,
        plan: &Plan,
        quantity: usize,
        reads: Option<usize>,
        draw: &mut Draw,
    ) -> Option<()> {
        let node = if plan.members[quantity].is_empty() {
            let reads = reads.map(|read| self.node_of[read]);
            self.instance(reads, bound(plan, quantity, self.rules.max_value), draw)?
        } else {
            self.total(plan, quantity, draw)
        };
        self.node_of[quantity] = self.nodes.len();
        for parent in &node.parents {
            self.read[*parent] = true;
        }
        self.waiting.retain(|slot| !self.read[*slot]);
        self.read.push(false);
        self.nodes.push(node);
        Some(())
    }

    /// An instance that reads what it must, or defers that to a later one.
    fn instance(&mut self, reads: Option<usize>, bound: i64, draw: &mut Draw) -> Option<Node> {
        let reads = reads.or_else(|| self.waiting.last().copied());
        if let Some(node) = self.sized(reads, bound, draw) {
            return Some(node);
        }
        let reads = reads?;
        if !self.read[reads] && !self.waiting.contains(&reads) {
            self.waiting.push(reads);
        }
        self.sized(None, bound, draw)
    }

    /// An instance with some of the spare edges.
    fn sized(&mut self, reads: Option<usize>, bound: i64, draw: &mut Draw) -> Option<Node> {
        let own = self.rules.holes(self.nodes.len());
        let later = self.holes - own;
        // Each spare edge falls into any of the holes left.
        let mut extra = 0;
        for hole in 0..own {
            if draw.below(self.holes - hole) < self.spare - extra {
                extra += 1;
            }
        }
        // Where nothing of that size fits, another size may.
        let fewest = self.spare.saturating_sub(later);
        let most = own.min(self.spare);
        let sizes = std::iter::once(extra)
            .chain(extra + 1..=most)
            .chain((fewest..extra).rev());
        for extra in sizes {
            let wanted = Wanted {
                edges: 1 + extra,
                reads,
                bound,
            };
            if let Some(node) = self.define(wanted, draw) {
                self.spare -= extra;
                self.holes = later;
                return Some(node);
            }
        }
        None
    }

    fn total(&self, plan: &Plan, quantity: usize, draw: &mut Draw) -> Node {
        let mut parents: Vec<usize> = plan.members[quantity]
            .clone()
            .map(|member| self.node_of[member])
            .collect();
        let products = matches!(plan.labels[quantity], Label::WeightedTotal { .. });
        let definition = if products {
            let (pairs, _) = parents.as_chunks_mut::<2>();
            draw.shuffle(pairs);
            Definition::products()
        } else {
            draw.shuffle(&mut parents);
            Definition::sum()
        };
        let value = |slot: &usize| self.value(*slot);
        let value = if products {
            let (pairs, _) = parents.as_chunks::<2>();
            pairs
                .iter()
                .map(|[number, average]| value(number) * value(average))
                .sum()
        } else {
            parents.iter().map(value).sum()
        };
        Node {
            definition,
            parents,
            value,
        }
    }

    /// A definition of this size over the quantities so far; `None` if none fits.
    pub(super) fn define(&self, wanted: Wanted, draw: &mut Draw) -> Option<Node> {
        if wanted.edges == 1 && wanted.reads.is_none() {
            return self.source(wanted.bound, draw);
        }
        let careful = (wanted.bound / 3).max(4);
        for proposal in 0..PROPOSALS {
            let around = self.around(wanted.edges, draw)?;
            let count = wanted.edges - usize::from(around);
            let parents = self.operands(count, wanted.reads, draw);
            let careful = if proposal < CAREFUL {
                careful
            } else {
                wanted.bound
            };
            if let Some(node) = self.combine(parents, around, careful.min(wanted.bound), draw) {
                return Some(node);
            }
        }
        self.brought_down(wanted, draw)
    }

    /// A given number, or a copy of another quantity.
    fn source(&self, bound: i64, draw: &mut Draw) -> Option<Node> {
        let weights = self.rules.weights;
        let copied =
            !self.nodes.is_empty() && draw.weighted(&[weights.constant, weights.copy]) == Some(1);
        if copied {
            let parents = vec![draw.below(self.nodes.len())];
            if let Some(node) = self.combine(parents, false, bound, draw) {
                return Some(node);
            }
        }
        Some(self.leaf(bound, draw))
    }

    pub(super) fn leaf(&self, bound: i64, draw: &mut Draw) -> Node {
        let value = draw.between(1, self.rules.max_constant.min(bound));
        Node {
            definition: Definition::constant(value),
            parents: Vec::new(),
            value,
        }
    }

    /// Whether one of the edges is a constant around the others.
    fn around(&self, edges: usize, draw: &mut Draw) -> Option<bool> {
        let (before, rules) = (self.nodes.len(), self.rules);
        if edges == 1 {
            return Some(false);
        }
        let possible = rules.constant_around;
        if edges > rules.joined.min(before) {
            return possible.then_some(true);
        }
        let weights = rules.weights;
        let share = if edges == 2 {
            let (one, two) = (
                weights.plus + weights.times,
                weights.sum + weights.difference,
            );
            one / (one + two)
        } else {
            weights.compound
        };
        Some(possible && draw.chance(share))
    }

    /// This many different quantities, the one that must be read among them.
    fn operands(&self, count: usize, reads: Option<usize>, draw: &mut Draw) -> Vec<usize> {
        let mut parents = Vec::with_capacity(count);
        parents.extend(reads);
        let waiting = self.waiting.iter().filter(|slot| Some(**slot) != reads);
        parents.extend(waiting.take(count - parents.len()));
        fill(&mut parents, count, self.nodes.len(), draw);
        let first = draw.below(count);
        parents.swap(0, first);
        parents
    }

    /// This many different ones of the first `pool` quantities.
    pub(super) fn distinct(count: usize, pool: usize, draw: &mut Draw) -> Vec<usize> {
        let mut parents = Vec::with_capacity(count);
        fill(&mut parents, count, pool, draw);
        parents
    }

    /// A definition over these quantities; `None` if its value exceeds the bound.
    pub(super) fn combine(
        &self,
        mut parents: Vec<usize>,
        around: bool,
        bound: i64,
        draw: &mut Draw,
    ) -> Option<Node> {
        let weights = self.rules.weights;
        let two = parents.len() == 2;
        if two && draw.weighted(&[weights.sum, weights.difference]) == Some(1) {
            if self.value(parents[0]) < self.value(parents[1]) {
                parents.swap(0, 1);
            }
            let node = Node {
                definition: Definition::difference(),
                value: self.value(parents[0]) - self.value(parents[1]),
                parents,
            };
            return self.finish(node, around, bound, draw);
        }
        let node = Node {
            definition: Definition::sum(),
            value: parents.iter().map(|slot| self.value(*slot)).sum(),
            parents,
        };
        self.finish(node, around, bound, draw)
    }

    /// The same with a constant around it if requested; `None` if its value exceeds the bound.
    fn finish(&self, mut node: Node, around: bool, bound: i64, draw: &mut Draw) -> Option<Node> {
        let inner = node.value;
        if !(1..=bound).contains(&inner) {
            return None;
        }
        if !around {
            return Some(node);
        }
        let weights = self.rules.weights;
        if draw.weighted(&[weights.plus, weights.times]) == Some(0) {
            let most = self.rules.max_constant.min(bound - inner);
            let k = (most >= 1).then(|| draw.between(1, most))?;
            (node.definition, node.value) = (node.definition.plus(k), k + inner);
        } else {
            let most = self.rules.max_factor.min(bound / inner);
            let k = (most >= 2).then(|| draw.between(2, most))?;
            (node.definition, node.value) = (node.definition.times(k), k * inner);
        }
        Some(node)
    }

    /// A difference that brings the quantity that must be read within the bound.
    fn brought_down(&self, wanted: Wanted, draw: &mut Draw) -> Option<Node> {
        let reads = wanted.reads?;
        let around = wanted.edges == 3 && self.rules.constant_around;
        if self.rules.weights.difference <= 0.0 || !(wanted.edges == 2 || around) {
            return None;
        }
        let count = self.nodes.len();
        let start = draw.below(count);
        (0..count.min(SCANNED)).find_map(|step| {
            let other = (start + step) % count;
            let gap = self.value(reads) - self.value(other);
            let node = Node {
                definition: Definition::difference(),
                parents: if gap > 0 {
                    vec![reads, other]
                } else {
                    vec![other, reads]
                },
                value: gap.abs(),
            };
            self.finish(node, around, wanted.bound, draw)
        })
    }

    fn value(&self, slot: usize) -> i64 {
        self.nodes[slot].value
    }
}

/// Extends `numbers` to `count` different numbers below `pool`, which must be at least `count`.
fn fill(numbers: &mut Vec<usize>, count: usize, pool: usize, draw: &mut Draw) {
    while numbers.len() < count {
        let number = draw.below(pool);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
}

/// The largest value that a quantity may have, so that the total that sums it keeps to its bound.
fn bound(plan: &Plan, quantity: usize, max_value: i64) -> i64 {
    let Some(total) = plan.total_of[quantity] else {
        return max_value;
    };
    let members = plan.members[total].len() as i64;
    match plan.labels[total] {
        Label::WeightedTotal { .. } => (2 * max_value / members).isqrt(),
        _ => max_value / members,
    }
}
