//! What all kinds of stages share: starting or resuming, updates, metrics, checkpoints, the summary.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use interplay_graph::settings::Issues;
use interplay_model::{
    Decoder, ModelConfig, Pretrained, TrainBackend, parameter_names, save_pretrained,
};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{self, Progress, State, is_zero};
use crate::metrics::{Metric, MetricsFile, Observer, StepReport};
use crate::optimizer::{AdamW, OptimizerSpec, trainable};
use crate::{TrainError, ledger::Ledger};

/// The file that a finished stage has.
const SUMMARY: &str = "stage.json";

/// The folder of one stage inside a run.
#[derive(Debug, Clone)]
pub struct StageFolder {
    path: PathBuf,
    stage: String,
    key: String,
}

/// The summary of a finished stage (`stage.json`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSummary {
    /// The stage's name.
    pub stage: String,
    /// Hash of everything that determines the stage's output.
    pub key: String,
    /// The number of steps.
    pub steps: u64,
    /// The number of the environment's examples that were gone through.
    pub samples: u64,
    /// The number of these that were left out because they do not fit in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlong_examples: u64,
    /// The compute used.
    pub ledger: Ledger,
}

impl StageFolder {
    /// The folder `path` of the stage `stage`. `key` is a hash of everything that determines its output.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, stage: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            stage: stage.into(),
            key: key.into(),
        }
    }

    /// The path of the folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stage's name.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// The Hugging Face folder of the trained model, which is there once the stage is finished.
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.path.join("model")
    }

    /// The path of `metrics.jsonl`.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// An error if the settings of the stage have problems.
    pub(crate) fn refuse(&self, issues: Issues) -> Result<(), TrainError> {
        if issues.is_empty() {
            return Ok(());
        }
        Err(TrainError::InvalidSpec {
            stage: self.stage.clone(),
            issues,
        })
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The summary of the stage; `None` if it is not finished.
    ///
    /// # Errors
    /// [`TrainError::BadCheckpoint`] if `stage.json` is damaged or the model is missing,
    /// [`TrainError::OtherStage`] if it belongs to another stage, [`TrainError::OtherVersion`] if another version
    /// of this crate wrote it.
    pub fn summary(&self) -> Result<Option<StageSummary>, TrainError> {
        let path = self.path.join(SUMMARY);
        if !path.exists() {
            return Ok(None);
        }
        let summary: StageSummary = checkpoint::read_json(&path)?;
        if summary.key != self.key {
            return Err(TrainError::OtherStage {
                path,
                found: summary.key,
                expected: self.key.clone(),
            });
        }
        if !self.model().join("config.json").exists() {
            return Err(TrainError::BadCheckpoint {
                path: self.model(),
                reason: format!(
                    "{SUMMARY} says that the stage is finished, but its model is missing"
                ),
            });
        }
        Ok(Some(summary))
    }

    /// The summary, if the stage needs no more work. A damaged `stage.json` is renamed, and the end of the stage is
    /// computed again.
    pub(crate) fn finished(
        &self,
        observer: &mut dyn Observer,
    ) -> Result<Option<StageSummary>, TrainError> {
        let path = self.path.join(SUMMARY);
        let summary = match self.summary() {
            Err(TrainError::BadCheckpoint { path: bad, reason }) if bad == path => {
                let aside = self.path.join("stage.json.damaged");
                checkpoint::set_aside(&path, &aside)?;
                observer.notice(&format!(
                    "{} is damaged ({reason}) and was renamed to {}; the stage resumes from its last \
                     checkpoint, or from its beginning if none is left",
                    path.display(),
                    aside.display()
                ));
                None
            }
            summary => summary?,
        };
        if summary.is_some() {
            // A run that was killed while it finished may have left these.
            remove_checkpoints(&self.checkpoints())?;
        }
        Ok(summary)
    }
}

