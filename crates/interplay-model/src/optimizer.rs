//! The optimizer operations on tensors.

use burn::tensor::Tensor;

use crate::ops::{AdamWStep, FusedOps, prim, wrap};

/// The two moments that AdamW keeps for a parameter.
#[derive(Clone, Debug)]
pub struct Moments<B: FusedOps, const D: usize> {
    /// Running mean of the gradient.
    pub first: Tensor<B, D>,
    /// Running mean of the squared gradient.
    pub second: Tensor<B, D>,
}

impl<B: FusedOps, const D: usize> Moments<B, D> {
    /// Moments of zeros for a parameter.
    pub fn zeros_like(param: &Tensor<B, D>) -> Self {
        Self {
            first: param.zeros_like(),
            second: param.zeros_like(),
        }
    }
}

/// One AdamW step of one parameter, on a backend without gradients. Returns the updated parameter and moments;
/// tensors that are not shared are updated in place if the backend can.
///
/// # Example
///
/// ```
/// use burn::backend::Flex;
/// use burn::tensor::Tensor;
/// use interplay_model::{AdamWStep, Moments, adamw_update};
///
/// let device = Default::default();
/// let param = Tensor::<Flex, 1>::from_floats([1.0, -1.0], &device);
/// let grad = Tensor::<Flex, 1>::from_floats([0.5, -2.0], &device);
/// let moments = Moments::zeros_like(&param);
/// let step = AdamWStep {
///     lr: 0.1, beta1: 0.9, beta2: 0.95, eps: 1e-8, weight_decay: 0.0, step: 1, grad_scale: 1.0,
/// };
/// let (param, _) = adamw_update(param, grad, moments, &step);
/// // The first step of Adam moves every weight by the learning rate, against its gradient.
/// let values: Vec<f32> = param.into_data().to_vec().unwrap();
/// assert!((values[0] - 0.9).abs() < 1e-6 && (values[1] + 0.9).abs() < 1e-6);
/// ```
pub fn adamw_update<B: FusedOps, const D: usize>(
    param: Tensor<B, D>,
    grad: Tensor<B, D>,
    moments: Moments<B, D>,
    step: &AdamWStep,
) -> (Tensor<B, D>, Moments<B, D>) {
    let Moments { first, second } = moments;
    let [param, first, second] =
        B::adamw_step(prim(param), prim(grad), prim(first), prim(second), step).map(wrap);
    (param, Moments { first, second })
}

/// Sum of the squares of all elements, `[1]`, on the device; bitwise the same for any number of threads.
pub fn sum_of_squares<B: FusedOps, const D: usize>(x: Tensor<B, D>) -> Tensor<B, 1> {
    wrap(B::sum_of_squares(prim(x)))
}
