//! Causal grouped-query attention within documents and their branches, tile by tile.
//!
//! A tile is a range of queries of one head. Only its scores against the keys from the start of its first document
//! to its last query are computed; no mask is built, and later keys are never read. The backward pass recomputes the
//! scores from the saved logarithm of each denominator.
//!
//! Source: Dao 2023 (FlashAttention-2, arXiv 2307.08691).
//! Deviation: a tile processes all its keys at once, since a row of scores fits into the cache at these lengths.

use rayon::prelude::*;

use super::super::attention_shape::AttentionShape;
use super::buffer::{Buffer, scratch, zeros};
use super::matrix::Matrix;
use super::panels::Panels;
use super::product::{multiply, multiply_panels};
use crate::vectorized::{LANES, dot, exp, exp_sum, largest, mul_add, vectorized};

/// Number of queries in a tile.
const TILE: usize = 64;

/// One tile of queries of one row of the batch.
struct Tile<'a> {
    /// Index of the first query, and the index after the last.
    queries: [usize; 2],
    /// Index of the first key that any of them attends, rounded down to the start of a panel of keys.
    first_key: usize,
    /// For each query, its first key relative to `first_key`.
    starts: [usize; TILE],
    /// If documents branch: for each key from `first_key` on, the index after the last query that attends it.
    ends: Option<&'a [u32]>,
}

impl<'a> Tile<'a> {
    fn new(shape: &'a AttentionShape, row: usize, first: usize) -> Self {
        let end = (first + TILE).min(shape.seq);
        let first_key = shape.start(row, first) / LANES * LANES;
        let mut starts = [0; TILE];
        for (start, query) in starts.iter_mut().zip(first..end) {
            *start = shape.start(row, query) - first_key;
        }
        Self {
            queries: [first, end],
            first_key,
            starts,
            ends: shape.ends(row).map(|ends| &ends[first_key..end]),
        }
    }

    fn height(&self) -> usize {
        self.queries[1] - self.queries[0]
    }

    /// Number of keys from `first_key` to the last that any query of the tile attends.
    fn width(&self) -> usize {
        self.queries[1] - self.first_key
    }

    /// If documents branch: the ends of the keys that a query spans, and the index of the query.
    fn ends(&self, query: usize) -> Option<(&'a [u32], u32)> {
        let [start, end] = self.span(query);
        let index = (self.queries[0] + query) as u32;
        self.ends.map(|ends| (&ends[start..end], index))
    }

    /// The first key of a query and the index after its last, relative to `first_key`.
    fn span(&self, query: usize) -> [usize; 2] {
        [
            self.starts[query],
            self.queries[0] + query + 1 - self.first_key,
        ]
    }
}

/// Widths of the three inputs' rows.
struct Widths {
    q: usize,
    kv: usize,
}

impl Widths {
    fn new(shape: &AttentionShape) -> Self {
        Self {
            q: shape.heads * shape.head_dim,
            kv: shape.kv_heads * shape.head_dim,
        }
    }
}

/// Fills in `out` `[N, heads * head_dim]` and `log_sum` `[N, heads]`.
pub(super) fn forward(
    [q, k, v]: [&[f32]; 3],
    shape: &AttentionShape,
    out: &mut [f32],
    log_sum: &mut [f32],
) {
    let widths = Widths::new(shape);
    let (seq, heads) = (shape.seq, shape.heads);
    let memory: Vec<Memory> = (0..shape.batch * shape.kv_heads)
        .into_par_iter()
        .map(|pair| {
            let (row, head) = (pair / shape.kv_heads, pair % shape.kv_heads);
            let first = row * seq * widths.kv + head * shape.head_dim;
            let [k, v] = [k, v].map(|x| Matrix::rows(&x[first..], widths.kv));
            Memory {
                keys: Panels::new(k.transposed(), [shape.head_dim, seq]),
                values: Panels::new(v, [seq, shape.head_dim]),
            }
        })
        .collect();
    out.par_chunks_mut(seq * widths.q)
        .zip(log_sum.par_chunks_mut(seq * heads))
        .zip(memory.par_chunks(shape.kv_heads))
        .enumerate()
        .for_each(|(row, ((out, log_sum), memory))| {
            let q = &q[row * seq * widths.q..(row + 1) * seq * widths.q];
            out.par_chunks_mut(TILE * widths.q)
                .zip(log_sum.par_chunks_mut(TILE * heads))
                .enumerate()
                .for_each_init(Vec::new, |scores, (tile, (out, log_sum))| {
                    let tile = Tile::new(shape, row, tile * TILE);
                    forward_tile(q, memory, shape, &tile, scores, out, log_sum);
                });
        });
}

