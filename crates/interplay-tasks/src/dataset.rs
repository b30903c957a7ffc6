//! Random access to the problems of a spec.

use std::sync::Arc;

use interplay_graph::{Definition, QuantityId, ReasoningGraph, SeedStream, SeedStreams};

use crate::draw::Draw;
use crate::naming::{self, Label};
use crate::problem::Statement;
use crate::reverse::{Reverse, Unknown};
use crate::skeleton::{Skeleton, SkeletonRules};
use crate::{
    Context, ContextLibrary, Dialect, Mode, Problem, TaskError, TaskSpec, order, prose, symbols,
};

/// How often a graph is begun anew before a problem is given up.
const ATTEMPTS: u64 = 8;

/// An endless, named sequence of problems; the i-th depends on spec, seed, name and i alone.
///
/// ```
/// use interplay_graph::SeedStreams;
/// use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
///
/// let spec = TaskSpec::single(Counts::range(2, 5)?, "zoo", Dialect::Terse);
/// let library = ContextLibrary::embedded();
/// let data = Dataset::new(spec, &library, SeedStreams::new(7), "pretrain")?;
/// let problem = data.get(1_000_000)?;
/// assert!((2..=5).contains(&problem.op()));
/// assert_eq!(problem.to_sample(), data.get(1_000_000)?.to_sample());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Dataset {
    spec: TaskSpec,
    contexts: Vec<Arc<Context>>,
    weights: Vec<f64>,
    stream: SeedStream,
}

impl Dataset {
    /// The data set of a spec. Two names under one seed give independent problems.
    ///
    /// # Errors
    /// All that [`TaskSpec::validate`] finds.
    pub fn new(
        spec: TaskSpec,
        library: &ContextLibrary,
        seeds: SeedStreams,
        name: &str,
    ) -> Result<Self, TaskError> {
        spec.validate(library)?;
        let contexts = spec
            .mixture
            .iter()
            .map(|component| library.get(&component.context))
            .collect::<Result<_, _>>()?;
        let weights = spec
            .mixture
            .iter()
            .map(|component| component.weight)
            .collect();
        Ok(Self {
            spec,
            contexts,
            weights,
            stream: seeds.stream(&format!("tasks/{name}")),
        })
    }

    /// The spec.
    #[must_use]
    pub fn spec(&self) -> &TaskSpec {
        &self.spec
    }

    /// The problem at this index.
    ///
    /// # Errors
    /// [`TaskError::NoRoom`] where the bounds of the spec leave no problem of the drawn op.
    pub fn get(&self, index: u64) -> Result<Problem, TaskError> {
        let mut draw = Draw::new(self.stream.rng(index));
        let part = draw.weighted(&self.weights).unwrap_or(0);
        let component = &self.spec.mixture[part];
        let op = pick(component.op.as_slice(), &mut draw);
        let distractors = pick(self.spec.distractors.as_slice(), &mut draw);
        let rules = SkeletonRules::new(&self.spec, component.dialect);
        let mut tries = 0;
        // The first attempt goes on with the problem's own stream; an unlucky one is left for a
        // stream of its own, with the same op.
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                let fresh = self.stream.child(index).stream("tasks/attempt");
                draw = Draw::new(fresh.rng(attempt));
            }
            match rules.draw(op as usize, distractors as usize, &mut draw) {
                Ok(skeleton) => {
                    let unknown = match component.mode {
                        Mode::Forward => None,
                        Mode::Reverse => match Unknown::choose(&skeleton, &mut draw) {
                            None => {
                                tries += 1;
                                continue;
                            }
                            unknown => unknown,
                        },
                    };
                    let told = Told {
                        dialect: component.dialect,
                        context: &self.contexts[part],
                        unknown,
                    };
                    return self.tell(&skeleton, told, (index, op), &mut draw);
                }
                Err(more) => tries += more,
            }
        }
        Err(TaskError::NoRoom {
            index,
            op,
            max_value: rules.max_value(),
            tries,
        })
    }

    /// The problems from index 0 on, without end.
    pub fn iter(&self) -> impl Iterator<Item = Result<Problem, TaskError>> {
        (0..).map(|index| self.get(index))
    }

    /// Draws names, orders and symbols.
    fn tell(
        &self,
        skeleton: &Skeleton,
        told: Told<'_>,
        (id, op): (u64, u32),
        draw: &mut Draw,
    ) -> Result<Problem, TaskError> {
        let Told {
            dialect,
            context,
            unknown,
        } = told;
        let labels = match dialect {
            Dialect::Prose => naming::places(skeleton, context, draw),
            Dialect::Terse => {
                let nouns = context
                    .terse()
                    .len()
                    .min(self.spec.nouns.unwrap_or(usize::MAX));
                naming::nouns(skeleton, nouns, draw)
            }
        };
        let (graph, ids) = build(skeleton, &labels, context)?;
        let stated = |place: &usize| !matches!(labels[*place], Label::Total { .. });
        let mut statements: Vec<Statement> = (0..labels.len())
            .filter(stated)
            .map(Statement::Defined)
            .chain(unknown.is_some().then_some(Statement::Given))
            .collect();
        draw.shuffle(&mut statements);
        let mut rank = vec![0; labels.len()];
        for (position, statement) in statements.iter().enumerate() {
            if let Statement::Defined(place) = statement {
                rank[*place] = position + 1;
            }
        }
        let steps = order::steps(skeleton, self.spec.solution_order, &rank, draw);
        let symbols = match dialect {
            Dialect::Terse => Vec::new(),
            Dialect::Prose => {
                let inner = |step: &usize| prose::intermediates(graph.quantity(ids[*step]));
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
            dialect,
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
}

/// How a skeleton is to be told.
struct Told<'a> {
    dialect: Dialect,
    context: &'a Arc<Context>,
    unknown: Option<Unknown>,
}

fn pick(numbers: &[u32], draw: &mut Draw) -> u32 {
    numbers[draw.below(numbers.len())]
}

fn build(
    skeleton: &Skeleton,
    labels: &[Label],
    context: &Context,
) -> Result<(ReasoningGraph, Vec<QuantityId>), TaskError> {
    let mut graph = ReasoningGraph::new();
    let mut ids = Vec::with_capacity(skeleton.nodes.len());
    let mut parents = Vec::new();
    for (node, label) in skeleton.nodes.iter().zip(labels) {
        parents.clear();
        parents.extend(node.parents.iter().map(|parent: &usize| ids[*parent]));
        let definition: Definition = node.definition;
        ids.push(graph.add(label.text(context), definition, &parents)?);
    }
    Ok((graph, ids))
}
