//! `interplay run`: an experiment from its file to its report.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, anyhow};
use clap::Args;
use interplay::progress::Console;
use interplay::tasks::ContextLibrary;
use interplay::{
    Devices, ExperimentSpec, InterplayError, Plan, Run, peak_memory_mib, results_table,
};

/// Which experiment, where, and where to.
#[derive(Args)]
pub(super) struct Flags {
    /// An experiment file (TOML).
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    config: Option<PathBuf>,
    /// An experiment that comes with the program: staged, quick or paper.
    #[arg(long, value_name = "NAME", default_value = "staged")]
    preset: String,
    /// Where to compute, instead of the experiment's own devices: flex, ndarray, cuda, cuda:INDEX, or
    /// several with commas, of which the first leads and the others (also workers, as
    /// tcp://HOST:PORT) share its training steps.
    #[arg(long)]
    device: Option<Devices>,
    /// The root of all randomness, instead of the experiment's own.
    #[arg(long)]
    seed: Option<u64>,
    /// The run folder, instead of runs/NAME; one that holds the same experiment is gone on with.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Runs every stage that is not finished and prints the table of results.
pub(super) fn run(flags: Flags) -> Result<()> {
    let began = Instant::now();
    let mut spec = match &flags.config {
        Some(path) => ExperimentSpec::load(path)?,
        None => ExperimentSpec::preset(&flags.preset)?,
    };
    spec.seed = flags.seed.unwrap_or(spec.seed);
    let folder = flags
        .out
        .unwrap_or_else(|| PathBuf::from("runs").join(&spec.name));
    let library = ContextLibrary::embedded();
    let plan = Plan::resolve(spec, flags.device, &library).map_err(|error| {
        match (&flags.config, error) {
            // The message lists keys; the file in which they stand comes before them.
            (Some(path), error @ InterplayError::InvalidSpec { .. }) => {
                anyhow!("{}: {error}", path.display())
            }
            (_, error) => error.into(),
        }
    })?;
    let run = Run::new(plan, folder, library)?;
    let results = run.execute(&mut Console::new())?;
    let minutes = began.elapsed().as_secs_f64() / 60.0;
    let memory = peak_memory_mib().map_or("unknown".to_owned(), |mib| format!("{mib} MiB"));
    super::print(&format!(
        "\n{}\n{} parameters on {}\n{minutes:.1} minutes, peak memory {memory}\nreport: {}\n",
        results_table(&results),
        results.model_parameters,
        results.device,
        run.folder().join("report.html").display(),
    ))
}
