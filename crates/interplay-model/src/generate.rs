//! Batched sampling with a preallocated key and value cache and continuous batching.
//!
//! Running sequences occupy the first rows of a cache. When a row ends, the last row moves into its slot; waiting
//! requests are admitted once a quarter of the slots is free. The number of rows is limited to those whose keys and
//! values fit into the processor's cache, if enough of them fit to be worthwhile: fewer sequences at a time finish
//! sooner and leave less to read from memory at every step.
//!
//! Requests that are admitted together with equal prompts share one prefill, and one row for as long as they draw
//! the same tokens; when they diverge, the row is copied. Every request has its own random stream and is computed
//! from its own tokens alone, so its result does not depend on its neighbors, as far as the backend's arithmetic
//! allows.
//!
//! A backend that computes on the threads of this process ([`FusedOps::sampling_lanes`]) runs several lanes, each
//! with its share of the rows and its own cache. They take requests from one queue, so that no thread waits for the
//! others at the end of every small operation.
//!
//! Source: Yu et al. 2022 (Orca) for continuous batching.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};

use burn::tensor::ops::FloatTensor;
use burn::tensor::{Int, Tensor, TensorData};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::cache_size::{CacheSize, Sequences};
use crate::decoder::{Decoder, Packed};
use crate::error::ModelError;
use crate::ops::{CacheShape, FusedOps, LayerCache};
use crate::rotary::{Rotary, RotaryTable};
use crate::sampling::{Distribution, SamplingSettings};

/// Maximum number of prompt tokens in one prefill of a lane, padding included; bounds the memory of its
/// activations.
const PREFILL_TOKENS: usize = 16 * 1024;

/// Minimum number of rows of a lane; fewer are not worth a pass over the weights.
const LEAST_ROWS: usize = 8;

/// One prompt to continue.
#[derive(Clone, Debug)]
pub struct Request {
    /// The tokens to continue.
    pub prompt: Vec<u32>,
    /// The source of this request's random numbers.
    pub stream: ChaCha8Rng,
}

/// One continuation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Generated {
    /// The new tokens, including the stop token if one was drawn.
    pub tokens: Vec<u32>,
    /// Log-probability of each new token at the sampling temperature among the tokens below the
    /// [`vocab_limit`](SamplingSettings::vocab_limit), before top-k, top-p and min-p (for greedy choice: at
    /// temperature 1).
    pub log_probs: Vec<f32>,
    /// Where [settings truncate](SamplingSettings::truncates) the distribution: for each new token the logarithm of
    /// the share of probability that could be drawn. Subtract it from `log_probs` for log-probabilities of the
    /// truncated distribution. Empty otherwise.
    pub log_kept: Vec<f32>,
    /// Whether a stop token ended it.
    pub stopped: bool,
}

/// A request that is being continued.
struct Running {
    request: usize,
    stream: ChaCha8Rng,
    out: Generated,
}

/// A row of the cache with the requests that have drawn the same tokens so far.
struct Row {
    /// Tokens in the cache.
    cached: u32,
    /// At least one.
    requests: Vec<Running>,
}

impl Row {
    /// Draws the next token of every request.
    fn extend(&mut self, logits: &[f32], settings: &SamplingSettings) -> Result<(), ModelError> {
        let distribution = Distribution::new(logits, settings);
        for running in &mut self.requests {
            let (request, step) = (running.request, running.out.tokens.len());
            let (token, log_prob) = distribution
                .as_ref()
                .ok_or(ModelError::NonFiniteLogits { request, step })?
                .draw(&mut running.stream);
            running.out.tokens.push(token);
            running.out.log_probs.push(log_prob);
            if settings.truncates() {
                let distribution = distribution.as_ref();
                running
                    .out
                    .log_kept
                    .extend(distribution.map(Distribution::log_kept));
            }
            running.out.stopped = settings.stop.contains(&token);
        }
        Ok(())
    }

    /// Splits the row by the last token of its requests, in the order in which each token first occurs.
    fn part(self) -> Vec<Row> {
        let cached = self.cached;
        let mut parts: Vec<Row> = Vec::new();
        for running in self.requests {
            let last = running.out.tokens.last();
            let same = |part: &&mut Row| part.requests[0].out.tokens.last() == last;
            match parts.iter_mut().find(same) {
                Some(part) => part.requests.push(running),
                None => parts.push(Row {
                    cached,
                    requests: vec![running],
                }),
            }
        }
        parts
    }

    fn finished(&self, settings: &SamplingSettings) -> bool {
        let out = &self.requests[0].out;
        out.stopped || out.tokens.len() >= settings.max_new_tokens
    }
}

