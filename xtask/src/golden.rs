//! `golden`: rewrites golden files after an intended change.
//!
//! Each golden test writes its file if `INTERPLAY_UPDATE_GOLDEN` is set, then compares as usual.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The tests that compare with a file in their crate's `tests/golden`, as package and test.
const TESTS: [(&str, &str); 3] = [
    ("interplay-tasks", "golden"),
    ("interplay-audit", "operators"),
    ("interplay-train", "event_file"),
];

/// Runs every golden test in update mode.
pub fn run(root: &Path) -> Result<()> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    for (package, test) in TESTS {
        println!("--- {package}: {test}");
        let status = Command::new(&cargo)
            .args(["test", "-p", package, "--test", test])
            .env("INTERPLAY_UPDATE_GOLDEN", "1")
            .current_dir(root)
            .status()
            .with_context(|| format!("starting the test `{test}` of {package}"))?;
        if !status.success() {
            bail!("the test `{test}` of {package} failed");
        }
    }
    println!("--- done; review with `git diff`");
    Ok(())
}
