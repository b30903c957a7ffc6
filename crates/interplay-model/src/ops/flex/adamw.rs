//! AdamW in one pass, and the sum of squares.

use rayon::prelude::*;

use super::super::adamw_step::AdamWStep;
use super::super::composed::AdamWFactors;
use crate::vectorized::{dot, mul_add, vectorized};

/// Number of elements in one part.
const PART: usize = 1 << 14;

/// Updates the parameter and its moments in place.
pub(super) fn update(
    param: &mut [f32],
    grad: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    step: &AdamWStep,
) {
    let factors = AdamWFactors::new(step);
    param
        .par_chunks_mut(PART)
        .zip(grad.par_chunks(PART))
        .zip(first.par_chunks_mut(PART))
        .zip(second.par_chunks_mut(PART))
        .for_each(|(((param, grad), first), second)| {
            update_part(param, grad, first, second, *step, factors);
        });
}

vectorized! {
    fn update_part(
        param: &mut [f32],
        grad: &[f32],
        first: &mut [f32],
        second: &mut [f32],
        step: AdamWStep,
        factors: AdamWFactors,
    ) {
        let (keep1, keep2) = (step.beta1, step.beta2);
        let (take1, take2) = (1.0 - step.beta1, 1.0 - step.beta2);
        for (((param, grad), first), second) in param.iter_mut().zip(grad).zip(first).zip(second) {
            let grad = grad * step.grad_scale;
            *first = mul_add::<FMA>(*first, keep1, grad * take1);
            *second = mul_add::<FMA>(*second, keep2, grad * grad * take2);
            let root = mul_add::<FMA>(second.sqrt(), factors.root, step.eps);
            *param = *param * factors.decay - *first / root * factors.rate;
        }
    }
}

/// Sum of squares: parts of fixed size in single precision, their sums in order in double precision.
pub(super) fn sum_of_squares(x: &[f32]) -> f32 {
    let parts: Vec<f32> = x.par_chunks(PART / 4).map(square_part).collect();
    parts.into_iter().map(f64::from).sum::<f64>() as f32
}

vectorized! {
    fn square_part(x: &[f32]) -> f32 {
        dot::<FMA>(x, x)
    }
}
