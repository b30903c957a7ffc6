//! `interplay inspect`: one problem with its solution and its graph, as text, DOT or SVG.

use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, ValueEnum};
use interplay::ShownProblem;
use interplay::report::Role;
use interplay::tasks::corpora::SampleReader;
use interplay::tasks::{Problem, Sample, TaskError};

use super::flags::ProblemFlags;

/// Which problem, and how to show it.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    problems: ProblemFlags,
    /// Show a record of this file instead of drawing a problem: JSONL in the published sample fields
    /// (also .gz), or Parquet. The graph is read from the texts.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["op", "context", "mode", "dialect", "d", "spec", "context_file", "seed"],
    )]
    input: Option<PathBuf>,
    /// Index of the problem, from 0: in what `generate` writes for the same flags, or in the file.
    #[arg(long, default_value_t = 0)]
    index: u64,
    /// Output format: texts and graph, or the graph alone as Graphviz DOT or SVG.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Dot,
    Svg,
}

/// Draws or reads the problem and prints it.
pub(super) fn inspect(flags: &Flags) -> Result<()> {
    let (head, shown) = match &flags.input {
        None => {
            let problem = flags.problems.dataset()?.get(flags.index)?;
            let head = head_of_drawn(&problem, flags.problems.seed);
            (head, ShownProblem::drawn(&problem))
        }
        Some(path) => {
            let sample = record(SampleReader::open(path)?, flags.index);
            sample
                .and_then(|sample| read(sample, flags.index))
                .with_context(|| path.display().to_string())?
        }
    };
    super::output::print(&match flags.format {
        Format::Text => text(&head, &shown),
        Format::Dot => dot(&shown),
        Format::Svg => shown.drawing().to_svg()?,
    })
}

fn head_of_drawn(problem: &Problem, seed: u64) -> String {
    let (op, index) = (problem.op(), problem.id());
    let (context, mode) = (problem.context().id(), problem.mode().published());
    format!("op {op}, context {context}, {mode}, seed {seed}, index {index}")
}

/// A record's problem under its head.
fn read(sample: Sample, record: u64) -> Result<(String, ShownProblem)> {
    let (op, head) = (sample.op, head_of_record(&sample, record));
    let shown = ShownProblem::read(sample)?;
    if shown.op != op {
        let told = shown.op;
        bail!("record {record}: `op` is {op}, its texts have op {told}");
    }
    Ok((head, shown))
}

/// What a record says of itself; a corpus may lack the context and the mode.
fn head_of_record(sample: &Sample, record: u64) -> String {
    let Sample {
        op, template, mode, ..
    } = sample;
    let mut head = format!("op {op}, ");
    if !template.is_empty() {
        head.push_str(&format!("context {template}, "));
    }
    if !mode.is_empty() {
        head.push_str(&format!("{mode}, "));
    }
    head.push_str(&format!("record {record}"));
    head
}

/// The record at an index of a file, from 0.
fn record(samples: impl Iterator<Item = Result<Sample, TaskError>>, record: u64) -> Result<Sample> {
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

fn text(head: &str, shown: &ShownProblem) -> String {
    let mut text = format!("{head}\n");
    for (head, body) in [
        ("problem", &shown.problem),
        ("question", &shown.question),
        ("solution", &shown.solution),
    ] {
        let _ = write!(text, "\n{head}\n  {}\n", body.trim_end());
    }
    text.push_str("\ngraph\n");
    for (id, _) in shown.graph.quantities() {
        let _ = write!(text, "  {}", shown.equation(id));
        text.push_str(match shown.role(id) {
            Role::Asked => "   (asked for)\n",
            Role::Given => "   (given)\n",
            Role::Needed => "\n",
            Role::Unneeded => "   (not needed)\n",
        });
    }
    for (name, through) in &shown.left_out {
        let _ = writeln!(
            text,
            "  {name}   (not needed, cannot be computed for lack of {through})"
        );
    }
    text
}

/// Doubly framed is what is asked for, bold what is given, dashed what the answer does not need.
fn dot(shown: &ShownProblem) -> String {
    let mut text = String::from("digraph problem {\n");
    let _ = writeln!(
        text,
        "  label=\"{}\"; labelloc=t;",
        escaped(&shown.question)
    );
    text.push_str("  node [shape=box];\n");
    for (id, quantity) in shown.graph.quantities() {
        let index = id.index();
        let label = format!("{}\\n{}", escaped(&quantity.name), shown.detail(id));
        let look = match shown.role(id) {
            Role::Asked => ", peripheries=2",
            Role::Given => ", style=bold",
            Role::Needed => "",
            Role::Unneeded => ", style=dashed",
        };
        let _ = writeln!(text, "  q{index} [label=\"{label}\"{look}];");
        for (slot, parent) in quantity.parents().iter().enumerate() {
            let sign = match ShownProblem::sign(quantity, slot) {
                "" => String::new(),
                sign => format!(" [label=\"{sign}\"]"),
            };
            let _ = writeln!(text, "  q{} -> q{index}{sign};", parent.index());
        }
    }
    text.push_str("}\n");
    text
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
