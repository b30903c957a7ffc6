//! Matrix products on slices.
//!
//! The right side is packed into panels of sixteen columns, so that one vector holds one row of a panel. The sums of
//! a tile of rows times a panel stay in registers, and every vector of the panel is used for all rows of the tile.
//!
//! Each element is a sum over the depth, from first to last, that is split at fixed indices. So it is bitwise the same
//! for any number of rows and columns next to it, and for any way to split them over threads.
//!
//! Source: Goto and van de Geijn 2008 (panels and tiles), with tiles for one level of the cache only.

use pulp::{Simd, WithSimd};

use super::buffer::scratch;
use super::matrix::Matrix;
use super::panels::{Panels, Part};
use crate::vectorized::LANES;

/// Rows of a panel that are used before the next panel; they fit into the first-level cache.
const DEPTH: usize = 256;

/// Panels that are used with some rows of the left side before the next rows; they fit into the second-level cache.
const GROUP: usize = 32;

/// Maximum number of rows of the left side that are used together.
const MOST_ROWS: usize = 12;

/// `out = a b`, or `out += a b` with `accumulate`; `a` is `[m, k]`, `b` is `[k, n]`, and the rows of `out` start
/// `out_stride` elements apart.
///
/// # Panics
///
/// If a matrix reaches beyond its slice.
pub(super) fn multiply(
    out: &mut [f32],
    out_stride: usize,
    [m, n, k]: [usize; 3],
    a: Matrix<'_>,
    b: Matrix<'_>,
    accumulate: bool,
) {
    let panels = Panels::new(b, [k, n]);
    multiply_panels(out, out_stride, m, a, panels.all(), accumulate);
}

/// As [`multiply`], with a right side that is already packed.
///
/// # Panics
///
/// If a matrix reaches beyond its slice.
pub(super) fn multiply_panels(
    out: &mut [f32],
    out_stride: usize,
    m: usize,
    a: Matrix<'_>,
    b: Part<'_>,
    accumulate: bool,
) {
    if m == 0 || b.columns == 0 {
        return;
    }
    assert!(
        a.holds(m, b.depth),
        "the left matrix reaches beyond its slice"
    );
    assert!(
        b.columns <= out_stride && (m - 1) * out_stride + b.columns <= out.len(),
        "the result does not fit"
    );
    if b.depth == 0 && !accumulate {
        for row in out.chunks_mut(out_stride).take(m) {
            row[..b.columns].fill(0.0);
        }
    }
    let product = Product {
        out,
        out_stride,
        m,
        a,
        b,
        accumulate,
    };
    pulp::Arch::new().dispatch(product);
}

/// One product, compiled for each instruction set.
struct Product<'a> {
    out: &'a mut [f32],
    out_stride: usize,
    m: usize,
    a: Matrix<'a>,
    b: Part<'a>,
    accumulate: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    /// Uses as many sums as there are registers, minus those for a row of a panel and a factor.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match S::F32_LANES {
            16 => self.run::<S, 1, 12, 8>(simd),
            8 => self.run::<S, 2, 6, 4>(simd),
            4 => self.run::<S, 4, 6, 4>(simd),
            2 => self.run::<S, 8, 4, 4>(simd),
            _ => self.run::<S, 16, 4, 4>(simd),
        }
    }
}

impl Product<'_> {
    /// Runs with `N` vectors in a row of a panel, and tiles of `MOST` rows, then `MANY`, 4, 2 and 1.
    #[inline(always)]
    fn run<S: Simd, const N: usize, const MOST: usize, const MANY: usize>(self, simd: S) {
        let panels = self.b.columns.div_ceil(LANES);
        let mut copied = self.a.conflicts().then(|| scratch(MOST_ROWS * DEPTH));
        for first in (0..self.b.depth).step_by(DEPTH) {
            let depth = DEPTH.min(self.b.depth - first);
            for group in (0..panels).step_by(GROUP) {
                let group = group..panels.min(group + GROUP);
                let mut row = 0;
                while row < self.m {
                    let rows = match self.m - row {
                        rest if rest >= MOST => MOST,
                        rest if rest >= MANY => MANY,
                        rest if rest >= 4 => 4,
                        rest if rest >= 2 => 2,
                        _ => 1,
                    };
                    let a = self.a.from(row, first);
                    let a = match &mut copied {
                        Some(memory) => a.copied([rows, depth], memory),
                        None => a,
                    };
                    for panel in group.clone() {
                        let column = panel * LANES;
                        let tile = Tile {
                            a,
                            panel: self.b.panel(panel, first, depth),
                            out: &mut self.out[row * self.out_stride + column..],
                            out_stride: self.out_stride,
                            width: LANES.min(self.b.columns - column),
                            accumulate: self.accumulate || first > 0,
                        };
                        // Each size is a separate function, so that its sums stay in registers.
                        match rows {
                            _ if rows == MOST => simd.vectorize(SizedTile::<N, MOST>(tile)),
                            _ if rows == MANY => simd.vectorize(SizedTile::<N, MANY>(tile)),
                            4 => simd.vectorize(SizedTile::<N, 4>(tile)),
                            2 => simd.vectorize(SizedTile::<N, 2>(tile)),
                            _ => simd.vectorize(SizedTile::<N, 1>(tile)),
                        }
                    }
                    row += rows;
                }
            }
        }
    }
}

