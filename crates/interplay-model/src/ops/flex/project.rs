//! Projections: rows of tokens times a weight `[outputs, inputs]`.

use rayon::prelude::*;

use super::buffer::{Buffer, scratch, zeros};
use super::matrix::Matrix;
use super::panels::Panels;
use super::product::{multiply, multiply_panels};
use crate::vectorized::vectorized;

/// Number of tokens in one part; a part and a weight of the default size fit into a core's second-level cache.
const ROWS: usize = 256;

/// Number of tokens whose products are summed in one part of a weight's gradient.
const DEPTH: usize = 512;

/// Maximum number of elements of a weight whose gradient gets a copy for each part.
const SPLIT_WEIGHT: usize = 1 << 19;

/// `out = start + x weight^T`, with a packed weight.
pub(super) fn forward(x: &[f32], weight: &Panels, out: &mut [f32], start: Start<'_>) {
    let [inputs, outputs] = weight.size();
    let parts = out
        .par_chunks_mut(ROWS * outputs)
        .zip(x.par_chunks(ROWS * inputs))
        .enumerate();
    parts.for_each(|(part, (out, x))| {
        let accumulate = match start {
            Start::Empty => false,
            Start::Filled => true,
            Start::Residual(rest) => {
                let first = part * ROWS * outputs;
                out.copy_from_slice(&rest[first..first + out.len()]);
                true
            }
            Start::Bias(bias) => {
                for row in out.chunks_exact_mut(outputs) {
                    row.copy_from_slice(bias);
                }
                true
            }
        };
        let rows = out.len() / outputs;
        let x = Matrix::rows(x, inputs);
        multiply_panels(out, outputs, rows, x, weight.all(), accumulate);
    });
}

/// Packs a weight `[outputs, inputs]`.
pub(super) fn panels(weight: &[f32], [inputs, outputs]: [usize; 2]) -> Panels {
    Panels::parallel(Matrix::rows(weight, inputs).transposed(), [inputs, outputs])
}

/// The summand of a projection.
#[derive(Clone, Copy)]
pub(super) enum Start<'a> {
    /// None; the memory of the result may be uninitialized scratch.
    Empty,
    /// The current content of the result.
    Filled,
    /// A matrix in the shape of the result.
    Residual(&'a [f32]),
    /// A bias for every row.
    Bias(&'a [f32]),
}

/// `grad weight`.
pub(super) fn backward_input(
    grad: &[f32],
    weight: &[f32],
    out: &mut [f32],
    [inputs, outputs]: [usize; 2],
) {
    let weight = Panels::parallel(Matrix::rows(weight, inputs), [outputs, inputs]);
    out.par_chunks_mut(ROWS * inputs)
        .zip(grad.par_chunks(ROWS * outputs))
        .for_each(|(out, grad)| {
            let rows = out.len() / inputs;
            let grad = Matrix::rows(grad, outputs);
            multiply_panels(out, inputs, rows, grad, weight.all(), false);
        });
}

/// `grad^T x`: sums the products of [`DEPTH`] tokens in each part, then the parts in order. Large weights are split
/// by output instead, since a copy for every part would not fit into the cache.
pub(super) fn backward_weight(x: &[f32], grad: &[f32], [inputs, outputs]: [usize; 2]) -> Buffer {
    let rows = grad.len() / outputs;
    let size = inputs * outputs;
    if rows == 0 {
        return zeros(size);
    }
    if rows <= DEPTH || size > SPLIT_WEIGHT {
        let mut out = scratch(size);
        let x = Panels::parallel(Matrix::rows(x, inputs), [rows, inputs]);
        let band = outputs.div_ceil(8).next_multiple_of(12);
        out.par_chunks_mut(band * inputs)
            .enumerate()
            .for_each(|(part, out)| {
                let height = out.len() / inputs;
                let grad = Matrix::rows(&grad[part * band..], outputs).transposed();
                multiply_panels(out, inputs, height, grad, x.all(), false);
            });
        return out;
    }
    let parts: Vec<Buffer> = x
        .par_chunks(DEPTH * inputs)
        .zip(grad.par_chunks(DEPTH * outputs))
        .map(|(x, grad)| {
            let mut out = scratch(size);
            let depth = grad.len() / outputs;
            let grad = Matrix::rows(grad, outputs).transposed();
            multiply(
                &mut out,
                inputs,
                [outputs, inputs, depth],
                grad,
                Matrix::rows(x, inputs),
                false,
            );
            out
        })
        .collect();
    sum_in_order(parts)
}

/// Sums the parts, first to last.
pub(super) fn sum_in_order(parts: Vec<Buffer>) -> Buffer {
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_else(|| zeros(0));
    for part in parts {
        add(&mut total, &part);
    }
    total
}

vectorized! {
    /// `into += x`.
    pub(super) fn add(into: &mut [f32], x: &[f32]) {
        for (into, x) in into.iter_mut().zip(x) {
            *into += x;
        }
    }
}

/// The sum of the rows of `grad`.
pub(super) fn backward_bias(grad: &[f32], outputs: usize) -> Buffer {
    let parts: Vec<Buffer> = grad
        .par_chunks(4 * ROWS * outputs)
        .map(|grad| {
            let mut sum = zeros(outputs);
            add_rows(&mut sum, grad);
            sum
        })
        .collect();
    sum_in_order(parts)
}

vectorized! {
    /// Adds every row of `rows` to `sum`.
    fn add_rows(sum: &mut [f32], rows: &[f32]) {
        for row in rows.chunks_exact(sum.len()) {
            for (sum, x) in sum.iter_mut().zip(row) {
                *sum += x;
            }
        }
    }
}
