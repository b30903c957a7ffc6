//! A decoder with its tokenizer as the evaluator's [`Sampler`].

use interplay_eval::{Completion, EvalItem, Sampler};
use interplay_graph::SeedStream;
use interplay_model::{Decoder, FusedOps, ModelConfig, Request, SamplingSettings, generate};
use interplay_tokenizer::Tokenizer;

use crate::TrainError;
use crate::ledger::{Sampled, SampledLength};

/// The limit that keeps padding of the model's vocabulary from being sampled.
///
/// # Errors
/// A tokenizer with more entries than the model's vocabulary.
pub(crate) fn vocab_limit(
    config: &ModelConfig,
    tokenizer: &Tokenizer,
) -> Result<Option<usize>, TrainError> {
    Ok(config.check_tokenizer(tokenizer.vocab_size())?)
}

/// The tokens that end a completion: those of the tokenizer, and every end that the model's configuration names.
pub(crate) fn stop_tokens(config: &ModelConfig, tokenizer: &Tokenizer) -> Vec<u32> {
    let mut stop = tokenizer.ends().to_vec();
    for id in config.eos_token_id.iter() {
        if !stop.contains(id) {
            stop.push(*id);
        }
    }
    stop
}

/// A decoder as a source of completions for the evaluator.
pub struct DecoderSampler<'a, B: FusedOps> {
    /// The model.
    pub decoder: &'a Decoder<B>,
    /// Its tokenizer.
    pub tokenizer: &'a Tokenizer,
    /// Temperature, limits and the like; the stop tokens and the vocabulary limit are set from model and
    /// tokenizer.
    pub settings: SamplingSettings,
    /// Draws; sample `j` of the item with id `i` always uses the same.
    pub stream: SeedStream,
    /// Where the model lives.
    pub device: B::Device,
    /// What was sampled so far.
    pub sampled: Sampled,
}

impl<'a, B: FusedOps> DecoderSampler<'a, B> {
    /// Samples up to `max_new_tokens` tokens at temperature 1.
    #[must_use]
    pub fn new(
        decoder: &'a Decoder<B>,
        tokenizer: &'a Tokenizer,
        max_new_tokens: usize,
        stream: SeedStream,
        device: B::Device,
    ) -> Self {
        let settings = SamplingSettings {
            max_new_tokens,
            temperature: 1.0,
            ..SamplingSettings::default()
        };
        Self {
            decoder,
            tokenizer,
            settings,
            stream,
            device,
            sampled: Sampled::default(),
        }
    }
}

impl<B: FusedOps> Sampler for DecoderSampler<'_, B> {
    type Error = TrainError;

    fn sample(
        &mut self,
        items: &[EvalItem],
        completions: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Vec<Vec<Completion>>, TrainError> {
        let mut requests = Vec::with_capacity(items.len() * completions);
        for item in items {
            let prompt = self.tokenizer.encode_prompt(&item.example.prompt)?;
            let draws = self.stream.child(item.id).stream("sample");
            for sample in 0..completions as u64 {
                requests.push(Request {
                    prompt: prompt.clone(),
                    stream: draws.rng(sample),
                });
            }
        }
        let settings = SamplingSettings {
            stop: stop_tokens(self.decoder.config(), self.tokenizer),
            vocab_limit: vocab_limit(self.decoder.config(), self.tokenizer)?,
            ..self.settings.clone()
        };
        let generated = generate(self.decoder, &requests, &settings, &self.device, progress)?;
        for (request, one) in requests.iter().zip(&generated) {
            self.sampled.count(SampledLength {
                prompt: request.prompt.len(),
                completion: one.tokens.len(),
            });
        }
        let drawn = generated.iter().map(|one| Completion {
            text: self.tokenizer.decode_completion(&one.tokens),
            stopped: one.stopped,
        });
        let drawn: Vec<Completion> = drawn.collect();
        Ok(drawn
            .chunks(completions.max(1))
            .map(<[Completion]>::to_vec)
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use interplay_tokenizer::TrainerSpec;

    use super::*;

    #[test]
    fn every_end_that_the_model_names_stops() {
        let spec = TrainerSpec {
            vocab_size: 266,
            ..TrainerSpec::default()
        };
        let tokenizer = Tokenizer::train(["a b"].iter(), &spec).unwrap();
        let eos = tokenizer.eos();
        let config = ModelConfig {
            eos_token_id: vec![7, eos, 5].into(),
            ..ModelConfig::tiny(300)
        };
        assert_eq!(stop_tokens(&config, &tokenizer), [eos, 7, 5]);
    }
}
