//! Carrying out a plan in its run folder.
//!
//! `runs/<name>/`: `plan.toml`, `manifest.json`, `tokenizer/`, one folder a stage, `eval/`,
//! `results.json`, `ledger.json`, `timings.jsonl`, `report.html`. Everything but the manifest, the
//! timings and the speeds follows from the plan alone. Each part is written whole or not at all (the
//! logs, `metrics.jsonl`, `speed.jsonl` and `timings.jsonl`, grow line by line), and a part that is
//! there with the right key is not made again. A lock keeps a second process out.

mod data;
pub(crate) mod evaluate;
mod lengths;
mod stages;
mod watcher;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use interplay_graph::SeedStreams;
use interplay_model::{ModelConfig, TrainBackend};
use interplay_tasks::ContextLibrary;
use interplay_tokenizer::Tokenizer;
use interplay_train::parallel::Replicas;
use serde::Serialize;

use crate::device::{self, BackendTask, dispatch};
use crate::progress::Progress;
use crate::results::{Results, StageResult};
use crate::{InterplayError, Plan, StageSpec, page};

/// A plan with its folder.
#[derive(Debug)]
pub struct Run {
    plan: Plan,
    folder: PathBuf,
    library: ContextLibrary,
    /// Held as long as the run; the system lets go of it when the process ends, however it ends.
    _lock: fs::File,
}

/// Takes the folder for this process.
fn lock(folder: &Path) -> Result<fs::File, InterplayError> {
    let path = folder.join("lock");
    let file = fs::File::create(&path).map_err(InterplayError::io("create", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(InterplayError::InUse {
            folder: folder.to_owned(),
        }),
        Err(fs::TryLockError::Error(error)) => Err(InterplayError::io("lock", &path)(error)),
    }
}

impl Run {
    /// Claims the folder for the plan; a folder that holds the same plan is gone on with.
    ///
    /// # Errors
    /// Where the device is missing, or the folder holds something else or cannot be written.
    /// Nothing is changed then.
    pub fn new(
        plan: Plan,
        folder: impl Into<PathBuf>,
        library: ContextLibrary,
    ) -> Result<Self, InterplayError> {
        let folder = folder.into();
        // A folder claimed for a device that is missing, or that cannot compute what the stages ask for, could
        // not be used with another one.
        device::check(&plan.device)?;
        dispatch(&plan.device, PrecisionCheck(&plan.experiment.stages))??;
        plan.claim(&folder)?;
        let lock = lock(&folder)?;
        Ok(Self {
            plan,
            folder,
            library,
            _lock: lock,
        })
    }

    /// The run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs every stage that is not finished, evaluates, and writes the results and the report.
    ///
    /// # Errors
    /// Whatever stops a stage; what was finished before stays, and running again goes on there.
    pub fn execute(&self, progress: &mut dyn Progress) -> Result<Results, InterplayError> {
        dispatch(
            &self.plan.device,
            Execution {
                run: self,
                progress,
            },
        )?
    }
}

/// Whether a device computes in what every stage asks for.
struct PrecisionCheck<'a>(&'a [StageSpec]);

impl BackendTask for PrecisionCheck<'_> {
    type Output = Result<(), InterplayError>;

    fn run<A: TrainBackend>(self, places: &Replicas<A::Device>) -> Self::Output {
        for stage in self.0 {
            stage.precision().check::<A>(&places.leader)?;
        }
        Ok(())
    }
}

struct Execution<'a> {
    run: &'a Run,
    progress: &'a mut dyn Progress,
}

impl BackendTask for Execution<'_> {
    type Output = Result<Results, InterplayError>;

    fn run<A: TrainBackend>(self, places: &Replicas<A::Device>) -> Self::Output {
        let (run, progress) = (self.run, self.progress);
        let experiment = &run.plan.experiment;
        write_manifest(run)?;
        let tokenizer = timed(run, "tokenizer", || data::tokenizer(run, progress))?;
        let config = experiment.model.config(&tokenizer);
        let streams = SeedStreams::new(experiment.seed);
        let mut workshop = Workshop::<A> {
            run,
            tokenizer: &tokenizer,
            config: &config,
            streams,
            places,
            progress,
            keys: Vec::new(),
        };
        workshop.check_lengths()?;
        workshop.say_what_is_shared();
        let mut results = Results::new(&run.plan, config.parameters());
        for stage in &experiment.stages {
            let result = workshop.stage(stage, &results)?;
            results.stages.push(result);
        }
        results.write(&run.folder)?;
        let report = page::page(&run.plan, &results, &run.folder)?;
        write_whole(&run.folder.join("report.html"), report.to_html().as_bytes())?;
        Ok(results)
    }
}

