//! The tokenizer of a run, trained on samples from a stream of its own.

use std::path::Path;

use interplay_environment::Split;
use interplay_tokenizer::{Tokenizer, TrainerSpec};

use crate::data::Supply;
use crate::error::InterplayError;
use crate::keyed::Keyed;
use crate::keys::key;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::run_file::{read_json, write_json};

/// The run's tokenizer: loaded if the run has one already, trained otherwise.
pub(super) fn tokenizer(
    plan: &Plan,
    folder: &Path,
    supply: &Supply<'_>,
    progress: &mut dyn Progress,
) -> Result<Tokenizer, InterplayError> {
    let folder = folder.join("tokenizer");
    let path = folder.join("tokenizer.json");
    let spec = &plan.tokenizer;
    let content = spec.data.content(supply, Split::Train)?;
    let key = key("a tokenizer", &(plan.seed, spec, content))?;
    let source = folder.join("source.json");
    if let Some(found) = read_json::<Keyed<String>>(&source)? {
        let hash = found.expect(&source, &key)?;
        let tokenizer = Tokenizer::load(&path)?;
        if tokenizer.hash() != hash {
            let reason = "it was changed after it was trained; restore it from a copy".into();
            return Err(InterplayError::BadFile { path, reason });
        }
        return Ok(tokenizer);
    }
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
    let value = tokenizer.hash().to_owned();
    write_json(&source, &Keyed { key, value })?;
    progress.end(&format!(
        "{} entries from {} samples",
        tokenizer.vocab_size(),
        spec.samples
    ));
    Ok(tokenizer)
}
