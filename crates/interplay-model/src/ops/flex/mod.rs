//! The fused operations on Flex, Burn's CPU backend: multi-threaded, vectorized, and in place if the memory is not
//! shared.
//!
//! Every operation splits its work into parts of a fixed size, and sums over parts run in the order of the parts, so
//! that results are bitwise the same for any number of threads. Tensors that are not in single precision take the
//! composed path; new keys and values of the cache are cast to single precision.

mod adamw;
mod attention;
mod buffer;
mod cache;
mod dense;
mod embed;
mod fast_memory;
mod matrix;
mod norm;
mod packed;
mod panels;
mod pool;
mod product;
mod project;
mod rotate;
mod scores;
mod silu;

use burn::tensor::ops::FloatTensorOps;
use burn_flex::{Flex, FlexDevice, FlexTensor};

use super::adamw_step::AdamWStep;
use super::attention_shape::AttentionShape;
use super::kv_cache::{CacheShape, LayerCache};
use super::layer::cast;
use super::primitive::{prim, wrap};
use super::{FusedOps, composed};
use buffer::{copied, scratch, tensor};
use dense::{dense, dense_single, read, single, size, token_ids, write};
pub use packed::PackedWeight;
use packed::project_panels;

/// Number of `f32` elements that hold one row of a cache's keys, or of its values.
fn row_length(shape: CacheShape) -> usize {
    cache::dispatch(shape, cache::RowLength(cache::Sizes::new(shape)))
}

impl FusedOps for Flex {
    type Packed = PackedWeight;

    fn pack(weight: FlexTensor) -> PackedWeight {
        PackedWeight::new(weight)
    }

    fn project_packed(
        x: FlexTensor,
        weight: &PackedWeight,
        bias: Option<FlexTensor>,
        residual: Option<FlexTensor>,
    ) -> FlexTensor {
        weight.project(x, bias, residual)
    }

    fn embed_tokens(weight: FlexTensor, tokens: FlexTensor) -> FlexTensor {
        if !single(&[&weight]) {
            return <Self as FloatTensorOps<Self>>::float_select(weight, 0, tokens);
        }
        let weight = dense(weight);
        let [_, hidden] = size(&weight);
        let tokens = token_ids(&tokens);
        let mut out = scratch(tokens.len() * hidden);
        embed::forward(read(&weight), &tokens, hidden, &mut out);
        tensor(out, [tokens.len(), hidden])
    }

    fn embed_tokens_backward(tokens: FlexTensor, grad: FlexTensor, vocab: usize) -> FlexTensor {
        if !single(&[&grad]) {
            return composed::embed_tokens_backward::<Self>(tokens, grad, vocab);
        }
        let grad = dense(grad);
        let [_, hidden] = size(&grad);
        let out = embed::backward(&token_ids(&tokens), read(&grad), hidden, vocab);
        tensor(out, [vocab, hidden])
    }

    fn root_mean_square_norm(x: FlexTensor, weight: FlexTensor, eps: f32) -> FlexTensor {
        if !single(&[&x, &weight]) {
            return prim(composed::root_mean_square_norm::<Self>(
                wrap(x),
                wrap(weight),
                eps,
            ));
        }
        let (x, weight) = (dense(x), dense(weight));
        let mut out = scratch(read(&x).len());
        norm::forward(read(&x), read(&weight), &mut out, eps);
        tensor(out, size(&x))
    }

    fn root_mean_square_norm_backward(
        x: FlexTensor,
        weight: FlexTensor,
        grad: FlexTensor,
        eps: f32,
    ) -> (FlexTensor, FlexTensor) {
        if !single(&[&x, &weight, &grad]) {
            let (x, weight) = composed::root_mean_square_norm_backward::<Self>(
                wrap(x),
                wrap(weight),
                wrap(grad),
                eps,
            );
            return (prim(x), prim(weight));
        }
        let (x, weight, mut grad) = (dense(x), dense(weight), dense(grad));
        let grad_weight = norm::backward(read(&x), read(&weight), write(&mut grad), eps);
        let width = grad_weight.len();
        (grad, tensor(grad_weight, [width]))
    }

