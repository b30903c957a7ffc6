//! One layer as a whole: its forward pass, and its backward pass from its input alone.
//!
//! Source: Chen et al. 2016 (arXiv 1604.06174) for computing activations again instead of keeping them.

use burn::tensor::ops::FloatTensor;

use super::{AttentionShape, FusedOps};

/// Number of a layer's parameters.
pub(crate) const PARAMETERS: usize = 12;

/// The parameters of a layer; matrices are `[outputs, inputs]`.
#[derive(Clone, Debug)]
pub struct LayerWeights<T> {
    /// Norm before the attention, `[hidden]`.
    pub input_norm: T,
    /// Weight and bias of the queries.
    pub q: [T; 2],
    /// Weight and bias of the keys.
    pub k: [T; 2],
    /// Weight and bias of the values.
    pub v: [T; 2],
    /// Output projection of the attention.
    pub o: T,
    /// Norm before the feed-forward part, `[hidden]`.
    pub post_attention_norm: T,
    /// Gate of the feed-forward part.
    pub gate: T,
    /// What is gated.
    pub up: T,
    /// Output projection of the feed-forward part.
    pub down: T,
}

impl<T> LayerWeights<T> {
    pub(crate) fn into_array(self) -> [T; PARAMETERS] {
        let ([q, q_bias], [k, k_bias], [v, v_bias]) = (self.q, self.k, self.v);
        [
            self.input_norm,
            q,
            q_bias,
            k,
            k_bias,
            v,
            v_bias,
            self.o,
            self.post_attention_norm,
            self.gate,
            self.up,
            self.down,
        ]
    }

    pub(crate) fn from_array(parameters: [T; PARAMETERS]) -> Self {
        let [
            input_norm,
            q,
            q_bias,
            k,
            k_bias,
            v,
            v_bias,
            o,
            post_attention_norm,
            gate,
            up,
            down,
        ] = parameters;
        Self {
            input_norm,
            q: [q, q_bias],
            k: [k, k_bias],
            v: [v, v_bias],
            o,
            post_attention_norm,
            gate,
            up,
            down,
        }
    }
}

/// What a layer needs besides its input and its parameters.
#[derive(Clone, Debug)]
pub struct LayerContext<T> {
    /// Cosines and sines of the tokens' positions, as [`FusedOps::rotate_heads`] takes them.
    pub angles: [T; 2],
    /// Sizes of the attention, and which tokens see which.
    pub shape: AttentionShape,
    /// Added to the mean square in norms.
    pub eps: f32,
}

/// Rotated queries `[N, hidden]`, rotated keys and values `[N, kv_size]`.
pub(crate) fn queries_keys_values<B: FusedOps>(
    x: &FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    angles: &[FloatTensor<B>; 2],
    eps: f32,
) -> [FloatTensor<B>; 3] {
    let normed = B::root_mean_square_norm(x.clone(), weights.input_norm.clone(), eps);
    of_normed::<B>(&normed, weights, angles)
}

fn of_normed<B: FusedOps>(
    normed: &FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    [cos, sin]: &[FloatTensor<B>; 2],
) -> [FloatTensor<B>; 3] {
    let project = |[weight, bias]: &[FloatTensor<B>; 2]| {
        B::project(normed.clone(), weight.clone(), Some(bias.clone()), None)
    };
    let rotate = |x| B::rotate_heads(x, cos.clone(), sin.clone(), false);
    let (q, k) = (rotate(project(&weights.q)), rotate(project(&weights.k)));
    [q, k, project(&weights.v)]
}

/// Everything behind the attention: output projection, residual, feed-forward.
pub(crate) fn finish<B: FusedOps>(
    x: FloatTensor<B>,
    attended: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    eps: f32,
) -> FloatTensor<B> {
    let x = B::project(attended, weights.o.clone(), None, Some(x));
    let normed = B::root_mean_square_norm(x.clone(), weights.post_attention_norm.clone(), eps);
    let gate = B::project(normed.clone(), weights.gate.clone(), None, None);
    let up = B::project(normed, weights.up.clone(), None, None);
    let inner = B::gated_silu(gate, up);
    B::project(inner, weights.down.clone(), None, Some(x))
}

/// The layer's output for the tokens `x` `[N, hidden]`.
pub(crate) fn forward<B: FusedOps>(
    x: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    context: &LayerContext<FloatTensor<B>>,
) -> FloatTensor<B> {
    let LayerContext { angles, shape, eps } = context;
    let [q, k, v] = queries_keys_values::<B>(&x, weights, angles, *eps);
    let (attended, _) = B::causal_attention(q, k, v, shape);
    finish::<B>(x, attended, weights, *eps)
}

/// Gradients of the input and of all parameters, given that of the output; what the forward pass computed is
/// computed again.
pub(crate) fn backward<B: FusedOps>(
    x: FloatTensor<B>,
    weights: &LayerWeights<FloatTensor<B>>,
    context: &LayerContext<FloatTensor<B>>,
    grad: FloatTensor<B>,
) -> (FloatTensor<B>, LayerWeights<FloatTensor<B>>) {
    let LayerContext { angles, shape, eps } = context;
    let normed = B::root_mean_square_norm(x.clone(), weights.input_norm.clone(), *eps);
    let [q, k, v] = of_normed::<B>(&normed, weights, angles);
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
        [weight, B::project_backward_bias(grad)]
    });
    let [from_q, from_k, from_v] = grads;
    let grad_normed = [(from_k, &weights.k[0]), (from_v, &weights.v[0])]
        .into_iter()
        .fold(
            B::project_backward_input(from_q, weights.q[0].clone()),
            |sum, (grad, weight)| {
                B::float_add(sum, B::project_backward_input(grad, weight.clone()))
            },
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

/// Gradients of the residual stream before the feed-forward part, and of its norm, gate, up and down.
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
    let grad_normed = B::float_add(
        B::project_backward_input(from_gate, weights.gate.clone()),
        B::project_backward_input(from_up, weights.up.clone()),
    );
    let (grad_x, grad_norm) = B::root_mean_square_norm_backward(x, norm, grad_normed, eps);
    let gradients = [grad_norm, grad_gate, grad_up, grad_down];
    (B::float_add(grad, grad_x), gradients)
}
