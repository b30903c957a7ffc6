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
    /// Print the plan and the split of its budget, and write nothing.
    #[arg(long)]
    plan: bool,
}

/// Runs or resumes the experiment and prints its results.
pub(super) fn run(flags: &Flags) -> Result<()> {
    if flags.plan {
        let plan = flags.launch.plan()?;
        if let Some(planned) = &plan.planned {
            // As comments, so that the output is a plan file.
            let lines: String = planned
                .to_string()
                .lines()
                .map(|line| format!("# {line}\n"))
                .collect();
            super::output::print(&lines)?;
        }
        return super::output::print(&plan.to_toml()?);
    }
    let finished = flags.launch.run(&mut Console::new())?;
    super::output::print(&format!("\n{finished}\n"))
}