/// What every stage works with.
struct Workshop<'a, A: TrainBackend> {
    run: &'a Run,
    tokenizer: &'a Tokenizer,
    config: &'a ModelConfig,
    streams: SeedStreams,
    places: &'a Replicas<A::Device>,
    progress: &'a mut dyn Progress,
    /// The keys of finished stages, by name.
    keys: Vec<(String, String)>,
}

impl<A: TrainBackend> Workshop<'_, A> {
    fn stage(
        &mut self,
        stage: &StageSpec,
        results: &Results,
    ) -> Result<StageResult, InterplayError> {
        let run = self.run;
        let mut result = timed(run, stage.name(), || self.train_or_measure(stage, results))?;
        self.keys
            .push((stage.name().to_owned(), result.key.clone()));
        if stage.trains() {
            let what = format!("eval {}", stage.name());
            timed(run, &what, || self.evaluate(stage.name(), &mut result))?;
        }
        Ok(result)
    }

    /// Several devices share less than a person may think.
    fn say_what_is_shared(&mut self) {
        let devices = &self.run.plan.device;
        if devices.count() > 1 {
            self.progress.note(&format!(
                "{} devices share the training steps; rollouts and evaluations are sampled on \
                 the first, {}",
                devices.count(),
                devices.leader()
            ));
        }
    }

    fn key_of(&self, stage: &str) -> &str {
        let found = self.keys.iter().find(|(name, _)| name == stage);
        found.map_or("", |(_, key)| key.as_str())
    }
}

#[derive(Serialize)]
struct Timing<'a> {
    part: &'a str,
    seconds: f64,
    peak_memory_mib: Option<u64>,
}

/// Notes how long a part took in `timings.jsonl`.
fn timed<T>(
    run: &Run,
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
    let path = run.folder.join("timings.jsonl");
    let line = serde_json::to_string(&timing).unwrap_or_default() + "\n";
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .map_err(InterplayError::io("open", &path))?;
    file.write_all(line.as_bytes())
        .map_err(InterplayError::io("write", &path))?;
    Ok(output)
}

/// The most memory that this process has used, where the system tells (Linux).
#[must_use]
pub fn peak_memory_mib() -> Option<u64> {
    memory_mib("VmHWM:")
}

/// A line of the system's account of this process, in MiB.
fn memory_mib(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib / 1024)
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

fn write_manifest(run: &Run) -> Result<(), InterplayError> {
    let path = run.folder.join("manifest.json");
    if path.exists() {
        return Ok(());
    }
    let manifest = Manifest {
        interplay: env!("CARGO_PKG_VERSION"),
        working_directory_commit: git_commit(),
        device: run.plan.device.to_string(),
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        os: std::env::consts::OS,
        architecture: std::env::consts::ARCH,
        seed: run.plan.experiment.seed,
        plan_key: crate::keys::key(&run.plan),
    };
    write_json(&path, &manifest)
}

/// The commit of the working directory, where git knows one.
fn git_commit() -> Option<String> {
    let output = std::process::Command::new("git")
        .args(["rev-parse", "HEAD"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Writes a file beside its place and renames it.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), InterplayError> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(InterplayError::io("create", folder))?;
    }
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    fs::write(&partial, bytes).map_err(InterplayError::io("write", &partial))?;
    fs::rename(&partial, path).map_err(InterplayError::io("rename", &partial))
}

/// Writes a value as JSON, whole or not at all.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), InterplayError> {
    let mut text = serde_json::to_string_pretty(value)
        .map_err(std::io::Error::from)
        .map_err(InterplayError::io("write", path))?;
    text.push('\n');
    write_whole(path, text.as_bytes())
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
