//! Notes about a run on which no result depends: where it ran, and how long its parts took.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::error::InterplayError;
use crate::keys::key;
use crate::memory::peak_memory_mib;
use crate::plan::Plan;
use crate::run_file::write_json;

#[derive(Serialize)]
struct Timing<'a> {
    part: &'a str,
    seconds: f64,
    peak_memory_mib: Option<u64>,
}

/// Does a part of a run, and notes in `timings.jsonl` how long it took.
pub(super) fn timed<T>(
    folder: &Path,
    part: &str,
    work: impl FnOnce() -> Result<T, InterplayError>,
) -> Result<T, InterplayError> {
    let began = Instant::now();
    let output = work()?;
    let seconds = began.elapsed().as_secs_f64();
    let timing = Timing {
        part,
        seconds,
        peak_memory_mib: peak_memory_mib(),
    };
    let path = folder.join("timings.jsonl");
    let mut line = serde_json::to_vec(&timing)
        .map_err(std::io::Error::from)
        .map_err(InterplayError::io("write", &path))?;
    line.push(b'\n');
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(InterplayError::io("open", &path))?;
    file.write_all(&line)
        .map_err(InterplayError::io("write", &path))?;
    Ok(output)
}

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
