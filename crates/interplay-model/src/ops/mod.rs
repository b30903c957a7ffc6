//! The fused operations of the decoder, as an extension of Burn's `Backend`.
//!
//! Every operation but the packing of weights for sampling has a default that is composed of plain tensor operations ([`composed`]), so that every
//! backend can run it; a backend with a faster form overrides it (the CPU backend Flex does). `Autodiff`
//! registers each with its own backward pass. Tests compare the overrides with the defaults and the backward
//! passes with what Burn derives from the defaults.
//!
//! All operations see tokens as rows: activations are `[tokens, features]`, heads lie side by side in the
//! features, so nothing is transposed between a projection and the attention.
//!
//! Source: Qwen2 (arXiv 2407.10671); the Burn book's chapter on backend extension.

mod autodiff;
mod backends;
pub mod composed;
#[cfg(feature = "flex")]
mod flex;
pub(crate) mod layer;

use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{Tensor, TensorPrimitive};

use crate::segments::Segments;
pub use layer::{LayerContext, LayerWeights, PackedLayer};

/// Sizes of one attention call, and which tokens see which.
#[derive(Clone, Debug)]
pub struct AttentionShape {
    /// Number of rows (sequences).
    pub batch: usize,
    /// Tokens in a row.
    pub seq: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Which tokens of a row belong together; `None` is one document a row.
    pub segments: Option<Segments>,
}

impl AttentionShape {
    /// Query heads that share one key and value head.
    pub fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    /// What the scores are multiplied with.
    pub fn scale(&self) -> f32 {
        1.0 / (self.head_dim as f32).sqrt()
    }

    /// The first token that token `token` of row `row` attends.
    pub fn start(&self, row: usize, token: usize) -> usize {
        match &self.segments {
            Some(segments) => segments.starts()[row * self.seq + token] as usize,
            None => 0,
        }
    }

    /// For each token of row `row` the place behind the last one that goes on from it; `None` where nothing
    /// branches.
    pub fn ends(&self, row: usize) -> Option<&[u32]> {
        let ends = self.segments.as_ref()?.ends()?;
        Some(&ends[row * self.seq..(row + 1) * self.seq])
    }
}

/// Sizes of one layer's key and value cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheShape {
    /// Sequences that it holds at most.
    pub rows: usize,
    /// Tokens that a sequence has at most.
    pub capacity: usize,
    /// Query heads that read it.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// What a key or a value is kept as.
    pub numbers: CacheNumbers,
}

/// What the key and value cache keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheNumbers {
    /// Single precision.
    #[default]
    Float32,
    /// Sixteen bits, and an exponent that the key or value of a head has in common (block floating point). No
    /// element is off by more than 2^-15 of the largest one beside it. Half the memory, and where memory is
    /// what decoding waits for twice as fast; but of two tokens that are almost equally likely the other one may
    /// come out first. A backend that composes the cache operations keeps single precision instead.
    Int16,
}

impl CacheNumbers {
    /// Sixteen bits where tokens are drawn, single precision where the most likely one is taken.
    pub fn for_temperature(temperature: f64) -> Self {
        if temperature > 0.0 {
            Self::Int16
        } else {
            Self::Float32
        }
    }
}

/// One layer's keys and values of every running sequence.
///
/// The layout of the two tensors is the backend's own business: only the cache operations read them.
#[derive(Clone, Debug)]
pub struct LayerCache<B: Backend> {
    /// Rotated keys.
    pub keys: FloatTensor<B>,
    /// Values.
    pub values: FloatTensor<B>,
    /// Sizes.
    pub shape: CacheShape,
}

/// One step of AdamW with everything that is the same for all parameters.
///
/// `m <- b1 m + (1 - b1) g`, `v <- b2 v + (1 - b2) g^2`, both corrected by `1 - b^step`, then
/// `w <- w - lr (m' / (sqrt(v') + eps) + weight_decay w)`, where `g` is the gradient times `grad_scale`.
///
/// Source: Loshchilov and Hutter 2019 (arXiv 1711.05101), with PyTorch's placement of `eps`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWStep {
    /// Learning rate of this step.
    pub lr: f32,
    /// Decay of the first moment.
    pub beta1: f32,
    /// Decay of the second moment.
    pub beta2: f32,
    /// Added to the root of the second moment.
    pub eps: f32,
    /// Decoupled weight decay; zero for biases and norms by convention.
    pub weight_decay: f32,
    /// Number of this step, from 1.
    pub step: u32,
    /// Factor on the gradient, for clipping and accumulation.
    pub grad_scale: f32,
}

/// The backend extension: each operation with its backward pass and a composed default, and how weights are packed
/// for sampling.
///
/// Argument order is inputs, then constants; every `*_backward` gives the gradients in the order of the
/// inputs. Shapes use `N` for tokens.
pub trait FusedOps: Backend {
    /// A matrix in the form in which sampling multiplies by it.
    type Packed: Clone + Send + Sync;

    /// Brings a weight `[outputs, inputs]` into that form.
    fn pack(weight: FloatTensor<Self>) -> Self::Packed;