/// Some rows of the left side times one panel.
struct Tile<'a> {
    /// Starts at the first element of the left side.
    a: Matrix<'a>,
    panel: &'a [f32],
    /// Starts at the first element of the result.
    out: &'a mut [f32],
    out_stride: usize,
    /// Number of columns without padding.
    width: usize,
    accumulate: bool,
}

/// A tile of `ROWS` rows, with `N` vectors in a row of the panel.
struct SizedTile<'a, const N: usize, const ROWS: usize>(Tile<'a>);

impl<const N: usize, const ROWS: usize> WithSimd for SizedTile<'_, N, ROWS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let sums = match self.0.a.transposed {
            true => self.sums_of_columns(simd),
            false => self.sums_of_rows(simd),
        };
        let Tile {
            out,
            out_stride,
            width,
            accumulate,
            ..
        } = self.0;
        for row in 0..ROWS {
            let out = &mut out[row * out_stride..][..width];
            if width == LANES {
                let (out, _) = S::as_mut_simd_f32s(out);
                for part in 0..N {
                    out[part] = match accumulate {
                        true => simd.add_f32s(out[part], sums[row][part]),
                        false => sums[row][part],
                    };
                }
            } else {
                // A reference to `sums` itself would force all sums out of the registers.
                let sums = sums[row];
                let sums: &[f32] = pulp::bytemuck::cast_slice(&sums);
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = if accumulate { *out + sum } else { *sum };
                }
            }
        }
    }
}

