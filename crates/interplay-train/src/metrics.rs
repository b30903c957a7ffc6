//! What a stage reports while it runs: one record for each step, to a file and to an observer.
//!
//! `metrics.jsonl` holds only values that are determined by the seed, so two runs of the same spec write the
//! same bytes. Speeds and times are left to the observer, which may read a clock. A TensorBoard event file beside it
//! holds the same metrics.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::event_file::{self, EventFile};

/// A metric of a step: its name and its value. A value that does not exist (a mean over nothing) is not finite.
pub type Metric = (Cow<'static, str>, f64);

/// One finished step, for an [`Observer`].
#[derive(Debug, Clone)]
pub struct StepReport<'a> {
    /// The stage's name.
    pub stage: &'a str,
    /// The number of the step, from 0.
    pub step: u64,
    /// The share of the budget that is spent, 0 to 1.
    pub progress: f64,
    /// The tokens that the step processed: trained, and for GRPO also sampled.
    pub tokens: u64,
    /// Floating-point operations of the step's matrix products, forward and backward. `None` for a stage that
    /// also samples, since they depend on how requests are batched.
    pub flops: Option<f64>,
    /// The metrics of the step by name, in a fixed order.
    pub numbers: &'a [Metric],
}

/// Follows a stage, for instance to draw a progress bar or to measure speed.
pub trait Observer {
    /// A step ended.
    fn step(&mut self, report: &StepReport<'_>);

    /// Something that a person should know, as one line: for instance that the newest checkpoint was damaged
    /// and the stage was resumed from an older one.
    fn notice(&mut self, line: &str) {
        let _ = line;
    }

    /// The stage starts (`true`) or stops (`false`) waiting for its next batch.
    fn data_wait(&mut self, waits: bool) {
        let _ = waits;
    }

    /// Part of a long step ended: `done` out of `total` units of `what`.
    fn part(&mut self, what: &str, done: usize, total: usize) {
        let _ = (what, done, total);
    }
}

/// An observer that ignores everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {
    fn step(&mut self, _report: &StepReport<'_>) {}
}

/// `metrics.jsonl` of a stage, and the same as a TensorBoard event file in its folder.
#[derive(Debug)]
pub struct MetricsFile {
    path: PathBuf,
    file: File,
    events: EventFile,
}

#[derive(Serialize)]
struct Line<'a> {
    step: u64,
    #[serde(flatten)]
    numbers: BTreeMap<&'a str, f64>,
}

/// A line as it is read again: a value that was not finite is none.
#[derive(Deserialize)]
struct ReadLine {
    step: u64,
    #[serde(flatten)]
    numbers: BTreeMap<String, Option<f64>>,
}

impl MetricsFile {
    /// Opens the file and truncates it to its first `steps` lines. The steps after the checkpoint that a run is
    /// resumed from are made again.
    ///
    /// # Errors
    /// If a file cannot be read or written, or holds fewer than `steps` lines, or an unreadable line.
    pub fn resume(path: &Path, steps: u64) -> Result<Self, TrainError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = options.open(path).map_err(TrainError::io("open", path))?;
        let kept = prefix_length(&file, steps).map_err(TrainError::io("read", path))?;
        let Some(kept) = kept else {
            return Err(TrainError::BadCheckpoint {
                path: path.to_owned(),
                reason: format!("expected at least {steps} lines, one for each step"),
            });
        };
        file.set_len(kept)
            .map_err(TrainError::io("truncate", path))?;
        let lines = read_lines(&mut file, path)?;
        let events = EventFile::create(
            &path.with_file_name(event_file::NAME),
            lines.iter().map(|line| (line.step, &line.numbers)),
        )?;
        Ok(Self {
            path: path.to_owned(),
            file,
            events,
        })
    }

    /// Appends the metrics of a step. Values that are not finite are written as `null`.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn write(&mut self, step: u64, numbers: &[Metric]) -> Result<(), TrainError> {
        let line = Line {
            step,
            numbers: numbers
                .iter()
                .map(|(name, value)| (name.as_ref(), *value))
                .collect(),
        };
        let mut text = serde_json::to_string(&line)
            .map_err(std::io::Error::from)
            .map_err(TrainError::io("write", &self.path))?;
        text.push('\n');
        self.file
            .write_all(text.as_bytes())
            .map_err(TrainError::io("write", &self.path))?;
        self.events.write(step, &line.numbers)
    }

    /// Makes the lines durable.
    ///
    /// # Errors
    /// If the system cannot write them.
    pub fn sync(&self) -> Result<(), TrainError> {
        let synced = self.file.sync_data();
        synced.map_err(TrainError::io("sync", &self.path))?;
        self.events.sync()
    }
}

/// All lines of the file, which is then at its end.
fn read_lines(file: &mut File, path: &Path) -> Result<Vec<ReadLine>, TrainError> {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.read_to_string(&mut text));
    read.map_err(TrainError::io("read", path))?;
    let lines = text.lines().zip(1..).map(|(line, number)| {
        serde_json::from_str(line).map_err(|error| TrainError::BadCheckpoint {
            path: path.to_owned(),
            reason: format!("line {number}: expected the metrics of a step, found {error}"),
        })
    });
    lines.collect()
}

/// The length in bytes of the first `lines` lines; `None` if the file has fewer complete lines.
fn prefix_length(file: &File, lines: u64) -> std::io::Result<Option<u64>> {
    let mut reader = BufReader::new(file);
    let (mut bytes, mut line) = (0, Vec::new());
    for _ in 0..lines {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(None);
        }
        bytes += read as u64;
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resuming_drops_the_lines_after_the_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.jsonl");
        let mut metrics = MetricsFile::resume(&path, 0).unwrap();
        for step in 0..3 {
            metrics.write(step, &[("loss".into(), 0.5)]).unwrap();
        }
        let mut resumed = MetricsFile::resume(&path, 1).unwrap();
        resumed
            .write(1, &[("loss".into(), 0.25), ("lost".into(), f64::NAN)])
            .unwrap();
        drop(MetricsFile::resume(&path, 2).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "{\"step\":0,\"loss\":0.5}\n{\"step\":1,\"loss\":0.25,\"lost\":null}\n"
        );
        // The events are those of a run that was never interrupted.
        let whole = tempfile::tempdir().unwrap();
        let mut metrics = MetricsFile::resume(&whole.path().join("metrics.jsonl"), 0).unwrap();
        metrics.write(0, &[("loss".into(), 0.5)]).unwrap();
        metrics.write(1, &[("loss".into(), 0.25)]).unwrap();
        let events = |folder: &tempfile::TempDir| {
            std::fs::read(folder.path().join(event_file::NAME)).unwrap()
        };
        assert_eq!(events(&folder), events(&whole));
        assert!(matches!(
            MetricsFile::resume(&path, 9),
            Err(TrainError::BadCheckpoint { .. })
        ));
    }
}
