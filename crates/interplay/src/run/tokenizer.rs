//! The tokenizer of a run: that of the model it starts from, or one trained on samples from a stream of its own.

use std::path::Path;

use interplay_environment::Split;
use interplay_tokenizer::Tokenizer;

use crate::data::Supply;
use crate::error::InterplayError;
use crate::keyed::Keyed;
use crate::keys::key;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::run_file::{read_json, write_json};
use crate::train_tokenizer::train_tokenizer;

/// The run's tokenizer: that of the model it starts from, or loaded if the run has one already, trained otherwise.
pub(super) fn tokenizer(
    plan: &Plan,
    folder: &Path,
    supply: &Supply<'_>,
    progress: &mut dyn Progress,
) -> Result<Tokenizer, InterplayError> {
    let Some(spec) = &plan.tokenizer else {
        return plan.new_tokenizer(supply, progress);
    };
    let folder = folder.join("tokenizer");
    let path = folder.join("tokenizer.json");
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
    let tokenizer = train_tokenizer(spec, supply, progress)?;
    std::fs::create_dir_all(&folder).map_err(InterplayError::io("create", &folder))?;
    tokenizer.save(&path)?;
    let value = tokenizer.hash().to_owned();
    write_json(&source, &Keyed { key, value })?;
    Ok(tokenizer)
}