impl<const N: usize, const ROWS: usize> SizedTile<'_, N, ROWS> {
    /// The sums for a row-major left side.
    #[inline(always)]
    fn sums_of_rows<S: Simd>(&self, simd: S) -> [[S::f32s; N]; ROWS] {
        let depth = self.0.panel.len() / LANES;
        let rows: [&[f32]; ROWS] =
            std::array::from_fn(|row| &self.0.a.data[row * self.0.a.stride..][..depth]);
        let (panel, _) = S::as_simd_f32s(self.0.panel);
        let mut sums = [[simd.splat_f32s(0.0); N]; ROWS];
        for (depth, line) in panel.chunks_exact(N).enumerate() {
            for row in 0..ROWS {
                let factor = simd.splat_f32s(rows[row][depth]);
                for part in 0..N {
                    sums[row][part] = simd.mul_add_e_f32s(line[part], factor, sums[row][part]);
                }
            }
        }
        sums
    }

    /// The sums for a column-major left side.
    #[inline(always)]
    fn sums_of_columns<S: Simd>(&self, simd: S) -> [[S::f32s; N]; ROWS] {
        let (panel, _) = S::as_simd_f32s(self.0.panel);
        let mut sums = [[simd.splat_f32s(0.0); N]; ROWS];
        for (line, column) in panel
            .chunks_exact(N)
            .zip(self.0.a.data.chunks(self.0.a.stride))
        {
            let column = &column[..ROWS];
            for row in 0..ROWS {
                let factor = simd.splat_f32s(column[row]);
                for part in 0..N {
                    sums[row][part] = simd.mul_add_e_f32s(line[part], factor, sums[row][part]);
                }
            }
        }
        sums
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers whose products and sums are exact.
    fn small_numbers(seed: usize, count: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7 + seed * 13) % 11) as f32 - 5.0)
            .collect()
    }

    #[test]
    fn multiplies_every_form_and_size() {
        let sizes = [1, 2, 5, 6, 12, 15, 16, 17, 31];
        for (m, n) in sizes.into_iter().flat_map(|m| sizes.map(|n| (m, n))) {
            for k in [0, 1, 16, 300] {
                let (a, b) = (small_numbers(1, m * k), small_numbers(2, k * n));
                let across = |x: &[f32], rows: usize, cols: usize| -> Vec<f32> {
                    (0..rows * cols)
                        .map(|i| x[i % rows * cols + i / rows])
                        .collect()
                };
                let (a_across, b_across) = (across(&a, m, k), across(&b, k, n));
                let element = |row: usize, col: usize| -> f32 {
                    (0..k).map(|i| a[row * k + i] * b[i * n + col]).sum()
                };
                let lefts = [Matrix::rows(&a, k), Matrix::rows(&a_across, m).transposed()];
                let rights = [Matrix::rows(&b, n), Matrix::rows(&b_across, k).transposed()];
                for (left, right) in lefts.into_iter().flat_map(|a| rights.map(|b| (a, b))) {
                    let mut out = vec![1.0; m * (n + 3)];
                    for factor in [1.0, 2.0] {
                        multiply(&mut out, n + 3, [m, n, k], left, right, factor == 2.0);
                        for (i, found) in out.iter().enumerate() {
                            let (row, col) = (i / (n + 3), i % (n + 3));
                            let expected = if col < n {
                                factor * element(row, col)
                            } else {
                                1.0
                            };
                            assert_eq!(*found, expected, "[{m}, {n}, {k}] at {row}, {col}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn every_width_of_vectors_gives_the_same() {
        let (m, n, k) = (13, 37, 40);
        let (a, b) = (small_numbers(1, m * k), small_numbers(2, k * n));
        let panels = Panels::new(Matrix::rows(&b, n), [k, n]);
        let mut expected = vec![0.0; m * n];
        multiply_panels(
            &mut expected,
            n,
            m,
            Matrix::rows(&a, k),
            panels.all(),
            false,
        );
        let product_on = |simd: &mut dyn FnMut(Product<'_>)| {
            let mut out = vec![1.0; m * n];
            simd(Product {
                out: &mut out,
                out_stride: n,
                m,
                a: Matrix::rows(&a, k),
                b: panels.all(),
                accumulate: false,
            });
            assert_eq!(out, expected);
        };
        product_on(&mut |product| pulp::Scalar::new().vectorize(product));
        #[cfg(target_arch = "x86_64")]
        if let Some(simd) = pulp::x86::V3::try_new() {
            product_on(&mut |product| Simd::vectorize(simd, product));
        }
    }

    #[test]
    fn rows_that_conflict_in_the_cache_and_many_panels() {
        let (m, n, k) = (13, 530, 300);
        let (a, b) = (small_numbers(1, m * 1024), small_numbers(2, k * n));
        let (left, right) = (Matrix::rows(&a, 1024), Matrix::rows(&b, n));
        let mut out = vec![0.0; m * n];
        multiply(&mut out, n, [m, n, k], left, right, false);
        for (i, found) in out.iter().enumerate() {
            let terms = (0..k).map(|depth| a[i / n * 1024 + depth] * b[depth * n + i % n]);
            assert_eq!(*found, terms.sum::<f32>(), "at {}, {}", i / n, i % n);
        }
    }

    #[test]
    fn parts_of_panels_are_parts_of_the_matrix() {
        let (a, b) = (small_numbers(1, 3 * 40), small_numbers(2, 40 * 50));
        let panels = Panels::parallel(Matrix::rows(&b, 50), [40, 50]);
        let mut out = [0.0; 3 * 18];
        multiply_panels(
            &mut out,
            18,
            3,
            Matrix::rows(&a, 40),
            panels.columns(32, 18),
            false,
        );
        let mut expected = [0.0; 3 * 18];
        let right = Matrix::rows(&b[32..], 50);
        multiply(
            &mut expected,
            18,
            [3, 18, 40],
            Matrix::rows(&a, 40),
            right,
            false,
        );
        assert_eq!(out, expected);
        let mut out = [0.0; 3 * 50];
        multiply_panels(
            &mut out,
            50,
            3,
            Matrix::rows(&a[5..], 40),
            panels.rows(5, 7),
            false,
        );
        let mut expected = [0.0; 3 * 50];
        let right = Matrix::rows(&b[5 * 50..], 50);
        multiply(
            &mut expected,
            50,
            [3, 50, 7],
            Matrix::rows(&a[5..], 40),
            right,
            false,
        );
        assert_eq!(out, expected);
    }

    #[test]
    fn an_element_does_not_depend_on_its_neighbors() {
        let number = |i: usize| (i as f32 * 0.37).sin();
        let a: Vec<f32> = (0..40 * 600).map(number).collect();
        let b: Vec<f32> = (0..600 * 40).map(|i| number(i + 5)).collect();
        let mut whole = vec![0.0; 40 * 40];
        let (left, right) = (Matrix::rows(&a, 600), Matrix::rows(&b, 40));
        multiply(&mut whole, 40, [40, 40, 600], left, right, false);
        for (row, col) in [(0, 0), (11, 15), (12, 16), (39, 39), (37, 33)] {
            let mut alone = [0.0];
            let (left, right) = (
                Matrix::rows(&a[row * 600..], 600),
                Matrix::rows(&b[col..], 40),
            );
            multiply(&mut alone, 1, [1, 1, 600], left, right, false);
            assert_eq!(alone[0], whole[row * 40 + col]);
        }
    }

    #[test]
    #[should_panic(expected = "beyond its slice")]
    fn refuses_to_read_beyond_a_slice() {
        let a = [1.0; 3];
        multiply(
            &mut [0.0; 4],
            2,
            [2, 2, 2],
            Matrix::rows(&a, 2),
            Matrix::rows(&a, 2),
            false,
        );
    }
}
