//! The key and value cache in memory, updated in place.
//!
//! The tokens of each row and head are stored in blocks of sixteen. Keys are stored feature by feature (`[row, kv
//! head, block, feature, 16]`), so that one vector holds the same feature of sixteen tokens and scores need no sums
//! across a vector. Values are stored token by token (`[row, kv head, block, 16, feature]`).
//!
//! In sixteen-bit integers, each block starts with one exponent per token: an element is its integer times
//! `2^(exponent - 15)`. The factors are powers of two, so that reading is exact.

use rayon::prelude::*;

use super::super::kv_cache::{CacheShape, KvCacheDtype};
use crate::vectorized::{LANES, exp_sum, largest, mul_add, vectorized};

/// Sizes in elements.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Maximum number of blocks of a row.
    blocks: usize,
    dim: usize,
    kv_heads: usize,
    heads: usize,
}

impl Sizes {
    pub fn new(shape: CacheShape) -> Self {
        Self {
            blocks: shape.capacity.div_ceil(LANES),
            dim: shape.head_dim,
            kv_heads: shape.kv_heads,
            heads: shape.heads,
        }
    }

    /// Elements in one block of one head, the same for keys and values.
    fn block<N: Number>(&self) -> usize {
        N::HEADER + LANES * self.dim
    }

    /// Elements in one head of one row.
    fn head<N: Number>(&self) -> usize {
        self.blocks * self.block::<N>()
    }

    /// Elements in one row.
    pub fn row<N: Number>(&self) -> usize {
        self.kv_heads * self.head::<N>()
    }

    /// Elements of one token's keys.
    fn token(&self) -> usize {
        self.kv_heads * self.dim
    }

    /// Writes one token of all heads.
    fn write<N: Number>(
        &self,
        [keys, values]: [&mut [N]; 2],
        position: usize,
        [k, v]: [&[f32]; 2],
    ) {
        let (block, lane) = (position / LANES * self.block::<N>(), position % LANES);
        let heads = keys
            .chunks_exact_mut(self.head::<N>())
            .zip(values.chunks_exact_mut(self.head::<N>()));
        let new = k.chunks_exact(self.dim).zip(v.chunks_exact(self.dim));
        for ((keys, values), (k, v)) in heads.zip(new) {
            let (key_header, keys) = keys[block..block + self.block::<N>()].split_at_mut(N::HEADER);
            let (header, values) = values[block..block + self.block::<N>()].split_at_mut(N::HEADER);
            // The position of the value also serves the key.
            let row = &mut values[lane * self.dim..(lane + 1) * self.dim];
            N::narrow(k, row, key_header, lane);
            for (column, key) in keys.chunks_exact_mut(LANES).zip(row.iter()) {
                column[lane] = *key;
            }
            N::narrow(v, row, header, lane);
        }
    }
}

/// An element type of the cache.
pub(super) trait Number: pulp::bytemuck::Pod + Send + Sync {
    /// Elements before the data of a block.
    const HEADER: usize;

    /// Writes the elements `x` of token `lane` of a block.
    fn narrow(x: &[f32], out: &mut [Self], header: &mut [Self], lane: usize);

    fn widen(numbers: &[Self; LANES]) -> [f32; LANES];

    fn widen_one(self) -> f32;

    /// The factor on the elements of each token of a block.
    fn factors(header: &[Self]) -> [f32; LANES];

    /// Attends one query to the first `length` tokens of one head. Data `ahead` elements further is prefetched.
    fn attend(
        memory: [&[Self]; 2],
        ahead: usize,
        q: &[f32],
        length: usize,
        scores: &mut [f32],
        out: &mut [f32],
    );
}

impl Number for f32 {
    const HEADER: usize = 0;

    #[inline(always)]
    fn narrow(x: &[f32], out: &mut [f32], _header: &mut [f32], _lane: usize) {
        out.copy_from_slice(x);
    }

    #[inline(always)]
    fn widen(numbers: &[f32; LANES]) -> [f32; LANES] {
        *numbers
    }

    #[inline(always)]
    fn widen_one(self) -> f32 {
        self
    }

    #[inline(always)]
    fn factors(_header: &[f32]) -> [f32; LANES] {
        [1.0; LANES]
    }

