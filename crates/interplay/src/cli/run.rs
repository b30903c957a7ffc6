//! `interplay run`: an experiment from its file to its report.

use anyhow::Result;
use clap::Args;
use interplay::launch::Launch;
use interplay::progress::Console;

/// Which experiment to run, and where.
#[derive(Args)]
pub(super) struct Flags {
    #[command(flatten)]
    launch: Launch,
}

/// Runs or resumes the experiment and prints its results.
pub(super) fn run(flags: &Flags) -> Result<()> {
    let finished = flags.launch.run(&mut Console::new())?;
    super::output::print(&format!("\n{finished}\n"))
}
