//! A whole layer: its forward pass, and a backward pass that starts from the layer's input alone.
//!
//! Source: Chen et al. 2016 (arXiv 1604.06174) for activation checkpointing.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{DType, TensorMetadata};

use super::FusedOps;
use super::layer_weights::{LayerContext, LayerWeights};

/// The parameters of a layer, packed for sampling.
pub(crate) type PackedLayer<B> = LayerWeights<FloatTensor<B>, <B as FusedOps>::Packed>;

/// A function that computes `x weight^T + bias + residual` for one representation of weights.
pub(crate) type Project<B, M> =
    fn(FloatTensor<B>, &M, Option<FloatTensor<B>>, Option<FloatTensor<B>>) -> FloatTensor<B>;

/// [`FusedOps::project`] as a [`Project`].
pub(crate) fn project<B: FusedOps>(
    x: FloatTensor<B>,
    weight: &FloatTensor<B>,
    bias: Option<FloatTensor<B>>,
    residual: Option<FloatTensor<B>>,
) -> FloatTensor<B> {
    B::project(x, weight.clone(), bias, residual)
}

/// Casts to another type, if it is another.
pub(crate) fn cast<B: Backend>(x: FloatTensor<B>, dtype: DType) -> FloatTensor<B> {
    if x.dtype() == dtype {
        return x;
    }
    B::float_cast(x, dtype.into())
}

/// [`FusedOps::project_backward_input`], cast to the type of the projected input, in which gradients are summed.
pub(crate) fn input_grad<B: FusedOps>(
    grad: FloatTensor<B>,
    weight: &FloatTensor<B>,
    dtype: DType,
) -> FloatTensor<B> {
    cast::<B>(B::project_backward_input(grad, weight.clone()), dtype)
}

/// Rotated queries `[N, hidden]`, rotated keys and values `[N, kv_size]`.
pub(crate) fn queries_keys_values<B: FusedOps, M>(
    x: &FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>, M>,
    angles: &[FloatTensor<B>; 2],
    eps: f32,
    project: Project<B, M>,
) -> [FloatTensor<B>; 3] {
    let normed = B::root_mean_square_norm(x.clone(), weights.input_norm.clone(), eps);
    of_normed::<B, M>(&normed, weights, angles, project)
}

fn of_normed<B: FusedOps, M>(
    normed: &FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>, M>,
    [cos, sin]: &[FloatTensor<B>; 2],
    project: Project<B, M>,
) -> [FloatTensor<B>; 3] {
    let project = |(weight, bias): &(M, FloatTensor<B>)| {
        project(normed.clone(), weight, Some(bias.clone()), None)
    };
    let rotate = |x| B::rotate_heads(x, cos.clone(), sin.clone(), false);
    let (q, k) = (rotate(project(&weights.q)), rotate(project(&weights.k)));
    [q, k, project(&weights.v)]
}

/// Only the rotated keys and the values, `[N, kv_size]`.
pub(crate) fn keys_values<B: FusedOps>(
    x: FloatTensor<B>,
    weights: &PackedLayer<B>,
    [cos, sin]: &[FloatTensor<B>; 2],
    eps: f32,
) -> [FloatTensor<B>; 2] {
    let normed = B::root_mean_square_norm(x, weights.input_norm.clone(), eps);
    let [k, v] = [&weights.k, &weights.v]
        .map(|(weight, bias)| B::project_packed(normed.clone(), weight, Some(bias.clone()), None));
    [B::rotate_heads(k, cos.clone(), sin.clone(), false), v]
}

/// Everything after the attention: output projection, residual, feed-forward block.
pub(crate) fn finish<B: FusedOps, M>(
    x: FloatTensor<B>,
    attended: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>, M>,
    eps: f32,
    project: Project<B, M>,
) -> FloatTensor<B> {
    let x = project(attended, &weights.o, None, Some(x));
    let normed = B::root_mean_square_norm(x.clone(), weights.post_attention_norm.clone(), eps);
    let gate = project(normed.clone(), &weights.gate, None, None);
    let up = project(normed, &weights.up, None, None);
    let inner = B::gated_silu(gate, up);
    project(inner, &weights.down, None, Some(x))
}

