//! RMSNorm.

use rayon::prelude::*;

use super::buffer::{Buffer, zeros};
use super::project::sum_in_order;
use crate::vectorized::{dot, sum_of, vectorized};

/// Number of rows in one part.
const ROWS: usize = 256;

/// Normalizes every row of `x` into `out`.
pub(super) fn forward(x: &[f32], weight: &[f32], out: &mut [f32], eps: f32) {
    let part = ROWS * weight.len();
    out.par_chunks_mut(part)
        .zip(x.par_chunks(part))
        .for_each(|(out, x)| {
            normalize(x, weight, out, eps);
        });
}

vectorized! {
    fn normalize(x: &[f32], weight: &[f32], out: &mut [f32], eps: f32) {
        let width = weight.len();
        for (out, x) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            let scale = 1.0 / (dot::<FMA>(x, x) / width as f32 + eps).sqrt();
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                *out = x * scale * weight;
            }
        }
    }
}

/// Replaces `grad` by the gradient of the input, and returns that of the weight.
pub(super) fn backward(x: &[f32], weight: &[f32], grad: &mut [f32], eps: f32) -> Buffer {
    let part = ROWS * weight.len();
    let parts: Vec<Buffer> = grad
        .par_chunks_mut(part)
        .zip(x.par_chunks(part))
        .map(|(grad, x)| {
            let mut grad_weight = zeros(weight.len());
            differentiate(x, weight, grad, &mut grad_weight, eps);
            grad_weight
        })
        .collect();
    sum_in_order(parts)
}

vectorized! {
    fn differentiate(x: &[f32], weight: &[f32], grad: &mut [f32], grad_weight: &mut [f32], eps: f32) {
        let width = weight.len();
        for (grad, x) in grad.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
            let scale = 1.0 / (dot::<FMA>(x, x) / width as f32 + eps).sqrt();
            for (((total, grad), x), weight) in
                grad_weight.iter_mut().zip(grad.iter_mut()).zip(x).zip(weight)
            {
                *total += *grad * x * scale;
                *grad *= weight;
            }
            let along = sum_of::<FMA>(grad, x, |a, b, sum| if FMA { a.mul_add(b, sum) } else { a * b + sum });
            let along = along * scale * scale / width as f32;
            for (grad, x) in grad.iter_mut().zip(x) {
                *grad = scale * (*grad - x * along);
            }
        }
    }
}
