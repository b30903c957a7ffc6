//! The tokenizer of a run, trained on samples from a stream of its own.

use std::path::Path;

use interplay_environment::Split;
use interplay_tokenizer::{Tokenizer, TrainerSpec};

use crate::data::Supply;
use crate::error::InterplayError;
use crate::plan::Plan;
use crate::progress::Progress;

/// The run's tokenizer: loaded if the run has one already, trained otherwise.
pub(super) fn tokenizer(
    plan: &Plan,
    folder: &Path,
    supply: &Supply<'_>,
    progress: &mut dyn Progress,
) -> Result<Tokenizer, InterplayError> {
    let folder = folder.join("tokenizer");
    let path = folder.join("tokenizer.json");
    if path.exists() {
        return Ok(Tokenizer::load(&path)?);
    }
    let spec = &plan.tokenizer;
    let problems = spec.data.open(supply, "tokenizer", Split::Train)?;
    progress.begin("tokenizer", spec.samples);
    let mut texts = Vec::with_capacity(usize::try_from(spec.samples).unwrap_or(0));
    for index in 0..spec.samples {
        texts.push(problems.text(index)?);
        progress.advance(index + 1, "samples");
    }
    std::fs::create_dir_all(&folder).map_err(InterplayError::io("create", &folder))?;
    let trainer = TrainerSpec {
        vocab_size: spec.vocab_size,
        ..TrainerSpec::default()
    };
    let tokenizer = Tokenizer::train(texts.iter(), &trainer)?;
    tokenizer.save(&path)?;
    progress.end(&format!(
        "{} entries from {} samples",
        tokenizer.vocab_size(),
        spec.samples
    ));
    Ok(tokenizer)
}