    fn attend(
        memory: [&[f32]; 2],
        ahead: usize,
        q: &[f32],
        length: usize,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        attend_single(memory, ahead, q, length, scores, out);
    }
}

/// Smallest exponent: smaller elements become zero.
const LEAST_EXPONENT: i32 = -100;

/// The exponent of a token with an element that is not finite. Its factor is infinite, so that products with the
/// zero integers are NaN.
const NOT_FINITE: i32 = 143;

impl Number for i16 {
    const HEADER: usize = LANES;

    fn narrow(x: &[f32], out: &mut [i16], header: &mut [i16], lane: usize) {
        header[lane] = narrow_all(x, out);
    }

    #[inline(always)]
    fn widen(numbers: &[i16; LANES]) -> [f32; LANES] {
        let mut wide = [0.0; LANES];
        for lane in 0..LANES {
            wide[lane] = numbers[lane].into();
        }
        wide
    }

    #[inline(always)]
    fn widen_one(self) -> f32 {
        self.into()
    }

    #[inline(always)]
    fn factors(header: &[i16]) -> [f32; LANES] {
        let mut factors = [0.0; LANES];
        for (factor, exponent) in factors.iter_mut().zip(header) {
            *factor = power_of_two(i32::from(*exponent) - 15);
        }
        factors
    }

    fn attend(
        memory: [&[i16]; 2],
        ahead: usize,
        q: &[f32],
        length: usize,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        attend_integers(memory, ahead, q, length, scores, out);
    }
}

vectorized! {
    /// Writes the integers and returns their exponent.
    fn narrow_all(x: &[f32], out: &mut [i16]) -> i16 {
        /// Adding it rounds to an integer in the low mantissa bits.
        const SHIFT: f32 = 12_582_912.0;
        let (mut largest, mut finite) = (0u32, true);
        for x in x {
            // Magnitudes compare like their bits.
            largest = largest.max(x.to_bits() & 0x7fff_ffff);
            finite &= x.is_finite();
        }
        if !finite {
            out.fill(0);
            return NOT_FINITE as i16;
        }
        // The smallest power of two above the largest element.
        let exponent = ((largest >> 23) as i32 - 126).max(LEAST_EXPONENT);
        let scale = power_of_two(15 - exponent);
        for (out, x) in out.iter_mut().zip(x) {
            let scaled = x * scale;
            // Clamps elements that would round up to 32768.
            let scaled = if scaled > 32767.0 { 32767.0 } else { scaled };
            *out = (scaled + SHIFT).to_bits() as i16;
        }
        exponent as i16
    }
}

/// `2^exponent` for exponents from -126; infinity for 128.
#[inline(always)]
fn power_of_two(exponent: i32) -> f32 {
    f32::from_bits(((exponent + 127) as u32) << 23)
}

/// An operation on a cache, generic over its element type.
pub(super) trait WithNumbers {
    type Output;

    fn run<N: Number>(self) -> Self::Output;
}

/// Runs an operation with the element type of a shape.
pub(super) fn dispatch<W: WithNumbers>(shape: CacheShape, work: W) -> W::Output {
    match shape.dtype {
        KvCacheDtype::Int16 => work.run::<i16>(),
        KvCacheDtype::Float32 => work.run::<f32>(),
    }
}

/// The number of `f32` elements that hold a row of keys, or of values.
pub(super) struct RowLength(pub Sizes);

impl WithNumbers for RowLength {
    type Output = usize;

    fn run<N: Number>(self) -> usize {
        (self.0.row::<N>() * size_of::<N>()).div_ceil(size_of::<f32>())
    }
}

/// Prompts that are copied to consecutive rows, starting at the first row of `memory`.
pub(super) struct Prompts<'a> {
    pub sizes: Sizes,
    /// Keys and values of the cache.
    pub memory: [&'a mut [f32]; 2],
    /// Keys and values of the prompts, of `seq` tokens each.
    pub new: [&'a [f32]; 2],
    pub seq: usize,
    /// The prompt of each row.
    pub sources: &'a [usize],
}

impl WithNumbers for Prompts<'_> {
    type Output = ();

    fn run<N: Number>(self) {
        let Self {
            sizes,
            seq,
            sources,
            ..
        } = self;
        let [keys, values] = self.memory.map(numbers_mut::<N>);
        let [k, v] = self.new;
        let token = sizes.token();
        keys.par_chunks_mut(sizes.row::<N>())
            .zip(values.par_chunks_mut(sizes.row::<N>()))
            .zip(sources)
            .for_each(|((keys, values), source)| {
                for position in 0..seq.min(sizes.blocks * LANES) {
                    let at = (source * seq + position) * token;
                    let new = [&k[at..at + token], &v[at..at + token]];
                    sizes.write([keys, values], position, new);
                }
            });
    }
}

