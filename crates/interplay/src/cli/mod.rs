//! The command line, one file a subcommand.
//!
//! Every error ends in one message on standard error and exit code 2. Results go to standard output,
//! progress and warnings to standard error, and a file appears under its name only when it is
//! complete.

mod audit;
mod certify;
mod compare;
mod dataset_card;
mod diagnose;
#[cfg(test)]
mod documents;
mod endpoint;
mod evaluate;
mod flags;
mod generate;
mod inspect;
mod name;
mod output;
mod passk;
mod run;
mod serve_reward;
mod statistics;
mod study;
mod throughput;
mod verify;
mod worker;

use std::process::ExitCode;

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
    /// Run an experiment through all its stages, or resume one that was interrupted.
    Run(run::Flags),
    /// Generate problems with gold solutions.
    Generate(generate::Flags),
    /// Verify candidate solutions step by step.
    Verify(verify::Flags),
    /// Measure how often the verifier accepts wrong solutions and rejects correct ones.
    Audit(audit::Flags),
    /// Compute unbiased pass@k from graded completions.
    Passk(passk::Flags),
    /// Run an experiment in several variants and with several seeds, and compare its arms.
    Study(study::Flags),
    /// Evaluate a model, or completions from another engine, on the problems of an experiment.
    Evaluate(evaluate::Flags),
    /// Look for what goes wrong in the RL stages of a run.
    Diagnose(diagnose::Flags),
    /// Compare two evaluations of the same problems.
    Compare(compare::Flags),
    /// Show one problem, its solution and its graph.
    Inspect(inspect::Flags),
    /// Compare the statistics of corpora side by side.
    Statistics(statistics::Flags),
    /// Measure the training or sampling throughput of a model size on a device.
    #[command(subcommand)]
    Throughput(throughput::Work),
    /// Serve a device of this machine to runs on other machines.
    Worker(worker::Flags),
    /// Serve rewards over HTTP to trainers that ask a server, such as OpenRLHF.
    ServeReward(serve_reward::Flags),
    /// Certify that two corpora share no problem, or show what they share.
    Certify(certify::Flags),
}

/// Runs the subcommand.
pub(crate) fn main() -> ExitCode {
    // A wrong flag ends the program here, with exit code 2 as well.
    let outcome = match CommandLine::parse().command {
        Command::Run(flags) => run::run(&flags),
        Command::Generate(flags) => generate::generate(&flags),
        Command::Verify(flags) => verify::verify(&flags),
        Command::Audit(flags) => audit::audit(&flags),
        Command::Passk(flags) => passk::passk(&flags),
        Command::Study(flags) => study::study(&flags),
        Command::Evaluate(flags) => evaluate::evaluate(&flags),
        Command::Diagnose(flags) => diagnose::diagnose(&flags),
        Command::Compare(flags) => compare::compare(&flags),
        Command::Inspect(flags) => inspect::inspect(&flags),
        Command::Statistics(flags) => statistics::statistics(&flags),
        Command::Throughput(work) => throughput::throughput(&work),
        Command::Worker(flags) => worker::worker(&flags),
        Command::ServeReward(flags) => flags.serve(),
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
