//! The fused operations with gradients: each registers its own backward pass.

use burn::tensor::TensorMetadata;
use burn::tensor::ops::{FloatTensor, IntTensor};
use burn_autodiff::Autodiff;
use burn_autodiff::checkpoint::base::Checkpointer;
use burn_autodiff::checkpoint::strategy::CheckpointStrategy;
use burn_autodiff::grads::Gradients;
use burn_autodiff::ops::{Backward, Ops, OpsKind};

use super::FusedOps;
use super::attention_shape::AttentionShape;
use super::layer;
use super::layer_weights::{LayerContext, LayerForward, LayerWeights, PARAMETERS};

type Inner<B> = FloatTensor<B>;
type Tracked<B, C> = FloatTensor<Autodiff<B, C>>;

/// Registers `output` as the result of an operation on the nodes of `$inputs`.
macro_rules! register {
    ($operation:expr, $inputs:expr, $state:expr, $output:expr) => {
        match $operation.prepare::<C>($inputs).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish($state, $output),
            OpsKind::UnTracked(prep) => prep.finish($output),
        }
    };
}

#[derive(Debug)]
struct EmbedTokens;

impl<B: FusedOps> Backward<B, 1> for EmbedTokens {
    type State = (IntTensor<B>, usize);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (tokens, vocab) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(weight)] = ops.parents {
            grads.register::<B>(weight.id, B::embed_tokens_backward(tokens, grad, vocab));
        }
    }
}

#[derive(Debug)]
struct RootMeanSquareNorm;

impl<B: FusedOps> Backward<B, 2> for RootMeanSquareNorm {
    type State = (Inner<B>, Inner<B>, f32);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (x, weight, eps) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let (grad_x, grad_weight) = B::root_mean_square_norm_backward(x, weight, grad, eps);
        register_all::<B, 2>(
            ops.parents.map(|node| node.map(|node| node.id)),
            grads,
            [grad_x, grad_weight],
        );
    }
}

/// The projection; `N` and `bias` determine whether it has a bias and a residual.
#[derive(Debug)]
struct Project;

impl<B: FusedOps, const N: usize> Backward<B, N> for Project {
    /// Input, weight, whether the third parent is a bias, whether the last one is a residual.
    type State = (Inner<B>, Inner<B>, bool, bool);

    fn backward(
        self,
        ops: Ops<Self::State, N>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (x, weight, has_bias, has_residual) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let parents = ops.parents.map(|node| node.map(|node| node.id));
        let dtype = x.dtype();
        if let Some(id) = parents[1] {
            grads.register::<B>(id, B::project_backward_weight(x, grad.clone()));
        }
        if let Some(id) = parents[0] {
            let grad_x = layer::input_grad::<B>(grad.clone(), &weight, dtype);
            grads.register::<B>(id, grad_x);
        }
        if has_bias && let Some(id) = parents[2] {
            grads.register::<B>(id, B::project_backward_bias(grad.clone()));
        }
        if has_residual && let Some(id) = parents[N - 1] {
            grads.register::<B>(id, grad);
        }
    }
}

#[derive(Debug)]
struct RotateHeads;

impl<B: FusedOps> Backward<B, 1> for RotateHeads {
    type State = (Inner<B>, Inner<B>, bool);

    fn backward(
        self,
        ops: Ops<Self::State, 1>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (cos, sin, inverse) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        if let [Some(x)] = ops.parents {
            grads.register::<B>(x.id, B::rotate_heads(grad, cos, sin, !inverse));
        }
    }
}

#[derive(Debug)]
struct GatedSilu;

impl<B: FusedOps> Backward<B, 2> for GatedSilu {
    type State = (Inner<B>, Inner<B>);

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let (gate, up) = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let (grad_gate, grad_up) = B::gated_silu_backward(gate, up, grad);
        register_all::<B, 2>(
            ops.parents.map(|node| node.map(|node| node.id)),
            grads,
            [grad_gate, grad_up],
        );
    }
}

#[derive(Debug)]
struct CausalAttention;

#[derive(Clone, Debug)]
struct AttentionState<T> {
    inputs: [T; 3],
    out: T,
    log_sum: T,
    shape: AttentionShape,
}

