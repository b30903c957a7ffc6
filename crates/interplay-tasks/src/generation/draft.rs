//! One attempt at a problem: its graph with names, then the orders and symbols of its texts.
//!
//! The order of draws is part of the format: it decides the bytes of every data set.

use std::collections::HashSet;
use std::sync::Arc;

use interplay_graph::{QuantityId, ReasoningGraph};

use super::draw::Draw;
use super::naming::{self, Label};
use super::problem::{Problem, Statement};
use super::reverse::{Reverse, Unknown};
use super::skeleton::Skeleton;
use super::structured::{Request, StructuredRules};
use super::terse::TerseRules;
use super::{order, symbols};
use crate::contexts::Context;
use crate::error::TaskError;
use crate::spec::{Component, Dialect, Mode, StatementOrder, TaskSpec};

/// A graph with names, before its texts are drawn.
pub(crate) struct Draft {
    skeleton: Skeleton,
    labels: Vec<Label>,
    unknown: Option<Unknown>,
}

/// The size that was drawn for a problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub op: u32,
    pub distractors: u32,
}

impl Draft {
    /// Draws a graph of exactly `size.op` edges; on failure, returns the number of tries.
    pub(crate) fn draw(
        spec: &TaskSpec,
        part: &Component,
        context: &Context,
        size: Size,
        draw: &mut Draw,
    ) -> Result<Self, u32> {
        let (op, distractors) = (size.op as usize, size.distractors as usize);
        let (skeleton, labels) = match part.dialect {
            Dialect::Terse => {
                let rules = TerseRules::new(spec, Dialect::Terse);
                let skeleton = rules.draw(op, distractors, draw)?;
                let nouns = spec.nouns.unwrap_or(usize::MAX).min(context.terse().len());
                let labels = naming::nouns(skeleton.nodes.len(), nouns, draw);
                (skeleton, labels)
            }
            Dialect::Prose => {
                let request = Request {
                    op,
                    distractors,
                    min_tokens: spec.min_tokens.map(|tokens| tokens as usize),
                    third_layer: part.d == 3,
                    // The published reverse problems multiply by constants only.
                    products: part.mode == Mode::Forward,
                };
                let rules = StructuredRules::new(spec);
                rules.draw(request, context, draw).ok_or(1u32)?
            }
        };
        let unknown = match part.mode {
            Mode::Forward => None,
            Mode::Reverse => Some(Unknown::choose(&skeleton, draw).ok_or(1u32)?),
        };
        Ok(Self {
            skeleton,
            labels,
            unknown,
        })
    }

    /// Draws the orders and symbols of the texts.
    pub(crate) fn tell(
        self,
        spec: &TaskSpec,
        part: &Component,
        context: &Arc<Context>,
        (id, op): (u64, u32),
        draw: &mut Draw,
    ) -> Result<Problem, TaskError> {
        let (graph, ids) = self.build(context)?;
        let Self {
            skeleton,
            labels,
            unknown,
        } = self;
        let order = spec.statement_order;
        let mut statements = statements(&skeleton, &labels, unknown.is_some(), order, draw);
        add_asides(&mut statements, &labels, context, spec, draw);
        let mut rank = vec![0; labels.len()];
        for (position, statement) in statements.iter().enumerate() {
            if let Statement::Defined(index) = statement {
                rank[*index] = position + 1;
            }
        }
        let steps = order::steps(&skeleton, spec.solution_order, &rank, draw);
        let symbols = match part.dialect {
            Dialect::Terse => Vec::new(),
            Dialect::Prose => {
                let inner = |step: &usize| symbols::intermediates(graph.quantity(ids[*step]));
                let needed = steps.len() + steps.iter().map(inner).sum::<usize>();
                match &unknown {
                    None => symbols::draw_symbols(needed, draw),
                    Some(unknown) => symbols::draw_symbols_around(unknown.leaf, needed, draw),
                }
            }
        };
        let top = ids[skeleton.necessary - 1];
        Ok(Problem {
            target: unknown.as_ref().map_or(top, |unknown| ids[unknown.leaf]),
            reverse: unknown.map(|unknown| Reverse {
                given: top,
                forms: unknown.forms,
            }),
            values: skeleton.nodes.iter().map(|node| node.value).collect(),
            context: Arc::clone(context),
            dialect: part.dialect,
            d: part.d,
            min_tokens: spec.min_tokens,
            graph,
            ids,
            labels,
            statements,
            steps,
            symbols,
            op,
            id,
        })
    }

    fn build(&self, context: &Context) -> Result<(ReasoningGraph, Vec<QuantityId>), TaskError> {
        let mut graph = ReasoningGraph::new();
        let mut ids = Vec::with_capacity(self.skeleton.nodes.len());
        let mut parents = Vec::new();
        for (node, label) in self.skeleton.nodes.iter().zip(&self.labels) {
            parents.clear();
            parents.extend(node.parents.iter().map(|parent: &usize| ids[*parent]));
            ids.push(graph.add(label.text(context), node.definition, &parents)?);
        }
        Ok((graph, ids))
    }
}

/// The statements of the problem text. Totals are left out: they follow from the structure.
fn statements(
    skeleton: &Skeleton,
    labels: &[Label],
    reverse: bool,
    order: StatementOrder,
    draw: &mut Draw,
) -> Vec<Statement> {
    let quantities = match order {
        StatementOrder::Random => (0..labels.len()).collect(),
        StatementOrder::Forward | StatementOrder::Backward => {
            order::parents_first(&skeleton.nodes, draw)
        }
    };
    let mut statements: Vec<Statement> = quantities
        .into_iter()
        .filter(|index| !labels[*index].is_total())
        .map(Statement::Defined)
        .chain(reverse.then_some(Statement::Given))
        .collect();
    match order {
        StatementOrder::Random => draw.shuffle(&mut statements),
        StatementOrder::Forward => {}
        StatementOrder::Backward => statements.reverse(),
    }
    statements
}

/// Inserts sentences that state no quantity, mostly about places of the problem. No sentence occurs
/// twice.
fn add_asides(
    statements: &mut Vec<Statement>,
    labels: &[Label],
    context: &Context,
    spec: &TaskSpec,
    draw: &mut Draw,
) {
    if spec.asides.max() == 0 {
        return;
    }
    let asides = spec.asides.as_slice();
    let count = asides[draw.below(asides.len())] as usize;
    let all = context.places().len() * context.asides().len();
    let mut said = HashSet::with_capacity(count);
    while said.len() < count.min(all) {
        let own = labels[draw.below(labels.len())].place();
        // The places of the problem may run out, so other places get a chance.
        let place = own.filter(|_| draw.chance(0.9));
        let place = place.unwrap_or_else(|| draw.below(context.places().len()));
        let aside = draw.below(context.asides().len());
        if said.insert((place, aside)) {
            let at = draw.below(statements.len() + 1);
            statements.insert(at, Statement::Aside { place, aside });
        }
    }
}
