//! Completions that are drawn from a model, judged and counted.

use std::path::Path;

use interplay_eval::{EvalSettings, Evaluation, evaluate};
use interplay_graph::SeedStream;
use interplay_model::{
    Decoder, FusedOps, KvCacheDtype, SamplingSettings, Workload, load_pretrained,
};
use interplay_tokenizer::Tokenizer;
use interplay_train::DecoderSampler;
use interplay_train::ledger::Sampled;
use serde::{Deserialize, Serialize};

use super::journal::EvalJournal;
use super::setting::Setting;
use crate::data::Selection;
use crate::error::InterplayError;
use crate::progress::Progress;

/// Number of items that are sampled at once; it bounds memory and paces the progress bar.
pub(crate) const ITEMS_AT_ONCE: usize = 16;

/// An evaluation and its cost.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Drawn {
    pub evaluation: Evaluation,
    sampled_tokens: u64,
    /// The passes behind the tokens; evaluations of older runs lack it.
    #[serde(default)]
    workload: Workload,
    /// Problems that were passed over because they leave no room for a completion.
    pub overlong: u64,
}

impl Drawn {
    pub(crate) fn sampled(&self) -> Sampled {
        Sampled {
            tokens: self.sampled_tokens,
            workload: self.workload,
        }
    }
}

/// A model in memory with the problems that it is evaluated on.
pub(crate) struct Loaded<'a, B: FusedOps> {
    pub decoder: Decoder<B>,
    pub selection: Selection,
    pub device: &'a B::Device,
    tokenizer: &'a Tokenizer,
    max_new_tokens: usize,
}

impl<'a, B: FusedOps> Loaded<'a, B> {
    /// Loads the model in a folder.
    pub(crate) fn new(
        model: &Path,
        setting: &Setting<'a>,
        selection: Selection,
        device: &'a B::Device,
    ) -> Result<Self, InterplayError> {
        let (_, decoder) = load_pretrained::<B>(model, device)?;
        Ok(Self {
            decoder,
            selection,
            device,
            tokenizer: setting.tokenizer,
            max_new_tokens: setting.spec.max_new_tokens,
        })
    }

    /// Draws and judges completions; `what` is shown. What the journal has already is not drawn again.
    pub(crate) fn draw(
        &self,
        what: &str,
        settings: &EvalSettings,
        stream: SeedStream,
        journal: &mut EvalJournal,
        progress: &mut dyn Progress,
    ) -> Result<Drawn, InterplayError> {
        let Selection {
            problems,
            items,
            overlong,
            ..
        } = &self.selection;
        let temperature = settings.temperature.unwrap_or(1.0);
        let mut sampler = DecoderSampler {
            decoder: &self.decoder,
            tokenizer: self.tokenizer,
            settings: SamplingSettings {
                max_new_tokens: self.max_new_tokens,
                temperature,
                cache_dtype: KvCacheDtype::for_temperature(temperature),
                ..SamplingSettings::default()
            },
            stream,
            device: self.device.clone(),
            sampled: journal.cost(),
        };
        progress.begin(what, items.len() as u64 * u64::from(settings.completions));
        let mut advance = |done: usize, _| progress.advance(done as u64, "completions");
        let environment = problems.environment();
        let found = evaluate(
            &mut sampler,
            environment,
            items,
            settings,
            journal,
            &mut advance,
        );
        let evaluation = found.map_err(|error| InterplayError::Evaluate(Box::new(error)))?;
        progress.end(&format!(
            "{} problems x {}",
            items.len(),
            settings.completions
        ));
        if *overlong > 0 {
            progress.note(&format!(
                "{what}: {overlong} problems were passed over because they leave no room for a completion"
            ));
        }
        Ok(Drawn {
            evaluation,
            sampled_tokens: sampler.sampled.tokens,
            workload: sampler.sampled.workload,
            overlong: *overlong,
        })
    }
}
