//! The decoder: token embedding, layers of attention and gated feed-forward, final norm, output scores.
//!
//! Weights have the layout of Hugging Face folders (`[outputs, inputs]`), so loading and saving copy them
//! unchanged. Activations are rows of tokens (`[tokens, features]`) from the embedding to the final norm.
//!
//! Source: Qwen2 (arXiv 2407.10671).
//! Deviations: no dropout, no sliding window.

use burn::module::{Module, Param};
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, FloatDType, Int, Tensor, TensorData};
use rand::Rng;

use crate::config::ModelConfig;
use crate::error::ModelError;
use crate::ops::composed;
use crate::ops::layer::{self, PackedLayer};
use crate::ops::{
    AttentionShape, CacheShape, FusedOps, LayerCache, LayerContext, LayerWeights, prim, wrap,
};
use crate::parameters::parameter_shapes;
use crate::precision::Precision;
use crate::rotary::Rotary;
use crate::segments::Segments;

/// `x weight^T + bias`, with `weight` `[outputs, inputs]`.
#[derive(Module, Debug)]
struct Projection<B: Backend> {
    weight: Param<Tensor<B, 2>>,
    bias: Param<Tensor<B, 1>>,
}

impl<B: FusedOps> Projection<B> {
    fn weights(&self) -> (FloatTensor<B>, FloatTensor<B>) {
        (prim(self.weight.val()), prim(self.bias.val()))
    }
}

/// The activation-checkpointing policy: what the forward pass keeps for the backward pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Activations {
    /// Every activation that the backward pass needs.
    #[default]
    Keep,
    /// Only the input of every layer, from which the backward pass recomputes the rest: a third more work for a
    /// fraction of the memory.
    Recompute,
}

impl Precision {
    /// Checks that a device computes in this precision.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnsupportedPrecision`] if it does not.
    pub fn check<B: Backend>(self, device: &B::Device) -> Result<(), ModelError> {
        if self == Self::Float32 || B::supports_dtype(device, DType::BF16) {
            return Ok(());
        }
        Err(ModelError::UnsupportedPrecision {
            precision: self,
            backend: B::name(device),
        })
    }
}

/// One layer.
#[derive(Module, Debug)]
struct Layer<B: Backend> {
    input_norm: Param<Tensor<B, 1>>,
    q: Projection<B>,
    k: Projection<B>,
    v: Projection<B>,
    o: Param<Tensor<B, 2>>,
    post_attention_norm: Param<Tensor<B, 1>>,
    gate: Param<Tensor<B, 2>>,
    up: Param<Tensor<B, 2>>,
    down: Param<Tensor<B, 2>>,
}

impl<B: FusedOps> Layer<B> {
    /// The current values of the parameters.
    fn weights(&self) -> LayerWeights<FloatTensor<B>> {
        let weight = |param: &Param<Tensor<B, 2>>| prim(param.val());
        LayerWeights {
            input_norm: prim(self.input_norm.val()),
            q: self.q.weights(),
            k: self.k.weights(),
            v: self.v.weights(),
            o: weight(&self.o),
            post_attention_norm: prim(self.post_attention_norm.val()),
            gate: weight(&self.gate),
            up: weight(&self.up),
            down: weight(&self.down),
        }
    }
}

/// A Qwen2-style decoder.
///
/// # Example
///
/// ```
/// use burn::backend::Flex;
/// use burn::tensor::{Int, Tensor};
/// use interplay_model::{Decoder, ModelConfig};
/// use rand::SeedableRng;
///
/// let device = Default::default();
/// let config = ModelConfig { num_hidden_layers: 1, ..ModelConfig::tiny(50) };
/// let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
/// let decoder = Decoder::<Flex>::init(&config, &mut rng, &device).unwrap();
/// let tokens = Tensor::<Flex, 2, Int>::from_ints([[1, 2, 3]], &device);
/// let logits = decoder.logits(decoder.hidden(tokens, None));
/// assert_eq!(logits.dims(), [1, 3, 50]);
/// ```
#[derive(Module, Debug)]
pub struct Decoder<B: Backend> {
    embed_tokens: Param<Tensor<B, 2>>,
    layers: Vec<Layer<B>>,
    norm: Param<Tensor<B, 1>>,
    lm_head: Option<Param<Tensor<B, 2>>>,
    #[module(skip)]
    config: ModelConfig,
}

