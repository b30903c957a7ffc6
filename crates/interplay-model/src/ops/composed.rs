//! The fused operations as compositions of plain tensor operations.
//!
//! They are the defaults of [`FusedOps`](super::FusedOps), which a GPU backend fuses by itself, and the reference for
//! the tests of every faster implementation. Shapes are as in the trait.
//!
//! If a weight has a narrower type than single precision, its products are computed in that type, in the forward and
//! the backward pass. Softmax, norms, the gradients of vectors and the residual stream stay in single precision.

use burn::tensor::activation::sigmoid;
use burn::tensor::backend::Backend;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn::tensor::{
    Bool, DType, FloatDType, IndexingUpdateOp, Int, Shape, Tensor, TensorData, TensorMetadata,
};

use super::adamw_step::AdamWStep;
use super::attention_shape::AttentionShape;
use super::kv_cache::{CacheShape, LayerCache};
use super::primitive::{prim, wrap};

/// Casts to another type, if it is another.
fn cast<B: Backend, const D: usize>(x: Tensor<B, D>, dtype: DType) -> Tensor<B, D> {
    if x.dtype() == dtype {
        return x;
    }
    x.cast(FloatDType::from(dtype))
}

/// Casts to single precision.
fn to_single<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    cast(x, DType::F32)
}

/// The type with fewer bytes.
fn narrower(a: DType, b: DType) -> DType {
    if a.size() < b.size() { a } else { b }
}

/// Sums the rows of `grad` by token.
pub fn embed_tokens_backward<B: Backend>(
    tokens: IntTensor<B>,
    grad: FloatTensor<B>,
    vocab: usize,
) -> FloatTensor<B> {
    let grad = wrap::<B, 2>(grad);
    let [_, hidden] = grad.dims();
    let zeros = Tensor::<B, 2>::zeros([vocab, hidden], (&grad.device(), grad.dtype()));
    let tokens = Tensor::<B, 1, Int>::from_primitive(tokens);
    prim(zeros.select_assign(0, tokens, grad, IndexingUpdateOp::Add))
}

/// `1 / sqrt(mean(x^2) + eps)` of each row, `[N, 1]`.
fn inverse_root_mean_square<B: Backend>(x: Tensor<B, 2>, eps: f32) -> Tensor<B, 2> {
    (x.clone() * x).mean_dim(1).add_scalar(eps).sqrt().recip()
}

/// Scales each row to a root mean square of one, then each feature by its weight.
pub fn root_mean_square_norm<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    eps: f32,
) -> Tensor<B, 2> {
    let scale = inverse_root_mean_square(x.clone(), eps);
    x * scale * weight.unsqueeze()
}

/// With `r` the inverse root mean square, `n = x r` and `u = grad * weight`:
/// `dx = r (u - n mean(u n))`, `dweight = sum over rows of grad n`.
pub fn root_mean_square_norm_backward<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 1>,
    grad: Tensor<B, 2>,
    eps: f32,
) -> (Tensor<B, 2>, Tensor<B, 1>) {
    let grad = cast(grad, x.dtype());
    let scale = inverse_root_mean_square(x.clone(), eps);
    let normed = x * scale.clone();
    let grad_weight = (grad.clone() * normed.clone())
        .sum_dim(0)
        .squeeze_dim::<1>(0);
    let inner = grad * weight.unsqueeze();
    let mean = (inner.clone() * normed.clone()).mean_dim(1);
    ((inner - normed * mean) * scale, grad_weight)
}

/// `x weight^T + bias + residual`.
pub fn project<B: Backend>(
    x: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 1>>,
    residual: Option<Tensor<B, 2>>,
) -> Tensor<B, 2> {
    let dtype = weight.dtype();
    let mut out = cast(x, dtype).matmul(weight.transpose());
    if let Some(bias) = bias {
        out = out + cast(bias, dtype).unsqueeze();
    }
    match residual {
        Some(residual) => {
            let out = cast(out, residual.dtype());
            residual + out
        }
        None => out,
    }
}

/// `grad weight`, in the type of the weight.
pub fn project_backward_input<B: Backend>(
    grad: Tensor<B, 2>,
    weight: Tensor<B, 2>,
) -> Tensor<B, 2> {
    cast(grad, weight.dtype()).matmul(weight)
}

