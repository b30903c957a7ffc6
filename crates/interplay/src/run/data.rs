//! The tokenizer of a run, trained on samples of its own stream.

use interplay_graph::SeedStreams;
use interplay_tasks::Dataset;
use interplay_tokenizer::{Tokenizer, TrainerSpec};

use super::Run;
use crate::InterplayError;
use crate::progress::Progress;

/// The run's tokenizer: loaded where the run has one, trained otherwise.
pub(super) fn tokenizer(
    run: &Run,
    progress: &mut dyn Progress,
) -> Result<Tokenizer, InterplayError> {
    let path = run.folder.join("tokenizer").join("tokenizer.json");
    if path.exists() {
        return Ok(Tokenizer::load(&path)?);
    }
    let spec = &run.plan.experiment.tokenizer;
    let seeds = SeedStreams::new(run.plan.experiment.seed);
    let dataset = Dataset::new(spec.data.clone(), &run.library, seeds, "tokenizer")?;
    progress.begin("tokenizer", spec.samples);
    let mut texts = Vec::with_capacity(usize::try_from(spec.samples).unwrap_or(0));
    for index in 0..spec.samples {
        let problem = dataset.get(index)?;
        texts.push(interplay_tasks::framing::model_text(&problem));
        progress.advance(index + 1, "samples");
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(InterplayError::io("create", folder))?;
    }
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
