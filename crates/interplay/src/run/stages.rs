//! How each kind of stage runs: its inputs, its key, its trainer.

use std::path::PathBuf;

use interplay_curriculum::PromptResult;
use interplay_environment::Split;
use interplay_graph::settings::Issues;
use interplay_model::TrainBackend;
use interplay_tasks::Counts;
use interplay_train::grpo::{self, GrpoInput, GrpoSpec};
use interplay_train::next_token::{self, NextTokenInput, NextTokenSpec};
use interplay_train::{Observer, StageFolder, StageSummary, TrainError};
use serde::Serialize;

use super::runner::Runner;
use super::speed_log::SpeedLog;
use crate::data::{DataSpec, Extras};
use crate::device::matrix_peak;
use crate::error::InterplayError;
use crate::keyed::{Calibrated, Keyed};
use crate::keys::key;
use crate::planned_stage::{Ops, Stage, Start};
use crate::results::StageResult;
use crate::run_file::{read_json, write_json};
use crate::stage::{CalibrateSpec, Calibration, StageSettings, Training};

impl<A: TrainBackend> Runner<'_, A> {
    /// Runs or resumes a stage, without evaluating its model.
    pub(super) fn train_or_measure(
        &mut self,
        stage: &Stage,
        earlier: &[StageResult],
    ) -> Result<StageResult, InterplayError> {
        match &stage.settings {
            StageSettings::Init => match &self.plan.init {
                Some(from) => self.init(stage, from),
                // No plan that was resolved has such a stage.
                None => Err(self.no_model_before(stage)),
            },
            StageSettings::Pretrain(settings) | StageSettings::Midtrain(settings) => {
                self.next_token(stage, settings)
            }
            StageSettings::Calibrate(settings) => self.calibrate(stage, settings),
            StageSettings::Grpo(settings) => self.grpo(stage, settings, earlier),
        }
    }

    fn next_token(
        &mut self,
        stage: &Stage,
        settings: &Training<NextTokenSpec>,
    ) -> Result<StageResult, InterplayError> {
        let folder = self.folder_of(stage, &settings.data)?;
        let problems = settings
            .data
            .open(&self.supply(), &stage.name, Split::Train)?;
        let model;
        let start = match &stage.start {
            Start::Random => {
                let weights = format!("{}/weights", stage.name);
                next_token::Start::Random(self.streams.stream(&weights))
            }
            Start::Model(from) => {
                model = self.model_of(from.name());
                next_token::Start::Model(&model)
            }
        };
        let input = NextTokenInput {
            config: self.config,
            start,
            environment: problems.environment(),
            tokenizer: self.tokenizer,
            spec: &settings.training,
        };
        let replicas = self.replicas;
        self.observed(stage, |observer| {
            next_token::run_on::<A>(&folder, &input, replicas, observer)
        })
    }

    fn grpo(
        &mut self,
        stage: &Stage,
        settings: &Training<GrpoSpec>,
        earlier: &[StageResult],
    ) -> Result<StageResult, InterplayError> {
        let (data, ops) = data_at_edge(stage, &settings.data, earlier);
        match (&stage.ops, ops) {
            (Ops::AtEdgeOf(_), Some(ops)) => self
                .progress
                .note(&format!("{} trains at the edge: op {ops:?}", stage.name)),
            (Ops::AtEdgeOf(calibration), None)
                if settings.training.curriculum.needs_calibration() =>
            {
                let name = &stage.name;
                self.progress
                    .note(&format!("{name} starts from calibration `{calibration}`"));
            }
            (Ops::AtEdgeOf(calibration), None) => self.progress.note(&format!(
                "calibration `{calibration}` found no op at the edge; the ops of the spec are used"
            )),
            (Ops::OfData, _) => {}
        }
        let calibration = self.calibration_of(stage, earlier)?;
        let folder = match &calibration {
            None => self.folder_of(stage, &data)?,
            Some((key, _)) => {
                let content = data.content(&self.supply(), Split::Train)?;
                self.folder_by(stage, &(&data, content, key))?
            }
        };
        let extras = Extras::of(&settings.training);
        let problems = data.open_with(&self.supply(), &stage.name, Split::Train, extras)?;
        let start = self.model_of_start(stage)?;
        let input = GrpoInput {
            config: self.config,
            start: &start,
            environment: problems.environment(),
            tokenizer: self.tokenizer,
            stream: self.streams.stream(&format!("{}/rollouts", stage.name)),
            spec: &settings.training,
            calibration: calibration.as_ref().map_or(&[], |(_, results)| results),
        };
        let replicas = self.replicas;
        self.observed(stage, |observer| {
            grpo::run_on::<A>(&folder, &input, replicas, observer)
        })
    }

    fn calibrate(
        &mut self,
        stage: &Stage,
        settings: &Calibration,
    ) -> Result<StageResult, InterplayError> {
        let evaluate = &self.plan.evaluate;
        let sampling = (
            &evaluate.data,
            evaluate.data.content(&self.supply(), Split::Test)?,
            self.calibrated_at(stage, &settings.edge),
            evaluate.max_new_tokens,
        );
        let key = self.stage_key(stage, &sampling)?;
        let path = self.stage_folder(&stage.name).join("edge.json");
        let found = read_json::<Keyed<Calibrated>>(&path)?
            .map(|found| found.expect(&path, &key))
            .transpose()?;
        // Files of older runs may lack what is wanted.
        let wanted = self.feeds_curriculum(stage);
        let whole =
            |found: &Calibrated| found.sampled.is_some() && !(wanted && found.measured.is_empty());
        let calibrated = match found.filter(whole) {
            Some(found) => found,
            None => {
                let model = self.model_of_start(stage)?;
                let temperature = self.calibrated_at(stage, &settings.edge);
                let (value, journal) =
                    self.measure_edge(&stage.name, &key, &model, &settings.edge, temperature)?;
                self.progress
                    .note(&format!("{}: {}", stage.name, value.report.reason));
                let keyed = Keyed {
                    key: key.clone(),
                    value,
                };
                write_json(&path, &keyed)?;
                journal.remove()?;
                keyed.value
            }
        };
        let mut result = StageResult::new(stage);
        result.key = key;
        result.edge = Some(calibrated.report);
        result
            .ledger
            .count_calibration(calibrated.sampled.unwrap_or_default());
        Ok(result)
    }
}