/// `grad^T x`, in the narrower type of the two.
pub fn project_backward_weight<B: Backend>(x: Tensor<B, 2>, grad: Tensor<B, 2>) -> Tensor<B, 2> {
    let dtype = narrower(x.dtype(), grad.dtype());
    cast(grad, dtype).transpose().matmul(cast(x, dtype))
}

/// The sum of `grad` over the tokens, in single precision.
pub fn project_backward_bias<B: Backend>(grad: Tensor<B, 2>) -> Tensor<B, 1> {
    to_single(grad).sum_dim(0).squeeze_dim::<1>(0)
}

/// Rotates each pair of features from the two halves of a head.
pub fn rotate_heads<B: Backend>(
    x: Tensor<B, 2>,
    cos: Tensor<B, 2>,
    sin: Tensor<B, 2>,
    inverse: bool,
) -> Tensor<B, 2> {
    let [rows, features] = x.dims();
    let [period, half] = cos.dims();
    let heads = features / (2 * half);
    let cos = cos.reshape([1, period, 1, half]);
    let sin = sin.reshape([1, period, 1, half]);
    let sin = if inverse { sin.neg() } else { sin };
    let dtype = x.dtype();
    let x = cast(x, cos.dtype()).reshape([rows / period, period, heads, 2 * half]);
    let low = x.clone().narrow(3, 0, half);
    let high = x.narrow(3, half, half);
    let new_low = low.clone() * cos.clone() - high.clone() * sin.clone();
    let new_high = high * cos + low * sin;
    cast(
        Tensor::cat(vec![new_low, new_high], 3).reshape([rows, features]),
        dtype,
    )
}

/// `silu(gate) * up`.
pub fn gated_silu<B: Backend>(gate: Tensor<B, 2>, up: Tensor<B, 2>) -> Tensor<B, 2> {
    gate.clone() * sigmoid(gate) * up
}

/// With `s = sigmoid(gate)`: `dup = grad gate s`, `dgate = grad up s (1 + gate (1 - s))`.
pub fn gated_silu_backward<B: Backend>(
    gate: Tensor<B, 2>,
    up: Tensor<B, 2>,
    grad: Tensor<B, 2>,
) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let grad = cast(grad, gate.dtype());
    let s = sigmoid(gate.clone());
    let silu = gate * s.clone();
    let slope = s.clone() + silu.clone() * s.neg().add_scalar(1.0);
    (grad.clone() * up * slope, grad * silu)
}

/// `[N, heads * head_dim]` as `[batch, heads, seq, head_dim]`.
fn split_heads<B: Backend>(x: Tensor<B, 2>, shape: &AttentionShape, heads: usize) -> Tensor<B, 4> {
    x.reshape([shape.batch, shape.seq, heads, shape.head_dim])
        .swap_dims(1, 2)
}

/// The inverse of [`split_heads`].
fn join_heads<B: Backend>(x: Tensor<B, 4>) -> Tensor<B, 2> {
    let [batch, heads, seq, head_dim] = x.dims();
    x.swap_dims(1, 2).reshape([batch * seq, heads * head_dim])
}

/// Repeats key or value heads for every query head: `[batch, heads, seq, head_dim]`.
fn repeat_heads<B: Backend>(x: Tensor<B, 4>, group: usize) -> Tensor<B, 4> {
    if group == 1 {
        return x;
    }
    let [batch, heads, seq, dim] = x.dims();
    x.reshape([batch, heads, 1, seq, dim])
        .expand([batch, heads, group, seq, dim])
        .reshape([batch, heads * group, seq, dim])
}

/// The gradient of [`repeat_heads`]: sums over the queries of a group.
fn sum_heads<B: Backend>(x: Tensor<B, 4>, group: usize) -> Tensor<B, 4> {
    if group == 1 {
        return x;
    }
    let [batch, heads, seq, dim] = x.dims();
    x.reshape([batch, heads / group, group, seq, dim])
        .sum_dim(2)
        .squeeze_dim::<4>(2)
}