/// A missing folder is fine.
fn remove_checkpoints(path: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(TrainError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// The amount of work in a step.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub tokens: u64,
    pub flops: Option<f64>,
}

/// A running stage: the decoder, its optimizer and its progress.
pub(crate) struct Session<'a, A: TrainBackend> {
    pub folder: &'a StageFolder,
    pub config: &'a ModelConfig,
    pub progress: Progress,
    /// The reference, where it follows the policy and has to be part of checkpoints.
    pub reference: Option<Decoder<A::InnerBackend>>,
    decoder: Option<Decoder<A>>,
    optimizer: AdamW<A::InnerBackend>,
    metrics: MetricsFile,
    checkpoint_every: u64,
}

impl<'a, A: TrainBackend> Session<'a, A> {
    /// Resumes from the newest checkpoint that is not damaged, or starts with `initial`.
    pub fn open(
        folder: &'a StageFolder,
        config: &'a ModelConfig,
        spec: &OptimizerSpec,
        checkpoint_every: u64,
        initial: impl FnOnce() -> Result<Loaded<A>, TrainError>,
        device: &A::Device,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        let checkpoints = folder.checkpoints();
        fs::create_dir_all(&checkpoints).map_err(TrainError::io("create", &checkpoints))?;
        let key = folder.key.as_str();
        let found = checkpoint::resume(&checkpoints, config, spec, key, device, &mut |line| {
            observer.notice(line);
        })?;
        let State {
            decoder,
            optimizer,
            progress,
            reference,
        } = match found {
            Some(state) => state,
            None => State {
                decoder: {
                    let (decoder, notes) = initial()?;
                    notes.iter().for_each(|note| observer.notice(note));
                    decoder
                },
                optimizer: AdamW::new(spec.clone(), parameter_names(config).len()),
                progress: Progress {
                    key: key.to_owned(),
                    ..Progress::default()
                },
                reference: None,
            },
        };
        let metrics = MetricsFile::resume(&folder.metrics(), progress.step)?;
        let decoder = Some(trainable::<A>(decoder));
        Ok(Self {
            folder,
            config,
            progress,
            reference,
            decoder,
            optimizer,
            metrics,
            checkpoint_every,
        })
    }

    pub fn decoder(&self) -> &Decoder<A> {
        self.decoder
            .as_ref()
            .expect("the decoder is only taken inside `update`")
    }

    /// Makes one optimizer update. Returns the gradient norm before clipping.
    pub fn update(&mut self, gradients: GradientsParams, lr: f64) -> Result<f64, TrainError> {
        let norm = AdamW::<A::InnerBackend>::grad_norm(self.decoder(), &gradients);
        self.expect_finite("the gradient norm", norm)?;
        if let Some(decoder) = self.decoder.take() {
            self.decoder = Some(self.optimizer.update(decoder, gradients, norm, lr));
        }
        self.progress.updates += 1;
        Ok(norm)
    }

    /// An error if a number is not finite; the step is discarded.
    pub fn expect_finite(&self, quantity: &'static str, value: f64) -> Result<(), TrainError> {
        if value.is_finite() {
            return Ok(());
        }
        let checkpoint = checkpoint::last_good(&self.folder.checkpoints(), self.progress.step)?;
        Err(TrainError::NotFinite {
            stage: self.folder.stage.clone(),
            quantity,
            value,
            step: self.progress.step,
            checkpoint: checkpoint.map_or_else(
                || "none yet (the stage would start from its input model)".into(),
                |path| path.display().to_string(),
            ),
        })
    }

