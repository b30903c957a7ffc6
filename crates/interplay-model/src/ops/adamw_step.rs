//! The constants of an AdamW step.

/// The constants of one AdamW step, which all parameters share.
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
    /// Number of this step, counted from 1.
    pub step: u32,
    /// Factor on the gradient, for clipping and accumulation.
    pub grad_scale: f32,
}