/// The attention mask `[batch or 1, 1, seq, seq]`, true where a query must not attend to a key.
fn hidden_tokens<B: Backend>(shape: &AttentionShape, device: &B::Device) -> Tensor<B, 4, Bool> {
    let seq = shape.seq;
    let columns = Tensor::<B, 1, Int>::arange(0..seq as i64, device);
    let columns = columns.clone().reshape([1, 1, 1, seq]);
    let rows = columns.clone().reshape([1, 1, seq, 1]);
    let future = columns
        .clone()
        .expand([1, 1, seq, seq])
        .greater(rows.clone().expand([1, 1, seq, seq]));
    let Some(segments) = &shape.segments else {
        return future;
    };
    let size = [shape.batch, 1, seq, seq];
    let starts: Vec<i32> = segments
        .starts()
        .iter()
        .map(|&start| start as i32)
        .collect();
    let starts = TensorData::new(starts, [shape.batch, 1, seq, 1]);
    let starts = Tensor::<B, 4, Int>::from_data(starts, device);
    let before = columns.expand(size).lower(starts.expand(size));
    let hidden = future.expand(size).bool_or(before);
    let Some(ends) = segments.ends() else {
        return hidden;
    };
    let ends: Vec<i32> = ends.iter().map(|&end| end as i32).collect();
    let ends = TensorData::new(ends, [shape.batch, 1, 1, seq]);
    let ends = Tensor::<B, 4, Int>::from_data(ends, device);
    let other_branch = ends.expand(size).lower_equal(rows.expand(size));
    hidden.bool_or(other_branch)
}

/// Masked scores `[batch, heads, seq, seq]`, in single precision.
fn scores<B: Backend>(q: Tensor<B, 4>, k: Tensor<B, 4>, shape: &AttentionShape) -> Tensor<B, 4> {
    let device = q.device();
    let scores = to_single(q.matmul(k.swap_dims(2, 3))).mul_scalar(shape.scale());
    let mask = hidden_tokens::<B>(shape, &device);
    let mask = mask.expand([shape.batch, shape.heads, shape.seq, shape.seq]);
    scores.mask_fill(mask, f32::NEG_INFINITY)
}

/// Softmax attention with an explicit mask and all scores in memory.
pub fn causal_attention<B: Backend>(
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    shape: &AttentionShape,
) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let q = split_heads(q, shape, shape.heads);
    let k = repeat_heads(split_heads(k, shape, shape.kv_heads), shape.group());
    let v = repeat_heads(split_heads(v, shape, shape.kv_heads), shape.group());
    let scores = scores(q, k, shape);
    let max = scores.clone().max_dim(3).detach();
    let weights = (scores - max.clone()).exp();
    let sum = weights.clone().sum_dim(3);
    let weights = cast(weights / sum.clone(), v.dtype());
    let out = join_heads(weights.matmul(v));
    (out, join_heads(sum.log() + max))
}

/// With `P` the attention weights and `D = rowsum(grad * out)`: `dV = P^T grad`,
/// `dS = P * (grad V^T - D)`, `dQ = dS K * scale`, `dK = dS^T Q * scale`.
pub fn causal_attention_backward<B: Backend>(
    [q, k, v]: [Tensor<B, 2>; 3],
    out: Tensor<B, 2>,
    log_sum: Tensor<B, 2>,
    grad: Tensor<B, 2>,
    shape: &AttentionShape,
) -> [Tensor<B, 2>; 3] {
    let dtype = q.dtype();
    let grad = cast(grad, dtype);
    let q = split_heads(q, shape, shape.heads);
    let k = repeat_heads(split_heads(k, shape, shape.kv_heads), shape.group());
    let v = repeat_heads(split_heads(v, shape, shape.kv_heads), shape.group());
    let out = split_heads(out, shape, shape.heads);
    let grad = split_heads(grad, shape, shape.heads);
    let scores = scores(q.clone(), k.clone(), shape);
    let log_sum = log_sum
        .reshape([shape.batch, shape.seq, shape.heads, 1])
        .swap_dims(1, 2);
    let weights = (scores - log_sum).exp();
    let delta = (to_single(grad.clone()) * to_single(out)).sum_dim(3);
    let across = cast(weights.clone().swap_dims(2, 3), dtype);
    let grad_v = across.matmul(grad.clone());
    let grad_weights = to_single(grad.matmul(v.swap_dims(2, 3)));
    let grad_scores = (weights * (grad_weights - delta)).mul_scalar(shape.scale());
    let grad_scores = cast(grad_scores, dtype);
    let grad_k = grad_scores.clone().swap_dims(2, 3).matmul(q);
    let grad_q = grad_scores.matmul(k);
    [
        join_heads(grad_q),
        join_heads(sum_heads(grad_k, shape.group())),
        join_heads(sum_heads(grad_v, shape.group())),
    ]
}

