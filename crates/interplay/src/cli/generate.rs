//! `interplay generate`: problems with gold solutions, and their gold graphs, as JSONL.

use std::path::{Path, PathBuf, absolute};

use anyhow::{Result, bail};
use clap::Args;
use interplay::graph::GoldGraph;
use interplay::progress::{Console, Progress};
use interplay::tasks::Problem;
use serde::Serialize;

use super::flags::ProblemFlags;
use super::whole_file::WholeFile;

/// Which problems, how many, and where to.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    problems: ProblemFlags,
    /// How many problems.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    n: u64,
    /// Also write the gold graphs to this file (JSONL; compressed where it ends in .gz).
    #[arg(long, value_name = "FILE")]
    graphs: Option<PathBuf>,
    /// Where to write the problems (JSONL; compressed where it ends in .gz).
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// A line of the published `*_graphs.jsonl`.
#[derive(Serialize)]
struct GraphRecord<'a> {
    op: u32,
    id: u64,
    template: &'a str,
    line_index: u64,
    graph: GoldGraph,
}

impl<'a> GraphRecord<'a> {
    fn new(problem: &'a Problem, line_index: u64) -> Self {
        Self {
            op: problem.op(),
            id: problem.id(),
            template: problem.context().id(),
            line_index,
            graph: problem.gold_graph(),
        }
    }
}

/// Draws the problems and writes them; the files get their names when all is written.
pub(super) fn generate(flags: &Flags) -> Result<()> {
    let same = |graphs: &Path| match (absolute(graphs), absolute(&flags.output)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    if flags.graphs.as_deref().is_some_and(same) {
        bail!(
            "--graphs and --output are both {}; choose two files",
            flags.output.display()
        );
    }
    let dataset = flags.problems.dataset()?;
    let mut samples = WholeFile::create(&flags.output)?;
    let mut graphs = flags.graphs.as_deref().map(WholeFile::create).transpose()?;
    let mut console = Console::new();
    console.begin("generate", flags.n);
    for index in 0..flags.n {
        let problem = dataset.get(index)?;
        samples.record(&problem.to_sample())?;
        if let Some(graphs) = &mut graphs {
            graphs.record(&GraphRecord::new(&problem, index))?;
        }
        if index % 64 == 0 {
            console.advance(index, "problems");
        }
    }
    let samples = samples.complete()?;
    let graphs = graphs.map(WholeFile::complete).transpose()?;
    samples.place()?;
    if let Some(graphs) = graphs {
        graphs.place()?;
    }
    console.end(&format!(
        "{} problems in {}",
        flags.n,
        flags.output.display()
    ));
    Ok(())
}