/// Builds the parameters one after the other from a source of values.
struct Builder<'a, B: Backend, F> {
    shapes: std::vec::IntoIter<(String, Vec<usize>)>,
    values: &'a mut F,
    device: &'a B::Device,
}

impl<B, F> Builder<'_, B, F>
where
    B: Backend,
    F: FnMut(&str, &[usize]) -> Result<Vec<f32>, ModelError>,
{
    fn next<const D: usize>(&mut self) -> Result<Param<Tensor<B, D>>, ModelError> {
        // The list and the fields below are written in the same order, so the list cannot run dry.
        let (name, shape) = self.shapes.next().unwrap_or_default();
        let values = (self.values)(&name, &shape)?;
        let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
        Ok(Param::from_tensor(tensor))
    }

    fn projection(&mut self) -> Result<Projection<B>, ModelError> {
        Ok(Projection {
            weight: self.next()?,
            bias: self.next()?,
        })
    }

    fn layer(&mut self) -> Result<Layer<B>, ModelError> {
        Ok(Layer {
            input_norm: self.next()?,
            q: self.projection()?,
            k: self.projection()?,
            v: self.projection()?,
            o: self.next()?,
            post_attention_norm: self.next()?,
            gate: self.next()?,
            up: self.next()?,
            down: self.next()?,
        })
    }
}

impl<B: Backend> Decoder<B> {
    /// Creates a decoder with random weights: norms are one, biases zero, everything else normal with standard
    /// deviation `initializer_range`. Weights are drawn from `rng` in the order of [`parameter_shapes`], so that every
    /// backend starts from the same numbers.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidConfig`].
    pub fn init(
        config: &ModelConfig,
        rng: &mut impl Rng,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let deviation = config.initializer_range;
        Self::from_values(config, device, &mut |name, shape| {
            let count = shape.iter().product();
            if name.ends_with("norm.weight") {
                return Ok(vec![1.0; count]);
            }
            if name.ends_with("bias") {
                return Ok(vec![0.0; count]);
            }
            let mut values = Vec::with_capacity(count + 1);
            while values.len() < count {
                values.extend(normal_pair(rng).map(|value| (value * deviation) as f32));
            }
            values.truncate(count);
            Ok(values)
        })
    }

    /// Creates a decoder from existing values: `values` is called with each name and shape in the order of
    /// [`parameter_shapes`].
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidConfig`], and any error of `values`.
    pub fn from_values(
        config: &ModelConfig,
        device: &B::Device,
        values: &mut impl FnMut(&str, &[usize]) -> Result<Vec<f32>, ModelError>,
    ) -> Result<Self, ModelError> {
        config.validate()?;
        let shapes = parameter_shapes(config).into_iter();
        let mut builder = Builder::<B, _> {
            shapes,
            values,
            device,
        };
        Ok(Self {
            embed_tokens: builder.next()?,
            layers: (0..config.num_hidden_layers)
                .map(|_| builder.layer())
                .collect::<Result<_, _>>()?,
            norm: builder.next()?,
            lm_head: if config.tie_word_embeddings {
                None
            } else {
                Some(builder.next()?)
            },
            config: config.clone(),
        })
    }

    /// The configuration that this decoder was built from.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The same decoder for sequences of at most so many tokens: no weight depends on the longest sequence.
    #[must_use]
    pub fn with_context(mut self, tokens: usize) -> Self {
        self.config.max_position_embeddings = tokens;
        self
    }

    /// Returns a copy whose matrices are cast to the compute precision. Use it for forward and backward passes, and
    /// keep this decoder as the single-precision master: gradients flow back to its weights, and saving the copy
    /// would save rounded matrices.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnsupportedPrecision`] if the device does not compute in this precision.
    pub fn in_precision(&self, precision: Precision) -> Result<Self, ModelError> {
        if precision == Precision::Float32 {
            return Ok(self.clone());
        }
        precision.check::<B>(&self.device())?;
        let narrow = |param: &Param<Tensor<B, 2>>| {
            Param::initialized(param.id, param.val().cast(FloatDType::BF16))
        };
        let projection = |projection: &Projection<B>| Projection {
            weight: narrow(&projection.weight),
            bias: projection.bias.clone(),
        };
        let layer = |layer: &Layer<B>| Layer {
            input_norm: layer.input_norm.clone(),
            q: projection(&layer.q),
            k: projection(&layer.k),
            v: projection(&layer.v),
            o: narrow(&layer.o),
            post_attention_norm: layer.post_attention_norm.clone(),
            gate: narrow(&layer.gate),
            up: narrow(&layer.up),
            down: narrow(&layer.down),
        };
        Ok(Self {
            embed_tokens: self.embed_tokens.clone(),
            layers: self.layers.iter().map(layer).collect(),
            norm: self.norm.clone(),
            // A tied embedding itself stays in single precision.
            lm_head: Some(narrow(self.lm_head.as_ref().unwrap_or(&self.embed_tokens))),
            config: self.config.clone(),
        })
    }

    /// The device that holds the weights.
    pub fn device(&self) -> B::Device {
        self.embed_tokens.val().device()
    }

    /// The output layer `[vocab, hidden]`: the embedding itself where they are tied.
    fn output_weight(&self) -> Tensor<B, 2> {
        self.lm_head.as_ref().unwrap_or(&self.embed_tokens).val()
    }
}

