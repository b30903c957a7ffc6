//! `interplay diagnose`: what goes wrong in the RL stages of a run, with the numbers that show it.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use interplay::diagnosis::Diagnosis;

/// Which run.
#[derive(Args)]
pub(super) struct Flags {
    /// The folder of a finished run.
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Write the diagnosis as JSON as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Diagnoses the run and prints what was found.
pub(super) fn diagnose(flags: &Flags) -> Result<()> {
    let found = Diagnosis::of_run(&flags.run)?;
    if let Some(path) = &flags.json {
        super::output::check_other_file("RUN", &flags.run.join("results.json"), "--json", path)?;
        interplay_files::write_json(path, &found)?;
    }
    super::output::print(&found.to_string())
}
