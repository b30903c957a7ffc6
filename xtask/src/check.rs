//! `check`: everything that must hold before tests run, in the order of its cost.
//!
//! Only stable Cargo is used. Clippy comes before the checks of single crates, so that these find
//! most dependencies checked already; where a crate alone turns on fewer features of a dependency
//! than the workspace does, that dependency is checked once more.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::{repository, tidy};

/// Whether examples in the documentation are run as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Doctests {
    Run,
    LeaveOut,
}

/// A call of Cargo.
struct Step {
    arguments: Vec<String>,
    environment: Option<(&'static str, &'static str)>,
}

impl Step {
    fn new(arguments: &str) -> Self {
        Self {
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
            environment: None,
        }
    }

    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.environment = Some((name, value));
        self
    }

    /// The step as one would type it.
    fn command_line(&self) -> String {
        let environment = self
            .environment
            .map(|(name, value)| format!("{name}=\"{value}\" "));
        let arguments = self.arguments.join(" ");
        format!("{}cargo {arguments}", environment.unwrap_or_default())
    }
}

/// Runs all checks and stops at the first that fails.
pub fn run(root: &Path, doctests: Doctests) -> Result<()> {
    let mut times = Vec::new();
    let start = Instant::now();
    tidy::run(root)?;
    times.push(("cargo xtask tidy".to_owned(), start.elapsed()));

    for step in steps(root, doctests)? {
        let name = step.command_line();
        println!("--- {name}");
        let start = Instant::now();
        execute(root, &step)?;
        times.push((name, start.elapsed()));
    }
    print_times(&times);
    Ok(())
}

fn steps(root: &Path, doctests: Doctests) -> Result<Vec<Step>> {
    let mut steps = vec![
        Step::new("fmt --all -- --check"),
        Step::new("clippy --workspace --all-targets -- -D warnings"),
        Step::new("doc --workspace --no-deps").with("RUSTDOCFLAGS", "-D warnings"),
    ];
    for name in repository::crates(root)? {
        steps.push(Step::new(&format!("check -p {name}")));
    }
    if doctests == Doctests::Run {
        steps.push(Step::new("test --workspace --doc"));
    }
    Ok(steps)
}

fn execute(root: &Path, step: &Step) -> Result<()> {
    // Cargo tells the programs it runs where it is itself.
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let status = Command::new(cargo)
        .args(&step.arguments)
        .envs(step.environment)
        .current_dir(root)
        .status()
        .with_context(|| format!("starting `{}`", step.command_line()))?;
    if !status.success() {
        bail!("`{}` failed", step.command_line());
    }
    Ok(())
}

fn print_times(times: &[(String, Duration)]) {
    println!("--- all checks pass");
    for (name, elapsed) in times {
        println!("{:>7.1} s  {name}", elapsed.as_secs_f64());
    }
}