/// One new token for each row, which attends to all tokens of its row.
pub(super) struct Step<'a> {
    pub sizes: Sizes,
    /// Keys and values of the cache.
    pub memory: [&'a mut [f32]; 2],
    pub q: &'a [f32],
    /// Keys and values of the new tokens.
    pub new: [&'a [f32]; 2],
    /// Number of cached tokens of each row.
    pub lengths: &'a [u32],
    pub out: &'a mut [f32],
}

impl WithNumbers for Step<'_> {
    type Output = ();

    fn run<N: Number>(self) {
        let Self { sizes, q, .. } = self;
        let [keys, values] = self.memory.map(numbers_mut::<N>);
        let [k, v] = self.new;
        let (token, width) = (sizes.token(), sizes.heads * sizes.dim);
        keys.par_chunks_mut(sizes.row::<N>())
            .zip(values.par_chunks_mut(sizes.row::<N>()))
            .zip(self.out.par_chunks_mut(width))
            .zip(self.lengths)
            .enumerate()
            .with_min_len(4)
            .for_each_init(
                || vec![0.0; sizes.blocks * LANES],
                |scores, (row, (((keys, values), out), &length))| {
                    let length = length as usize;
                    let new = row * token..(row + 1) * token;
                    sizes.write([keys, values], length, [&k[new.clone()], &v[new]]);
                    let q = &q[row * width..(row + 1) * width];
                    let group = sizes.heads / sizes.kv_heads;
                    let queries = q
                        .chunks_exact(sizes.dim)
                        .zip(out.chunks_exact_mut(sizes.dim));
                    for (head, (q, out)) in queries.enumerate() {
                        let first = head / group * sizes.head::<N>();
                        let memory = [&keys[first..], &values[first..]];
                        let ahead = sizes.head::<N>();
                        N::attend(memory, ahead, q, length + 1, scores, out);
                    }
                },
            );
    }
}

fn numbers_mut<N: Number>(memory: &mut [f32]) -> &mut [N] {
    pulp::bytemuck::cast_slice_mut(memory)
}

vectorized! {
    /// [`attend_head`] for single precision.
    fn attend_single(
        memory: [&[f32]; 2],
        ahead: usize,
        q: &[f32],
        length: usize,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        attend_head::<f32, FMA>(memory, ahead, q, length, scores, out);
    }
}

vectorized! {
    /// [`attend_head`] for integers.
    fn attend_integers(
        memory: [&[i16]; 2],
        ahead: usize,
        q: &[f32],
        length: usize,
        scores: &mut [f32],
        out: &mut [f32],
    ) {
        attend_head::<i16, FMA>(memory, ahead, q, length, scores, out);
    }
}

