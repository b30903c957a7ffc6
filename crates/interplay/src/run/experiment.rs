//! A run: a plan with its folder, from the first stage to the report.

use std::fs;
use std::path::{Path, PathBuf};

use interplay_model::TrainBackend;
use interplay_tasks::ContextLibrary;
use interplay_train::parallel::Replicas;

use super::clock::Clock;
use super::costs::write_costs;
use super::manifest::write_manifest;
use super::model_card::write_model_cards;
use super::runner::Runner;
use super::tokenizer::tokenizer;
use crate::account::write_ledger;
use crate::device::{self, BackendTask, dispatch};
use crate::error::InterplayError;
use crate::page::page;
use crate::plan::Plan;
use crate::planned_stage::Stage;
use crate::progress::Progress;
use crate::results::{Results, StageResult};
use crate::results_text::results_table;
use crate::run_file::write_whole;

/// A plan with its run folder.
#[derive(Debug)]
pub struct Run {
    plan: Plan,
    folder: PathBuf,
    library: ContextLibrary,
    /// Held for as long as the run; the system releases it when the process ends, however it ends.
    _lock: fs::File,
}

/// Locks the folder for this process.
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
    /// Claims the folder for the plan. A folder that holds the same plan is resumed.
    ///
    /// # Errors
    /// If a device is missing, or the folder holds something else or cannot be written. Nothing is
    /// changed then.
    pub fn new(
        plan: Plan,
        folder: impl Into<PathBuf>,
        library: ContextLibrary,
    ) -> Result<Self, InterplayError> {
        let folder = folder.into();
        // A folder that is claimed for a device that is missing, or that lacks the precision of a
        // stage, could not be used with another device.
        device::check(&plan.device)?;
        dispatch(&plan.device, PrecisionCheck(&plan.stages))??;
        plan.claim(&folder)?;
        let lock = lock(&folder)?;
        Ok(Self {
            plan,
            folder,
            library,
            _lock: lock,
        })
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The run folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs every stage that is not finished, evaluates, and writes the results and the report.
    ///
    /// # Errors
    /// Whatever stops a stage. Finished work is kept, and the next call resumes there.
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

/// Checks that a device can compute in the precision of every stage.
struct PrecisionCheck<'a>(&'a [Stage]);

impl BackendTask for PrecisionCheck<'_> {
    type Output = Result<(), InterplayError>;

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        for stage in self.0 {
            let precision = stage.settings.needs().precision;
            precision.check::<A>(&replicas.leader)?;
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

    fn run<A: TrainBackend>(self, replicas: &Replicas<A::Device>) -> Self::Output {
        let (plan, folder) = (&self.run.plan, self.run.folder.as_path());
        let (library, progress) = (&self.run.library, self.progress);
        let supply = plan.supply(library);
        write_manifest(plan, folder)?;
        let clock = Clock::start(folder);
        let tokenizer = clock.timed("tokenizer", || tokenizer(plan, folder, &supply, progress))?;
        let config = plan.model_config(&tokenizer)?;
        let mut runner = Runner::<A> {
            plan,
            folder,
            library,
            tokenizer: &tokenizer,
            config: &config,
            streams: supply.streams,
            replicas,
            progress,
            clock: &clock,
            keys: Vec::new(),
        };
        runner.check_lengths()?;
        runner.note_shared_devices();
        let mut results = Results::new(plan, &config);
        for stage in &plan.stages {
            let result = runner.stage(stage, &results.stages)?;
            results.stages.push(result);
        }
        let seen = clock.timed("exposure", || runner.exposure(&results.stages))?;
        seen.split(&mut results.stages);
        results.write(folder, &results_table(&results))?;
        write_ledger(&results, folder)?;
        let report = page(plan, &results, &seen.certificate, folder)?.to_html();
        write_whole(&folder.join("report.html"), report.as_bytes())?;
        write_model_cards(plan, &results, folder)?;
        write_costs(&results, folder)?;
        Ok(results)
    }
}

impl<A: TrainBackend> Runner<'_, A> {
    /// Runs or resumes a stage, and evaluates its model if it leaves one.
    fn stage(
        &mut self,
        stage: &Stage,
        earlier: &[StageResult],
    ) -> Result<StageResult, InterplayError> {
        let clock = self.clock;
        let mut result = clock.timed(&stage.name, || self.train_or_measure(stage, earlier))?;
        self.keys.push(result.key.clone());
        if stage.kind().trains() {
            let part = format!("eval {}", stage.name);
            clock.timed(&part, || self.evaluate(&stage.name, &mut result))?;
        }
        Ok(result)
    }

    /// Says what several devices share, which is less than one might think.
    fn note_shared_devices(&mut self) {
        let devices = &self.plan.device;
        if devices.count() > 1 {
            self.progress.note(&format!(
                "{} devices share the training steps; rollouts and evaluations are sampled on \
                 the first, {}",
                devices.count(),
                devices.leader()
            ));
        }
    }
}
