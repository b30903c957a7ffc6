//! One stage of a plan: its inputs, its key, its trainer.

use std::path::PathBuf;

use interplay_eval::EdgeReport;
use interplay_model::{Precision, TrainBackend};
use interplay_tasks::{Counts, Dataset, TaskSpec};
use interplay_train::grpo::{self, GrpoInput};
use interplay_train::next_token::{self, NextTokenInput, Start};
use interplay_train::{Observer, StageFolder, StageSummary};

use super::Workshop;
use super::watcher::Watcher;
use crate::device::matrix_peak;
use crate::keys::key;
use crate::results::{Results, StageResult};
use crate::spec::at_counts;
use crate::{InterplayError, StageKind, StageSpec};

impl<A: TrainBackend> Workshop<'_, A> {
    pub(super) fn train_or_measure(
        &mut self,
        stage: &StageSpec,
        results: &Results,
    ) -> Result<StageResult, InterplayError> {
        let mut result = StageResult::new(stage);
        match stage {
            StageSpec::Calibrate { name, edge, .. } => {
                let model = self.model_of(stage);
                let evaluate = &self.run.plan.experiment.evaluate;
                let sampling = (
                    &evaluate.data,
                    evaluate.temperature,
                    evaluate.max_new_tokens,
                );
                let key = self.stage_key(stage, &sampling);
                let report = self.calibrate(name, &model, edge, &key)?;
                result.key = key;
                result.edge = Some(report);
            }
            StageSpec::Pretrain { data, training, .. }
            | StageSpec::Midtrain { data, training, .. } => {
                let folder = self.folder(stage, &self.stage_key(stage, &()));
                let dataset = self.dataset(data, stage.name())?;
                let model = self.model_of(stage);
                let weights = self.streams.stream(&format!("{}/weights", stage.name()));
                let start = if stage.kind() == StageKind::Pretrain {
                    Start::Random(weights)
                } else {
                    Start::Model(&model)
                };
                let (config, tokenizer, spec) = (self.config, self.tokenizer, training);
                let input = NextTokenInput {
                    config,
                    start,
                    dataset: &dataset,
                    tokenizer,
                    spec,
                };
                let places = self.places;
                let summary = self.observed(stage.name(), stage.precision(), |observer| {
                    next_token::run_on::<A>(&folder, &input, places, observer)
                })?;
                result.take(summary);
            }
            StageSpec::Grpo {
                data,
                training,
                edge_from,
                ..
            } => {
                let (data, edge) = self.at_the_edge(data, edge_from.as_deref(), results);
                let folder = self.folder(stage, &self.stage_key(stage, &data));
                let dataset = self.dataset(&data, stage.name())?;
                let start = self.model_of(stage);
                let input = GrpoInput {
                    config: self.config,
                    start: &start,
                    dataset: &dataset,
                    tokenizer: self.tokenizer,
                    stream: self.streams.stream(&format!("{}/rollouts", stage.name())),
                    spec: training,
                };
                if let Some(ops) = edge {
                    self.progress
                        .note(&format!("{} trains at the edge: op {ops:?}", stage.name()));
                }
                let places = self.places;
                let summary = self.observed(stage.name(), stage.precision(), |observer| {
                    grpo::run_on::<A>(&folder, &input, places, observer)
                })?;
                result.take(summary);
            }
        }
        Ok(result)
    }

    /// The data of an RL stage at the ops that a calibration found; as it stands where the
    /// calibration found none.
    fn at_the_edge(
        &mut self,
        data: &TaskSpec,
        edge_from: Option<&str>,
        results: &Results,
    ) -> (TaskSpec, Option<Vec<u32>>) {
        let Some(name) = edge_from else {
            return (data.clone(), None);
        };
        let report = results.stages.iter().find(|stage| stage.name == name);
        match report.and_then(|stage| stage.edge.as_ref()) {
            Some(edge) if !edge.ops.is_empty() => match Counts::list(edge.ops.clone()) {
                Ok(ops) => (at_counts(data, &ops), Some(edge.ops.clone())),
                Err(_) => (data.clone(), None),
            },
            _ => {
                self.progress.note(&format!(
                    "calibration `{name}` found no op at the edge; the ops of the spec are used"
                ));
                (data.clone(), None)
            }
        }
    }

    fn folder(&self, stage: &StageSpec, key: &str) -> StageFolder {
        StageFolder::new(self.run.folder.join(stage.name()), stage.name(), key)
    }

    /// The key of a stage, over everything that determines its output.
    fn stage_key(&self, stage: &StageSpec, extra: &impl serde::Serialize) -> String {
        let parent = stage.from().map(|from| self.key_of(from));
        let seed = self.streams.root();
        let device = &self.run.plan.device;
        key(&(
            device,
            seed,
            self.config,
            self.tokenizer.hash(),
            parent,
            stage,
            extra,
        ))
    }

    /// The folder of the model that a stage starts from.
    fn model_of(&self, stage: &StageSpec) -> PathBuf {
        self.run
            .folder
            .join(stage.from().unwrap_or_default())
            .join("model")
    }

    fn dataset(&self, data: &TaskSpec, name: &str) -> Result<Dataset, InterplayError> {
        Ok(Dataset::new(
            data.clone(),
            &self.run.library,
            self.streams,
            name,
        )?)
    }

    fn observed(
        &mut self,
        stage: &str,
        precision: Precision,
        work: impl FnOnce(&mut dyn Observer) -> Result<StageSummary, interplay_train::TrainError>,
    ) -> Result<StageSummary, InterplayError> {
        self.progress.begin(stage, 1000);
        let alone = self.places.count() == 1;
        let peak = alone.then(|| matrix_peak::<A>(&self.places.leader, precision));
        let speeds = self.run.folder.join(stage).join("speed.jsonl");
        let mut watcher = Watcher::new(self.progress, speeds, peak);
        let summary = work(&mut watcher)?;
        watcher.finish()?;
        self.tokenizer.save(
            self.run
                .folder
                .join(stage)
                .join("model")
                .join("tokenizer.json"),
        )?;
        let ledger = &summary.ledger;
        self.progress.end(&format!(
            "{} steps, {} trained tokens, {} sampled",
            summary.steps, ledger.trained_tokens, ledger.generated_tokens
        ));
        Ok(summary)
    }

    fn calibrate(
        &mut self,
        name: &str,
        model: &std::path::Path,
        spec: &crate::CalibrateSpec,
        key: &str,
    ) -> Result<EdgeReport, InterplayError> {
        let path = self.run.folder.join(name).join("edge.json");
        if let Some(found) = super::read_json::<Keyed<EdgeReport>>(&path)? {
            return found.expect(&path, key);
        }
        let report = self.measure_edge(name, model, spec)?;
        self.progress.note(&format!("{name}: {}", report.reason));
        super::write_json(
            &path,
            &Keyed {
                key: key.to_owned(),
                value: report.clone(),
            },
        )?;
        Ok(report)
    }
}

/// A file's content with the key of what made it.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Keyed<T> {
    pub key: String,
    pub value: T,
}

impl<T> Keyed<T> {
    /// The content, where the key is the expected one.
    pub fn expect(self, path: &std::path::Path, key: &str) -> Result<T, InterplayError> {
        if self.key == key {
            return Ok(self.value);
        }
        let reason = format!(
            "it was made with key {}, expected {key}; remove the file to make it anew",
            self.key
        );
        Err(InterplayError::BadFile {
            path: path.to_owned(),
            reason,
        })
    }
}
