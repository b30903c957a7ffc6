//! A view of a matrix in a slice.

/// Rows that start a multiple of this many elements apart evict each other from the first-level cache.
const CONFLICT: usize = 1024;

/// A view of a matrix with a stride between its rows or, if it is transposed, its columns.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub data: &'a [f32],
    pub stride: usize,
    pub transposed: bool,
}

impl<'a> Matrix<'a> {
    /// A row-major matrix whose rows start `stride` elements apart.
    pub fn rows(data: &'a [f32], stride: usize) -> Self {
        Self {
            data,
            stride,
            transposed: false,
        }
    }

    /// The same memory with rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            transposed: !self.transposed,
            ..self
        }
    }

    /// The part that starts at a row and a column.
    pub fn from(self, row: usize, col: usize) -> Self {
        let start = match self.transposed {
            false => row * self.stride + col,
            true => row + col * self.stride,
        };
        let data = &self.data[start..];
        Self { data, ..self }
    }

    /// Whether its rows evict each other from the first-level cache.
    pub fn conflicts(&self) -> bool {
        !self.transposed && self.stride.is_multiple_of(CONFLICT)
    }

    /// A column-major copy.
    pub fn copied<'b>(&self, [rows, cols]: [usize; 2], memory: &'b mut [f32]) -> Matrix<'b> {
        for (row, line) in self.data.chunks(self.stride).take(rows).enumerate() {
            for (column, number) in memory.chunks_exact_mut(rows).zip(&line[..cols]) {
                column[row] = *number;
            }
        }
        Matrix::rows(memory, rows).transposed()
    }

    /// Whether the slice holds this many rows and columns.
    pub fn holds(&self, rows: usize, cols: usize) -> bool {
        let (outer, inner) = match self.transposed {
            false => (rows, cols),
            true => (cols, rows),
        };
        rows == 0 || cols == 0 || (outer - 1) * self.stride + inner <= self.data.len()
    }
}
