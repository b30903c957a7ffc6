//! Experiments that begin from the model in a folder: `init = "models/Qwen2.5-0.5B"`.
//!
//! The folder gives the weights, the shape of the model and the tokenizer. A stage `init`, which trains nothing, takes
//! the model into the run and is evaluated as the others are; the first stage that trains starts from it.

use interplay_model::{ModelConfig, loaded_config};
use interplay_tokenizer::Tokenizer;

use crate::data::Supply;
use crate::error::InterplayError;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::train_tokenizer::train_tokenizer;

impl Plan {
    /// The tokenizer: that of the folder to start from, or one that is trained now.
    ///
    /// # Errors
    /// A folder whose tokenizer cannot be used, and samples that cannot be drawn.
    pub(crate) fn new_tokenizer(
        &self,
        supply: &Supply<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Tokenizer, InterplayError> {
        match (&self.init, &self.tokenizer) {
            (Some(folder), _) => Ok(Tokenizer::from_pretrained(folder)?),
            (None, Some(spec)) => train_tokenizer(spec, supply, progress),
            (None, None) => Err(InterplayError::BadSpec {
                path: self.name.clone().into(),
                reason: "it has neither `init` nor a table `tokenizer`".to_owned(),
            }),
        }
    }

    /// The model's configuration with this tokenizer.
    ///
    /// # Errors
    /// A folder to start from whose `config.json` cannot be used, or whose vocabulary is smaller than the tokenizer's.
    pub(crate) fn model_config(
        &self,
        tokenizer: &Tokenizer,
    ) -> Result<ModelConfig, InterplayError> {
        let Some(folder) = &self.init else {
            return Ok(self.model.config(tokenizer));
        };
        let config = ModelConfig {
            max_position_embeddings: self.model.context_tokens,
            ..loaded_config(folder)?
        };
        config.check_tokenizer(tokenizer.vocab_size())?;
        Ok(config)
    }
}
