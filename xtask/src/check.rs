//! `check`: everything that must hold before the tests run, cheapest first.
//!
//! Only stable Cargo is used. Clippy and rustdoc see the workspace three times: as it comes, without
//! default features, and with every feature that a CPU can run. Clippy runs before the checks of
//! single crates, so that these find most dependencies already checked; where a crate alone turns on
//! fewer features of a dependency than the workspace does, Cargo checks that dependency again.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use toml::Value;

use crate::{repository, tidy};

/// Features that need more than a CPU and Cargo; `.ci/run` compiles those that it can.
const BEYOND_CPU: [&str; 3] = ["cuda", "mpi", "wgpu"];

/// Whether to run the examples in the documentation as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Doctests {
    Run,
    LeaveOut,
}

/// One invocation of Cargo.
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

    /// The step as you would type it.
    fn command_line(&self) -> String {
        let environment = self
            .environment
            .map(|(name, value)| format!("{name}=\"{value}\" "));
        let arguments = self.arguments.join(" ");
        format!("{}cargo {arguments}", environment.unwrap_or_default())
    }
}

/// Runs all checks and stops at the first failure.
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
    let features = features(root)?;
    let selections = [
        String::new(),
        " --no-default-features".to_owned(),
        format!(" --features {features}"),
    ];
    let mut steps = vec![Step::new("fmt --all -- --check")];
    for selection in &selections {
        let clippy = format!("clippy --workspace --all-targets{selection} -- -D warnings");
        steps.push(Step::new(&clippy));
    }
    for selection in &selections {
        let doc = format!("doc --workspace --no-deps{selection}");
        steps.push(Step::new(&doc).with("RUSTDOCFLAGS", "-D warnings"));
    }
    for name in repository::crates(root)? {
        steps.push(Step::new(&format!("check -p {name}")));
    }
    if doctests == Doctests::Run {
        steps.push(Step::new("test --workspace --doc"));
    }
    Ok(steps)
}

/// The names of all features in the workspace that a CPU can run, separated by commas.
fn features(root: &Path) -> Result<String> {
    let mut names = BTreeSet::new();
    for name in repository::crates(root)? {
        let manifest = repository::manifest(root, &name)?;
        let features = manifest.get("features").and_then(Value::as_table);
        names.extend(features.into_iter().flat_map(|table| table.keys().cloned()));
    }
    names.retain(|name| name != "default" && !BEYOND_CPU.contains(&name.as_str()));
    Ok(Vec::from_iter(names).join(","))
}

fn execute(root: &Path, step: &Step) -> Result<()> {
    // Cargo passes its own path to the programs that it runs.
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
    println!("--- all checks passed");
    for (name, elapsed) in times {
        println!("{:>7.1} s  {name}", elapsed.as_secs_f64());
    }
}
