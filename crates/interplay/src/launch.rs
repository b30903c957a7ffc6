//! Running an experiment as a command line asks for it, from its file to its report.
//!
//! `interplay run` and `examples/staged_pipeline.rs` share this module; both flatten [`Launch`] into
//! their flags and print the [`Finished`] run.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use interplay_tasks::ContextLibrary;

use crate::devices::Devices;
use crate::error::InterplayError;
use crate::memory::peak_memory_mib;
use crate::overrides::Override;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::results::Results;
use crate::results_text::results_table;
use crate::run::Run;
use crate::spec::ExperimentSpec;

/// The experiment to run, its devices and its folder.
#[derive(Debug, Clone, clap::Args)]
pub struct Launch {
    /// Experiment file (TOML).
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    pub config: Option<PathBuf>,
    /// Built-in experiment: staged, quick, paper or paper-576.
    #[arg(long, value_name = "NAME", default_value = "staged")]
    pub preset: String,
    /// Devices to run on, instead of the experiment's own: flex, ndarray, cuda or cuda:INDEX.
    /// Several are separated by commas: the first leads, the others (also workers, as
    /// tcp://HOST:PORT) share its training steps.
    #[arg(long, value_name = "DEVICES")]
    pub device: Option<Devices>,
    /// Random seed, instead of the experiment's own.
    #[arg(long)]
    pub seed: Option<u64>,
    /// A key of the experiment with another value, such as budget.beta=0.2 or
    /// stage.grpo.training.steps=40. May be repeated.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
    /// Run folder [default: runs/NAME]. A folder that holds the same experiment is resumed.
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A finished run. Its `Display` is the table of results, with the time and memory that the run took.
#[non_exhaustive]
#[derive(Debug)]
pub struct Finished {
    /// The results.
    pub results: Results,
    /// The run folder.
    pub folder: PathBuf,
    /// Wall-clock time of this call.
    pub elapsed: Duration,
    /// Peak memory of the process in MiB, if the system tells.
    pub peak_memory_mib: Option<u64>,
}

impl Launch {
    /// Runs every stage that is not finished.
    ///
    /// # Errors
    /// An experiment that cannot be read or cannot run, a folder that holds something else, and
    /// whatever stops a stage.
    pub fn run(&self, progress: &mut dyn Progress) -> Result<Finished, InterplayError> {
        let began = Instant::now();
        let plan = self.plan()?;
        let folder = match &self.out {
            Some(folder) => folder.clone(),
            None => PathBuf::from("runs").join(&plan.name),
        };
        let run = Run::new(plan, folder, ContextLibrary::embedded())?;
        let results = run.execute(progress)?;
        Ok(Finished {
            results,
            folder: run.folder().to_owned(),
            elapsed: began.elapsed(),
            peak_memory_mib: peak_memory_mib(),
        })
    }

    /// The plan of the experiment. Nothing is written.
    ///
    /// # Errors
    /// An experiment that cannot be read or cannot run.
    pub fn plan(&self) -> Result<Plan, InterplayError> {
        let mut spec = match &self.config {
            Some(path) => ExperimentSpec::load_with(path, &self.set)?,
            None => ExperimentSpec::preset_with(&self.preset, &self.set)?,
        };
        spec.seed = self.seed.unwrap_or(spec.seed);
        let plan = Plan::resolve(spec, self.device.clone(), &ContextLibrary::embedded());
        plan.map_err(|error| self.in_file(error))
    }

    /// The error with the file that it is about: its message names keys alone.
    fn in_file(&self, error: InterplayError) -> InterplayError {
        match &self.config {
            Some(path) => InterplayError::InFile {
                path: path.clone(),
                source: Box::new(error),
            },
            None => error,
        }
    }
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = &self.results;
        let minutes = self.elapsed.as_secs_f64() / 60.0;
        writeln!(f, "{}", results_table(results))?;
        let (parameters, device) = (results.model_parameters, &results.device);
        writeln!(f, "{parameters} parameters on {device}")?;
        match self.peak_memory_mib {
            Some(mib) => writeln!(f, "{minutes:.1} minutes, peak memory {mib} MiB")?,
            None => writeln!(f, "{minutes:.1} minutes, peak memory unknown")?,
        }
        write!(f, "report: {}", self.folder.join("report.html").display())
    }
}