    /// Records the step, and writes a checkpoint if one is due.
    pub fn end_step(
        &mut self,
        observer: &mut dyn Observer,
        share: f64,
        work: Work,
        numbers: &[Metric],
    ) -> Result<(), TrainError> {
        let step = self.progress.step;
        self.metrics.write(step, numbers)?;
        let stage = self.folder.stage.as_str();
        observer.step(&StepReport {
            stage,
            step,
            progress: share,
            tokens: work.tokens,
            flops: work.flops,
            numbers,
        });
        self.progress.step += 1;
        if self.progress.step.is_multiple_of(self.checkpoint_every) {
            // A checkpoint of a step needs the metrics up to this step.
            self.metrics.sync()?;
            let decoder = self.decoder().valid();
            let (folder, optimizer) = (self.folder.checkpoints(), &self.optimizer);
            let reference = self.reference.as_ref();
            let progress = &self.progress;
            checkpoint::save(
                &folder,
                self.config,
                &decoder,
                optimizer,
                progress,
                reference,
            )?;
        }
        Ok(())
    }

    /// Writes the model and the summary, and removes the checkpoints.
    pub fn finish(self, start: Option<&Path>) -> Result<StageSummary, TrainError> {
        self.metrics.sync()?;
        save_pretrained(&self.folder.model(), self.config, &self.decoder().valid())?;
        if let Some(start) = start {
            keep_generation_config(start, &self.folder.model())?;
        }
        let summary = StageSummary {
            stage: self.folder.stage.clone(),
            key: self.folder.key.clone(),
            steps: self.progress.step,
            samples: self.progress.cursor,
            overlong_examples: self.progress.overlong,
            ledger: self.progress.ledger,
        };
        interplay_files::write_json(self.folder.path.join(SUMMARY), &summary)?;
        remove_checkpoints(&self.folder.checkpoints())?;
        Ok(summary)
    }
}

/// Copies the generation settings of the model that a stage starts from, if it has any: how to sample from it is
/// not the stage's to change.
fn keep_generation_config(start: &Path, model: &Path) -> Result<(), TrainError> {
    const FILE: &str = "generation_config.json";
    match fs::read(start.join(FILE)) {
        Ok(bytes) => Ok(interplay_files::write(model.join(FILE), bytes)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(TrainError::io("read", start.join(FILE))(error)),
    }
}

/// A model that a stage starts from, with what its folder says that was not taken as it stands.
pub(crate) type Loaded<A> = (
    Decoder<<A as burn::tensor::backend::AutodiffBackend>::InnerBackend>,
    Vec<String>,
);

/// Loads the model that a stage starts from, and checks that it has the expected configuration.
pub(crate) fn load_initial<A: TrainBackend>(
    folder: &Path,
    config: &ModelConfig,
    device: &A::Device,
) -> Result<Loaded<A>, TrainError> {
    let found = Pretrained::<A::InnerBackend>::load(folder, device)?;
    // A stage does not depend on the name under which a folder stores the model.
    let renamed = ModelConfig {
        model_type: config.model_type,
        ..found.config.clone()
    };
    if renamed != *config {
        return Err(TrainError::OtherModel {
            path: folder.to_owned(),
            differences: differences(&renamed, config),
        });
    }
    let notes = found.notes.iter();
    let notes = notes.map(|note| format!("{}: {note}", folder.display()));
    Ok((found.decoder, notes.collect()))
}

/// The keys in which two configurations differ, with what was found and what was expected.
fn differences(found: &ModelConfig, expected: &ModelConfig) -> String {
    let keys = |config: &ModelConfig| match serde_json::to_value(config) {
        Ok(serde_json::Value::Object(keys)) => keys,
        _ => serde_json::Map::new(),
    };
    let (found, expected) = (keys(found), keys(expected));
    let names: std::collections::BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let shown =
        |value: Option<&serde_json::Value>| value.map_or("nothing".to_owned(), ToString::to_string);
    let differs = names
        .into_iter()
        .filter(|name| found.get(*name) != expected.get(*name));
    let lines = differs.map(|name| {
        let (found, expected) = (shown(found.get(name)), shown(expected.get(name)));
        format!("`{name}`: found {found}, expected {expected}")
    });
    lines.collect::<Vec<_>>().join("; ")
}