/// The layer's output for the tokens `x` `[N, hidden]`.
pub(crate) fn forward<B: FusedOps>(
    x: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    context: &LayerContext<FloatTensor<B>>,
) -> FloatTensor<B> {
    let LayerContext { angles, shape, eps } = context;
    let [q, k, v] = queries_keys_values::<B, _>(&x, weights, angles, *eps, project::<B>);
    let (attended, _) = B::causal_attention(q, k, v, shape);
    finish::<B, _>(x, attended, weights, *eps, project::<B>)
}

/// Gradients of the input and of all parameters, given that of the output. Recomputes the activations of the
/// forward pass.
pub(crate) fn backward<B: FusedOps>(
    x: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    context: &LayerContext<FloatTensor<B>>,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, LayerWeights<FloatTensor<B>>) {
    let LayerContext { angles, shape, eps } = context;
    let normed = B::root_mean_square_norm(x.clone(), weights.input_norm.clone(), *eps);
    let [q, k, v] = of_normed::<B, _>(&normed, weights, angles, project::<B>);
    let (attended, log_sum) = B::causal_attention(q.clone(), k.clone(), v.clone(), shape);
    let middle = B::project(attended.clone(), weights.o.clone(), None, Some(x.clone()));

    let (grad_middle, feed_forward) = backward_feed_forward::<B>(middle, weights, *eps, grad);

    let grad_o = B::project_backward_weight(attended.clone(), grad_middle.clone());
    let grad_attended = B::project_backward_input(grad_middle.clone(), weights.o.clone());
    let [grad_q, grad_k, grad_v] =
        B::causal_attention_backward([q, k, v], attended, log_sum, grad_attended, shape);
    let [cos, sin] = angles;
    let turn_back = |grad| B::rotate_heads(grad, cos.clone(), sin.clone(), true);
    let grads = [turn_back(grad_q), turn_back(grad_k), grad_v];
    let [q, k, v] = grads.clone().map(|grad| {
        let weight = B::project_backward_weight(normed.clone(), grad.clone());
        (weight, B::project_backward_bias(grad))
    });
    let [from_q, from_k, from_v] = grads;
    let dtype = x.dtype();
    let grad_normed = [(from_k, &weights.k.0), (from_v, &weights.v.0)]
        .into_iter()
        .fold(
            input_grad::<B>(from_q, &weights.q.0, dtype),
            |sum, (grad, weight)| B::float_add(sum, input_grad::<B>(grad, weight, dtype)),
        );
    let (grad_x, input_norm) =
        B::root_mean_square_norm_backward(x, weights.input_norm.clone(), grad_normed, *eps);
    let [post_attention_norm, gate, up, down] = feed_forward;
    let gradients = LayerWeights {
        input_norm,
        q,
        k,
        v,
        o: grad_o,
        post_attention_norm,
        gate,
        up,
        down,
    };
    (B::float_add(grad_middle, grad_x), gradients)
}

/// Gradients of the residual stream before the feed-forward block, and of the block's norm, gate, up and down
/// weights.
fn backward_feed_forward<B: FusedOps>(
    x: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    eps: f32,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, [FloatTensor<B>; 4]) {
    let norm = weights.post_attention_norm.clone();
    let normed = B::root_mean_square_norm(x.clone(), norm.clone(), eps);
    let gate = B::project(normed.clone(), weights.gate.clone(), None, None);
    let up = B::project(normed.clone(), weights.up.clone(), None, None);
    let inner = B::gated_silu(gate.clone(), up.clone());
    let grad_down = B::project_backward_weight(inner, grad.clone());
    let grad_inner = B::project_backward_input(grad.clone(), weights.down.clone());
    let (from_gate, from_up) = B::gated_silu_backward(gate, up, grad_inner);
    let grad_gate = B::project_backward_weight(normed.clone(), from_gate.clone());
    let grad_up = B::project_backward_weight(normed, from_up.clone());
    let dtype = x.dtype();
    let grad_normed = B::float_add(
        input_grad::<B>(from_gate, &weights.gate, dtype),
        input_grad::<B>(from_up, &weights.up, dtype),
    );
    let (grad_x, grad_norm) = B::root_mean_square_norm_backward(x, norm, grad_normed, eps);
    let gradients = [grad_norm, grad_gate, grad_up, grad_down];
    (B::float_add(grad, grad_x), gradients)
}
