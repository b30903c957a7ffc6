//! The number formats that a decoder computes in.

/// The format of products with the weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Precision {
    /// Single precision.
    #[default]
    Float32,
    /// bfloat16 for weight matrices and what they are multiplied with, in the forward and the backward pass.
    /// Master weights, gradients accumulated over passes, the optimizer, norms, softmax, losses and the residual
    /// stream stay in single precision.
    Bf16,
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Float32 => "float32",
            Self::Bf16 => "bf16",
        })
    }
}
