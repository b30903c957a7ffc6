//! The shape of the part of a graph that the answer needs.

use std::collections::HashSet;

use interplay_graph::{QuantityId, TextProblem};

pub(super) struct Shape {
    /// What the answer needs, parents first.
    pub(super) needed: Vec<QuantityId>,
    /// Stated quantities that it does not need, those that cannot be computed among them.
    pub(super) distractors: usize,
    /// The most quantities on one way through `needed`.
    pub(super) depth: usize,
    /// The most quantities of `needed` at one depth.
    pub(super) width: usize,
    /// Of each needed quantity that reads others, how many different ones.
    pub(super) in_degrees: Vec<usize>,
    /// Of each needed quantity but the last, how many read it.
    pub(super) out_degrees: Vec<usize>,
}

impl Shape {
    pub(super) fn of(told: &TextProblem) -> Self {
        let needed = told.graph.ancestors(told.goal().top());
        let members: HashSet<QuantityId> = needed.iter().copied().collect();
        let structural: HashSet<QuantityId> = told.structural.iter().copied().collect();
        let unneeded = told
            .graph
            .quantities()
            .filter(|(id, _)| !members.contains(id) && !structural.contains(id));
        let distractors = unneeded.count() + told.left_out.len();
        let mut depths = vec![0_usize; told.graph.len()];
        let mut readers = vec![0_usize; told.graph.len()];
        let mut widths = Vec::new();
        let mut in_degrees = Vec::new();
        for id in &needed {
            let parents = told.graph.quantity(*id).parents();
            let above = parents.iter().map(|parent| depths[parent.index()]).max();
            let depth = 1 + above.unwrap_or(0);
            depths[id.index()] = depth;
            widths.resize(widths.len().max(depth), 0);
            widths[depth - 1] += 1;
            let different: HashSet<QuantityId> = parents.iter().copied().collect();
            for parent in &different {
                readers[parent.index()] += 1;
            }
            if !different.is_empty() {
                in_degrees.push(different.len());
            }
        }
        let read = needed.iter().filter(|id| **id != told.goal().top());
        Self {
            out_degrees: read.map(|id| readers[id.index()]).collect(),
            depth: widths.len(),
            width: widths.into_iter().max().unwrap_or(0),
            needed,
            distractors,
            in_degrees,
        }
    }
}
