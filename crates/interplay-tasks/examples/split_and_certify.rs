//! Holds a tenth of all graphs out of training, and certifies what training has seen of evaluation.
//!
//! Without a split, evaluated problems of small ops occur word for word in 12,000 training problems,
//! and nearly all of their graphs do. With one, no text does, and no graph from op 5 on. Below op 5
//! there are too few graphs to hold out; how many of them training has seen is counted.
//!
//! ```sh
//! cargo run -p interplay-tasks --example split_and_certify
//! ```

use std::error::Error;

use interplay_graph::SeedStreams;
use interplay_tasks::corpora::Exposure;
use interplay_tasks::datasets::{Part, Split};
use interplay_tasks::likeness::Prints;
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskError, TaskSpec};

const TRAINED: usize = 12_000;
const EVALUATED: usize = 256;

/// Terse problems as small as those of the default experiment.
fn data(name: &str, op: Counts) -> Result<Dataset, TaskError> {
    let mut spec = TaskSpec::single(op, "zoo", Dialect::Terse);
    (spec.max_value, spec.max_factor, spec.nouns) = (Some(30), 3, Some(20));
    Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), name)
}

fn report(title: &str, exposure: &Exposure) {
    println!("{title}\n op   text  graph  shape  of {EVALUATED}");
    for seen in &exposure.certificate().stages[0].seen {
        println!(
            "{:3} {:6} {:6} {:6}",
            seen.op, seen.text, seen.graph, seen.shape
        );
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let ops = Counts::range(2, 7)?;

    let mut exposure = Exposure::new();
    for op in ops.iter() {
        for problem in data("evaluate", Counts::one(op))?.iter().take(EVALUATED) {
            exposure.evaluate("all", op, Prints::of(&problem?)?);
        }
    }
    exposure.add_stage(
        "pretrain",
        data("pretrain", ops.clone())?.iter().take(TRAINED),
    )?;
    report(
        "evaluated problems that training has seen, without a split",
        &exposure,
    );

    let split = Split::hold_out(0.1)?;
    let mut exposure = Exposure::new();
    for op in ops.iter() {
        let evaluation = data("evaluate", Counts::one(op))?.restrict(split, Part::Test)?;
        for drawn in evaluation.iter().take(EVALUATED) {
            exposure.evaluate("all", op, Prints::of(&drawn?.problem)?);
        }
    }
    let training = data("pretrain", ops)?.restrict(split, Part::Train)?;
    let problems = training.iter().take(TRAINED);
    exposure.add_stage("pretrain", problems.map(|drawn| Ok(drawn?.problem)))?;
    report("\nwith a tenth of all graphs held out", &exposure);
    Ok(())
}
