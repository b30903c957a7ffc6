//! The gate of the feed-forward block.

use rayon::prelude::*;

use crate::vectorized::{exp, vectorized};

/// Number of elements in one part.
const PART: usize = 1 << 15;

/// `out = silu(gate) * up`.
pub(super) fn forward(gate: &[f32], up: &[f32], out: &mut [f32]) {
    out.par_chunks_mut(PART)
        .zip(gate.par_chunks(PART))
        .zip(up.par_chunks(PART))
        .for_each(|((out, gate), up)| gated(gate, up, out));
}

vectorized! {
    fn gated(gate: &[f32], up: &[f32], out: &mut [f32]) {
        for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
            *out = gate * up / (1.0 + exp::<FMA>(-gate));
        }
    }
}

/// Replaces `gate` and `up` by their gradients.
pub(super) fn backward(gate: &mut [f32], up: &mut [f32], grad: &[f32]) {
    gate.par_chunks_mut(PART)
        .zip(up.par_chunks_mut(PART))
        .zip(grad.par_chunks(PART))
        .for_each(|((gate, up), grad)| differentiate(gate, up, grad));
}

vectorized! {
    fn differentiate(gate: &mut [f32], up: &mut [f32], grad: &[f32]) {
        for ((gate, up), grad) in gate.iter_mut().zip(up).zip(grad) {
            let s = 1.0 / (1.0 + exp::<FMA>(-*gate));
            let silu = *gate * s;
            *gate = grad * *up * (s + silu * (1.0 - s));
            *up = grad * silu;
        }
    }
}
