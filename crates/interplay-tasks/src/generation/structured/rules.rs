//! The bounds and weights of structured problems, and what is requested of one.

use crate::spec::{DefinitionWeights, Dialect, TaskSpec};

/// The bounds and weights of structured problems.
pub(crate) struct StructuredRules<'a> {
    pub max_value: i64,
    pub max_constant: i64,
    pub max_factor: i64,
    /// The most quantities that one definition reads.
    pub joined: usize,
    /// Whether a constant may stand around what a definition reads.
    pub constant_around: bool,
    pub entanglement: f64,
    pub weights: &'a DefinitionWeights,
}

/// How many edges beyond the first instances are planned to take at most on average. Definitions
/// that read as much as they can make values grow fast.
const COMFORTABLE: usize = 2;

/// The requested size and form of one problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub op: usize,
    /// The number of quantities that the answer does not need.
    pub distractors: usize,
    /// The minimum length of the statements, padded with more such quantities.
    pub min_tokens: Option<usize>,
    /// Whether items have averages.
    pub third_layer: bool,
    /// Whether totals may sum products of numbers and averages.
    pub products: bool,
}

impl<'a> StructuredRules<'a> {
    pub(crate) fn new(spec: &'a TaskSpec) -> Self {
        let weights = &spec.definitions;
        let max_value = spec.max_value(Dialect::Prose);
        // Only a sum reads more than two.
        let joined = if weights.sum > 0.0 {
            spec.max_parents
        } else {
            2
        };
        Self {
            max_value,
            max_constant: spec.max_constant.min(max_value),
            max_factor: spec.max_factor,
            joined,
            constant_around: weights.compound > 0.0 && weights.plus + weights.times > 0.0,
            entanglement: spec.entanglement(Dialect::Prose),
            weights,
        }
    }

    /// The most edges beyond the first that a quantity with `before` predecessors can take: it reads
    /// each at most once, and may have a constant around them.
    pub(super) fn holes(&self, before: usize) -> usize {
        if self.constant_around {
            before.min(self.joined)
        } else {
            before.saturating_sub(1).min(self.joined - 1)
        }
    }

    /// The fewest instances, at least `least`, whose definitions can comfortably take `edges` edges in
    /// any order, one or more each.
    pub(super) fn fewest(&self, least: usize, edges: usize) -> usize {
        let mut room = 0;
        for instances in 1..edges {
            room += 1 + self.holes(instances - 1).min(COMFORTABLE);
            if instances >= least && room >= edges {
                return instances;
            }
        }
        edges
    }
}