impl<B: FusedOps> Decoder<B> {
    /// The hidden states after the final norm, `[batch, seq, hidden]`, for `tokens` `[batch, seq]`.
    ///
    /// With `segments`, the tokens of a packed row attend only their own document, and within it only the tokens
    /// that they continue.
    ///
    /// # Panics
    ///
    /// If `segments` has another batch size or sequence length than `tokens`.
    pub fn hidden(&self, tokens: Tensor<B, 2, Int>, segments: Option<&Segments>) -> Tensor<B, 3> {
        self.hidden_with(tokens, segments, Activations::Keep)
    }

    /// As [`hidden`](Self::hidden), with an activation-checkpointing policy.
    ///
    /// # Panics
    ///
    /// As [`hidden`](Self::hidden).
    pub fn hidden_with(
        &self,
        tokens: Tensor<B, 2, Int>,
        segments: Option<&Segments>,
        activations: Activations,
    ) -> Tensor<B, 3> {
        let [batch, seq] = tokens.dims();
        let context = self.context(&tokens, segments);
        let mut x = self.embed(tokens.reshape([batch * seq]));
        for layer in &self.layers {
            x = match activations {
                Activations::Keep => layer::forward::<B>(x, &layer.weights(), &context),
                Activations::Recompute => {
                    B::checkpointed_layer(x, layer.weights(), &context, layer::forward::<B>)
                }
            };
        }
        self.final_norm(x)
            .reshape([batch, seq, self.config.hidden_size])
    }

    /// The inputs that all layers share, for tokens `[batch, seq]`.
    fn context(
        &self,
        tokens: &Tensor<B, 2, Int>,
        segments: Option<&Segments>,
    ) -> LayerContext<FloatTensor<B>> {
        let [batch, seq] = tokens.dims();
        if let Some(segments) = segments {
            let sizes = [segments.batch(), segments.seq()];
            assert_eq!(
                sizes,
                [batch, seq],
                "the segments' [batch, seq] is not that of the tokens"
            );
        }
        let (rotary, device) = (Rotary::new(&self.config), tokens.device());
        let angles: [Tensor<B, 2>; 2] = match segments.and_then(Segments::depths) {
            None => rotary.at(0..seq, &device),
            Some(depths) => rotary.at(depths.iter().map(|&depth| depth as usize), &device),
        };
        let shape = AttentionShape {
            batch,
            seq,
            heads: self.config.num_attention_heads,
            kv_heads: self.config.num_key_value_heads,
            head_dim: self.config.head_dim(),
            segments: segments.cloned(),
        };
        LayerContext {
            angles: angles.map(prim),
            shape,
            eps: self.eps(),
        }
    }