    fn project(
        x: FlexTensor,
        weight: FlexTensor,
        bias: Option<FlexTensor>,
        residual: Option<FlexTensor>,
    ) -> FlexTensor {
        let optional = [&bias, &residual]
            .into_iter()
            .flatten()
            .all(|tensor| single(&[tensor]));
        if !optional || !single(&[&x, &weight]) {
            let (bias, residual) = (bias.map(wrap), residual.map(wrap));
            return prim(composed::project::<Self>(
                wrap(x),
                wrap(weight),
                bias,
                residual,
            ));
        }
        let (x, weight) = (dense(x), dense(weight));
        let [outputs, inputs] = size(&weight);
        let panels = project::panels(read(&weight), [inputs, outputs]);
        project_panels(x, &panels, bias, residual)
    }

    fn project_backward_input(grad: FlexTensor, weight: FlexTensor) -> FlexTensor {
        if !single(&[&grad, &weight]) {
            let (grad, weight) = (wrap(grad), wrap(weight));
            return prim(composed::project_backward_input::<Self>(grad, weight));
        }
        let (grad, weight) = (dense(grad), dense(weight));
        let [outputs, inputs] = size(&weight);
        let [rows, _] = size(&grad);
        let mut out = scratch(rows * inputs);
        project::backward_input(read(&grad), read(&weight), &mut out, [inputs, outputs]);
        tensor(out, [rows, inputs])
    }

    fn project_backward_weight(x: FlexTensor, grad: FlexTensor) -> FlexTensor {
        if !single(&[&x, &grad]) {
            let (x, grad) = (wrap(x), wrap(grad));
            return prim(composed::project_backward_weight::<Self>(x, grad));
        }
        let (x, grad) = (dense(x), dense(grad));
        let sizes = [size(&x)[1], size(&grad)[1]];
        tensor(
            project::backward_weight(read(&x), read(&grad), sizes),
            [sizes[1], sizes[0]],
        )
    }

    fn project_backward_bias(grad: FlexTensor) -> FlexTensor {
        if !single(&[&grad]) {
            return prim(composed::project_backward_bias::<Self>(wrap(grad)));
        }
        let grad = dense(grad);
        let [_, outputs] = size(&grad);
        tensor(project::backward_bias(read(&grad), outputs), [outputs])
    }

    fn rotate_heads(x: FlexTensor, cos: FlexTensor, sin: FlexTensor, inverse: bool) -> FlexTensor {
        if !single(&[&x, &cos, &sin]) {
            return prim(composed::rotate_heads::<Self>(
                wrap(x),
                wrap(cos),
                wrap(sin),
                inverse,
            ));
        }
        let (mut x, cos, sin) = (dense(x), dense(cos), dense(sin));
        let [_, features] = size(&x);
        let [_, half] = size(&cos);
        rotate::rotate(
            write(&mut x),
            features,
            read(&cos),
            read(&sin),
            half,
            inverse,
        );
        x
    }

    fn gated_silu(gate: FlexTensor, up: FlexTensor) -> FlexTensor {
        if !single(&[&gate, &up]) {
            return prim(composed::gated_silu::<Self>(wrap(gate), wrap(up)));
        }
        let (gate, up) = (dense(gate), dense(up));
        let mut out = scratch(read(&gate).len());
        silu::forward(read(&gate), read(&up), &mut out);
        tensor(out, size(&gate))
    }

    fn gated_silu_backward(
        gate: FlexTensor,
        up: FlexTensor,
        grad: FlexTensor,
    ) -> (FlexTensor, FlexTensor) {
        if !single(&[&gate, &up, &grad]) {
            let (gate, up) =
                composed::gated_silu_backward::<Self>(wrap(gate), wrap(up), wrap(grad));
            return (prim(gate), prim(up));
        }
        let (mut gate, mut up, grad) = (dense(gate), dense(up), dense(grad));
        silu::backward(write(&mut gate), write(&mut up), read(&grad));
        (gate, up)
    }

