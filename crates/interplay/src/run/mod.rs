//! Carrying out a plan in its run folder.
//!
//! A run folder holds `plan.toml`, `manifest.json`, `tokenizer/`, one folder for each stage, `eval/`,
//! `results.json`, `ledger.json`, `timings.jsonl` and `report.html`. Everything but the manifest, the
//! timings and the speeds follows from the plan alone. Each file is written as a whole or not at all;
//! only the logs `metrics.jsonl`, `speed.jsonl` and `timings.jsonl` grow line by line. A file that is
//! there with the right key is not made again. A lock keeps a second process out.

mod evaluate;
mod experiment;
mod keyed;
mod lengths;
mod manifest;
mod runner;
mod speed_log;
mod stages;
mod tokenizer;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

pub use experiment::Run;

use crate::error::InterplayError;

/// Writes a file whole or not at all, in a folder that is created where it is missing.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), InterplayError> {
    create_folder_of(path)?;
    Ok(interplay_files::write(path, bytes)?)
}

/// Writes a value as JSON, whole or not at all, in a folder that is created where it is missing.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), InterplayError> {
    create_folder_of(path)?;
    Ok(interplay_files::write_json(path, value)?)
}

fn create_folder_of(path: &Path) -> Result<(), InterplayError> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(InterplayError::io("create", folder)),
        None => Ok(()),
    }
}

/// Reads a JSON file of the run; `None` where it is not there.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(
    path: &Path,
) -> Result<Option<T>, InterplayError> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| InterplayError::BadFile {
            path: path.to_owned(),
            reason: format!("{error}; remove the file to make it anew"),
        })
}
