//! Prints three problems as a model sees them, with their difficulty and answer.
//!
//! ```sh
//! cargo run -p interplay-tasks --example generate -- terse 2-5
//! ```

use std::error::Error;

use interplay_graph::SeedStreams;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec, framing};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let dialect: Dialect = arguments.next().as_deref().unwrap_or("prose").parse()?;
    let op: Counts = arguments.next().as_deref().unwrap_or("4-6").parse()?;

    let spec = TaskSpec::single(op, "zoo", dialect);
    let data = Dataset::new(
        spec,
        &ContextLibrary::embedded(),
        SeedStreams::new(7),
        "demo",
    )?;
    for index in [0, 1, 1_000_000] {
        let problem = data.get(index)?;
        println!(
            "problem {index}: op {}, answer {}, {} quantities of which {} are needed\n{}\n",
            problem.op(),
            problem.answer(),
            problem.graph().len(),
            problem.necessary().0.len(),
            framing::model_text(&problem)
        );
    }
    Ok(())
}
