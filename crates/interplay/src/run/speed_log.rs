//! The cost of a stage's steps: shown as progress, and written to the stage's `speed.jsonl`, one line
//! a step. Unlike `metrics.jsonl` it depends on the clock, so no two runs write the same, and steps
//! that are repeated after a kill have two lines. The seconds of a step include what precedes it:
//! loading for the first step, a checkpoint for the step after it.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use interplay_train::{Observer, StepReport};
use serde::Serialize;

use crate::error::InterplayError;
use crate::memory::memory_mib;
use crate::progress::Progress;

/// One line of `speed.jsonl`.
#[derive(Serialize)]
struct Speed {
    step: u64,
    seconds: f64,
    tokens_per_s: f64,
    /// Rate of the matrix products; absent if the step samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    flops_per_s: Option<f64>,
    /// The same as a share of the device's peak, which is measured before the stage.
    #[serde(skip_serializing_if = "Option::is_none")]
    share_of_peak: Option<f64>,
    /// Seconds that the step waited for its batch.
    data_wait_s: f64,
    memory_mib: Option<u64>,
}

/// Turns the reports of a trainer into progress and a log of speeds.
pub(super) struct SpeedLog<'a> {
    progress: &'a mut dyn Progress,
    path: PathBuf,
    /// Opened at the first step, after the stage has created its folder.
    file: Option<File>,
    failure: Option<std::io::Error>,
    /// The device's peak in FLOP/s; `None` if several devices share the steps.
    peak: Option<f64>,
    began: Instant,
    step_began: Instant,
    wait_began: Option<Instant>,
    waited: Duration,
    tokens: u64,
    share: f64,
    detail: String,
}

impl<'a> SpeedLog<'a> {
    pub(super) fn new(progress: &'a mut dyn Progress, path: PathBuf, peak: Option<f64>) -> Self {
        let now = Instant::now();
        Self {
            progress,
            path,
            file: None,
            failure: None,
            peak,
            began: now,
            step_began: now,
            wait_began: None,
            waited: Duration::ZERO,
            tokens: 0,
            share: 0.0,
            detail: String::new(),
        }
    }

    /// Says whether everything was written.
    pub(super) fn finish(self) -> Result<(), InterplayError> {
        match self.failure {
            None => Ok(()),
            Some(error) => Err(InterplayError::io("write", &self.path)(error)),
        }
    }

    fn write(&mut self, report: &StepReport<'_>) -> std::io::Result<()> {
        let seconds = self.step_began.elapsed().as_secs_f64().max(1e-9);
        let flops_per_s = report.flops.map(|flops| flops / seconds);
        let line = Speed {
            step: report.step,
            seconds,
            tokens_per_s: report.tokens as f64 / seconds,
            flops_per_s,
            share_of_peak: flops_per_s.zip(self.peak).map(|(flops, peak)| flops / peak),
            data_wait_s: self.waited.as_secs_f64(),
            memory_mib: memory_mib(),
        };
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let file = OpenOptions::new()
                    .append(true)
                    .create(true)
                    .open(&self.path)?;
                none.insert(file)
            }
        };
        // One write for the whole line, so that a kill leaves no half of it.
        let mut line = serde_json::to_vec(&line)?;
        line.push(b'\n');
        file.write_all(&line)
    }
}

impl Observer for SpeedLog<'_> {
    fn step(&mut self, report: &StepReport<'_>) {
        if self.failure.is_none() {
            self.failure = self.write(report).err();
        }
        self.step_began = Instant::now();
        self.waited = Duration::ZERO;
        self.tokens += report.tokens;
        self.share = report.progress;
        let speed = self.tokens as f64 / self.began.elapsed().as_secs_f64().max(1e-9);
        let number = |name: &str| {
            let found = report.numbers.iter().find(|(key, _)| key == name);
            // What the step has not is not finite.
            let found = found.filter(|(_, value)| value.is_finite());
            found.map(|(_, value)| format!("{name} {value:.3}  "))
        };
        let shown = [
            "loss_nats",
            "reward",
            "verified",
            "answer_correct",
            "entropy",
        ];
        let numbers: String = shown.iter().filter_map(|name| number(name)).collect();
        self.detail = format!("step {}  {numbers}{speed:.0} tokens/s", report.step + 1);
        self.progress
            .advance((1000.0 * self.share) as u64, &self.detail);
    }

    fn notice(&mut self, line: &str) {
        self.progress.note(line);
    }

    fn data_wait(&mut self, waits: bool) {
        match (waits, self.wait_began.take()) {
            (true, _) => self.wait_began = Some(Instant::now()),
            (false, began) => self.waited += began.map_or(Duration::ZERO, |began| began.elapsed()),
        }
    }

    fn part(&mut self, what: &str, done: usize, total: usize) {
        let detail = format!("{}  {what} {done}/{total}", self.detail);
        self.progress.advance((1000.0 * self.share) as u64, &detail);
    }
}
