//! A note about a run on which no result depends: where it ran.

use std::path::Path;

use serde::Serialize;

use crate::error::InterplayError;
use crate::keys::key;
use crate::plan::Plan;
use crate::run_file::write_json;

#[derive(Serialize)]
struct Manifest<'a> {
    interplay: &'a str,
    working_directory_commit: Option<String>,
    device: String,
    threads: usize,
    os: &'a str,
    architecture: &'a str,
    seed: u64,
    plan_key: String,
}

/// Writes `manifest.json`, unless an earlier call did.
pub(super) fn write_manifest(plan: &Plan, folder: &Path) -> Result<(), InterplayError> {
    let path = folder.join("manifest.json");
    if path.exists() {
        return Ok(());
    }
    let manifest = Manifest {
        interplay: env!("CARGO_PKG_VERSION"),
        working_directory_commit: git_commit(),
        device: plan.device.to_string(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        os: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
        seed: plan.seed,
        plan_key: key("the plan", plan)?,
    };
    write_json(&path, &manifest)
}

/// The commit of the working directory, if it is in a git repository.
fn git_commit() -> Option<String> {
    let output = std::process::Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
