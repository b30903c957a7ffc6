//! What every stage does around its own step: begin or resume, update, record, checkpoint,
//! finish.

use std::fs;
use std::path::{Path, PathBuf};

use burn::module::AutodiffModule;
use burn::optim::GradientsParams;
use interplay_model::{
    Decoder, ModelConfig, TrainBackend, load_pretrained, parameter_names, save_pretrained,
};
use serde::{Deserialize, Serialize};

use crate::checkpoint::{self, Progress, is_zero, write_json};
use crate::metrics::{MetricsFile, Observer, StepReport};
use crate::optimizer::{AdamW, OptimizerSpec, trainable};
use crate::{TrainError, ledger::Ledger};

/// The folder of one stage inside a run.
#[derive(Debug, Clone)]
pub struct StageFolder {
    path: PathBuf,
    stage: String,
    key: String,
}

/// What a finished stage leaves behind (`stage.json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageSummary {
    /// The stage's name.
    pub stage: String,
    /// Hash of all that determines the stage's output.
    pub key: String,
    /// Steps made.
    pub steps: u64,
    /// How many of the environment's examples it went through.
    pub samples: u64,
    /// How many of these were left out because they do not fit in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlong_examples: u64,
    /// What it cost.
    pub ledger: Ledger,
}

impl StageFolder {
    /// The folder `path` for the stage `stage`; `key` is a hash of all that determines its
    /// output.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, stage: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            stage: stage.into(),
            key: key.into(),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The stage's name.
    #[must_use]
    pub fn stage(&self) -> &str {
        &self.stage
    }

    /// The trained model, once the stage is finished: a Hugging Face folder.
    #[must_use]
    pub fn model(&self) -> PathBuf {
        self.path.join("model")
    }

    /// `metrics.jsonl`.
    #[must_use]
    pub fn metrics(&self) -> PathBuf {
        self.path.join("metrics.jsonl")
    }

    /// Stops a stage whose settings have problems.
    pub(crate) fn refuse(&self, problems: Vec<String>) -> Result<(), TrainError> {
        if problems.is_empty() {
            return Ok(());
        }
        Err(TrainError::InvalidSpec {
            stage: self.stage.clone(),
            problems,
        })
    }

    fn checkpoints(&self) -> PathBuf {
        self.path.join("checkpoints")
    }

    /// The summary, where the stage is finished.
    ///
    /// # Errors
    /// [`TrainError::BadCheckpoint`] where `stage.json` cannot be read or is of another stage.
    pub fn summary(&self) -> Result<Option<StageSummary>, TrainError> {
        let path = self.path.join("stage.json");
        if !path.exists() {
            return Ok(None);
        }
        if !self.model().join("config.json").exists() {
            return Err(TrainError::BadCheckpoint {
                path: self.path.clone(),
                reason: "stage.json says that the stage is finished, but its model is gone".into(),
            });
        }
        let bad = |reason: String| TrainError::BadCheckpoint {
            path: path.clone(),
            reason,
        };
        let text = fs::read_to_string(&path).map_err(TrainError::io("read", &path))?;
        let summary: StageSummary =
            serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
        if summary.key != self.key {
            return Err(bad(format!(
                "it was made with key {}, expected {} (another spec, seed or device)",
                summary.key, self.key
            )));
        }
        // A run that was killed while it finished may have left these.
        remove_checkpoints(&self.checkpoints())?;
        Ok(Some(summary))
    }
}

fn remove_checkpoints(path: &Path) -> Result<(), TrainError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(TrainError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

/// What a step computed.
#[derive(Clone, Copy)]
pub(crate) struct Work {
    pub tokens: u64,
    pub flops: Option<f64>,
}

/// A stage under way: the decoder, its optimiser, and where it stands.
pub(crate) struct Session<'a, A: TrainBackend> {
    pub folder: &'a StageFolder,
    pub config: &'a ModelConfig,
    pub progress: Progress,
    decoder: Option<Decoder<A>>,
    optimizer: AdamW<A::InnerBackend>,
    metrics: MetricsFile,
    checkpoint_every: u64,
}

impl<'a, A: TrainBackend> Session<'a, A> {
    /// Goes on from the newest checkpoint, or begins with `initial`.
    pub fn open(
        folder: &'a StageFolder,
        config: &'a ModelConfig,
        spec: &OptimizerSpec,
        checkpoint_every: u64,
        initial: impl FnOnce() -> Result<Decoder<A::InnerBackend>, TrainError>,
        device: &A::Device,
    ) -> Result<Self, TrainError> {
        let checkpoints = folder.checkpoints();
        fs::create_dir_all(&checkpoints).map_err(TrainError::io("create", &checkpoints))?;
        let (decoder, optimizer, progress) = match checkpoint::latest(&checkpoints)? {
            Some(latest) => checkpoint::load(&latest, config, spec, &folder.key, device)?,
            None => (
                initial()?,
                AdamW::new(spec.clone(), parameter_names(config).len()),
                Progress {
                    key: folder.key.clone(),
                    ..Progress::default()
                },
            ),
        };
        let metrics = MetricsFile::resume(&folder.metrics(), progress.step)?;
        let decoder = Some(trainable::<A>(decoder));
        Ok(Self {
            folder,
            config,
            progress,
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

    /// One optimiser update; gives back the gradient norm before clipping.
    pub fn update(&mut self, gradients: GradientsParams, rate: f64) -> Result<f64, TrainError> {
        let norm = AdamW::<A::InnerBackend>::gradient_norm(self.decoder(), &gradients);
        self.expect_finite("the gradient norm", norm)?;
        if let Some(decoder) = self.decoder.take() {
            self.decoder = Some(self.optimizer.update(decoder, gradients, norm, rate));
        }
        self.progress.updates += 1;
        Ok(norm)
    }

    /// Stops the stage where a number is not finite; nothing of the step is kept.
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
                || "none yet (the stage starts anew from its input model)".into(),
                |path| path.display().to_string(),
            ),
        })
    }

    /// Records the step and writes a checkpoint where one is due.
    pub fn end_step(
        &mut self,
        observer: &mut dyn Observer,
        share: f64,
        work: Work,
        numbers: &[(&'static str, f64)],
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
            let decoder = self.decoder().valid();
            let (folder, optimizer) = (self.folder.checkpoints(), &self.optimizer);
            checkpoint::save(&folder, self.config, &decoder, optimizer, &self.progress)?;
        }
        Ok(())
    }

    /// Writes the model and the summary, and removes the checkpoints.
    pub fn finish(self) -> Result<StageSummary, TrainError> {
        save_pretrained(&self.folder.model(), self.config, &self.decoder().valid())?;
        let summary = StageSummary {
            stage: self.folder.stage.clone(),
            key: self.folder.key.clone(),
            steps: self.progress.step,
            samples: self.progress.cursor,
            overlong_examples: self.progress.overlong,
            ledger: self.progress.ledger,
        };
        write_json(&self.folder.path.join("stage.json"), &summary)?;
        remove_checkpoints(&self.folder.checkpoints())?;
        Ok(summary)
    }
}

/// Loads the model that a stage starts from and checks that it is the one described.
pub(crate) fn load_initial<A: TrainBackend>(
    folder: &Path,
    config: &ModelConfig,
    device: &A::Device,
) -> Result<Decoder<A::InnerBackend>, TrainError> {
    let (found, decoder) = load_pretrained::<A::InnerBackend>(folder, device)?;
    if found != *config {
        return Err(TrainError::BadCheckpoint {
            path: folder.to_owned(),
            reason: "its config.json describes another model than the stage's".into(),
        });
    }
    Ok(decoder)
}
