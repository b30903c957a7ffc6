//! `examples`: runs every example of the workspace once.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Examples that do not run by themselves, each with the reason.
const NOT_ALONE: [(&str, &str); 3] = [
    (
        "conformance",
        "xtask/peers/conformance.py runs it on models that it wrote",
    ),
    (
        "encode_lines",
        "xtask/peers/folders.py runs it on a model folder",
    ),
    (
        "staged_pipeline",
        ".ci/run runs it with --quick, on two backends",
    ),
];

/// Arguments that keep a run short; other examples run without any.
const ARGUMENTS: [(&str, &[&str]); 1] = [("audit", &["200", "2"])];

/// An example and the features that it requires.
#[derive(Debug, PartialEq, Eq)]
struct Example {
    package: String,
    name: String,
    features: Vec<String>,
}

/// Runs them in the order of their packages and stops at the first that fails.
///
/// Features are chosen for the whole workspace, as in every other command, so that dependencies
/// are not compiled again for a single package.
pub fn run(root: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let output = Command::new(&cargo)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("starting `cargo metadata`")?;
    if !output.status.success() {
        bail!(
            "`cargo metadata` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let metadata = serde_json::from_slice(&output.stdout).context("parsing `cargo metadata`")?;
    for example in examples(&metadata) {
        let Example {
            package,
            name,
            features,
        } = &example;
        if let Some((_, reason)) = NOT_ALONE.iter().find(|(skipped, _)| skipped == name) {
            println!("--- {package}: {name} is skipped: {reason}");
            continue;
        }
        println!("--- {package}: {name}");
        let mut command = Command::new(&cargo);
        command.args(["run", "--example", name]).current_dir(root);
        if !features.is_empty() {
            command.args(["--features", &features.join(",")]);
        }
        if let Some((_, arguments)) = ARGUMENTS.iter().find(|(short, _)| short == name) {
            command.arg("--").args(*arguments);
        }
        let start = Instant::now();
        let status = command
            .status()
            .with_context(|| format!("starting the example `{name}`"))?;
        if !status.success() {
            bail!("the example `{name}` of {package} failed");
        }
        println!(
            "--- {package}: {name} took {:.1} s",
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}

/// The examples that `cargo metadata` lists, in its order.
fn examples(metadata: &Value) -> Vec<Example> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut examples = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            if list(&target["kind"]).iter().any(|kind| kind == "example") {
                examples.push(Example {
                    package: text(&package["name"]),
                    name: text(&target["name"]),
                    features: list(&target["required-features"])
                        .iter()
                        .map(text)
                        .collect(),
                });
            }
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_read_with_their_features() {
        let metadata = serde_json::json!({"packages": [{"name": "a", "targets": [
            {"kind": ["lib"], "name": "a"},
            {"kind": ["example"], "name": "b"},
            {"kind": ["example"], "name": "c", "required-features": ["d", "e"]},
        ]}]});
        let found = examples(&metadata);
        let names: Vec<&str> = found.iter().map(|example| example.name.as_str()).collect();
        assert_eq!(names, ["b", "c"]);
        assert_eq!(found[1].features, ["d", "e"]);
        assert_eq!(examples(&serde_json::json!({})), []);
    }
}