/// Continues every request; the results are in the order of the requests.
///
/// `progress` is called with the number of finished requests and their total after every change.
///
/// # Errors
///
/// Before any work: a setting outside its range, an empty prompt, a prompt that leaves no room in the model's
/// context, a token outside the vocabulary, a cache budget too small for one sequence. While sampling: logits that
/// are not finite.
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
    let drawable = settings.drawable(decoder.config().vocab_size)?;
    check(decoder, requests, settings)?;
    let mut done = vec![Generated::default(); requests.len()];
    if settings.max_new_tokens == 0 || requests.is_empty() {
        progress(requests.len(), requests.len());
        return Ok(done);
    }
    let longest_prompt = requests.iter().map(|request| request.prompt.len()).max();
    let sequences = Sequences {
        count: requests.len(),
        longest_prompt: longest_prompt.unwrap_or(0),
    };
    let cache = CacheSize::new::<B>(decoder.config(), sequences, settings)?;
    // A caller on one of the pool's threads must not wait for the pool.
    let lanes = match rayon::current_thread_index() {
        Some(_) => 1,
        None => B::sampling_lanes().clamp(1, (cache.shape.rows / LEAST_ROWS).max(1)),
    };
    let queue = Mutex::new(0);
    let rows = cache.shape.rows / lanes;
    let fast_rows = cache.fast_rows::<B>(decoder.config(), lanes).min(rows);
    let lane = Lane {
        decoder: &decoder.pack(),
        requests,
        settings,
        drawable,
        device,
        queue: &queue,
        shape: CacheShape {
            rows,
            ..cache.shape
        },
        fast_rows,
    };
    if lanes == 1 {
        let (mut finished, total) = (0, requests.len());
        lane.run(&mut |request, generated| {
            done[request] = generated;
            finished += 1;
            progress(finished, total);
        })?;
        return Ok(done);
    }
    let (sender, receiver) = channel();
    rayon::in_place_scope(|scope| {
        for _ in 0..lanes {
            let (sender, lane) = (sender.clone(), &lane);
            scope.spawn(move |_| lane.send(&sender));
        }
        drop(sender);
        let (mut finished, mut failure) = (0, None);
        for result in receiver {
            match result {
                Ok((request, generated)) => {
                    done[request] = generated;
                    finished += 1;
                    progress(finished, requests.len());
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(()), Err)
    })?;
    Ok(done)
}

/// Refuses requests that the model cannot continue.
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
        if prompt.len().saturating_add(max_new_tokens) > context {
            let prompt = prompt.len();
            return Err(ModelError::PromptTooLong {
                request,
                prompt,
                max_new_tokens,
                context,
            });
        }
        if let Some(index) = prompt
            .iter()
            .position(|&token| token as usize >= vocab_size)
        {
            let token = prompt[index];
            return Err(ModelError::UnknownToken {
                request,
                index,
                token,
                vocab_size,
            });
        }
    }
    Ok(())
}

/// The state that all lanes share.
struct Lane<'a, B: FusedOps> {
    decoder: &'a Packed<'a, B>,
    requests: &'a [Request],
    settings: &'a SamplingSettings,
    /// Number of tokens that can be drawn; the rest of the vocabulary is padding.
    drawable: usize,
    device: &'a B::Device,
    /// Index of the first request that no lane has admitted.
    queue: &'a Mutex<usize>,
    /// One layer's cache of a lane. A lane runs at most as many requests as it has rows, since each may need a row
    /// of its own.
    shape: CacheShape,
    /// Number of rows at which no further requests are admitted.
    fast_rows: usize,
}

/// Requests that are admitted to a lane together.
struct Admitted<'a> {
    /// Index of the first of them; the others follow it.
    first: usize,
    /// The distinct prompts.
    prompts: Vec<&'a [u32]>,
    /// Index of every request's prompt.
    sources: Vec<usize>,
}

impl<'a, B: FusedOps> Lane<'a, B> {
    /// Continues requests until none is left, and passes each result to `finish`.
    fn run(&self, finish: &mut dyn FnMut(usize, Generated)) -> Result<(), ModelError> {
        let mut engine = Engine {
            lane: self,
            rotary: Rotary::new(self.decoder.config()).table(self.shape.capacity),
            rows: Vec::new(),
            running: 0,
            caches: Vec::new(),
            finish,
        };
        loop {
            let free = self.shape.rows - engine.running;
            let fast = self.fast_rows.saturating_sub(engine.rows.len());
            let enough = free >= self.shape.rows.div_ceil(4) && fast >= self.fast_rows.div_ceil(4);
            if engine.running == 0 || enough {
                if let Some(admitted) = self.next(free, fast) {
                    engine.admit(&admitted);
                    continue;
                }
                if engine.running == 0 {
                    return Ok(());
                }
            }
            engine.step()?;
        }
    }

