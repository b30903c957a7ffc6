//! The right side of a matrix product, packed into panels.

use rayon::prelude::*;

use super::buffer::{Buffer, scratch};
use super::matrix::Matrix;
use crate::vectorized::{LANES, vectorized};

/// The right side of a product, `[depth, columns]`, packed into panels of sixteen columns; the last one is padded
/// with zeros.
pub(super) struct Panels {
    /// `[panels, depth, 16]`.
    memory: Buffer,
    depth: usize,
    columns: usize,
}

impl Panels {
    /// Packs a matrix.
    ///
    /// # Panics
    ///
    /// If the matrix reaches beyond its slice.
    pub fn new(matrix: Matrix<'_>, [depth, columns]: [usize; 2]) -> Self {
        let mut panels = Self::empty(matrix, [depth, columns]);
        for (panel, memory) in panels
            .memory
            .chunks_exact_mut(panel_size(depth))
            .enumerate()
        {
            pack(matrix, columns, panel, memory);
        }
        panels
    }

    /// As [`new`](Self::new), on all threads.
    pub fn parallel(matrix: Matrix<'_>, [depth, columns]: [usize; 2]) -> Self {
        let mut panels = Self::empty(matrix, [depth, columns]);
        panels
            .memory
            .par_chunks_exact_mut(panel_size(depth))
            .enumerate()
            .for_each(|(panel, memory)| pack(matrix, columns, panel, memory));
        panels
    }

    fn empty(matrix: Matrix<'_>, [depth, columns]: [usize; 2]) -> Self {
        assert!(
            matrix.holds(depth, columns),
            "a matrix reaches beyond its slice"
        );
        Self {
            memory: scratch(columns.div_ceil(LANES) * depth * LANES),
            depth,
            columns,
        }
    }

    /// Numbers of rows and columns.
    pub fn size(&self) -> [usize; 2] {
        [self.depth, self.columns]
    }

    /// All rows and columns.
    pub fn all(&self) -> Part<'_> {
        Part {
            memory: &self.memory,
            panel: panel_size(self.depth),
            depth: self.depth,
            columns: self.columns,
        }
    }

    /// Some of the columns, starting at a multiple of sixteen.
    pub fn columns(&self, first: usize, columns: usize) -> Part<'_> {
        assert!(
            first.is_multiple_of(LANES) && first + columns <= self.columns,
            "columns beyond the panels, or inside one"
        );
        let all = self.all();
        Part {
            memory: &all.memory[first / LANES * all.panel..],
            columns,
            ..all
        }
    }

    /// Some of the rows.
    pub fn rows(&self, first: usize, depth: usize) -> Part<'_> {
        assert!(first + depth <= self.depth, "rows beyond the panels");
        let all = self.all();
        Part {
            memory: &all.memory[first * LANES..],
            depth,
            ..all
        }
    }
}

/// Number of elements of a panel, at least one.
fn panel_size(depth: usize) -> usize {
    (depth * LANES).max(1)
}

vectorized! {
    /// Packs one panel of a matrix.
    fn pack(matrix: Matrix<'_>, columns: usize, panel: usize, memory: &mut [f32]) {
        let first = panel * LANES;
        let width = LANES.min(columns - first);
        let (rows, _) = memory.as_chunks_mut::<LANES>();
        let Matrix { data, stride, transposed } = matrix;
        if !transposed && width == LANES {
            for (row, line) in rows.iter_mut().zip(data[first..].chunks(stride)) {
                row.copy_from_slice(&line[..LANES]);
            }
            return;
        }
        if transposed && width == LANES {
            let columns: [&[f32]; LANES] =
                std::array::from_fn(|lane| &data[(first + lane) * stride..][..rows.len()]);
            for (depth, row) in rows.iter_mut().enumerate() {
                for lane in 0..LANES {
                    row[lane] = columns[lane][depth];
                }
            }
            return;
        }
        for (depth, row) in rows.iter_mut().enumerate() {
            row[width..].fill(0.0);
            for (lane, number) in row[..width].iter_mut().enumerate() {
                *number = match transposed {
                    true => data[(first + lane) * stride + depth],
                    false => data[depth * stride + first + lane],
                };
            }
        }
    }
}

/// Some rows and columns of panels.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    /// Starts at the first row of the first panel.
    memory: &'a [f32],
    /// Number of elements from one panel to the next.
    panel: usize,
    pub depth: usize,
    pub columns: usize,
}

impl<'a> Part<'a> {
    /// `depth` rows of one panel, starting at row `first`.
    pub fn panel(&self, panel: usize, first: usize, depth: usize) -> &'a [f32] {
        let start = panel * self.panel + first * LANES;
        &self.memory[start..start + depth * LANES]
    }
}
