//! A problem ready to be shown, whether it was drawn now or read from a file.

use interplay_graph::{Core, Outer, Quantity, QuantityId, ReasoningGraph};
use interplay_report::{GraphDrawing, Node, Role};
use interplay_tasks::{Problem, Sample, TaskError};

/// A problem with its texts, its graph and the value of every quantity.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct ShownProblem {
    /// The problem's text, without the question.
    pub problem: String,
    /// The question.
    pub question: String,
    /// The gold solution.
    pub solution: String,
    /// Number of operations.
    pub op: u32,
    /// The quantities and what they depend on.
    pub graph: ReasoningGraph,
    /// Values by index of the quantity.
    pub values: Vec<i64>,
    /// The quantity that is asked for.
    pub asked: QuantityId,
    /// The quantity whose value is given, in a reverse problem.
    pub given: Option<QuantityId>,
    /// Stated quantities that cannot be computed, each with what it lacks.
    pub left_out: Vec<(String, String)>,
    needed: Vec<bool>,
}

impl ShownProblem {
    /// A problem that was drawn.
    #[must_use]
    pub fn drawn(problem: &Problem) -> Self {
        let sample = problem.to_sample();
        Self {
            op: problem.op(),
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

    /// A problem that was read. Its graph is that of its texts, and so is its op, whatever the record says.
    ///
    /// # Errors
    /// Texts that do not tell a problem.
    pub fn read(sample: Sample) -> Result<Self, TaskError> {
        let told = sample.read_back()?;
        let left_out = told.left_out.iter();
        Ok(Self {
            op: told.op(),
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
    #[must_use]
    pub fn role(&self, id: QuantityId) -> Role {
        match id {
            id if id == self.asked => Role::Asked,
            id if Some(id) == self.given => Role::Given,
            id if self.needed[id.index()] => Role::Needed,
            _ => Role::Unneeded,
        }
    }

    /// The name of a quantity with how it follows from others.
    #[must_use]
    pub fn equation(&self, id: QuantityId) -> String {
        let (quantity, value) = (self.graph.quantity(id), self.values[id.index()]);
        let name = |parent| self.graph.quantity(parent).name.as_str();
        match formula(quantity, name) {
            Some(formula) => format!("{} = {formula} = {value}", quantity.name),
            None => format!("{} = {value}", quantity.name),
        }
    }

    /// What happens to what a quantity reads, and its value.
    #[must_use]
    pub fn detail(&self, id: QuantityId) -> String {
        let value = self.values[id.index()];
        match operation(self.graph.quantity(id)) {
            Some(operation) => format!("{operation} = {value}"),
            None => value.to_string(),
        }
    }

    /// The sign of the parent at this slot: only the one that is taken away has one.
    #[must_use]
    pub fn sign(quantity: &Quantity, slot: usize) -> &'static str {
        match (quantity.definition.core, slot) {
            (Core::Difference, 1) => "-",
            _ => "",
        }
    }

    /// The graph as a drawing.
    #[must_use]
    pub fn drawing(&self) -> GraphDrawing {
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
