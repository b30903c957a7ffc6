//! What every stage of a run works with.

use std::path::{Path, PathBuf};

use interplay_graph::SeedStreams;
use interplay_model::{ModelConfig, TrainBackend};
use interplay_tasks::ContextLibrary;
use interplay_tokenizer::Tokenizer;
use interplay_train::parallel::Replicas;

use super::clock::Clock;
use crate::data::Supply;
use crate::evaluation::Setting;
use crate::plan::Plan;
use crate::planned_stage::{StageRef, Start};
use crate::progress::Progress;

/// Carries out the stages of a plan on one backend.
pub(super) struct Runner<'a, A: TrainBackend> {
    pub plan: &'a Plan,
    /// The run folder.
    pub folder: &'a Path,
    pub library: &'a ContextLibrary,
    pub tokenizer: &'a Tokenizer,
    pub config: &'a ModelConfig,
    pub streams: SeedStreams,
    pub replicas: &'a Replicas<A::Device>,
    pub progress: &'a mut dyn Progress,
    pub clock: &'a Clock,
    /// The keys of finished stages, in order.
    pub keys: Vec<String>,
}

impl<A: TrainBackend> Runner<'_, A> {
    /// The folder of a stage.
    pub(super) fn stage_folder(&self, stage: &str) -> PathBuf {
        self.folder.join(stage)
    }

    /// The folder of the model that a stage leaves.
    pub(super) fn model_of(&self, stage: &str) -> PathBuf {
        self.stage_folder(stage).join("model")
    }

    /// The key of an earlier stage.
    pub(super) fn key_of(&self, stage: &StageRef) -> &str {
        &self.keys[stage.index()]
    }

    /// The key of the stage whose model this is, if it is one.
    pub(super) fn key_of_start(&self, start: &Start) -> Option<&str> {
        start.stage().map(|stage| self.key_of(stage))
    }
}

impl<'a, A: TrainBackend> Runner<'a, A> {
    /// What data tables are opened with.
    pub(super) fn supply(&self) -> Supply<'a> {
        self.plan.supply(self.library)
    }

    /// Which problems models are evaluated on.
    pub(super) fn setting(&self) -> Setting<'a> {
        Setting {
            spec: &self.plan.evaluate,
            bands: &self.plan.bands,
            supply: self.supply(),
            tokenizer: self.tokenizer,
            context_tokens: self.plan.model.context_tokens,
        }
    }
}
