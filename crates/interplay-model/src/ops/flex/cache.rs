//! The key and value cache in memory, updated in place.
//!
//! Keys lie in blocks of sixteen tokens, feature by feature (`[row, kv head, block, feature, 16]`), so that one
//! vector holds the same feature of sixteen tokens and scores need no sums across a vector. Values lie token by
//! token (`[row, kv head, token, feature]`).

use rayon::prelude::*;

use super::super::CacheShape;
use super::vectorised::{LANES, exp_sum, largest, mul_add, vectorised};

/// Sizes in numbers.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Tokens that a row has room for.
    tokens: usize,
    dim: usize,
    kv_heads: usize,
    heads: usize,
}

impl Sizes {
    pub fn new(shape: CacheShape) -> Self {
        Self {
            tokens: shape.capacity.next_multiple_of(LANES),
            dim: shape.head_dim,
            kv_heads: shape.kv_heads,
            heads: shape.heads,
        }
    }

    /// Numbers in one head of one row, of the keys as of the values.
    fn head(&self) -> usize {
        self.tokens * self.dim
    }

    /// Numbers in one row, of the keys as of the values.
    pub fn row(&self) -> usize {
        self.kv_heads * self.head()
    }

    /// Numbers of one token's keys.
    pub fn token(&self) -> usize {
        self.kv_heads * self.dim
    }

    /// Writes one token of all heads.
    fn write(&self, keys: &mut [f32], values: &mut [f32], place: usize, k: &[f32], v: &[f32]) {
        let (block, lane) = (place / LANES, place % LANES);
        let heads = keys
            .chunks_exact_mut(self.head())
            .zip(values.chunks_exact_mut(self.head()));
        let new = k.chunks_exact(self.dim).zip(v.chunks_exact(self.dim));
        for ((keys, values), (k, v)) in heads.zip(new) {
            let block = &mut keys[block * self.dim * LANES..(block + 1) * self.dim * LANES];
            for (column, k) in block.chunks_exact_mut(LANES).zip(k) {
                column[lane] = *k;
            }
            values[place * self.dim..(place + 1) * self.dim].copy_from_slice(v);
        }
    }
}

/// Writes prompts into the rows from the first of `keys` and `values` on.
pub(super) fn write_prompts(
    sizes: Sizes,
    [keys, values]: [&mut [f32]; 2],
    [k, v]: [&[f32]; 2],
    seq: usize,
    sources: &[usize],
) {
    let token = sizes.token();
    keys.par_chunks_mut(sizes.row())
        .zip(values.par_chunks_mut(sizes.row()))
        .zip(sources)
        .for_each(|((keys, values), source)| {
            for place in 0..seq.min(sizes.tokens) {
                let at = (source * seq + place) * token;
                sizes.write(keys, values, place, &k[at..at + token], &v[at..at + token]);
            }
        });
}

/// Appends a token to each row and attends all of its tokens.
pub(super) fn attend(
    sizes: Sizes,
    [keys, values]: [&mut [f32]; 2],
    [q, k, v]: [&[f32]; 3],
    lengths: &[u32],
    out: &mut [f32],
) {
    let (token, width) = (sizes.token(), sizes.heads * sizes.dim);
    keys.par_chunks_mut(sizes.row())
        .zip(values.par_chunks_mut(sizes.row()))
        .zip(out.par_chunks_mut(width))
        .zip(lengths)
        .enumerate()
        .with_min_len(4)
        .for_each_init(
            Vec::new,
            |scores, (row, (((keys, values), out), &length))| {
                let length = length as usize;
                let new = row * token..(row + 1) * token;
                sizes.write(keys, values, length, &k[new.clone()], &v[new]);
                scores.resize(sizes.tokens, 0.0);
                let q = &q[row * width..(row + 1) * width];
                let group = sizes.heads / sizes.kv_heads;
                for head in 0..sizes.heads {
                    let kv = head / group * sizes.head();
                    let features = head * sizes.dim..(head + 1) * sizes.dim;
                    attend_head(
                        &keys[kv..kv + sizes.head()],
                        &values[kv..kv + sizes.head()],
                        &q[features.clone()],
                        length + 1,
                        scores,
                        &mut out[features],
                    );
                }
            },
        );
}

vectorised! {
    /// One query against the first `length` tokens of one head.
    fn attend_head(
        keys: &[f32],
        values: &[f32],
        q: &[f32],
        length: usize,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        let dim = q.len();
        let blocks = scores.as_chunks_mut::<LANES>().0.iter_mut();
        for (block, scores) in keys.chunks_exact(dim * LANES).zip(blocks).take(length.div_ceil(LANES)) {
            // Four sums at a time: one alone would wait for itself.
            let mut sums = [[0.0; LANES]; 4];
            let (columns, _) = block.as_chunks::<LANES>();
            let (column_fours, column_rest) = columns.as_chunks::<4>();
            let (q_fours, q_rest) = q.as_chunks::<4>();
            for (columns, q) in column_fours.iter().zip(q_fours) {
                for part in 0..4 {
                    for lane in 0..LANES {
                        sums[part][lane] =
                            mul_add::<FMA>(columns[part][lane], q[part], sums[part][lane]);
                    }
                }
            }
            for (column, q) in column_rest.iter().zip(q_rest) {
                for lane in 0..LANES {
                    sums[0][lane] = mul_add::<FMA>(column[lane], *q, sums[0][lane]);
                }
            }
            let mut lanes = [0.0; LANES];
            for lane in 0..LANES {
                lanes[lane] = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
            }
            *scores = lanes;
        }
        let scores = &mut scores[..length];
        let scale = 1.0 / (dim as f32).sqrt();
        let max = largest(scores) * scale;
        let factor = 1.0 / exp_sum::<FMA>(scores, scale, max);
        let (whole, rest) = out.as_chunks_mut::<LANES>();
        let rest_at = whole.len() * LANES;
        for (part, out) in whole.iter_mut().enumerate() {
            let at = part * LANES;
            let mut sums = [[0.0; LANES]; 4];
            let (weight_fours, weight_rest) = scores.as_chunks::<4>();
            let values_rest = &values[weight_fours.len() * 4 * dim..];
            for (values, weights) in values.chunks_exact(4 * dim).zip(weight_fours) {
                for (part, value) in values.chunks_exact(dim).enumerate() {
                    let value = &value[at..at + LANES];
                    for lane in 0..LANES {
                        sums[part][lane] =
                            mul_add::<FMA>(value[lane], weights[part], sums[part][lane]);
                    }
                }
            }
            for (value, weight) in values_rest.chunks_exact(dim).zip(weight_rest) {
                let value = &value[at..at + LANES];
                for lane in 0..LANES {
                    sums[0][lane] = mul_add::<FMA>(value[lane], *weight, sums[0][lane]);
                }
            }
            let mut lanes = [0.0; LANES];
            for lane in 0..LANES {
                lanes[lane] = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
            }
            for lane in 0..LANES {
                out[lane] = lanes[lane] * factor;
            }
        }
        for (feature, out) in rest.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (value, weight) in values.chunks_exact(dim).zip(scores.iter()) {
                sum = mul_add::<FMA>(value[rest_at + feature], *weight, sum);
            }
            *out = sum * factor;
        }
    }
}