/// Prefetches the memory `ahead` elements after `numbers`, which may be beyond the cache.
#[inline(always)]
fn prefetch<N>(numbers: &[N], ahead: usize) {
    #[cfg(target_arch = "x86_64")]
    for line in numbers.chunks(64 / size_of::<N>()) {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let address = line.as_ptr().wrapping_add(ahead).cast();
        // SAFETY: a prefetch neither reads nor writes, and never faults, whatever the address.
        #[allow(unsafe_code)]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(address);
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (numbers, ahead);
}

/// Attends one query to the first `length` tokens of one head.
#[inline(always)]
fn attend_head<N: Number, const FMA: bool>(
    [keys, values]: [&[N]; 2],
    ahead: usize,
    q: &[f32],
    length: usize,
    scores: &mut [f32],
    out: &mut [f32],
) {
    let dim = q.len();
    let block = N::HEADER + LANES * dim;
    let blocks = scores.as_chunks_mut::<LANES>().0.iter_mut();
    let blocks = keys.chunks_exact(block).zip(blocks);
    for (keys, scores) in blocks.take(length.div_ceil(LANES)) {
        prefetch(keys, ahead);
        let (header, keys) = keys.split_at(N::HEADER);
        let (columns, _) = keys.as_chunks::<LANES>();
        // Four independent sums hide the latency of each addition.
        let mut sums = [[0.0; LANES]; 4];
        let (column_fours, column_rest) = columns.as_chunks::<4>();
        let (q_fours, q_rest) = q.as_chunks::<4>();
        for (columns, q) in column_fours.iter().zip(q_fours) {
            for part in 0..4 {
                let keys = N::widen(&columns[part]);
                for lane in 0..LANES {
                    sums[part][lane] = mul_add::<FMA>(keys[lane], q[part], sums[part][lane]);
                }
            }
        }
        for (column, q) in column_rest.iter().zip(q_rest) {
            let keys = N::widen(column);
            for lane in 0..LANES {
                sums[0][lane] = mul_add::<FMA>(keys[lane], *q, sums[0][lane]);
            }
        }
        let factors = N::factors(header);
        for lane in 0..LANES {
            let sum = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
            scores[lane] = sum * factors[lane];
        }
    }
    let scale = 1.0 / (dim as f32).sqrt();
    let max = largest(&scores[..length]) * scale;
    let factor = 1.0 / exp_sum::<FMA>(&mut scores[..length], scale, max);
    // Tokens after the last one have no weight.
    scores[length..length.next_multiple_of(LANES)].fill(0.0);
    let (weights, _) = scores[..length.next_multiple_of(LANES)].as_chunks_mut::<LANES>();
    for (values, weights) in values.chunks_exact(block).zip(weights.iter_mut()) {
        prefetch(values, ahead);
        let factors = N::factors(&values[..N::HEADER]);
        for lane in 0..LANES {
            weights[lane] *= factors[lane] * factor;
        }
    }
    let (whole, rest) = out.as_chunks_mut::<LANES>();
    let rest_at = whole.len() * LANES;
    for (part, out) in whole.iter_mut().enumerate() {
        let at = part * LANES;
        let mut sums = [[0.0; LANES]; 4];
        for (values, weights) in values.chunks_exact(block).zip(weights.iter()) {
            let values = values[N::HEADER..].chunks_exact(4 * dim);
            for (values, weights) in values.zip(weights.as_chunks::<4>().0) {
                for (part, value) in values.chunks_exact(dim).enumerate() {
                    let Some(value) = value[at..].first_chunk() else {
                        continue;
                    };
                    let value = N::widen(value);
                    for lane in 0..LANES {
                        sums[part][lane] =
                            mul_add::<FMA>(value[lane], weights[part], sums[part][lane]);
                    }
                }
            }
        }
        for lane in 0..LANES {
            out[lane] = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
        }
    }
    for (feature, out) in rest.iter_mut().enumerate() {
        let mut sum = 0.0;
        for (values, weights) in values.chunks_exact(block).zip(weights.iter()) {
            let values = values[N::HEADER..].chunks_exact(dim);
            for (value, weight) in values.zip(weights) {
                sum = mul_add::<FMA>(value[rest_at + feature].widen_one(), *weight, sum);
            }
        }
        *out = sum;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_what_they_promise() {
        for size in [0.0, 1e-36, 1e-20, 0.999_999_9, 1.0, 300.0, 1e30, f32::MAX] {
            let x: Vec<f32> = (0..40).map(|i| size * (i as f32 * 0.9).sin()).collect();
            let largest = x.iter().fold(0.0f32, |a, b| a.max(b.abs()));
            let (mut header, mut kept) = ([0i16; LANES], vec![0; x.len()]);
            i16::narrow(&x, &mut kept, &mut header, 3);
            let factor = i16::factors(&header)[3];
            for (x, kept) in x.into_iter().zip(kept) {
                let back = kept.widen_one() * factor;
                let bound = (largest / 32768.0).max(1e-34);
                assert!(
                    (x - back).abs() <= bound,
                    "{x} became {back} beside {largest}"
                );
            }
        }
    }

    #[test]
    fn integers_do_not_hide_what_is_not_finite() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (mut header, mut kept) = ([0i16; LANES], [0; 2]);
            i16::narrow(&[1.0, bad], &mut kept, &mut header, 0);
            let factor = i16::factors(&header)[0];
            assert!(kept.iter().all(|kept| (kept.widen_one() * factor).is_nan()));
        }
    }
}