impl<B: FusedOps> Backward<B, 3> for CausalAttention {
    type State = AttentionState<Inner<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let AttentionState {
            inputs,
            out,
            log_sum,
            shape,
        } = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let gradients = B::causal_attention_backward(inputs, out, log_sum, grad, &shape);
        register_all::<B, 3>(
            ops.parents.map(|node| node.map(|node| node.id)),
            grads,
            gradients,
        );
    }
}

#[derive(Debug)]
struct CheckpointedLayer;

#[derive(Clone, Debug)]
struct LayerState<T> {
    x: T,
    weights: LayerWeights<T>,
    context: LayerContext<T>,
}

impl<B: FusedOps> Backward<B, { 1 + PARAMETERS }> for CheckpointedLayer {
    type State = LayerState<Inner<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, { 1 + PARAMETERS }>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let LayerState {
            x,
            weights,
            context,
        } = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let (grad_x, gradients) = layer::backward::<B>(x, &weights, &context, grad);
        let [x, parameters @ ..] = ops.parents.map(|node| node.map(|node| node.id));
        register_all::<B, 1>([x], grads, [grad_x]);
        register_all::<B, PARAMETERS>(parameters, grads, gradients.into_array());
    }
}

#[derive(Debug)]
struct ScoreTargets;

#[derive(Clone, Debug)]
struct ScoreState<T, I> {
    hidden: T,
    weight: T,
    targets: I,
    log_sum: T,
    inverse_temperature: f32,
}

impl<B: FusedOps> Backward<B, 2> for ScoreTargets {
    type State = ScoreState<Inner<B>, IntTensor<B>>;

    fn backward(
        self,
        ops: Ops<Self::State, 2>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let state = ops.state;
        let grad = grads.consume::<B>(&ops.node);
        let (grad_hidden, grad_weight) = B::score_targets_backward(
            state.hidden,
            state.weight,
            state.targets,
            state.log_sum,
            grad,
            state.inverse_temperature,
        );
        register_all::<B, 2>(
            ops.parents.map(|node| node.map(|node| node.id)),
            grads,
            [grad_hidden, grad_weight],
        );
    }
}

/// Registers the gradient of each tracked parent.
fn register_all<B: FusedOps, const N: usize>(
    parents: [Option<burn_autodiff::NodeId>; N],
    grads: &mut Gradients,
    gradients: [Inner<B>; N],
) {
    for (parent, gradient) in parents.into_iter().zip(gradients) {
        if let Some(id) = parent {
            grads.register::<B>(id, gradient);
        }
    }
}

impl<B: FusedOps, C: CheckpointStrategy> FusedOps for Autodiff<B, C> {
    type Packed = Tracked<B, C>;

    fn run_on_pool<R: Send>(work: impl FnOnce() -> R + Send) -> R {
        B::run_on_pool(work)
    }

    fn pack(weight: Tracked<B, C>) -> Tracked<B, C> {
        weight
    }

    fn project_packed(
        x: Tracked<B, C>,
        weight: &Tracked<B, C>,
        bias: Option<Tracked<B, C>>,
        residual: Option<Tracked<B, C>>,
    ) -> Tracked<B, C> {
        Self::project(x, weight.clone(), bias, residual)
    }

    fn embed_tokens(weight: Tracked<B, C>, tokens: IntTensor<B>) -> Tracked<B, C> {
        let vocab = weight.shape()[0];
        let node = weight.node.clone();
        let out = B::embed_tokens(weight.primitive, tokens.clone());
        register!(EmbedTokens, [node], (tokens, vocab), out)
    }

    fn root_mean_square_norm(x: Tracked<B, C>, weight: Tracked<B, C>, eps: f32) -> Tracked<B, C> {
        let nodes = [x.node.clone(), weight.node.clone()];
        let (x, weight) = (x.primitive, weight.primitive);
        let out = B::root_mean_square_norm(x.clone(), weight.clone(), eps);
        register!(RootMeanSquareNorm, nodes, (x, weight, eps), out)
    }

    fn project(
        x: Tracked<B, C>,
        weight: Tracked<B, C>,
        bias: Option<Tracked<B, C>>,
        residual: Option<Tracked<B, C>>,
    ) -> Tracked<B, C> {
        let first = [x.node.clone(), weight.node.clone()];
        let (x, weight) = (x.primitive, weight.primitive);
        let bias_node = bias.as_ref().map(|bias| bias.node.clone());
        let residual_node = residual.as_ref().map(|residual| residual.node.clone());
        let out = B::project(
            x.clone(),
            weight.clone(),
            bias.map(|bias| bias.primitive),
            residual.map(|residual| residual.primitive),
        );
        let state = (x, weight, bias_node.is_some(), residual_node.is_some());
        let [x, weight] = first;
        match (bias_node, residual_node) {
            (None, None) => register!(Project, [x, weight], state, out),
            (Some(third), None) | (None, Some(third)) => {
                register!(Project, [x, weight, third], state, out)
            }
            (Some(bias), Some(residual)) => {
                register!(Project, [x, weight, bias, residual], state, out)
            }
        }
    }

