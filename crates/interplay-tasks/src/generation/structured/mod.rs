//! Draws the graph of a prose problem: a structure of places and items, then its dependencies.
//!
//! Source: iGSM (arXiv 2407.20311, appendix: structure graph, necessary graphs 1 to 3, unnecessary
//! graph) as varied by GSM-Infinite (arXiv 2502.05252), which also adds a third layer of averages
//! (d = 3). Each stage has its file: [`plan`] says which quantities there are and which totals sum
//! them, [`topology`] orders them so that all lead to the target, [`definitions`] spends the
//! remaining edges and computes values, [`distractors`] adds quantities that the answer does not need.
//!
//! Deviations: the published generators draw all stages freely and reject problems that miss the
//! requested op or have a value below one or above one thousand. Here the plan keeps a budget of
//! edges that the later stages can always spend exactly, and each definition is drawn so that its
//! value is in bounds; a plan is abandoned only if no definition fits, and a few attempts suffice. Every
//! item of a place whose total is needed gets a quantity; how many unneeded quantities there are is a
//! setting. A place has at most one needed total of the two that the third layer allows.
//!
//! Complexity: linear in op.

mod definitions;
mod distractors;
mod padding;
mod plan;
mod rules;
mod seats;
mod topology;
mod words;

use crate::contexts::Context;
use crate::generation::draw::Draw;
use crate::generation::naming::Label;
use crate::generation::skeleton::Skeleton;

use definitions::Definitions;
use distractors::Distractors;
use plan::Plan;
use topology::Topology;

pub(crate) use rules::{Request, StructuredRules};

impl StructuredRules<'_> {
    /// Draws a graph of exactly `request.op` edges with its names; `None` if some quantity has no
    /// definition within the bounds.
    pub(crate) fn draw(
        &self,
        request: Request,
        context: &Context,
        draw: &mut Draw,
    ) -> Option<(Skeleton, Vec<Label>)> {
        let mut plan = Plan::draw(self, request, context, draw);
        let topology = Topology::draw(&plan, draw);
        let mut definitions = Definitions::new(self, &plan, &topology, request);
        for quantity in &topology.order {
            definitions.add(&plan, *quantity, topology.reads[*quantity], draw)?;
        }
        if !definitions.complete() {
            return None;
        }
        let order = topology.order.iter();
        let mut labels: Vec<Label> = order.map(|quantity| plan.labels[*quantity]).collect();
        let necessary = labels.len();
        let mut distractors = Distractors::new(&mut definitions, &mut plan.seats, &mut labels);
        distractors.add(request.distractors, draw);
        if let Some(tokens) = request.min_tokens {
            distractors.pad(tokens, &mut plan.words, context, draw);
        }
        for label in &mut labels {
            *label = plan.words.name(*label);
        }
        let nodes = definitions.into_nodes();
        Some((Skeleton { nodes, necessary }, labels))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::counts::Counts;
    use crate::spec::{Dialect, TaskSpec};
    use interplay_graph::{Core, SeedStreams};

    pub(super) fn draw(index: u64) -> Draw {
        Draw::new(SeedStreams::new(1).stream("structured").rng(index))
    }

    pub(super) fn spec() -> TaskSpec {
        TaskSpec::single(Counts::one(4), "zoo", Dialect::Prose)
    }

    pub(super) fn request(op: usize, third_layer: bool) -> Request {
        Request {
            op,
            distractors: 3,
            min_tokens: None,
            third_layer,
            products: third_layer,
        }
    }

    #[test]
    fn op_and_distractors_are_exact_and_names_differ() {
        let context = ContextLibrary::embedded().get("zoo").unwrap();
        let spec = spec();
        let rules = StructuredRules::new(&spec);
        let mut failed = 0;
        for index in 0..600 {
            let op = 1 + index as usize % 40;
            let request = request(op, index % 2 == 0);
            let Some((skeleton, labels)) = rules.draw(request, &context, &mut draw(index)) else {
                failed += 1;
                continue;
            };
            let needed = &skeleton.nodes[..skeleton.necessary];
            let edges = |node: &crate::generation::skeleton::Node| {
                node.definition.edges(node.parents.len())
            };
            assert_eq!(needed.iter().map(edges).sum::<u32>() as usize, op);
            assert_eq!(skeleton.nodes.len(), skeleton.necessary + 3);
            let distinct: HashSet<_> = labels.iter().collect();
            assert_eq!(distinct.len(), skeleton.nodes.len());
            let mut read = vec![false; skeleton.necessary];
            for parent in needed.iter().flat_map(|node| &node.parents) {
                read[*parent] = true;
            }
            let target = read.pop();
            assert_eq!(target, Some(false));
            assert!(read.iter().all(|read| *read), "{skeleton:?}");
        }
        assert!(failed < 60, "{failed} attempts of 600 failed");
    }

    #[test]
    fn a_third_layer_has_averages_and_weighted_totals() {
        let context = ContextLibrary::embedded().get("zoo").unwrap();
        let spec = spec();
        let rules = StructuredRules::new(&spec);
        let mut weighted = 0;
        for index in 0..200 {
            let drawn = rules.draw(request(12, true), &context, &mut draw(index));
            let Some((skeleton, labels)) = drawn else {
                continue;
            };
            for (node, label) in skeleton.nodes.iter().zip(&labels) {
                let products = node.definition.core == Core::Products;
                assert_eq!(products, matches!(label, Label::WeightedTotal { .. }));
                weighted += usize::from(products);
                for pair in node.parents.chunks(2).filter(|_| products) {
                    let Label::Instance { item, place } = labels[pair[0]] else {
                        panic!("{labels:?}");
                    };
                    assert_eq!(labels[pair[1]], Label::Average { item, place });
                }
            }
        }
        assert!(weighted > 20, "{weighted}");
    }

    #[test]
    fn distractors_apart_read_nothing_that_the_answer_needs() {
        let context = ContextLibrary::embedded().get("zoo").unwrap();
        let reads = |entanglement: f64| {
            let mut spec = spec();
            spec.entanglement = Some(entanglement);
            let rules = StructuredRules::new(&spec);
            let request = request(8, false);
            let drawn =
                (0..200).filter_map(|index| rules.draw(request, &context, &mut draw(index)));
            drawn
                .map(|(skeleton, _)| {
                    let distractors = &skeleton.nodes[skeleton.necessary..];
                    let parents = distractors.iter().flat_map(|node| &node.parents);
                    parents
                        .filter(|parent| **parent < skeleton.necessary)
                        .count()
                })
                .sum::<usize>()
        };
        assert_eq!(reads(0.0), 0);
        let (half, all) = (reads(0.5), reads(1.0));
        assert!(half > 50 && all > half + 50, "{half} {all}");
    }
}