    fn eps(&self) -> f32 {
        self.config.rms_norm_eps as f32
    }

    fn embed(&self, tokens: Tensor<B, 1, Int>) -> FloatTensor<B> {
        B::embed_tokens(prim(self.embed_tokens.val()), tokens.into_primitive())
    }

    fn final_norm(&self, x: FloatTensor<B>) -> Tensor<B, 2> {
        wrap(B::root_mean_square_norm(
            x,
            prim(self.norm.val()),
            self.eps(),
        ))
    }

    /// The next-token logits of hidden states: `[.., hidden]` to `[.., vocab]`.
    pub fn logits<const D: usize>(&self, hidden: Tensor<B, D>) -> Tensor<B, D> {
        let mut size = hidden.dims();
        let features = self.config.hidden_size;
        let rows = size.iter().product::<usize>() / features.max(1);
        let flat = hidden.reshape([rows, features]);
        let weight = prim(self.output_weight());
        size[D - 1] = self.config.vocab_size;
        wrap::<B, 2>(B::project(prim(flat), weight, None, None)).reshape(size)
    }

    /// Log-probabilities of `targets` `[n]` given the hidden states `[n, hidden]` at a temperature, and the entropy
    /// of each distribution in nats.
    ///
    /// The log-probabilities are differentiable. The entropies are not: they are measured, not trained.
    ///
    /// The distributions cover every row of the output layer, padding rows included: that is what pre-training
    /// normalizes over, so that the padding becomes unlikely. To compare with tokens that were sampled below a
    /// [`vocab_limit`](crate::SamplingSettings::vocab_limit), use
    /// [`token_scores_below`](Self::token_scores_below) with the same limit.
    pub fn token_scores(
        &self,
        hidden: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
        temperature: f64,
    ) -> (Tensor<B, 1>, Tensor<B, 1>) {
        self.token_scores_below(hidden, targets, temperature, None)
    }

    /// As [`token_scores`](Self::token_scores), with distributions over the tokens below `vocab_limit` alone. They
    /// are those that [`generate`](crate::generate) draws from under this limit, so that log-probabilities of a
    /// policy in training agree with those of its rollouts. `None` is no limit and costs nothing; the rows beyond
    /// a limit get no gradient.
    ///
    /// # Panics
    ///
    /// If a target is not below the limit (depending on the backend), or the limit is 0 or above the size of the
    /// vocabulary.
    pub fn token_scores_below(
        &self,
        hidden: Tensor<B, 2>,
        targets: Tensor<B, 1, Int>,
        temperature: f64,
        vocab_limit: Option<usize>,
    ) -> (Tensor<B, 1>, Tensor<B, 1>) {
        let weight = self.output_weight();
        let weight = match vocab_limit.filter(|&limit| limit != self.config.vocab_size) {
            Some(limit) => weight.narrow(0, 0, limit),
            None => weight,
        };
        let [log_probs, entropy, _] = B::score_targets(
            prim(hidden),
            prim(weight),
            targets.into_primitive(),
            (1.0 / temperature) as f32,
        );
        (wrap(log_probs), wrap(entropy))
    }

    /// The entropy of the next token's distribution in nats, `[n]`, given the hidden states `[n, hidden]`, over
    /// the tokens below `vocab_limit`; differentiable.
    ///
    /// [`token_scores_below`](Self::token_scores_below) gives the same numbers at next to no cost, but without
    /// a gradient. This computes all logits and keeps them for the backward pass, in chunks of 1,024 tokens.
    ///
    /// # Panics
    ///
    /// If the limit is 0 or above the size of the vocabulary.
    pub fn token_entropy(
        &self,
        hidden: &Tensor<B, 2>,
        temperature: f64,
        vocab_limit: Option<usize>,
    ) -> Tensor<B, 1> {
        const CHUNK: usize = 1024;
        let weight = self.output_weight();
        let weight = match vocab_limit.filter(|&limit| limit != self.config.vocab_size) {
            Some(limit) => weight.narrow(0, 0, limit),
            None => weight,
        };
        let scale = (1.0 / temperature) as f32;
        let tokens = hidden.dims()[0];
        let chunks = (0..tokens).step_by(CHUNK).map(|first| {
            let rows = hidden.clone().narrow(0, first, CHUNK.min(tokens - first));
            composed::entropy(rows, weight.clone(), scale)
        });
        Tensor::cat(chunks.collect(), 0)
    }