    fn causal_attention(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        shape: &AttentionShape,
    ) -> (FlexTensor, FlexTensor) {
        if !single(&[&q, &k, &v]) {
            let (out, log_sum) =
                composed::causal_attention::<Self>(wrap(q), wrap(k), wrap(v), shape);
            return (prim(out), prim(log_sum));
        }
        let (q, k, v) = (dense(q), dense(k), dense(v));
        let rows = shape.batch * shape.seq;
        let mut out = scratch(read(&q).len());
        let mut log_sum = scratch(rows * shape.heads);
        attention::forward(
            [read(&q), read(&k), read(&v)],
            shape,
            &mut out,
            &mut log_sum,
        );
        (tensor(out, size(&q)), tensor(log_sum, [rows, shape.heads]))
    }

    fn causal_attention_backward(
        inputs: [FlexTensor; 3],
        out: FlexTensor,
        log_sum: FlexTensor,
        grad: FlexTensor,
        shape: &AttentionShape,
    ) -> [FlexTensor; 3] {
        if !single(&[&inputs[0], &inputs[1], &inputs[2], &out, &log_sum, &grad]) {
            return composed::causal_attention_backward::<Self>(
                inputs.map(wrap),
                wrap(out),
                wrap(log_sum),
                wrap(grad),
                shape,
            )
            .map(prim);
        }
        let inputs = inputs.map(dense);
        let (out, log_sum, grad) = (dense(out), dense(log_sum), dense(grad));
        let [q, k, v] = [0, 1, 2].map(|index| read(&inputs[index]));
        let saved = attention::Saved {
            inputs: [q, k, v],
            out: read(&out),
            log_sum: read(&log_sum),
            grad: read(&grad),
        };
        let [mut dq, mut dk, mut dv] = [q, k, v].map(|input| scratch(input.len()));
        attention::backward(&saved, shape, [&mut dq, &mut dk, &mut dv]);
        let sizes = [0, 1, 2].map(|index| size(&inputs[index]));
        [
            tensor(dq, sizes[0]),
            tensor(dk, sizes[1]),
            tensor(dv, sizes[2]),
        ]
    }

    fn score_targets(
        hidden: FlexTensor,
        weight: FlexTensor,
        targets: FlexTensor,
        inverse_temperature: f32,
    ) -> [FlexTensor; 3] {
        if !single(&[&hidden, &weight]) {
            let targets = burn::tensor::Tensor::from_primitive(targets);
            let (hidden, weight) = (wrap(hidden), wrap(weight));
            return composed::score_targets::<Self>(hidden, weight, targets, inverse_temperature)
                .map(prim);
        }
        let (hidden, weight) = (dense(hidden), dense(weight));
        let [rows, width] = size(&hidden);
        let output = scores::Output {
            weight: read(&weight),
            hidden: width,
            inverse_temperature,
        };
        let [mut log_probs, mut entropy, mut log_sum] = [0, 1, 2].map(|_| scratch(rows));
        let results = [&mut log_probs[..], &mut entropy[..], &mut log_sum[..]];
        scores::forward(read(&hidden), output, &token_ids(&targets), results);
        [log_probs, entropy, log_sum].map(|values| tensor(values, [rows]))
    }

    fn score_targets_backward(
        hidden: FlexTensor,
        weight: FlexTensor,
        targets: FlexTensor,
        log_sum: FlexTensor,
        grad: FlexTensor,
        inverse_temperature: f32,
    ) -> (FlexTensor, FlexTensor) {
        if !single(&[&hidden, &weight, &log_sum, &grad]) {
            let (hidden, weight) = composed::score_targets_backward::<Self>(
                wrap(hidden),
                wrap(weight),
                burn::tensor::Tensor::from_primitive(targets),
                wrap(log_sum),
                wrap(grad),
                inverse_temperature,
            );
            return (prim(hidden), prim(weight));
        }
        let (hidden, weight) = (dense(hidden), dense(weight));
        let (log_sum, grad) = (dense(log_sum), dense(grad));
        let [_, width] = size(&hidden);
        let output = scores::Output {
            weight: read(&weight),
            hidden: width,
            inverse_temperature,
        };
        let mut grad_hidden = scratch(read(&hidden).len());
        let grad_weight = scores::backward(
            read(&hidden),
            output,
            &token_ids(&targets),
            read(&log_sum),
            read(&grad),
            &mut grad_hidden,
        );
        (
            tensor(grad_hidden, size(&hidden)),
            tensor(grad_weight, size(&weight)),
        )
    }