/// `hidden weight^T`, computed in the type of the weight and cast to single precision.
fn logits<B: Backend>(hidden: Tensor<B, 2>, weight: Tensor<B, 2>) -> Tensor<B, 2> {
    to_single(cast(hidden, weight.dtype()).matmul(weight.transpose()))
}

/// Log-probabilities of the targets, entropies, and the logarithms of the denominators.
pub fn score_targets<B: Backend>(
    hidden: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    inverse_temperature: f32,
) -> [Tensor<B, 1>; 3] {
    let logits = logits(hidden, weight).mul_scalar(inverse_temperature);
    let max = logits.clone().max_dim(1).detach();
    let exp = (logits.clone() - max.clone()).exp();
    let sum = exp.clone().sum_dim(1);
    let log_sum = sum.clone().log() + max;
    let chosen = logits.clone().gather(1, targets.unsqueeze_dim(1));
    let entropy = log_sum.clone() - (exp * logits).sum_dim(1) / sum;
    [chosen - log_sum.clone(), entropy, log_sum].map(|column| column.squeeze_dim::<1>(1))
}

/// Entropies of the distributions at a temperature, differentiable like any composed operation.
pub fn entropy<B: Backend>(
    hidden: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    inverse_temperature: f32,
) -> Tensor<B, 1> {
    let logits = logits(hidden, weight).mul_scalar(inverse_temperature);
    let log_probs = burn::tensor::activation::log_softmax(logits, 1);
    let entropy = (log_probs.clone().exp() * log_probs).sum_dim(1).neg();
    entropy.squeeze_dim::<1>(1)
}

/// With `P` the probabilities: `dlogits = grad (onehot - P)`.
pub fn score_targets_backward<B: Backend>(
    hidden: Tensor<B, 2>,
    weight: Tensor<B, 2>,
    targets: Tensor<B, 1, Int>,
    log_sum: Tensor<B, 1>,
    grad: Tensor<B, 1>,
    inverse_temperature: f32,
) -> (Tensor<B, 2>, Tensor<B, 2>) {
    let logits = logits(hidden.clone(), weight.clone());
    let probs = (logits.mul_scalar(inverse_temperature) - log_sum.unsqueeze_dim(1)).exp();
    let grad = grad.mul_scalar(inverse_temperature).unsqueeze_dim::<2>(1);
    let targets = targets.unsqueeze_dim(1);
    let grad_logits = (probs * grad.clone().neg()).scatter(1, targets, grad, IndexingUpdateOp::Add);
    let dtype = weight.dtype();
    let grad_logits = cast(grad_logits, dtype);
    let grad_hidden = cast(grad_logits.clone().matmul(weight), hidden.dtype());
    let grad_weight = grad_logits.transpose().matmul(cast(hidden, dtype));
    (grad_hidden, grad_weight)
}

/// Keys and values of all tokens in single precision.
pub fn cache_row_bytes(shape: CacheShape) -> u64 {
    (2 * shape.kv_heads * shape.head_dim * shape.capacity * size_of::<f32>()) as u64
}

/// Zeros of shape `[rows, kv_heads, capacity, head_dim]`.
pub fn new_cache<B: Backend>(shape: CacheShape, device: &B::Device) -> LayerCache<B> {
    let size = [shape.rows, shape.kv_heads, shape.capacity, shape.head_dim];
    let zeros = || prim(Tensor::<B, 4>::zeros(size, device));
    LayerCache {
        keys: zeros(),
        values: zeros(),
        shape,
    }
}

