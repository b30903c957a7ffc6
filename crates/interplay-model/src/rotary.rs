//! The angles of the rotary position embedding.
//!
//! Source: Su et al. 2021 (arXiv 2104.09864), in the half-split convention of Hugging Face: feature `i` of a
//! head is rotated with feature `i + head_dim / 2` by the angle `position / theta^(2 i / head_dim)`.

use burn::tensor::backend::Backend;
use burn::tensor::{Tensor, TensorData};

use crate::config::ModelConfig;

/// The angular frequencies of one head's feature pairs.
#[derive(Clone, Debug)]
pub struct Rotary {
    frequencies: Vec<f32>,
}

impl Rotary {
    /// Computes the frequencies for the heads of a model, in single precision as `transformers` does.
    pub fn new(config: &ModelConfig) -> Self {
        let head_dim = config.head_dim();
        let theta = config.rope_theta as f32;
        let frequencies = (0..head_dim / 2)
            .map(|pair| 1.0 / theta.powf((2 * pair) as f32 / head_dim as f32))
            .collect();
        Self { frequencies }
    }

    /// Precomputes the angles of the positions below `positions`.
    pub fn table(&self, positions: usize) -> RotaryTable {
        let width = self.frequencies.len();
        let [cos, sin] = self.angles(0..positions);
        RotaryTable { cos, sin, width }
    }

    /// Cosines and sines of the given positions, each `[positions, head_dim / 2]`.
    pub fn at<B: Backend>(
        &self,
        positions: impl ExactSizeIterator<Item = usize>,
        device: &B::Device,
    ) -> [Tensor<B, 2>; 2] {
        let size = [positions.len(), self.frequencies.len()];
        self.angles(positions)
            .map(|values| Tensor::from_data(TensorData::new(values, size), device))
    }

    fn angles(&self, positions: impl ExactSizeIterator<Item = usize>) -> [Vec<f32>; 2] {
        let count = positions.len() * self.frequencies.len();
        let (mut cos, mut sin) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for position in positions {
            for &frequency in &self.frequencies {
                let (s, c) = f64::from(position as f32 * frequency).sin_cos();
                cos.push(c as f32);
                sin.push(s as f32);
            }
        }
        [cos, sin]
    }
}

/// Precomputed cosines and sines, on the host.
#[derive(Clone, Debug)]
pub struct RotaryTable {
    cos: Vec<f32>,
    sin: Vec<f32>,
    width: usize,
}

impl RotaryTable {
    /// Cosines and sines of the given positions, each `[positions, head_dim / 2]`.
    ///
    /// # Panics
    ///
    /// If a position is beyond the table.
    pub fn at<B: Backend>(&self, positions: &[u32], device: &B::Device) -> [Tensor<B, 2>; 2] {
        let size = [positions.len(), self.width];
        [&self.cos, &self.sin].map(|table| {
            let mut values = Vec::with_capacity(size[0] * size[1]);
            for &position in positions {
                let row = position as usize * self.width;
                values.extend_from_slice(&table[row..row + self.width]);
            }
            Tensor::from_data(TensorData::new(values, size), device)
        })
    }
}