    fn run_on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
        pool::run(work)
    }

    fn sampling_lanes() -> usize {
        rayon::current_num_threads()
    }

    fn fast_cache_bytes(weight_bytes: u64) -> Option<u64> {
        fast_memory::for_caches(weight_bytes)
    }

    fn cache_row_bytes(shape: CacheShape) -> u64 {
        (2 * row_length(shape) * size_of::<f32>()) as u64
    }

    fn new_cache(shape: CacheShape, _device: &FlexDevice) -> LayerCache<Self> {
        let row = row_length(shape);
        let zeros = || tensor(buffer::zeros(shape.rows * row), [shape.rows, row]);
        LayerCache {
            keys: zeros(),
            values: zeros(),
            shape,
        }
    }

    fn cache_prompts(
        cache: LayerCache<Self>,
        k: FlexTensor,
        v: FlexTensor,
        seq: usize,
        first_row: usize,
        sources: &[usize],
    ) -> LayerCache<Self> {
        let LayerCache {
            mut keys,
            mut values,
            shape,
        } = cache;
        let (k, v) = (dense_single(k), dense_single(v));
        let first = first_row * row_length(shape);
        let prompts = cache::Prompts {
            sizes: cache::Sizes::new(shape),
            memory: [
                &mut write(&mut keys)[first..],
                &mut write(&mut values)[first..],
            ],
            new: [read(&k), read(&v)],
            seq,
            sources,
        };
        cache::dispatch(shape, prompts);
        LayerCache {
            keys,
            values,
            shape,
        }
    }

    fn cache_move_rows(cache: LayerCache<Self>, moves: &[(usize, usize)]) -> LayerCache<Self> {
        let LayerCache {
            mut keys,
            mut values,
            shape,
        } = cache;
        let row = row_length(shape);
        for memory in [write(&mut keys), write(&mut values)] {
            for &(from, to) in moves {
                memory.copy_within(from * row..(from + 1) * row, to * row);
            }
        }
        LayerCache {
            keys,
            values,
            shape,
        }
    }

    fn attend_cached(
        cache: LayerCache<Self>,
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        lengths: &[u32],
    ) -> (FlexTensor, LayerCache<Self>) {
        let LayerCache {
            mut keys,
            mut values,
            shape,
        } = cache;
        let dtype = q.dtype();
        let (q, k, v) = (dense_single(q), dense_single(k), dense_single(v));
        let mut out = scratch(read(&q).len());
        let step = cache::Step {
            sizes: cache::Sizes::new(shape),
            memory: [write(&mut keys), write(&mut values)],
            q: read(&q),
            new: [read(&k), read(&v)],
            lengths,
            out: &mut out,
        };
        cache::dispatch(shape, step);
        (
            cast::<Flex>(tensor(out, size(&q)), dtype),
            LayerCache {
                keys,
                values,
                shape,
            },
        )
    }

    fn adamw_step(
        param: FlexTensor,
        grad: FlexTensor,
        first: FlexTensor,
        second: FlexTensor,
        step: &AdamWStep,
    ) -> [FlexTensor; 3] {
        if !single(&[&param, &grad, &first, &second]) {
            return composed::adamw_step::<Self>(param, grad, first, second, step);
        }
        let (mut param, grad) = (dense(param), dense(grad));
        let (mut first, mut second) = (dense(first), dense(second));
        let moments = (write(&mut first), write(&mut second));
        adamw::update(write(&mut param), read(&grad), moments.0, moments.1, step);
        [param, first, second]
    }

    fn sum_of_squares(x: FlexTensor) -> FlexTensor {
        if !single(&[&x]) {
            return composed::sum_of_squares::<Self>(x);
        }
        tensor(copied(&[adamw::sum_of_squares(read(&dense(x)))]), [1])
    }
}
