//! Every stage of arXiv 2512.07783 with one command, on two CPU cores:
//!
//! ```text
//! cargo run --example staged_pipeline
//! cargo run --example staged_pipeline -- --quick
//! cargo run --example staged_pipeline --features ndarray -- --device ndarray --quick
//! ```
//!
//! Problems are generated, a tokenizer and a model are trained on them, the model is mid-trained
//! towards harder problems, its edge of competence is measured, and GRPO with the strict reward
//! trains it there (`--quick` has a gentler reward, since its model learns next to nothing). After every stage the model is evaluated in three bands of difficulty. A run
//! that is interrupted goes on where it stopped when the command is given again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use interplay::progress::Console;
use interplay::tasks::ContextLibrary;
use interplay::{Devices, ExperimentSpec, InterplayError, Plan, Run, results_table, with_causes};

/// The staged pipeline of arXiv 2512.07783, from problems to report.
#[derive(Parser)]
struct Flags {
    /// Where to compute: flex, ndarray, cuda, cuda:INDEX, or several with commas.
    #[arg(long)]
    device: Option<Devices>,
    /// A smoke test of every stage, in seconds.
    #[arg(long, conflicts_with = "config")]
    quick: bool,
    /// The root of all randomness, instead of the experiment's own.
    #[arg(long)]
    seed: Option<u64>,
    /// The run folder, instead of runs/NAME.
    #[arg(long)]
    out: Option<PathBuf>,
    /// An experiment file, instead of the default one.
    #[arg(long)]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    match staged_pipeline(&Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::from(2)
        }
    }
}

fn staged_pipeline(flags: &Flags) -> Result<(), InterplayError> {
    let began = Instant::now();
    let mut spec = match &flags.config {
        Some(path) => ExperimentSpec::load(path)?,
        None => ExperimentSpec::preset(if flags.quick { "quick" } else { "staged" })?,
    };
    spec.seed = flags.seed.unwrap_or(spec.seed);
    let folder = match &flags.out {
        Some(folder) => folder.clone(),
        None => PathBuf::from("runs").join(&spec.name),
    };
    let library = ContextLibrary::embedded();
    let plan = Plan::resolve(spec, flags.device.clone(), &library)?;
    let run = Run::new(plan, folder, library)?;
    let results = run.execute(&mut Console::new())?;
    println!("\n{}", results_table(&results));
    let seconds = began.elapsed().as_secs_f64();
    let memory = interplay::peak_memory_mib().map_or("unknown".into(), |mib| format!("{mib} MiB"));
    println!(
        "{} parameters on {}",
        results.model_parameters, results.device
    );
    println!("{:.1} minutes, peak memory {memory}", seconds / 60.0);
    println!("report: {}", run.folder().join("report.html").display());
    Ok(())
}