    /// [`project`](FusedOps::project) with a packed weight.
    fn project_packed(
        x: FloatTensor<Self>,
        weight: &Self::Packed,
        bias: Option<FloatTensor<Self>>,
        residual: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self>;

    /// Rows of `weight` `[vocab, hidden]` for `tokens` `[N]`: `[N, hidden]`.
    fn embed_tokens(weight: FloatTensor<Self>, tokens: IntTensor<Self>) -> FloatTensor<Self> {
        Self::float_select(weight, 0, tokens)
    }

    /// Gradient of [`embed_tokens`](FusedOps::embed_tokens) for a weight of `vocab` rows.
    fn embed_tokens_backward(
        tokens: IntTensor<Self>,
        grad: FloatTensor<Self>,
        vocab: usize,
    ) -> FloatTensor<Self> {
        composed::embed_tokens_backward::<Self>(tokens, grad, vocab)
    }

    /// `x / sqrt(mean(x^2) + eps) * weight`, over the features of `x` `[N, hidden]`.
    fn root_mean_square_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        eps: f32,
    ) -> FloatTensor<Self> {
        prim(composed::root_mean_square_norm::<Self>(
            wrap(x),
            wrap(weight),
            eps,
        ))
    }

    /// Gradients of [`root_mean_square_norm`](FusedOps::root_mean_square_norm) for `x` and `weight`.
    fn root_mean_square_norm_backward(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        eps: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (x, weight) = composed::root_mean_square_norm_backward::<Self>(
            wrap(x),
            wrap(weight),
            wrap(grad),
            eps,
        );
        (prim(x), prim(weight))
    }

    /// `x weight^T + bias + residual` with `x` `[N, inputs]` and `weight` `[outputs, inputs]`.
    fn project(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: Option<FloatTensor<Self>>,
        residual: Option<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        prim(composed::project::<Self>(
            wrap(x),
            wrap(weight),
            bias.map(wrap),
            residual.map(wrap),
        ))
    }

    /// Gradient of [`project`](FusedOps::project) for its input: `grad weight`.
    fn project_backward_input(
        grad: FloatTensor<Self>,
        weight: FloatTensor<Self>,
    ) -> FloatTensor<Self> {
        prim(composed::project_backward_input::<Self>(
            wrap(grad),
            wrap(weight),
        ))
    }

    /// Gradient of [`project`](FusedOps::project) for its weight: `grad^T x`.
    fn project_backward_weight(x: FloatTensor<Self>, grad: FloatTensor<Self>) -> FloatTensor<Self> {
        prim(composed::project_backward_weight::<Self>(
            wrap(x),
            wrap(grad),
        ))
    }

    /// Gradient of [`project`](FusedOps::project) for its bias: the sum of `grad` over the tokens.
    fn project_backward_bias(grad: FloatTensor<Self>) -> FloatTensor<Self> {
        prim(composed::project_backward_bias::<Self>(wrap(grad)))
    }

    /// Rotates each pair `(i, i + head_dim / 2)` of every head of `x` `[N, heads * head_dim]`.
    ///
    /// `cos` and `sin` are `[P, head_dim / 2]`; token `n` uses row `n % P`. `inverse` turns the other way,
    /// which is the backward pass.
    fn rotate_heads(
        x: FloatTensor<Self>,
        cos: FloatTensor<Self>,
        sin: FloatTensor<Self>,
        inverse: bool,
    ) -> FloatTensor<Self> {
        prim(composed::rotate_heads::<Self>(
            wrap(x),
            wrap(cos),
            wrap(sin),
            inverse,
        ))
    }

    /// `silu(gate) * up`, element by element.
    fn gated_silu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self> {
        prim(composed::gated_silu::<Self>(wrap(gate), wrap(up)))
    }

    /// Gradients of [`gated_silu`](FusedOps::gated_silu) for `gate` and `up`.
    fn gated_silu_backward(
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        grad: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (gate, up) = composed::gated_silu_backward::<Self>(wrap(gate), wrap(up), wrap(grad));
        (prim(gate), prim(up))
    }

