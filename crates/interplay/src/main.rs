//! The `interplay` command: experiments, problems, verdicts and pass@k from a shell.
#![forbid(unsafe_code)]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