    fn rotate_heads(
        x: Tracked<B, C>,
        cos: Tracked<B, C>,
        sin: Tracked<B, C>,
        inverse: bool,
    ) -> Tracked<B, C> {
        let node = x.node.clone();
        let (cos, sin) = (cos.primitive, sin.primitive);
        let out = B::rotate_heads(x.primitive, cos.clone(), sin.clone(), inverse);
        register!(RotateHeads, [node], (cos, sin, inverse), out)
    }

    fn gated_silu(gate: Tracked<B, C>, up: Tracked<B, C>) -> Tracked<B, C> {
        let nodes = [gate.node.clone(), up.node.clone()];
        let (gate, up) = (gate.primitive, up.primitive);
        let out = B::gated_silu(gate.clone(), up.clone());
        register!(GatedSilu, nodes, (gate, up), out)
    }

    fn causal_attention(
        q: Tracked<B, C>,
        k: Tracked<B, C>,
        v: Tracked<B, C>,
        shape: &AttentionShape,
    ) -> (Tracked<B, C>, Tracked<B, C>) {
        let nodes = [q.node.clone(), k.node.clone(), v.node.clone()];
        let inputs = [q.primitive, k.primitive, v.primitive];
        let [q, k, v] = inputs.clone();
        let (out, log_sum) = B::causal_attention(q, k, v, shape);
        let untracked = constant::<B, C>(log_sum.clone());
        let state = AttentionState {
            inputs,
            out: out.clone(),
            log_sum,
            shape: shape.clone(),
        };
        (register!(CausalAttention, nodes, state, out), untracked)
    }

    fn checkpointed_layer(
        x: Tracked<B, C>,
        weights: LayerWeights<Tracked<B, C>>,
        context: &LayerContext<Tracked<B, C>>,
        _forward: LayerForward<Tracked<B, C>>,
    ) -> Tracked<B, C> {
        // Nothing inside the layer is tracked, so the inner backend's forward pass is used instead of `_forward`.
        let weights = weights.into_array();
        let [a, b, c, d, e, f, g, h, i, j, k, l] = weights.each_ref().map(|one| one.node.clone());
        let nodes = [x.node.clone(), a, b, c, d, e, f, g, h, i, j, k, l];
        let state = LayerState {
            x: x.primitive,
            weights: LayerWeights::from_array(weights.map(|one| one.primitive)),
            context: LayerContext {
                angles: context.angles.clone().map(|angle| angle.primitive),
                shape: context.shape.clone(),
                eps: context.eps,
            },
        };
        let out = layer::forward::<B>(state.x.clone(), &state.weights, &state.context);
        register!(CheckpointedLayer, nodes, state, out)
    }

    fn score_targets(
        hidden: Tracked<B, C>,
        weight: Tracked<B, C>,
        targets: IntTensor<B>,
        inverse_temperature: f32,
    ) -> [Tracked<B, C>; 3] {
        let nodes = [hidden.node.clone(), weight.node.clone()];
        let (hidden, weight) = (hidden.primitive, weight.primitive);
        let [log_probs, entropy, log_sum] = B::score_targets(
            hidden.clone(),
            weight.clone(),
            targets.clone(),
            inverse_temperature,
        );
        let constants = [entropy, log_sum.clone()].map(constant::<B, C>);
        let state = ScoreState {
            hidden,
            weight,
            targets,
            log_sum,
            inverse_temperature,
        };
        let [entropy, log_sum] = constants;
        [
            register!(ScoreTargets, nodes, state, log_probs),
            entropy,
            log_sum,
        ]
    }
}

/// A tensor without gradient.
fn constant<B: FusedOps, C: CheckpointStrategy>(tensor: Inner<B>) -> Tracked<B, C> {
    <Autodiff<B, C> as burn::tensor::backend::AutodiffBackend>::from_inner(tensor)
}
