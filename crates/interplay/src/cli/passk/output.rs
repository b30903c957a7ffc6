//! Where the estimates are written, by the name of the file.

use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use interplay_files::{FileError, Table, check_output, write_json};

use super::estimates::Estimates;
use super::measures::Measure;
use super::published::{self, Node};
use super::rows::Rows;

/// The output under way.
pub(super) enum Output {
    /// The published `results.json`.
    Published(Vec<(String, Node)>),
    /// A table for data frames.
    Rows(Box<Rows>),
}

impl Output {
    /// The output that a file of this name is to hold.
    ///
    /// # Errors
    /// A name that says no format, or that cannot be written.
    pub(super) fn of(path: &Path) -> Result<Self> {
        if path.extension().is_some_and(|ending| ending == "json") {
            check_output(path)?;
            return Ok(Self::Published(Vec::new()));
        }
        match Table::check_output(path) {
            Ok(()) => Ok(Self::Rows(Box::default())),
            Err(error @ FileError::NotAnOutput { .. }) => Err(anyhow!(
                "--output: {error}; .json is the published results.json"
            )),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses inputs and measures that the output has no place for.
    pub(super) fn check(&self, inputs: &[std::path::PathBuf], measures: &[Measure]) -> Result<()> {
        let Self::Published(_) = self else {
            return Ok(());
        };
        let instead = "write .csv, .jsonl or .parquet instead";
        ensure!(
            matches!(measures, [Measure::PassAt | Measure::FirstAt]),
            "--output: the published results.json holds one of pass@k and first@k, and --measures \
             asks for {}; {instead}",
            measures
                .iter()
                .map(Measure::to_string)
                .collect::<Vec<_>>()
                .join(","),
        );
        for (index, path) in inputs.iter().enumerate() {
            let same = |other: &&std::path::PathBuf| other.file_name() == path.file_name();
            if let Some(other) = inputs[..index].iter().find(same) {
                bail!(
                    "--input: {} and {} have the same name, and the published results.json tells \
                     files by their names; write one for each, or {instead}",
                    other.display(),
                    path.display()
                );
            }
        }
        Ok(())
    }

    /// Adds what was found in a file.
    pub(super) fn add(&mut self, path: &Path, estimates: &[Estimates<'_>]) -> Result<()> {
        match self {
            Self::Rows(rows) => {
                for estimates in estimates {
                    rows.add(&path.display().to_string(), estimates);
                }
            }
            Self::Published(files) => {
                let [estimates] = estimates else {
                    bail!(
                        "{}: found completions of {} kinds, and the published results.json has one \
                         entry for a file; write .csv, .jsonl or .parquet instead",
                        path.display(),
                        estimates.len()
                    );
                };
                let name = path.file_name().unwrap_or(path.as_os_str());
                let name = name.to_string_lossy().into_owned();
                files.push((name, published::entry(path, estimates)?));
            }
        }
        Ok(())
    }

    pub(super) fn write(self, path: &Path) -> Result<()> {
        match self {
            Self::Rows(rows) => rows.into_table().write(path)?,
            Self::Published(files) => write_json(path, &published::results(files))?,
        }
        Ok(())
    }
}
