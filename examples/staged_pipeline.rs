//! Every stage of arXiv 2512.07783 with one command, on two CPU cores:
//!
//! ```text
//! cargo run --example staged_pipeline
//! cargo run --example staged_pipeline -- --quick
//! cargo run --example staged_pipeline --features ndarray -- --device ndarray --quick
//! ```
//!
//! The example generates problems, trains a tokenizer and a model on them, mid-trains the model
//! toward harder problems, measures its edge of competence, and trains it there by GRPO with the
//! strict reward. (`--quick` uses a gentler reward, since its model learns next to nothing.) After
//! every training stage it evaluates the model in three bands of difficulty. Give the command again
//! to resume an interrupted run.

use std::process::ExitCode;

use clap::Parser;
use interplay::launch::Launch;
use interplay::progress::Console;
use interplay::with_causes;

/// The staged pipeline of arXiv 2512.07783, from problems to report.
#[derive(Parser)]
struct Flags {
    /// Smoke test of every stage, in seconds; the same as `--preset quick`.
    #[arg(long, conflicts_with_all = ["config", "preset"])]
    quick: bool,
    #[command(flatten)]
    launch: Launch,
}

fn main() -> ExitCode {
    let Flags { quick, mut launch } = Flags::parse();
    if quick {
        launch.preset = "quick".to_owned();
    }
    match launch.run(&mut Console::new()) {
        Ok(finished) => {
            println!("\n{finished}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {}", with_causes(&error));
            ExitCode::from(2)
        }
    }
}