    /// Packs the weights for sampling.
    pub(crate) fn pack(&self) -> Packed<'_, B> {
        let layers = self.layers.iter();
        Packed {
            decoder: self,
            layers: layers.map(|layer| layer.weights().pack(B::pack)).collect(),
            output: B::pack(prim(self.output_weight())),
        }
    }
}

/// A decoder with weights packed for sampling.
pub(crate) struct Packed<'a, B: FusedOps> {
    decoder: &'a Decoder<B>,
    layers: Vec<PackedLayer<B>>,
    /// The output layer.
    output: B::Packed,
}

impl<B: FusedOps> Packed<'_, B> {
    /// The decoder's configuration.
    pub fn config(&self) -> &ModelConfig {
        self.decoder.config()
    }

    /// An empty cache for every layer.
    pub fn new_caches(&self, shape: CacheShape) -> Vec<LayerCache<B>> {
        let device = self.decoder.device();
        let layers = self.layers.iter();
        layers.map(|_| B::new_cache(shape, &device)).collect()
    }

    /// Rotated keys and values of whole rows in every layer.
    pub fn prefill(&self, tokens: Tensor<B, 2, Int>) -> Vec<[FloatTensor<B>; 2]> {
        let [batch, seq] = tokens.dims();
        let context = self.decoder.context(&tokens, None);
        let (eps, angles) = (context.eps, &context.angles);
        let mut x = self.decoder.embed(tokens.reshape([batch * seq]));
        let mut kept = Vec::with_capacity(self.layers.len());
        for (index, weights) in self.layers.iter().enumerate() {
            if index + 1 == self.layers.len() {
                // Only the keys and values of the last layer are needed, not its output.
                kept.push(layer::keys_values::<B>(x, weights, angles, eps));
                break;
            }
            let [q, k, v] =
                layer::queries_keys_values::<B, _>(&x, weights, angles, eps, B::project_packed);
            kept.push([k.clone(), v.clone()]);
            let (attended, _) = B::causal_attention(q, k, v, &context.shape);
            x = layer::finish::<B, _>(x, attended, weights, eps, B::project_packed);
        }
        kept
    }

    /// One decoding step of the first `lengths.len()` cached rows: returns the hidden states of their new tokens.
    /// `angles` are the rotary angles of those tokens.
    pub fn step(
        &self,
        tokens: Tensor<B, 1, Int>,
        angles: &[Tensor<B, 2>; 2],
        lengths: &[u32],
        caches: &mut Vec<LayerCache<B>>,
    ) -> Tensor<B, 2> {
        let (eps, angles) = (self.decoder.eps(), angles.clone().map(prim));
        let mut x = self.decoder.embed(tokens);
        let old = std::mem::take(caches);
        for (weights, cache) in self.layers.iter().zip(old) {
            let [q, k, v] =
                layer::queries_keys_values::<B, _>(&x, weights, &angles, eps, B::project_packed);
            let (attended, cache) = B::attend_cached(cache, q, k, v, lengths);
            caches.push(cache);
            x = layer::finish::<B, _>(x, attended, weights, eps, B::project_packed);
        }
        self.decoder.final_norm(x)
    }

    /// The next-token logits of hidden states `[N, hidden]`.
    pub fn logits(&self, hidden: Tensor<B, 2>) -> Tensor<B, 2> {
        wrap(B::project_packed(prim(hidden), &self.output, None, None))
    }
}

/// Two independent standard normal numbers (Box and Muller 1958).
fn normal_pair(rng: &mut impl Rng) -> [f64; 2] {
    let uniform = |bits: u64| ((bits >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let radius = (-2.0 * uniform(rng.next_u64()).ln()).sqrt();
    let (sin, cos) = (std::f64::consts::TAU * uniform(rng.next_u64())).sin_cos();
    [radius * cos, radius * sin]
}
