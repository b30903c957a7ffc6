//! Log-probabilities of targets over the vocabulary, in chunks of tokens, so that the logits of all tokens are never
//! in memory together.

use rayon::prelude::*;

use super::buffer::{Buffer, zeros};
use super::matrix::Matrix;
use super::panels::Panels;
use super::product::{multiply, multiply_panels};
use super::project::{self, sum_in_order};
use crate::vectorized::{LANES, exp, largest, mul_add, sum_lanes, vectorized};

/// Number of tokens in one chunk.
const ROWS: usize = 128;

/// Maximum number of parts, each with its own weight gradient.
const PARTS: usize = 8;

/// The output layer.
#[derive(Clone, Copy)]
pub(super) struct Output<'a> {
    /// `[vocab, hidden]`.
    pub weight: &'a [f32],
    /// Width of the hidden states.
    pub hidden: usize,
    /// Factor on the logits.
    pub inverse_temperature: f32,
}

impl Output<'_> {
    fn vocab(&self) -> usize {
        self.weight.len() / self.hidden
    }

    /// The weight, packed for products with hidden states.
    fn panels(&self) -> Panels {
        project::panels(self.weight, [self.hidden, self.vocab()])
    }

    /// The raw logits of some tokens.
    fn logits(&self, hidden: &[f32], panels: &Panels, logits: &mut Vec<f32>) {
        let (rows, vocab) = (hidden.len() / self.hidden, self.vocab());
        logits.resize(ROWS * vocab, 0.0);
        let hidden = Matrix::rows(hidden, self.hidden);
        multiply_panels(logits, vocab, rows, hidden, panels.all(), false);
    }
}

/// Fills in the log-probability, the entropy and the logarithm of the denominator of each token.
pub(super) fn forward(
    hidden: &[f32],
    output: Output<'_>,
    targets: &[u32],
    [log_probs, entropy, log_sum]: [&mut [f32]; 3],
) {
    let panels = output.panels();
    log_probs
        .par_chunks_mut(ROWS)
        .zip(entropy.par_chunks_mut(ROWS))
        .zip(log_sum.par_chunks_mut(ROWS))
        .zip(targets.par_chunks(ROWS))
        .zip(hidden.par_chunks(ROWS * output.hidden))
        .for_each_init(
            Vec::new,
            |logits, ((((log_probs, entropy), log_sum), targets), hidden)| {
                output.logits(hidden, &panels, logits);
                let vocab = output.vocab();
                for (row, logits) in logits.chunks_exact(vocab).take(targets.len()).enumerate() {
                    let scale = output.inverse_temperature;
                    let [log, mean] = log_sum_and_mean(logits, scale);
                    log_sum[row] = log;
                    entropy[row] = log - mean;
                    log_probs[row] = logits[targets[row] as usize] * scale - log;
                }
            },
        );
}

vectorized! {
    /// Logarithm of the sum of `exp(scale * x)`, and the mean of `scale * x` under those weights.
    fn log_sum_and_mean(x: &[f32], scale: f32) -> [f32; 2] {
        let max = largest(x) * scale;
        let mut sums = [0.0; LANES];
        let mut means = [0.0; LANES];
        let (whole, rest) = x.as_chunks::<LANES>();
        for x in whole {
            for lane in 0..LANES {
                let shifted = mul_add::<FMA>(x[lane], scale, -max);
                let weight = exp::<FMA>(shifted);
                sums[lane] += weight;
                means[lane] = mul_add::<FMA>(weight, shifted, means[lane]);
            }
        }
        for (lane, x) in rest.iter().enumerate() {
            let shifted = mul_add::<FMA>(*x, scale, -max);
            let weight = exp::<FMA>(shifted);
            sums[lane] += weight;
            means[lane] = mul_add::<FMA>(weight, shifted, means[lane]);
        }
        let sum = sum_lanes(sums);
        [max + sum.ln(), max + sum_lanes(means) / sum]
    }
}

/// Fills in the gradient of the hidden states, and returns that of the weight.
pub(super) fn backward(
    hidden: &[f32],
    output: Output<'_>,
    targets: &[u32],
    log_sum: &[f32],
    grad: &[f32],
    grad_hidden: &mut [f32],
) -> Buffer {
    let chunks = targets.len().div_ceil(ROWS);
    let part = chunks.div_ceil(PARTS).max(1) * ROWS;
    let width = output.hidden;
    let panels = output.panels();
    let weight = Matrix::rows(output.weight, width);
    let panels_across = Panels::parallel(weight, [output.vocab(), width]);
    let parts: Vec<Buffer> = grad_hidden
        .par_chunks_mut(part * width)
        .enumerate()
        .map(|(index, grad_hidden)| {
            let mut grad_weight = zeros(output.weight.len());
            let mut logits = Vec::new();
            for (chunk, grad_hidden) in grad_hidden.chunks_mut(ROWS * width).enumerate() {
                let first = index * part + chunk * ROWS;
                let rows = grad_hidden.len() / width;
                let hidden = &hidden[first * width..(first + rows) * width];
                output.logits(hidden, &panels, &mut logits);
                let vocab = output.vocab();
                for (row, logits) in logits.chunks_exact_mut(vocab).take(rows).enumerate() {
                    let token = first + row;
                    let scale = output.inverse_temperature;
                    slope(logits, scale, log_sum[token], -grad[token] * scale);
                    logits[targets[token] as usize] += grad[token] * scale;
                }
                let slopes = Matrix::rows(&logits, vocab);
                multiply_panels(grad_hidden, width, rows, slopes, panels_across.all(), false);
                let hidden = Matrix::rows(hidden, width);
                let size = [vocab, width, rows];
                multiply(
                    &mut grad_weight,
                    width,
                    size,
                    slopes.transposed(),
                    hidden,
                    true,
                );
            }
            grad_weight
        })
        .collect();
    sum_in_order(parts)
}

vectorized! {
    /// Replaces each `x` by `factor * exp(scale * x - log_sum)`.
    fn slope(x: &mut [f32], scale: f32, log_sum: f32, factor: f32) {
        for x in x {
            *x = factor * exp::<FMA>(mul_add::<FMA>(*x, scale, -log_sum));
        }
    }
}
