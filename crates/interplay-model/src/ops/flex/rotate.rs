//! The rotary position embedding, in place.

use rayon::prelude::*;

use crate::vectorized::vectorized;

/// Number of rows in one part.
const ROWS: usize = 128;

/// Rotates the heads of every row of `x`, which has `features` elements; row `n` uses angle row `n % period`.
pub(super) fn rotate(
    x: &mut [f32],
    features: usize,
    cos: &[f32],
    sin: &[f32],
    half: usize,
    inverse: bool,
) {
    x.par_chunks_mut(ROWS * features)
        .enumerate()
        .for_each(|(part, x)| {
            turn(
                x,
                features,
                cos,
                sin,
                half,
                if inverse { -1.0 } else { 1.0 },
                part * ROWS,
            );
        });
}

vectorized! {
    fn turn(
        x: &mut [f32],
        features: usize,
        cos: &[f32],
        sin: &[f32],
        half: usize,
        sign: f32,
        first: usize,
    ) {
        let period = cos.len() / half;
        let mut angle = first % period;
        for row in x.chunks_exact_mut(features) {
            let cos = &cos[angle * half..(angle + 1) * half];
            let sin = &sin[angle * half..(angle + 1) * half];
            for head in row.chunks_exact_mut(2 * half) {
                let (low, high) = head.split_at_mut(half);
                for (((low, high), cos), sin) in low.iter_mut().zip(high).zip(cos).zip(sin) {
                    let (a, b, sin) = (*low, *high, sin * sign);
                    *low = a * cos - b * sin;
                    *high = b * cos + a * sin;
                }
            }
            angle += 1;
            if angle == period {
                angle = 0;
            }
        }
    }
}