    /// As [`run`](Self::run), into a channel. After a failure no lane starts another request.
    fn send(&self, sender: &Sender<Result<(usize, Generated), ModelError>>) {
        // The receiver lives as long as the lanes.
        let tell = |result| {
            let _ = sender.send(result);
        };
        if let Err(error) = self.run(&mut |request, generated| tell(Ok((request, generated)))) {
            *self.queue() = self.requests.len();
            tell(Err(error));
        }
    }

    /// The queue. A lane that panicked while holding the lock left a valid number.
    fn queue(&self) -> std::sync::MutexGuard<'_, usize> {
        self.queue
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes at most `limit` waiting requests with at most `max_prompts` distinct prompts, as far as one prefill can
    /// hold them.
    fn next(&self, limit: usize, max_prompts: usize) -> Option<Admitted<'a>> {
        let mut next = self.queue();
        let first = *next;
        let mut index: HashMap<&[u32], usize> = HashMap::new();
        let mut prompts: Vec<&[u32]> = Vec::new();
        let mut sources = Vec::new();
        let mut seq = 0;
        for Request { prompt, .. } in self.requests[first..].iter().take(limit) {
            if !index.contains_key(prompt.as_slice()) {
                let longer = seq.max(prompt.len());
                let full = (prompts.len() + 1) * longer > PREFILL_TOKENS;
                if !prompts.is_empty() && (full || prompts.len() >= max_prompts) {
                    break;
                }
                seq = longer;
                index.insert(prompt, prompts.len());
                prompts.push(prompt);
            }
            sources.push(index[prompt.as_slice()]);
        }
        *next += sources.len();
        (!sources.is_empty()).then_some(Admitted {
            first,
            prompts,
            sources,
        })
    }
}

/// The mutable state of a lane.
struct Engine<'a, B: FusedOps> {
    lane: &'a Lane<'a, B>,
    /// The rotary angles of every position.
    rotary: RotaryTable,
    /// The first rows of the caches.
    rows: Vec<Row>,
    /// Number of requests in all rows.
    running: usize,
    /// The caches of all layers, allocated for the first request.
    caches: Vec<LayerCache<B>>,
    finish: &'a mut dyn FnMut(usize, Generated),
}