/// Writes prompts to consecutive rows.
pub fn cache_prompts<B: Backend>(
    cache: LayerCache<B>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    seq: usize,
    first_row: usize,
    sources: &[usize],
) -> LayerCache<B> {
    let LayerCache {
        keys,
        values,
        shape,
    } = cache;
    let index = indices::<B>(sources, &k.device());
    let kept_type = keys.dtype();
    let kept = seq.min(shape.capacity);
    let write = |into: FloatTensor<B>, new: Tensor<B, 2>| {
        let [rows, _] = new.dims();
        let new = cast(new, kept_type)
            .reshape([rows / seq, seq, shape.kv_heads, shape.head_dim])
            .select(0, index.clone())
            .swap_dims(1, 2)
            .narrow(2, 0, kept);
        let rows = first_row..first_row + sources.len();
        let ranges = [rows, 0..shape.kv_heads, 0..kept, 0..shape.head_dim];
        prim(wrap::<B, 4>(into).slice_assign(ranges, new))
    };
    LayerCache {
        keys: write(keys, k),
        values: write(values, v),
        shape,
    }
}

/// Maximum number of rows that are copied one by one, in place if the backend can; for more the whole cache is
/// copied once.
const FEW_MOVES: usize = 16;

/// Copies rows over others.
pub fn cache_move_rows<B: Backend>(
    cache: LayerCache<B>,
    moves: &[(usize, usize)],
) -> LayerCache<B> {
    let LayerCache {
        keys,
        values,
        shape,
    } = cache;
    if moves.is_empty() {
        return LayerCache {
            keys,
            values,
            shape,
        };
    }
    if moves.len() <= FEW_MOVES {
        let copy = |tensor: FloatTensor<B>| {
            let whole = |row: usize| {
                let [heads, tokens, width] = [shape.kv_heads, shape.capacity, shape.head_dim];
                [row..row + 1, 0..heads, 0..tokens, 0..width]
            };
            let moved = moves.iter().fold(wrap::<B, 4>(tensor), |all, &(from, to)| {
                let row = all.clone().slice(whole(from));
                all.slice_assign(whole(to), row)
            });
            prim(moved)
        };
        return LayerCache {
            keys: copy(keys),
            values: copy(values),
            shape,
        };
    }
    let mut order: Vec<usize> = (0..shape.rows).collect();
    for &(from, to) in moves {
        order[to] = from;
    }
    let order = indices::<B>(&order, &B::float_device(&keys));
    let pick = |tensor: FloatTensor<B>| prim(wrap::<B, 4>(tensor).select(0, order.clone()));
    LayerCache {
        keys: pick(keys),
        values: pick(values),
        shape,
    }
}

/// Writes one token to each row, then attends to all tokens of the row.
pub fn attend_cached<B: Backend>(
    cache: LayerCache<B>,
    q: Tensor<B, 2>,
    k: Tensor<B, 2>,
    v: Tensor<B, 2>,
    lengths: &[u32],
) -> (Tensor<B, 2>, LayerCache<B>) {
    let (dtype, kept) = (q.dtype(), cache.keys.dtype());
    let [q, k, v] = [q, k, v].map(|x| cast(x, kept));
    let LayerCache {
        keys,
        values,
        shape,
    } = cache;
    let CacheShape {
        capacity,
        heads,
        kv_heads,
        head_dim,
        rows: all_rows,
        dtype: _,
    } = shape;
    let rows = lengths.len();
    let device = q.device();
    let used = 1 + lengths.iter().copied().max().unwrap_or(0) as usize;
    let window = [0..rows, 0..kv_heads, 0..used, 0..head_dim];
    let positions: Vec<i32> = lengths.iter().map(|&length| length as i32).collect();
    let positions =
        Tensor::<B, 4, Int>::from_data(TensorData::new(positions, [rows, 1, 1, 1]), &device);
    let columns = Tensor::<B, 1, Int>::arange(0..used as i64, &device);
    let size = [rows, kv_heads, used, head_dim];
    let here = columns
        .clone()
        .reshape([1, 1, used, 1])
        .expand([rows, 1, used, 1])
        .equal(positions.clone().expand([rows, 1, used, 1]));
    let write = |cache: FloatTensor<B>, new: Tensor<B, 2>| {
        let whole = wrap::<B, 4>(cache);
        let old = whole.clone().slice(window.clone());
        let new = new.reshape([rows, kv_heads, 1, head_dim]).expand(size);
        let now = old.mask_where(here.clone().expand(size), new);
        if rows == all_rows && used == capacity {
            return (now.clone(), now);
        }
        (now.clone(), whole.slice_assign(window.clone(), now))
    };
    let (seen_keys, keys) = write(keys, k);
    let (seen_values, values) = write(values, v);
    let group = heads / kv_heads;
    let q = q.reshape([rows, kv_heads, group, head_dim]);
    let scale = 1.0 / (head_dim as f32).sqrt();
    let scores = q.matmul(seen_keys.swap_dims(2, 3)).mul_scalar(scale);
    let size = [rows, kv_heads, group, used];
    let later = columns
        .reshape([1, 1, 1, used])
        .expand(size)
        .greater(positions.expand(size));
    let scores = scores.mask_fill(later, f32::NEG_INFINITY);
    let weights = burn::tensor::activation::softmax(scores, 3);
    let out = weights
        .matmul(seen_values)
        .reshape([rows, heads * head_dim]);
    (
        cast(out, dtype),
        LayerCache {
            keys: prim(keys),
            values: prim(values),
            shape,
        },
    )
}

