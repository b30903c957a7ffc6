//! The fused operations of the decoder, as an extension of Burn's `Backend`.
//!
//! Every operation except the packing of weights for sampling has a default that is composed of plain tensor
//! operations ([`composed`]), so that every backend can run it. A backend with a faster implementation overrides it,
//! as the CPU backend Flex does. `Autodiff` registers each operation with its own backward pass. Tests compare the
//! overrides with the defaults, and the backward passes with those that Burn derives from the defaults.
//!
//! All operations see tokens as rows: activations are `[tokens, features]` with the heads next to each other in the
//! features, so that nothing is transposed between a projection and the attention.
//!
//! Source: Qwen2 (arXiv 2407.10671); the Burn book's chapter on backend extension.

mod adamw_step;
mod attention_shape;
mod autodiff;
mod backends;
pub mod composed;
#[cfg(feature = "flex")]
mod flex;
mod kv_cache;
pub(crate) mod layer;
mod layer_weights;
mod primitive;

use burn::tensor::Tensor;
use burn::tensor::backend::{AutodiffBackend, Backend};
use burn::tensor::ops::{FloatTensor, IntTensor};

pub use adamw_step::AdamWStep;
pub use attention_shape::AttentionShape;
pub use kv_cache::{CacheShape, KvCacheDtype, LayerCache};
pub use layer_weights::{LayerContext, LayerForward, LayerWeights};
pub(crate) use primitive::{prim, wrap};

/// The backend extension: each operation with its backward pass and a composed default, and the packing of weights
/// for sampling.
///
/// Inputs come before constants, and every `*_backward` returns the gradients in the order of the inputs. Shapes use
/// `N` for the number of tokens.
pub trait FusedOps: Backend {
    /// A matrix packed for the products of sampling.
    type Packed: Clone + Send + Sync;

    /// Packs a weight `[outputs, inputs]`.
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
    /// `cos` and `sin` are `[P, head_dim / 2]`; token `n` uses row `n % P`. `inverse` rotates the other way, which
    /// is the backward pass.
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

    /// Causal grouped-query attention within documents and their branches.
    ///
    /// `q` is `[N, heads * head_dim]`, `k` and `v` are `[N, kv_heads * head_dim]` with `N = batch * seq`.
    /// Returns the output in the shape of `q`, and for the backward pass the logarithm of each softmax's
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

    /// The output `forward(x, weights, context)` of one layer for the tokens `x` `[N, hidden]`. A backend that tracks
    /// gradients keeps only `x`, and recomputes the rest in the backward pass: a third more work for a fraction of
    /// the memory.
    fn checkpointed_layer(
        x: FloatTensor<Self>,
        weights: LayerWeights<FloatTensor<Self>>,
        context: &LayerContext<FloatTensor<Self>>,
        forward: LayerForward<FloatTensor<Self>>,
    ) -> FloatTensor<Self> {
        forward(x, &weights, context)
    }

    /// The log-probability of each target under `softmax(hidden weight^T * inverse_temperature)`, the entropy of
    /// that distribution, and for the backward pass the logarithm of its denominator; each `[N]`. `weight` is
    /// `[vocab, hidden]`.
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

    /// Number of lanes that sample in parallel: the number of threads if operations compute on the threads of this
    /// process, 1 if a device queues them.
    fn sampling_lanes() -> usize {
        1
    }

    /// Bytes of key and value caches, of all lanes together, that stay in fast memory beside weights of
    /// `weight_bytes`; `None` if there is no such bound.
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
    /// and `v` `[prompts * seq, kv_heads * head_dim]`. Tokens after the end of a shorter prompt are never attended,
    /// and tokens beyond the row's capacity are left out.
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

    /// Copies row `from` over row `to` for each `(from, to)`. No row is both; one row may be copied to several.
    fn cache_move_rows(cache: LayerCache<Self>, moves: &[(usize, usize)]) -> LayerCache<Self> {
        composed::cache_move_rows(cache, moves)
    }

    /// One decoding step: appends the new key and value of each of the first `lengths.len()` rows after its
    /// `lengths[row]` cached tokens, and attends to all of them.
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

    /// One AdamW step of one parameter: returns the parameter, the first and the second moment.
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

/// A backend that can train: it tracks gradients, and has the fused operations with and without them.
pub trait TrainBackend: AutodiffBackend<InnerBackend: FusedOps> + FusedOps {}

impl<B: AutodiffBackend<InnerBackend: FusedOps> + FusedOps> TrainBackend for B {}