    /// Causal grouped-query attention inside documents and their branches.
    ///
    /// `q` is `[N, heads * head_dim]`, `k` and `v` are `[N, kv_heads * head_dim]` with `N = batch * seq`.
    /// Gives the output in the shape of `q`, and for the backward pass the logarithm of each softmax's
    /// denominator `[N, heads]`.
    fn causal_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        shape: &AttentionShape,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (out, log_sum) = composed::causal_attention::<Self>(wrap(q), wrap(k), wrap(v), shape);
        (prim(out), prim(log_sum))
    }

    /// Gradients of [`causal_attention`](FusedOps::causal_attention) for `q`, `k` and `v`.
    fn causal_attention_backward(
        inputs: [FloatTensor<Self>; 3],
        out: FloatTensor<Self>,
        log_sum: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        shape: &AttentionShape,
    ) -> [FloatTensor<Self>; 3] {
        composed::causal_attention_backward::<Self>(
            inputs.map(wrap),
            wrap(out),
            wrap(log_sum),
            wrap(grad),
            shape,
        )
        .map(prim)
    }

    /// One layer for the tokens `x` `[N, hidden]`. Where gradients are tracked only `x` is kept, and the backward
    /// pass computes the rest again: a third more work for a fraction of the memory.
    fn checkpointed_layer(
        x: FloatTensor<Self>,
        weights: LayerWeights<FloatTensor<Self>>,
        context: &LayerContext<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        layer::forward::<Self>(x, &weights, context)
    }

    /// Log-probability of each target under `softmax(hidden weight^T * inverse_temperature)`, the entropy of
    /// that distribution, and for the backward pass the logarithm of its denominator; each `[N]`.
    fn score_targets(
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        targets: IntTensor<Self>,
        inverse_temperature: f32,
    ) -> [FloatTensor<Self>; 3] {
        composed::score_targets::<Self>(
            wrap(hidden),
            wrap(weight),
            Tensor::from_primitive(targets),
            inverse_temperature,
        )
        .map(prim)
    }

    /// Gradients of the log-probabilities of [`score_targets`](FusedOps::score_targets) for `hidden` and
    /// `weight`.
    fn score_targets_backward(
        hidden: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        targets: IntTensor<Self>,
        log_sum: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        inverse_temperature: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>) {
        let (hidden, weight) = composed::score_targets_backward::<Self>(
            wrap(hidden),
            wrap(weight),
            Tensor::from_primitive(targets),
            wrap(log_sum),
            wrap(grad),
            inverse_temperature,
        );
        (prim(hidden), prim(weight))
    }

    /// Runs `work`, which consists of many operations, where they are computed with the fewest switches of threads:
    /// on a CPU backend on a thread of a pool of its own, one such work at a time in a process; elsewhere on the
    /// calling thread.
    ///
    /// Training steps belong in here, backward pass included. `work` must not wait for a thread that calls this
    /// function as well.
    fn run_on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
        work()
    }

    /// How many lanes of sampling run beside each other: the number of threads where operations compute on the
    /// threads of this process, 1 where a device queues them.
    fn sampling_lanes() -> usize {
        1
    }

    /// Bytes of caches that are read fast, of all lanes together, beside weights of some bytes; `None` where there is no such bound.
    fn fast_cache_bytes(weight_bytes: u64) -> Option<u64> {
        let _ = weight_bytes;
        None
    }

    /// Bytes of one row of one layer's cache.
    fn cache_row_bytes(shape: CacheShape) -> u64 {
        composed::cache_row_bytes(shape)
    }

    /// An empty cache.
    fn new_cache(shape: CacheShape, device: &Self::Device) -> LayerCache<Self> {
        composed::new_cache(shape, device)
    }

    /// Copies prefilled prompts into rows `first_row..`: row `first_row + i` gets prompt `sources[i]` of `k`
    /// and `v` `[prompts * seq, kv_heads * head_dim]`. What follows a shorter prompt weighs nothing, and what is
    /// beyond the row's capacity is left out.
    fn cache_prompts(
        cache: LayerCache<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        seq: usize,
        first_row: usize,
        sources: &[usize],
    ) -> LayerCache<Self> {
        composed::cache_prompts(cache, wrap(k), wrap(v), seq, first_row, sources)
    }

    /// Copies row `from` over row `to` for each `(from, to)`; no row is both, and a row may go to several.
    fn cache_move_rows(cache: LayerCache<Self>, moves: &[(usize, usize)]) -> LayerCache<Self> {
        composed::cache_move_rows(cache, moves)
    }

    /// One decoding step: appends the new key and value of each of the first `lengths.len()` rows behind its
    /// `lengths[row]` cached tokens, and attends all of them.
    ///
    /// `q` is `[rows, heads * head_dim]`, `k` and `v` are `[rows, kv_heads * head_dim]`.
    fn attend_cached(
        cache: LayerCache<Self>,
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        lengths: &[u32],
    ) -> (FloatTensor<Self>, LayerCache<Self>) {
        let (out, cache) = composed::attend_cached(cache, wrap(q), wrap(k), wrap(v), lengths);
        (prim(out), cache)
    }

    /// One AdamW step of one parameter: gives parameter, first and second moment.
    fn adamw_step(
        param: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        first: FloatTensor<Self>,
        second: FloatTensor<Self>,
        step: &AdamWStep,
    ) -> [FloatTensor<Self>; 3] {
        composed::adamw_step::<Self>(param, grad, first, second, step)
    }

    /// Sum of the squares of all elements, `[1]`, in an order that does not depend on threads.
    fn sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self> {
        composed::sum_of_squares::<Self>(x)
    }
}

/// A backend that can train: gradients, and the fused operations with and without them.
pub trait TrainBackend: AutodiffBackend<InnerBackend: FusedOps> + FusedOps {}

impl<B: AutodiffBackend<InnerBackend: FusedOps> + FusedOps> TrainBackend for B {}

/// The primitive inside a float tensor.
pub(crate) fn prim<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> FloatTensor<B> {
    tensor.into_primitive().tensor()
}

/// A float tensor around a primitive.
pub(crate) fn wrap<B: Backend, const D: usize>(primitive: FloatTensor<B>) -> Tensor<B, D> {
    Tensor::from_primitive(TensorPrimitive::Float(primitive))
}