/// Indices as a tensor.
fn indices<B: Backend>(indices: &[usize], device: &B::Device) -> Tensor<B, 1, Int> {
    let values: Vec<i32> = indices.iter().map(|&index| index as i32).collect();
    let length = values.len();
    Tensor::from_data(TensorData::new(values, [length]), device)
}

/// AdamW as whole-tensor operations.
pub fn adamw_step<B: Backend>(
    param: FloatTensor<B>,
    grad: FloatTensor<B>,
    first: FloatTensor<B>,
    second: FloatTensor<B>,
    step: &AdamWStep,
) -> [FloatTensor<B>; 3] {
    let shape = param.shape();
    let flat = |tensor: FloatTensor<B>| {
        let length = tensor.shape().num_elements();
        wrap::<B, 1>(B::float_reshape(tensor, Shape::new([length])))
    };
    let (param, grad, first, second) = (flat(param), flat(grad), flat(first), flat(second));
    let AdamWFactors {
        decay, rate, root, ..
    } = AdamWFactors::new(step);
    let grad = grad.mul_scalar(step.grad_scale);
    let first = first.mul_scalar(step.beta1) + grad.clone().mul_scalar(1.0 - step.beta1);
    let second = second.mul_scalar(step.beta2) + (grad.clone() * grad).mul_scalar(1.0 - step.beta2);
    let root = second.clone().sqrt().mul_scalar(root).add_scalar(step.eps);
    let param = param.mul_scalar(decay) - (first.clone() / root).mul_scalar(rate);
    [param, first, second].map(|tensor| B::float_reshape(prim(tensor), shape.clone()))
}

/// The factors of an AdamW step that do not depend on the parameter.
#[derive(Clone, Copy, Debug)]
pub struct AdamWFactors {
    /// Factor on the weight: `1 - lr * weight_decay`.
    pub decay: f32,
    /// Factor on the update: `lr / (1 - beta1^step)`.
    pub rate: f32,
    /// Factor on the root of the second moment: `1 / sqrt(1 - beta2^step)`.
    pub root: f32,
}

impl AdamWFactors {
    /// Computes the factors in double precision.
    pub fn new(step: &AdamWStep) -> Self {
        let correction = |beta: f32| 1.0 - f64::from(beta).powi(step.step as i32);
        Self {
            decay: 1.0 - step.lr * step.weight_decay,
            rate: (f64::from(step.lr) / correction(step.beta1)) as f32,
            root: (1.0 / correction(step.beta2).sqrt()) as f32,
        }
    }
}

/// The backend's sum of the squares.
pub fn sum_of_squares<B: Backend>(x: FloatTensor<B>) -> FloatTensor<B> {
    let length = x.shape().num_elements();
    let x = wrap::<B, 1>(B::float_reshape(x, Shape::new([length])));
    prim((x.clone() * x).sum_dim(0))
}