/// Keys `[head_dim, seq]` and values `[seq, head_dim]` of one head of one row.
struct Memory {
    keys: Panels,
    values: Panels,
}

/// All heads of one tile.
fn forward_tile(
    q: &[f32],
    memory: &[Memory],
    shape: &AttentionShape,
    tile: &Tile<'_>,
    scores: &mut Vec<f32>,
    out: &mut [f32],
    log_sum: &mut [f32],
) {
    let widths = Widths::new(shape);
    let (dim, height, width) = (shape.head_dim, tile.height(), tile.width());
    scores.resize(TILE * shape.seq, 0.0);
    for head in 0..shape.heads {
        let memory = &memory[head / shape.group()];
        let q = Matrix::rows(&q[tile.queries[0] * widths.q + head * dim..], widths.q);
        let keys = memory.keys.columns(tile.first_key, width);
        multiply_panels(scores, width, height, q, keys, false);
        softmax_rows(
            &mut scores[..height * width],
            tile,
            shape.scale(),
            &mut log_sum[head..],
            shape.heads,
        );
        let weights = Matrix::rows(scores, width);
        let values = memory.values.rows(tile.first_key, width);
        let out = &mut out[head * dim..];
        multiply_panels(out, widths.q, height, weights, values, false);
    }
}

vectorized! {
    /// Softmax over the keys that each query attends; the weights of all others become zero.
    fn softmax_rows(scores: &mut [f32], tile: &Tile<'_>, scale: f32, log_sum: &mut [f32], stride: usize) {
        let width = tile.width();
        for (query, row) in scores.chunks_exact_mut(width).enumerate() {
            let [start, end] = tile.span(query);
            row[..start].fill(0.0);
            row[end..].fill(0.0);
            let seen = &mut row[start..end];
            let branches = tile.ends(query);
            if let Some((ends, position)) = branches {
                replace_hidden(seen, ends, position, f32::NEG_INFINITY);
            }
            let max = largest(seen) * scale;
            let sum = exp_sum::<FMA>(seen, scale, max);
            let factor = 1.0 / sum;
            for weight in &mut *seen {
                *weight *= factor;
            }
            if let Some((ends, position)) = branches {
                replace_hidden(seen, ends, position, 0.0);
            }
            log_sum[query * stride] = max + sum.ln();
        }
    }
}

/// Replaces the scores of keys whose branch ends before the query.
#[inline(always)]
fn replace_hidden(scores: &mut [f32], ends: &[u32], position: u32, by: f32) {
    for (score, end) in scores.iter_mut().zip(ends) {
        *score = if *end > position { *score } else { by };
    }
}

/// The inputs of the backward pass.
pub(super) struct Saved<'a> {
    /// Queries, keys and values.
    pub inputs: [&'a [f32]; 3],
    /// The output of the forward pass.
    pub out: &'a [f32],
    /// Logarithms of the denominators, `[N, heads]`.
    pub log_sum: &'a [f32],
    /// Gradient of `out`.
    pub grad: &'a [f32],
}

/// Keys and values of one head of one row, packed for the backward pass.
struct HeadMemory {
    /// `[head_dim, seq]`.
    keys_across: Panels,
    /// `[seq, head_dim]`.
    keys: Panels,
    /// `[head_dim, seq]`.
    values_across: Panels,
}

