//! Rows of the embedding by token, and the sum of their gradients.

use super::buffer::{Buffer, zeros};
use super::project::add;

/// Copies the row of each token.
///
/// # Panics
///
/// If a token has no row.
pub(super) fn forward(weight: &[f32], tokens: &[u32], hidden: usize, out: &mut [f32]) {
    for (out, &token) in out.chunks_exact_mut(hidden).zip(tokens) {
        let row = token as usize * hidden;
        out.copy_from_slice(&weight[row..row + hidden]);
    }
}

/// Adds the gradient of each token to its row, in the order of the tokens.
pub(super) fn backward(tokens: &[u32], grad: &[f32], hidden: usize, vocab: usize) -> Buffer {
    let mut out = zeros(vocab * hidden);
    for (grad, &token) in grad.chunks_exact(hidden).zip(tokens) {
        let row = token as usize * hidden;
        add(&mut out[row..row + hidden], grad);
    }
    out
}
