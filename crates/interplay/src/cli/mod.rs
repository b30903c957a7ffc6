//! The command line, one file a subcommand.
//!
//! Whatever goes wrong ends in one message on standard error and exit code 2. What a person asked
//! to see goes to standard output, progress to standard error, and a file appears under its name
//! only when it is whole.

mod audit;
mod certify;
mod flags;
mod generate;
mod inspect;
mod lines;
mod passk;
mod run;
mod shown;
mod statistics;
mod throughput;
mod verify;
mod whole_file;
mod worker;

use std::io::{self, Write};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use interplay::with_causes;

/// Controlled experiments on how pre-training, mid-training and RL shape reasoning.
#[derive(Parser)]
#[command(name = "interplay", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run an experiment through all its stages, or go on with one that was interrupted.
    Run(run::Flags),
    /// Write problems with their gold solutions as JSONL.
    Generate(generate::Flags),
    /// Check candidate solutions step by step.
    Verify(verify::Flags),
    /// Count what the verifier accepts of wrong solutions and rejects of right ones.
    Audit(audit::Flags),
    /// Unbiased pass@k of the completions that a run evaluated.
    Passk(passk::Flags),
    /// Show one problem, its solution and its graph.
    Inspect(inspect::Flags),
    /// Say what corpora are like, side by side.
    Statistics(statistics::Flags),
    /// Measure how fast a size of model trains or samples on a device.
    #[command(subcommand)]
    Throughput(throughput::Work),
    /// Lend a device of this machine to the runs of other machines.
    Worker(worker::Flags),
    /// Certify that two corpora have no problem in common, or show what they share.
    Certify(certify::Flags),
}

/// Does what the command line says.
pub(crate) fn main() -> ExitCode {
    // A wrong flag ends the program here, with exit code 2 as well.
    let outcome = match CommandLine::parse().command {
        Command::Run(flags) => run::run(flags),
        Command::Generate(flags) => generate::generate(&flags),
        Command::Verify(flags) => verify::verify(&flags),
        Command::Audit(flags) => audit::audit(&flags),
        Command::Passk(flags) => passk::passk(&flags),
        Command::Inspect(flags) => inspect::inspect(&flags),
        Command::Statistics(flags) => statistics::statistics(&flags),
        Command::Throughput(work) => throughput::throughput(&work),
        Command::Worker(flags) => worker::worker(&flags),
        Command::Certify(flags) => certify::certify(&flags),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A parser's message may end its last line.
            eprintln!("error: {}", with_causes(error.as_ref()).trim_end());
            ExitCode::from(2)
        }
    }
}

/// Prints to standard output; a reader that stopped reading (`| head`) is no error.
fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output cannot be written"),
    }
}
