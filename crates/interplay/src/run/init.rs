//! The stage `init`: takes the model to start from into the run.

use std::fs;
use std::path::Path;

use interplay_model::{Pretrained, SaveOptions, TrainBackend};
use interplay_train::{StageFolder, StageSummary};

use super::runner::Runner;
use crate::error::InterplayError;
use crate::planned_stage::Stage;
use crate::results::StageResult;
use crate::run_file::write_json;
use crate::weights::weights_hash;

impl<A: TrainBackend> Runner<'_, A> {
    /// Copies the model into the stage's folder, with the context of the experiment and the files of its tokenizer.
    pub(super) fn init(
        &mut self,
        stage: &Stage,
        from: &Path,
    ) -> Result<StageResult, InterplayError> {
        let key = self.stage_key(stage, &weights_hash(from)?)?;
        let path = self.stage_folder(&stage.name);
        let folder = StageFolder::new(&path, &stage.name, &key);
        let mut result = StageResult::new(stage);
        if let Some(summary) = folder.summary()? {
            result.take(summary);
            return Ok(result);
        }
        let model = Pretrained::<A::InnerBackend>::load(from, &self.replicas.leader)?;
        for note in &model.notes {
            self.progress.note(&format!("{}: {note}", from.display()));
        }
        let model = model.with_context(self.config.max_position_embeddings);
        let target = folder.model();
        fs::create_dir_all(&target).map_err(InterplayError::io("create", &target))?;
        self.tokenizer
            .save_pretrained(&target, self.config.max_position_embeddings)?;
        model.save(&target, &SaveOptions::default())?;
        let summary = StageSummary {
            stage: stage.name.clone(),
            key,
            ..StageSummary::default()
        };
        write_json(&path.join("stage.json"), &summary)?;
        result.take(summary);
        Ok(result)
    }
}
