//! Batched sampling with a preallocated key and value cache and continuous batching.
//!
//! Running sequences fill the first rows of the cache. A sequence that ends gives its row to the last one, and
//! waiting requests enter once a quarter of the rows is free. Equal prompts that enter together are prefilled
//! once. Every request brings its own random stream and is computed from its own tokens alone, so what it
//! gets does not depend on its neighbours, as far as the backend's arithmetic allows.
//!
//! Source: Yu et al. 2022 (Orca) for continuous batching.

use std::collections::HashMap;

use burn::tensor::{Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::decoder::Decoder;
use crate::error::ModelError;
use crate::ops::{FusedOps, LayerCache, prim};
use crate::sampling::{SamplingSettings, draw};

/// Tokens of padded prompts in one prefill at most; bounds the memory of its activations.
const PREFILL_TOKENS: usize = 16 * 1024;

/// Prompts are padded to at least this many tokens and to a multiple of [`PREFILL_STEP`]: matrix products of
/// very few rows add in another order, and a prompt's result must not depend on its neighbours' lengths.
const PREFILL_LEAST: usize = 32;
const PREFILL_STEP: usize = 16;

/// One prompt to continue.
#[derive(Clone, Debug)]
pub struct Request {
    /// The tokens to continue.
    pub prompt: Vec<u32>,
    /// Where this request's random numbers come from.
    pub stream: ChaCha8Rng,
}

/// One continuation.
#[derive(Clone, Debug, PartialEq)]
pub struct Generated {
    /// The new tokens, with the stop token if one was drawn.
    pub tokens: Vec<u32>,
    /// Log-probability of each new token under the sampling temperature, before top-k and top-p (for greedy
    /// choice: at temperature 1).
    pub log_probs: Vec<f32>,
    /// Whether a stop token ended it.
    pub stopped: bool,
}

/// A sequence that occupies a row of the cache.
struct Running {
    request: usize,
    stream: ChaCha8Rng,
    /// Tokens in the cache.
    cached: u32,
    out: Generated,
}

impl Running {
    /// Draws the next token.
    fn extend(
        &mut self,
        logits: &mut [f32],
        settings: &SamplingSettings,
    ) -> Result<(), ModelError> {
        let (request, step) = (self.request, self.out.tokens.len());
        let (token, log_prob) = draw(logits, settings, &mut self.stream)
            .ok_or(ModelError::NonFiniteLogits { request, step })?;
        self.out.tokens.push(token);
        self.out.log_probs.push(log_prob);
        self.out.stopped = settings.stop.contains(&token);
        Ok(())
    }

    fn finished(&self, settings: &SamplingSettings) -> bool {
        self.out.stopped || self.out.tokens.len() >= settings.max_new_tokens
    }
}

/// Continues every request; the results are in the order of the requests.
///
/// `progress` hears how many of the requests are done, after every change.
///
/// # Errors
///
/// Before any work: settings outside their range, an empty prompt, a prompt that leaves no room in the
/// model's context, a token outside the vocabulary. While sampling: logits that are not finite.
///
/// # Example
///
/// ```
/// use burn::backend::Flex;
/// use interplay_model::{Decoder, ModelConfig, Request, SamplingSettings, generate};
/// use rand::SeedableRng;
/// use rand_chacha::ChaCha8Rng;
///
/// let device = Default::default();
/// let config = ModelConfig { num_hidden_layers: 1, ..ModelConfig::tiny(50) };
/// let mut rng = ChaCha8Rng::seed_from_u64(1);
/// let decoder = Decoder::<Flex>::init(&config, &mut rng, &device).unwrap();
/// let request = Request { prompt: vec![1, 2, 3], stream: ChaCha8Rng::seed_from_u64(2) };
/// let settings = SamplingSettings { max_new_tokens: 5, ..Default::default() };
/// let out = generate(&decoder, &[request], &settings, &device, &mut |_, _| {}).unwrap();
/// assert_eq!(out[0].tokens.len(), 5);
/// ```
pub fn generate<B: FusedOps>(
    decoder: &Decoder<B>,
    requests: &[Request],
    settings: &SamplingSettings,
    device: &B::Device,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Generated>, ModelError> {
    settings.validate()?;
    check(decoder, requests, settings)?;
    let empty = Generated {
        tokens: Vec::new(),
        log_probs: Vec::new(),
        stopped: false,
    };
    let mut engine = Engine {
        decoder,
        requests,
        settings,
        device,
        next: 0,
        running: Vec::new(),
        caches: Vec::new(),
        done: vec![empty; requests.len()],
        finished: 0,
    };
    if settings.max_new_tokens == 0 || requests.is_empty() {
        progress(requests.len(), requests.len());
        return Ok(engine.done);
    }
    let rows = settings.max_rows.min(requests.len());
    let longest = requests
        .iter()
        .map(|request| request.prompt.len())
        .max()
        .unwrap_or(0);
    // The last token that is drawn never enters the cache.
    engine.caches = decoder.new_caches(rows, longest + settings.max_new_tokens - 1);
    loop {
        let free = rows - engine.running.len();
        let waiting = requests.len() - engine.next;
        if waiting > 0 && (engine.running.is_empty() || free >= rows.div_ceil(4)) {
            engine.admit(free.min(waiting))?;
        } else if engine.running.is_empty() {
            return Ok(engine.done);
        } else {
            engine.step()?;
        }
        progress(engine.finished, requests.len());
    }
}

/// Refuses requests that the model cannot serve.
fn check<B: FusedOps>(
    decoder: &Decoder<B>,
    requests: &[Request],
    settings: &SamplingSettings,
) -> Result<(), ModelError> {
    let config = decoder.config();
    let (context, vocab_size) = (config.max_position_embeddings, config.vocab_size);
    let max_new_tokens = settings.max_new_tokens;
    for (request, Request { prompt, .. }) in requests.iter().enumerate() {
        if prompt.is_empty() {
            return Err(ModelError::EmptyPrompt { request });
        }
        if prompt.len() + max_new_tokens > context {
            let prompt = prompt.len();
            return Err(ModelError::PromptTooLong {
                request,
                prompt,
                max_new_tokens,
                context,
            });
        }
        if let Some(place) = prompt
            .iter()
            .position(|&token| token as usize >= vocab_size)
        {
            let token = prompt[place];
            return Err(ModelError::UnknownToken {
                request,
                place,
                token,
                vocab_size,
            });
        }
    }
    Ok(())
}

/// Everything that changes while requests are served.
struct Engine<'a, B: FusedOps> {
    decoder: &'a Decoder<B>,
    requests: &'a [Request],
    settings: &'a SamplingSettings,
    device: &'a B::Device,
    /// The first request that has not been admitted.
    next: usize,
    /// The running sequences, in the order of their rows.
    running: Vec<Running>,
    caches: Vec<LayerCache<B>>,
    done: Vec<Generated>,
    finished: usize,
}

impl<B: FusedOps> Engine<'_, B> {
    /// Prefills the next requests, draws their first tokens and gives them rows; at most `limit` of them.
    fn admit(&mut self, limit: usize) -> Result<(), ModelError> {
        let requests = self.requests;
        let mut index: HashMap<&[u32], usize> = HashMap::new();
        let mut prompts: Vec<&[u32]> = Vec::new();
        let mut sources = Vec::new();
        let mut seq = 0;
        for Request { prompt, .. } in requests[self.next..].iter().take(limit) {
            if !index.contains_key(prompt.as_slice()) {
                let longer = seq.max(prompt.len());
                if !prompts.is_empty() && (prompts.len() + 1) * longer > PREFILL_TOKENS {
                    break;
                }
                seq = longer;
                index.insert(prompt, prompts.len());
                prompts.push(prompt);
            }
            sources.push(index[prompt.as_slice()]);
        }
        let seq = seq.max(PREFILL_LEAST).next_multiple_of(PREFILL_STEP);
        let (logits, kept) = self.prefill(&prompts, seq)?;
        let vocab = self.decoder.config().vocab_size;
        let first = self.next;
        let new: Vec<Running> = sources
            .par_iter()
            .enumerate()
            .map(|(offset, &source)| {
                let request = first + offset;
                let mut row = logits[source * vocab..(source + 1) * vocab].to_vec();
                let mut running = Running {
                    request,
                    stream: requests[request].stream.clone(),
                    cached: prompts[source].len() as u32,
                    out: self.done[request].clone(),
                };
                running.extend(&mut row, self.settings)?;
                Ok(running)
            })
            .collect::<Result<_, ModelError>>()?;
        self.next += new.len();
        let first_row = self.running.len();
        let mut stay = Vec::new();
        for (running, source) in new.into_iter().zip(sources) {
            if running.finished(self.settings) {
                self.retire(running);
            } else {
                self.running.push(running);
                stay.push(source);
            }
        }
        if !stay.is_empty() {
            let caches = std::mem::take(&mut self.caches).into_iter().zip(kept);
            self.caches = caches
                .map(|(cache, [k, v])| {
                    B::cache_prompts(cache, prim(k), prim(v), seq, first_row, &stay)
                })
                .collect();
        }
        Ok(())
    }

    /// Runs prompts, padded to `seq` tokens, through the model: the logits behind each, and every layer's
    /// keys and values.
    #[allow(clippy::type_complexity)]
    fn prefill(
        &self,
        prompts: &[&[u32]],
        seq: usize,
    ) -> Result<(Vec<f32>, Vec<[Tensor<B, 2>; 2]>), ModelError> {
        let mut tokens = vec![0i32; prompts.len() * seq];
        let mut last = Vec::with_capacity(prompts.len());
        for (row, prompt) in prompts.iter().enumerate() {
            for (place, &token) in tokens[row * seq..].iter_mut().zip(*prompt) {
                *place = token as i32;
            }
            last.push((row * seq + prompt.len() - 1) as i32);
        }
        let tokens = TensorData::new(tokens, [prompts.len(), seq]);
        let tokens = Tensor::<B, 2, Int>::from_data(tokens, self.device);
        let mut kept = Vec::new();
        let (hidden, _) = self
            .decoder
            .forward(tokens, None, |_, k, v| kept.push([k.clone(), v.clone()]));
        let last = TensorData::new(last, [prompts.len()]);
        let last = Tensor::<B, 1, Int>::from_data(last, self.device);
        Ok((read(self.decoder.logits(hidden.select(0, last)))?, kept))
    }

    /// Draws one more token for every running sequence.
    fn step(&mut self) -> Result<(), ModelError> {
        let rows = self.running.len();
        let newest = |running: &Running| running.out.tokens.last().copied().unwrap_or(0) as i32;
        let tokens: Vec<i32> = self.running.iter().map(newest).collect();
        let lengths: Vec<u32> = self.running.iter().map(|running| running.cached).collect();
        let tokens = Tensor::from_data(TensorData::new(tokens, [rows]), self.device);
        let hidden = self.decoder.step(tokens, &lengths, &mut self.caches);
        let mut logits = read(self.decoder.logits(hidden))?;
        let vocab = self.decoder.config().vocab_size;
        self.running
            .par_iter_mut()
            .zip(logits.par_chunks_mut(vocab))
            .try_for_each(|(running, row)| {
                running.cached += 1;
                running.extend(row, self.settings)
            })?;
        self.sweep();
        Ok(())
    }

    /// Takes finished sequences out and closes the gaps with the last rows.
    fn sweep(&mut self) {
        let finished = |running: &Running| running.finished(self.settings);
        let mut order: Vec<usize> = (0..self.running.len()).collect();
        let mut row = 0;
        while row < order.len() {
            if finished(&self.running[order[row]]) {
                order.swap_remove(row);
            } else {
                row += 1;
            }
        }
        if order.len() == self.running.len() {
            return;
        }
        let moves: Vec<(usize, usize)> = order
            .iter()
            .enumerate()
            .filter(|(to, from)| to != *from)
            .map(|(to, &from)| (from, to))
            .collect();
        let caches = std::mem::take(&mut self.caches).into_iter();
        self.caches = caches
            .map(|cache| B::cache_move_rows(cache, &moves))
            .collect();
        let mut old: Vec<Option<Running>> = self.running.drain(..).map(Some).collect();
        self.running = order.iter().filter_map(|&from| old[from].take()).collect();
        for running in old.into_iter().flatten() {
            self.retire(running);
        }
    }

    fn retire(&mut self, running: Running) {
        self.done[running.request] = running.out;
        self.finished += 1;
    }
}

/// The values of a tensor.
fn read<B: FusedOps>(tensor: Tensor<B, 2>) -> Result<Vec<f32>, ModelError> {
    let what = "logits";
    let data = tensor.try_into_data().map_err(|error| {
        let reason = format!("{error:?}");
        ModelError::Device { what, reason }
    })?;
    data.convert::<f32>().into_vec().map_err(|error| {
        let reason = format!("{error:?}");
        ModelError::Device { what, reason }
    })
}
