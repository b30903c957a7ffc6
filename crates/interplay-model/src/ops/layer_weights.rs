//! The parameters of a layer, and the inputs that it shares with the other layers.

use super::attention_shape::AttentionShape;

/// Number of a layer's parameters.
pub(crate) const PARAMETERS: usize = 12;

/// The parameters of a layer: vectors of type `T` and matrices of type `M`, which are `[outputs, inputs]`.
#[derive(Clone, Debug)]
pub struct LayerWeights<T, M = T> {
    /// Scale of the norm before the attention, `[hidden]`.
    pub input_norm: T,
    /// Weight and bias of the queries.
    pub q: (M, T),
    /// Weight and bias of the keys.
    pub k: (M, T),
    /// Weight and bias of the values.
    pub v: (M, T),
    /// Output projection of the attention.
    pub o: M,
    /// Scale of the norm before the feed-forward block, `[hidden]`.
    pub post_attention_norm: T,
    /// Gate projection of the feed-forward block.
    pub gate: M,
    /// Up projection of the feed-forward block, which is gated.
    pub up: M,
    /// Down projection of the feed-forward block.
    pub down: M,
}

impl<T> LayerWeights<T> {
    /// Converts every matrix.
    pub(crate) fn pack<M>(self, pack: impl Fn(T) -> M) -> LayerWeights<T, M> {
        let with_bias = |(weight, bias)| (pack(weight), bias);
        LayerWeights {
            input_norm: self.input_norm,
            q: with_bias(self.q),
            k: with_bias(self.k),
            v: with_bias(self.v),
            o: pack(self.o),
            post_attention_norm: self.post_attention_norm,
            gate: pack(self.gate),
            up: pack(self.up),
            down: pack(self.down),
        }
    }

    pub(crate) fn into_array(self) -> [T; PARAMETERS] {
        let ((q, q_bias), (k, k_bias), (v, v_bias)) = (self.q, self.k, self.v);
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
            q: (q, q_bias),
            k: (k, k_bias),
            v: (v, v_bias),
            o,
            post_attention_norm,
            gate,
            up,
            down,
        }
    }
}

/// The inputs that all layers share.
#[derive(Clone, Debug)]
pub struct LayerContext<T> {
    /// Cosines and sines of the tokens' rotary angles, each `[P, head_dim / 2]`.
    pub angles: [T; 2],
    /// Sizes of the attention, and the tokens that attend each other.
    pub shape: AttentionShape,
    /// The constant that norms add to the mean square.
    pub eps: f32,
}

/// The forward pass of a layer: the output for an input, parameters and a context.
pub type LayerForward<T> = fn(T, &LayerWeights<T>, &LayerContext<T>) -> T;