/// Gradients of one key and value head of one row of the batch, and of its queries.
struct HeadGrads {
    /// `[seq, group * head_dim]`.
    dq: Buffer,
    /// `[seq, head_dim]`.
    dk: Buffer,
    /// `[seq, head_dim]`.
    dv: Buffer,
}

/// Fills in the gradients of queries, keys and values. Rows and heads are independent, so that a single long row
/// keeps several threads busy as well.
pub(super) fn backward(saved: &Saved<'_>, shape: &AttentionShape, [dq, dk, dv]: [&mut [f32]; 3]) {
    let widths = Widths::new(shape);
    let (dim, group) = (shape.head_dim, shape.group() * shape.head_dim);
    let heads: Vec<HeadGrads> = (0..shape.batch * shape.kv_heads)
        .into_par_iter()
        .map_init(
            || [Vec::new(), Vec::new()],
            |tile_memory, pair| {
                let (row, head) = (pair / shape.kv_heads, pair % shape.kv_heads);
                backward_head(saved, shape, [row, head], tile_memory)
            },
        )
        .collect();
    dq.par_chunks_mut(shape.seq * widths.q)
        .zip(dk.par_chunks_mut(shape.seq * widths.kv))
        .zip(dv.par_chunks_mut(shape.seq * widths.kv))
        .zip(heads.par_chunks(shape.kv_heads))
        .for_each(|(((dq, dk), dv), heads)| {
            for (head, grads) in heads.iter().enumerate() {
                copy_columns(dq, widths.q, head * group, &grads.dq, group);
                copy_columns(dk, widths.kv, head * dim, &grads.dk, dim);
                copy_columns(dv, widths.kv, head * dim, &grads.dv, dim);
            }
        });
}

/// Copies rows of `width` elements to the offset `first` of rows of `into_width` elements.
fn copy_columns(into: &mut [f32], into_width: usize, first: usize, from: &[f32], width: usize) {
    for (into, from) in into
        .chunks_exact_mut(into_width)
        .zip(from.chunks_exact(width))
    {
        into[first..first + width].copy_from_slice(from);
    }
}

/// All tiles of one key and value head of one row.
fn backward_head(
    saved: &Saved<'_>,
    shape: &AttentionShape,
    [row, head]: [usize; 2],
    tile_memory: &mut [Vec<f32>; 2],
) -> HeadGrads {
    let (widths, dim) = (Widths::new(shape), shape.head_dim);
    let q_range = row * shape.seq * widths.q..(row + 1) * shape.seq * widths.q;
    let kv_range = row * shape.seq * widths.kv..(row + 1) * shape.seq * widths.kv;
    let log_range = row * shape.seq * shape.heads..(row + 1) * shape.seq * shape.heads;
    let [q, k, v] = saved.inputs;
    let saved = Saved {
        inputs: [&q[q_range.clone()], &k[kv_range.clone()], &v[kv_range]],
        out: &saved.out[q_range.clone()],
        log_sum: &saved.log_sum[log_range],
        grad: &saved.grad[q_range],
    };
    let mut grads = HeadGrads {
        dq: scratch(shape.seq * shape.group() * dim),
        dk: zeros(shape.seq * dim),
        dv: zeros(shape.seq * dim),
    };
    let [_, k, v] = saved.inputs;
    let [k, v] = [k, v].map(|x| Matrix::rows(&x[head * dim..], widths.kv));
    let memory = HeadMemory {
        keys_across: Panels::new(k.transposed(), [dim, shape.seq]),
        keys: Panels::new(k, [shape.seq, dim]),
        values_across: Panels::new(v.transposed(), [dim, shape.seq]),
    };
    for first in (0..shape.seq).step_by(TILE) {
        let tile = Tile::new(shape, row, first);
        for member in 0..shape.group() {
            backward_tile(
                &saved,
                &memory,
                shape,
                &tile,
                [head, member],
                tile_memory,
                &mut grads,
            );
        }
    }
    grads
}

