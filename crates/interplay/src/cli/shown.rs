//! A problem ready to be shown, whether it was drawn now or read from a file.

use anyhow::{Result, anyhow, bail};
use interplay::graph::{Core, Outer, Quantity, QuantityId, ReasoningGraph};
use interplay::report::{GraphDrawing, Node, Role};
use interplay::tasks::{Problem, Sample};

/// A problem with its texts and its graph.
pub(super) struct Shown {
    /// Where it comes from and what kind it is.
    pub(super) head: String,
    pub(super) problem: String,
    pub(super) question: String,
    pub(super) solution: String,
    pub(super) graph: ReasoningGraph,
    pub(super) values: Vec<i64>,
    pub(super) asked: QuantityId,
    pub(super) given: Option<QuantityId>,
    /// Stated quantities that cannot be computed, each with what it lacks.
    pub(super) left_out: Vec<(String, String)>,
    needed: Vec<bool>,
}

impl Shown {
    /// A problem that was drawn.
    pub(super) fn drawn(problem: &Problem, seed: u64) -> Self {
        let (op, index) = (problem.op(), problem.id());
        let (context, mode) = (problem.context().id(), problem.mode().published());
        let sample = problem.to_sample();
        Self {
            head: format!("op {op}, context {context}, {mode}, seed {seed}, index {index}"),
            problem: sample.problem,
            question: sample.question,
            solution: sample.solution,
            needed: needed(problem.graph(), problem.given().unwrap_or(problem.target())),
            graph: problem.graph().clone(),
            values: problem.values().to_vec(),
            asked: problem.target(),
            given: problem.given(),
            left_out: Vec::new(),
        }
    }

    /// A problem that was read, from the `record`-th record of a file.
    pub(super) fn read(sample: Sample, record: u64) -> Result<Self> {
        let told = sample.read_back()?;
        let Sample {
            op, template, mode, ..
        } = &sample;
        if told.op() != *op {
            bail!(
                "record {record}: `op` is {op}, its texts have op {}",
                told.op()
            );
        }
        let left_out = told.left_out.iter();
        Ok(Self {
            head: head(*op, template, mode, record),
            needed: needed(&told.graph, told.goal().top()),
            values: told.values().to_vec(),
            asked: told.asked,
            given: told.reversal.map(|reversal| reversal.given),
            left_out: left_out
                .map(|left| (left.name.clone(), left.through.clone()))
                .collect(),
            graph: told.graph,
            problem: sample.problem,
            question: sample.question,
            solution: sample.solution,
        })
    }

    /// What a quantity is to the problem.
    pub(super) fn role(&self, id: QuantityId) -> Role {
        match id {
            id if id == self.asked => Role::Asked,
            id if Some(id) == self.given => Role::Given,
            id if self.needed[id.index()] => Role::Needed,
            _ => Role::Unneeded,
        }
    }

    /// The name of a quantity with how it follows from others.
    pub(super) fn equation(&self, id: QuantityId) -> String {
        let (quantity, value) = (self.graph.quantity(id), self.values[id.index()]);
        let name = |parent| self.graph.quantity(parent).name.as_str();
        match formula(quantity, name) {
            Some(formula) => format!("{} = {formula} = {value}", quantity.name),
            None => format!("{} = {value}", quantity.name),
        }
    }

    /// What happens to what a quantity reads, and its value.
    pub(super) fn detail(&self, id: QuantityId) -> String {
        let value = self.values[id.index()];
        match operation(self.graph.quantity(id)) {
            Some(operation) => format!("{operation} = {value}"),
            None => value.to_string(),
        }
    }

    /// The sign of the parent at this slot: only the one that is taken away has one.
    pub(super) fn sign(quantity: &Quantity, slot: usize) -> &'static str {
        match (quantity.definition.core, slot) {
            (Core::Difference, 1) => "-",
            _ => "",
        }
    }

    /// The graph as a drawing.
    pub(super) fn drawing(&self) -> GraphDrawing {
        let node = |(id, quantity): (QuantityId, &Quantity)| {
            let reads = quantity.parents().iter().enumerate();
            Node {
                name: quantity.name.clone(),
                detail: self.detail(id),
                role: self.role(id),
                status: None,
                reads: reads
                    .map(|(slot, parent)| (parent.index(), Self::sign(quantity, slot).to_owned()))
                    .collect(),
            }
        };
        GraphDrawing {
            title: self.question.clone(),
            nodes: self.graph.quantities().map(node).collect(),
        }
    }
}

/// What a record says of itself; a corpus may lack the context and the mode.
fn head(op: u32, context: &str, mode: &str, record: u64) -> String {
    let mut head = format!("op {op}, ");
    if !context.is_empty() {
        head.push_str(&format!("context {context}, "));
    }
    if !mode.is_empty() {
        head.push_str(&format!("{mode}, "));
    }
    head.push_str(&format!("record {record}"));
    head
}

/// The record at an index of a file, from 0.
pub(super) fn record(
    samples: impl Iterator<Item = Result<Sample, interplay::tasks::TaskError>>,
    record: u64,
) -> Result<Sample> {
    let mut count = 0;
    for sample in samples {
        let sample = sample?;
        if count == record {
            return Ok(sample);
        }
        count += 1;
    }
    Err(anyhow!("--index {record}: the file has {count} records"))
}

/// Which quantities the answer needs, by index.
fn needed(graph: &ReasoningGraph, goal: QuantityId) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for id in graph.ancestors(goal) {
        needed[id.index()] = true;
    }
    needed
}

/// How a quantity follows from its parents; none for a given number.
fn formula<'a>(quantity: &Quantity, name: impl Fn(QuantityId) -> &'a str) -> Option<String> {
    let names: Vec<&str> = quantity
        .parents()
        .iter()
        .map(|parent| name(*parent))
        .collect();
    let inner = match quantity.definition.core {
        Core::Constant(_) => return None,
        Core::Sum => names.join(" + "),
        Core::Difference => names.join(" - "),
        Core::Products => {
            let pairs: Vec<_> = names.chunks(2).map(|pair| pair.join(" * ")).collect();
            pairs.join(" + ")
        }
    };
    Some(match quantity.definition.outer {
        None => inner,
        Some(Outer::Plus(constant)) => format!("{inner} + {constant}"),
        Some(Outer::Times(factor)) if names.len() > 1 => format!("{factor} * ({inner})"),
        Some(Outer::Times(factor)) => format!("{factor} * {inner}"),
    })
}

/// What a node does with what its edges bring; none for a given number.
fn operation(quantity: &Quantity) -> Option<String> {
    let inner = match quantity.definition.core {
        Core::Constant(_) => return None,
        Core::Sum if quantity.parents().len() > 1 => "sum",
        Core::Sum if quantity.definition.outer.is_none() => "copy",
        Core::Sum => "parent",
        Core::Difference => "difference",
        Core::Products => "sum of products",
    };
    Some(match quantity.definition.outer {
        None => inner.to_owned(),
        Some(Outer::Plus(constant)) => format!("{inner} + {constant}"),
        Some(Outer::Times(factor)) => format!("{factor} * {inner}"),
    })
}