impl<B: FusedOps> Engine<'_, B> {
    /// Gives every prompt a row and fills its cache up to the prompt's last token, which is the input of the next
    /// step.
    fn admit(&mut self, admitted: &Admitted<'_>) {
        let Admitted {
            first,
            prompts,
            sources,
        } = admitted;
        let first_row = self.rows.len();
        self.rows.extend(prompts.iter().map(|prompt| Row {
            cached: prompt.len() as u32 - 1,
            requests: Vec::new(),
        }));
        for (request, &source) in (*first..).zip(sources) {
            self.rows[first_row + source].requests.push(Running {
                request,
                stream: self.lane.requests[request].stream.clone(),
                out: Generated::default(),
            });
        }
        self.running += sources.len();
        if self.caches.is_empty() {
            self.caches = self.lane.decoder.new_caches(self.lane.shape);
        }
        let longest = prompts.iter().map(|prompt| prompt.len() - 1).max();
        let seq = longest.unwrap_or(0);
        if seq == 0 {
            return;
        }
        let kept = self.prefill(prompts, seq);
        let sources: Vec<usize> = (0..prompts.len()).collect();
        let caches = std::mem::take(&mut self.caches).into_iter().zip(kept);
        self.caches = caches
            .map(|(cache, [k, v])| B::cache_prompts(cache, k, v, seq, first_row, &sources))
            .collect();
    }

    /// Splits a row by the last tokens of its requests, and removes those that are finished.
    fn split(&mut self, row: Row) -> Vec<Row> {
        let mut parts = row.part();
        for part in parts.extract_if(.., |part| part.finished(self.lane.settings)) {
            self.running -= part.requests.len();
            for running in part.requests {
                (self.finish)(running.request, running.out);
            }
        }
        parts
    }

    /// Keys and values of the first `seq` tokens of each prompt in every layer. Those beyond the end of a shorter
    /// prompt are never read.
    fn prefill(&self, prompts: &[&[u32]], seq: usize) -> Vec<[FloatTensor<B>; 2]> {
        let mut tokens = vec![0i32; prompts.len() * seq];
        for (row, prompt) in tokens.chunks_exact_mut(seq).zip(prompts) {
            for (slot, &token) in row.iter_mut().zip(*prompt) {
                *slot = token as i32;
            }
        }
        let tokens = TensorData::new(tokens, [prompts.len(), seq]);
        let Lane {
            decoder, device, ..
        } = *self.lane;
        decoder.prefill(Tensor::<B, 2, Int>::from_data(tokens, device))
    }

    /// Draws one more token for every request.
    fn step(&mut self) -> Result<(), ModelError> {
        let newest = |row: &Row| {
            let running = &row.requests[0];
            let prompt = &self.lane.requests[running.request].prompt;
            let token = running.out.tokens.last().or(prompt.last());
            token.copied().unwrap_or(0) as i32
        };
        let tokens: Vec<i32> = self.rows.iter().map(newest).collect();
        let lengths: Vec<u32> = self.rows.iter().map(|row| row.cached).collect();
        let Lane {
            decoder,
            settings,
            drawable,
            device,
            ..
        } = *self.lane;
        let angles = self.rotary.at(&lengths, device);
        let tokens = Tensor::from_data(TensorData::new(tokens, [lengths.len()]), device);
        let hidden = decoder.step(tokens, &angles, &lengths, &mut self.caches);
        let logits = read(decoder.logits(hidden))?;
        let vocab = decoder.config().vocab_size;
        self.rows
            .par_iter_mut()
            .zip(logits.par_chunks(vocab))
            .try_for_each(|(row, logits)| {
                row.cached += 1;
                row.extend(&logits[..drawable], settings)
            })?;
        self.rearrange();
        Ok(())
    }

    /// Gives every part of every row a row of its own: the first part keeps the old row; the others, and rows from
    /// the end, fill the free ones.
    fn rearrange(&mut self) {
        let old = std::mem::take(&mut self.rows);
        let mut slots: Vec<Option<Row>> = Vec::with_capacity(old.len());
        let mut displaced: Vec<(usize, Row)> = Vec::new();
        for (index, row) in old.into_iter().enumerate() {
            let mut parts = self.split(row).into_iter();
            slots.push(parts.next());
            displaced.extend(parts.map(|part| (index, part)));
        }
        let count = slots.iter().flatten().count() + displaced.len();
        for (index, row) in slots.iter_mut().enumerate().skip(count) {
            displaced.extend(row.take().map(|row| (index, row)));
        }
        slots.resize_with(count, || None);
        let free = slots
            .iter_mut()
            .enumerate()
            .filter(|(_, row)| row.is_none());
        let mut moves = Vec::with_capacity(displaced.len());
        for ((to, slot), (from, row)) in free.zip(displaced) {
            *slot = Some(row);
            moves.push((from, to));
        }
        self.rows = slots.into_iter().flatten().collect();
        if moves.is_empty() {
            return;
        }
        let caches = std::mem::take(&mut self.caches).into_iter();
        self.caches = caches
            .map(|cache| B::cache_move_rows(cache, &moves))
            .collect();
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

#[cfg(test)]
#[cfg(feature = "flex")]
mod tests {
    use burn::backend::Flex;
    use rand::SeedableRng;

    use super::*;
    use crate::ModelConfig;

    #[test]
    fn rows_that_wait_for_room_change_nothing() {
        let config = ModelConfig {
            hidden_size: 32,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            ..ModelConfig::tiny(29)
        };
        let device = Default::default();
        let decoder = Decoder::<Flex>::init(&config, &mut ChaCha8Rng::seed_from_u64(1), &device);
        let decoder = decoder.unwrap();
        let prompts: [&[u32]; 3] = [&[1, 2, 3], &[4], &[5, 6, 7, 8, 9]];
        let requests: Vec<Request> = (0..18)
            .map(|number| Request {
                prompt: prompts[number / 6].to_vec(),
                stream: ChaCha8Rng::seed_from_u64(number as u64),
            })
            .collect();
        let settings = SamplingSettings {
            max_new_tokens: 9,
            stop: vec![0, 3],
            ..Default::default()
        };
        let sequences = Sequences {
            count: requests.len(),
            longest_prompt: 5,
        };
        let cache = CacheSize::new::<Flex>(&config, sequences, &settings).unwrap();
        let served = |rows, fast_rows| {
            let lane = Lane {
                decoder: &decoder.pack(),
                requests: &requests,
                settings: &settings,
                drawable: 29,
                device: &device,
                queue: &Mutex::new(0),
                shape: CacheShape {
                    rows,
                    ..cache.shape
                },
                fast_rows,
            };
            let mut done = vec![None; requests.len()];
            lane.run(&mut |request, generated| done[request] = Some(generated))
                .unwrap();
            done
        };
        let all = served(18, 18);
        assert!(all.iter().all(Option::is_some));
        for [rows, fast_rows] in [[18, 1], [18, 2], [7, 3], [1, 1]] {
            assert!(
                served(rows, fast_rows) == all,
                "{rows} rows, {fast_rows} of them fast"
            );
        }
    }
}
