//! Training of an experiment's tokenizer.

use interplay_environment::Split;
use interplay_tokenizer::{Tokenizer, TrainerSpec};

use crate::data::Supply;
use crate::error::InterplayError;
use crate::progress::Progress;
use crate::spec::TokenizerSpec;

/// Trains the tokenizer on samples from a stream of its own.
pub(crate) fn train_tokenizer(
    spec: &TokenizerSpec,
    supply: &Supply<'_>,
    progress: &mut dyn Progress,
) -> Result<Tokenizer, InterplayError> {
    let problems = spec.data.open(supply, "tokenizer", Split::Train)?;
    progress.begin("tokenizer", spec.samples);
    let mut texts = Vec::with_capacity(usize::try_from(spec.samples).unwrap_or(0));
    for index in 0..spec.samples {
        texts.push(problems.text(index)?);
        progress.advance(index + 1, "samples");
    }
    let trainer = TrainerSpec {
        vocab_size: spec.vocab_size,
        ..TrainerSpec::default()
    };
    let tokenizer = Tokenizer::train(texts.iter(), &trainer)?;
    progress.end(&format!(
        "{} entries from {} samples",
        tokenizer.vocab_size(),
        spec.samples
    ));
    Ok(tokenizer)
}
