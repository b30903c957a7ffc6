//! Matrix products on slices, through the crate `gemm`.
//!
//! One thread each: the callers split the work into fixed parts, so that the result does not depend on how
//! many threads there are.

/// A strided view of a matrix.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    data: &'a [f32],
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Matrix<'a> {
    /// Rows that lie `row_stride` apart, elements side by side.
    pub fn rows(data: &'a [f32], row_stride: usize) -> Self {
        Self {
            data,
            row_stride,
            col_stride: 1,
        }
    }

    /// The same memory with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    fn holds(&self, rows: usize, cols: usize) -> bool {
        rows == 0
            || cols == 0
            || (rows - 1) * self.row_stride + (cols - 1) * self.col_stride < self.data.len()
    }
}

/// `out = a b`, or `out += a b` with `accumulate`; `a` is `[m, k]`, `b` is `[k, n]`, the rows of `out` lie
/// `out_stride` apart.
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
    if m == 0 || n == 0 {
        return;
    }
    assert!(
        a.holds(m, k) && b.holds(k, n),
        "an operand reaches beyond its slice"
    );
    assert!(
        out_stride >= n && (m - 1) * out_stride + n <= out.len(),
        "the result does not fit"
    );
    // SAFETY: the three matrices lie inside their slices (checked above), `out` is borrowed mutably and so
    // overlaps neither operand, and its rows do not overlap each other because `out_stride >= n`.
    #[allow(unsafe_code)]
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            accumulate,
            a.data.as_ptr(),
            a.col_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.col_stride as isize,
            b.row_stride as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_strided_matrices() {
        let a = [1.0, 2.0, 9.0, 3.0, 4.0, 9.0];
        let b = [5.0, 6.0, 7.0, 8.0];
        let mut out = [1.0; 5];
        let (left, right) = (Matrix::rows(&a, 3), Matrix::rows(&b, 2));
        multiply(&mut out, 3, [2, 2, 2], left, right, true);
        assert_eq!(out, [20.0, 23.0, 1.0, 44.0, 51.0]);
        multiply(&mut out, 3, [2, 2, 2], left, right.transposed(), false);
        assert_eq!(out, [17.0, 23.0, 1.0, 39.0, 53.0]);
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