impl<A: TrainBackend> Runner<'_, A> {
    /// The folder of the model that a stage starts from.
    fn model_of_start(&self, stage: &Stage) -> Result<PathBuf, InterplayError> {
        match &stage.start {
            Start::Model(from) => Ok(self.model_of(from.name())),
            // No plan that was resolved has such a stage.
            Start::Random => Err(self.no_model_before(stage)),
        }
    }

    fn no_model_before(&self, stage: &Stage) -> InterplayError {
        let mut issues = Issues::default();
        let key = format!("stage.{}.from", stage.name);
        issues.push(key, "nothing", "a stage before it that trains a model");
        let name = self.plan.name.clone();
        InterplayError::InvalidSpec { name, issues }
    }

    /// The temperature of a calibration: its own, or that of the rollouts of the first stage that
    /// trains at its edge, so that the edge is that of the policy which explores there.
    fn calibrated_at(&self, calibration: &Stage, spec: &CalibrateSpec) -> f64 {
        let follows = |stage: &Stage| match &stage.ops {
            Ops::AtEdgeOf(edge) => edge.name() == calibration.name,
            Ops::OfData => false,
        };
        let rollouts = |stage: &Stage| match &stage.settings {
            StageSettings::Grpo(grpo) if follows(stage) => Some(grpo.training.temperature),
            _ => None,
        };
        let followed = || self.plan.stages.iter().find_map(rollouts);
        spec.temperature.or_else(followed).unwrap_or(1.0)
    }

    /// Whether the curriculum of a later stage starts from the results of this calibration.
    fn feeds_curriculum(&self, calibration: &Stage) -> bool {
        let mut stages = self.plan.stages.iter();
        stages.any(|stage| match &stage.ops {
            Ops::AtEdgeOf(edge) => {
                edge.name() == calibration.name && stage.settings.starts_from_calibration()
            }
            Ops::OfData => false,
        })
    }

    /// The key and the results of the calibration that the curriculum of a stage starts from, if it
    /// starts from one.
    fn calibration_of(
        &self,
        stage: &Stage,
        earlier: &[StageResult],
    ) -> Result<Option<(String, Vec<PromptResult>)>, InterplayError> {
        let Ops::AtEdgeOf(calibration) = &stage.ops else {
            return Ok(None);
        };
        if !stage.settings.starts_from_calibration() {
            return Ok(None);
        }
        let path = self.stage_folder(calibration.name()).join("edge.json");
        let found = read_json::<Keyed<Calibrated>>(&path)?;
        let result = earlier.get(calibration.index());
        let (Some(found), Some(result)) = (found, result) else {
            let reason = format!("it is missing, and stage `{}` starts from it", stage.name);
            return Err(InterplayError::BadFile { path, reason });
        };
        let measured = found.expect(&path, &result.key)?.measured.into_iter();
        let results = measured.map(|of| PromptResult {
            cell: u64::from(of.op),
            successes: of.successes,
            tries: of.tries,
        });
        Ok(Some((result.key.clone(), results.collect())))
    }

    /// The folder of a stage that trains on `data`.
    fn folder_of(&self, stage: &Stage, data: &DataSpec) -> Result<StageFolder, InterplayError> {
        let content = data.content(&self.supply(), Split::Train)?;
        self.folder_by(stage, &(data, content))
    }

    /// The folder of a stage whose key is over this, too.
    fn folder_by(
        &self,
        stage: &Stage,
        extra: &impl Serialize,
    ) -> Result<StageFolder, InterplayError> {
        let key = self.stage_key(stage, extra)?;
        let folder = self.stage_folder(&stage.name);
        Ok(StageFolder::new(folder, &stage.name, &key))
    }

    /// The key of a stage, over everything that determines its output.
    pub(super) fn stage_key(
        &self,
        stage: &Stage,
        extra: &impl Serialize,
    ) -> Result<String, InterplayError> {
        key(
            "a stage",
            &(
                &self.plan.device,
                self.streams.root(),
                self.config,
                self.tokenizer.hash(),
                self.key_of_start(&stage.start),
                stage,
                extra,
            ),
        )
    }

    /// Trains a stage while its progress is shown and its speed noted.
    fn observed(
        &mut self,
        stage: &Stage,
        train: impl FnOnce(&mut dyn Observer) -> Result<StageSummary, TrainError>,
    ) -> Result<StageResult, InterplayError> {
        self.progress.begin(&stage.name, 1000);
        let alone = self.replicas.count() == 1;
        let precision = stage.settings.needs().precision;
        let peak = alone.then(|| matrix_peak::<A>(&self.replicas.leader, precision));
        let speeds = self.stage_folder(&stage.name).join("speed.jsonl");
        let mut log = SpeedLog::new(self.progress, speeds, peak);
        let summary = train(&mut log)?;
        log.finish()?;
        let context = self.plan.model.context_tokens;
        self.tokenizer
            .save_pretrained(self.model_of(&stage.name), context)?;
        let ledger = &summary.ledger;
        self.progress.end(&format!(
            "{} steps, {} trained tokens, {} sampled",
            summary.steps, ledger.trained_tokens, ledger.generated_tokens
        ));
        if summary.overlong_examples > 0 {
            self.progress.note(&format!(
                "{}: {} of {} examples were left out because they do not fit in a row",
                stage.name, summary.overlong_examples, summary.samples
            ));
        }
        let mut result = StageResult::new(stage);
        result.take(summary);
        Ok(result)
    }
}

/// The data of a stage with the ops that its calibration found in the components that follow it, and
/// these ops; as they are where it found none, where no calibration chooses, and where the curriculum does.
pub(super) fn data_at_edge(
    stage: &Stage,
    data: &DataSpec,
    earlier: &[StageResult],
) -> (DataSpec, Option<Vec<u32>>) {
    let Ops::AtEdgeOf(calibration) = &stage.ops else {
        return (data.clone(), None);
    };
    if stage.settings.starts_from_calibration() {
        return (data.clone(), None);
    }
    let report = earlier.get(calibration.index());
    let found = report.and_then(|result| result.edge.as_ref());
    let found =
        found.and_then(|edge| Some((edge.ops.clone(), Counts::list(edge.ops.clone()).ok()?)));
    match found {
        Some((ops, counts)) => (data.at_edge(&counts), Some(ops)),
        None => (data.clone(), None),
    }
}
