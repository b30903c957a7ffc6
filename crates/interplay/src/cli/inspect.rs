//! `interplay inspect`: one problem with its solution and its graph, as text or for Graphviz.

use std::fmt::Write as _;

use anyhow::Result;
use clap::{Args, ValueEnum};
use interplay::graph::{Core, Outer, Quantity, QuantityId};
use interplay::tasks::Problem;

use super::flags::ProblemFlags;

/// Which problem, and how to show it.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    problems: ProblemFlags,
    /// Which problem: the line that `generate` writes for the same flags, from 0.
    #[arg(long, default_value_t = 0)]
    index: u64,
    /// Texts and graph to read, or the graph alone in the DOT language of Graphviz.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Dot,
}

/// Draws the problem and prints it.
pub(super) fn inspect(flags: &Flags) -> Result<()> {
    let problem = flags.problems.dataset()?.get(flags.index)?;
    super::print(&match flags.format {
        Format::Text => text(&problem, flags.problems.seed),
        Format::Dot => dot(&problem),
    })
}

fn text(problem: &Problem, seed: u64) -> String {
    let (op, index) = (problem.op(), problem.id());
    let (context, mode) = (problem.context().id(), problem.mode().published());
    let mut text = format!("op {op}, context {context}, {mode}, seed {seed}, index {index}\n");
    for (head, body) in [
        ("problem", problem.problem_text()),
        ("question", problem.question_text()),
        ("solution", problem.solution_text()),
    ] {
        let _ = write!(text, "\n{head}\n  {body}\n");
    }
    let needed = needed(problem);
    text.push_str("\ngraph\n");
    for (id, quantity) in problem.graph().quantities() {
        let (name, value) = (&quantity.name, problem.values()[id.index()]);
        let formula = formula(quantity, |parent| &problem.graph().quantity(parent).name);
        let _ = match formula {
            Some(formula) => write!(text, "  {name} = {formula} = {value}"),
            None => write!(text, "  {name} = {value}"),
        };
        text.push_str(match () {
            () if id == problem.target() => "   (asked for)\n",
            () if needed[id.index()] => "\n",
            () => "   (not needed)\n",
        });
    }
    text
}

/// Which quantities the answer needs, by index.
fn needed(problem: &Problem) -> Vec<bool> {
    let mut needed = vec![false; problem.graph().len()];
    for id in problem.graph().ancestors(problem.target()) {
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

/// Doubly framed is what is asked for, dashed what the answer does not need.
fn dot(problem: &Problem) -> String {
    let graph = problem.graph();
    let needed = needed(problem);
    let mut text = String::from("digraph problem {\n");
    let _ = writeln!(
        text,
        "  label=\"{}\"; labelloc=t;",
        escaped(&problem.question_text())
    );
    text.push_str("  node [shape=box];\n");
    for (id, quantity) in graph.quantities() {
        let index = id.index();
        let value = problem.values()[index];
        let name = escaped(&quantity.name);
        let label = match operation(quantity) {
            Some(operation) => format!("{name}\\n{operation} = {value}"),
            None => format!("{name}\\n{value}"),
        };
        let look = match () {
            () if id == problem.target() => ", peripheries=2",
            () if needed[index] => "",
            () => ", style=dashed",
        };
        let _ = writeln!(text, "  q{index} [label=\"{label}\"{look}];");
        for (place, parent) in quantity.parents().iter().enumerate() {
            let minus = place == 1 && quantity.definition.core == Core::Difference;
            let sign = if minus { " [label=\"-\"]" } else { "" };
            let _ = writeln!(text, "  q{} -> q{index}{sign};", parent.index());
        }
    }
    text.push_str("}\n");
    text
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

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