/// One query head of one tile; adds to the gradients of its keys and values.
fn backward_tile(
    saved: &Saved<'_>,
    memory: &HeadMemory,
    shape: &AttentionShape,
    tile: &Tile<'_>,
    [kv_head, member]: [usize; 2],
    [weights, slopes]: &mut [Vec<f32>; 2],
    grads: &mut HeadGrads,
) {
    let widths = Widths::new(shape);
    let (dim, height, width) = (shape.head_dim, tile.height(), tile.width());
    weights.resize(TILE * shape.seq, 0.0);
    slopes.resize(TILE * shape.seq, 0.0);
    let head = kv_head * shape.group() + member;
    let q_at = tile.queries[0] * widths.q + head * dim;
    let q = Matrix::rows(&saved.inputs[0][q_at..], widths.q);
    let grad = Matrix::rows(&saved.grad[q_at..], widths.q);
    let keys = memory.keys_across.columns(tile.first_key, width);
    multiply_panels(weights, width, height, q, keys, false);
    let values = memory.values_across.columns(tile.first_key, width);
    multiply_panels(slopes, width, height, grad, values, false);
    slope_rows(
        &mut weights[..height * width],
        &mut slopes[..height * width],
        tile,
        shape.scale(),
        RowInputs {
            log_sum: &saved.log_sum[tile.queries[0] * shape.heads + head..],
            heads: shape.heads,
            grad: &saved.grad[q_at..],
            out: &saved.out[q_at..],
            stride: widths.q,
            dim,
        },
    );
    let weights = Matrix::rows(weights, width).transposed();
    let slopes = Matrix::rows(slopes, width);
    let size = [width, dim, height];
    let key_at = tile.first_key * dim;
    multiply(&mut grads.dv[key_at..], dim, size, weights, grad, true);
    multiply(
        &mut grads.dk[key_at..],
        dim,
        size,
        slopes.transposed(),
        q,
        true,
    );
    let group = shape.group() * dim;
    let query_at = tile.queries[0] * group + member * dim;
    let dq = &mut grads.dq[query_at..];
    let keys = memory.keys.rows(tile.first_key, width);
    multiply_panels(dq, group, height, slopes, keys, false);
}

/// The inputs of a tile's rows besides their scores.
struct RowInputs<'a> {
    log_sum: &'a [f32],
    heads: usize,
    grad: &'a [f32],
    out: &'a [f32],
    stride: usize,
    dim: usize,
}

vectorized! {
    /// Turns scores into weights, and the gradients of the weights into those of the raw scores.
    fn slope_rows(
        weights: &mut [f32],
        slopes: &mut [f32],
        tile: &Tile<'_>,
        scale: f32,
        inputs: RowInputs<'_>,
    ) {
        let width = tile.width();
        let rows = weights.chunks_exact_mut(width).zip(slopes.chunks_exact_mut(width));
        for (query, (weights, slopes)) in rows.enumerate() {
            let [start, end] = tile.span(query);
            let at = query * inputs.stride;
            let delta = dot::<FMA>(&inputs.grad[at..at + inputs.dim], &inputs.out[at..at + inputs.dim]);
            let log_sum = inputs.log_sum[query * inputs.heads];
            for row in [&mut *weights, &mut *slopes] {
                row[..start].fill(0.0);
                row[end..].fill(0.0);
            }
            let (weights, slopes) = (&mut weights[start..end], &mut slopes[start..end]);
            for weight in &mut *weights {
                *weight = exp::<FMA>(mul_add::<FMA>(*weight, scale, -log_sum));
            }
            if let Some((ends, position)) = tile.ends(query) {
                replace_hidden(weights, ends, position, 0.0);
            }
            for (weight, slope) in weights.iter().zip(slopes) {
                *slope = *weight * (*slope - delta) * scale;
            }
        }
    }
}
