//! The memory that sampling takes, and the number of sequences that fit into it.

use crate::config::ModelConfig;
use crate::error::ModelError;
use crate::ops::{CacheShape, FusedOps};
use crate::sampling::SamplingSettings;

/// Number of rows that is worth a pass over the weights, even if more would exceed the fast memory.
const ENOUGH_ROWS: usize = 12;

/// The sequences to sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sequences {
    /// Their number.
    pub count: usize,
    /// Tokens of the longest prompt.
    pub longest_prompt: usize,
}

/// The size of the caches of all layers.
#[derive(Debug)]
pub(crate) struct CacheSize {
    /// One layer's cache. It has as many rows as run at the same time, with capacity for every token but the last,
    /// which never enters the cache.
    pub shape: CacheShape,
    /// Bytes of a row in all layers.
    row: u64,
}

impl CacheSize {
    pub fn new<B: FusedOps>(
        config: &ModelConfig,
        sequences: Sequences,
        settings: &SamplingSettings,
    ) -> Result<Self, ModelError> {
        let capacity = sequences.longest_prompt + settings.max_new_tokens - 1;
        let shape = CacheShape {
            rows: settings.max_rows.min(sequences.count),
            capacity,
            heads: config.num_attention_heads,
            kv_heads: config.num_key_value_heads,
            head_dim: config.head_dim(),
            dtype: settings.cache_dtype,
        };
        let row = config.num_hidden_layers as u64 * B::cache_row_bytes(shape);
        let limit = settings.max_cache_bytes;
        let rows = usize::try_from(limit / row.max(1)).unwrap_or(usize::MAX);
        if rows == 0 {
            return Err(ModelError::CacheTooSmall {
                tokens: capacity,
                needed: row,
                limit,
            });
        }
        let rows = rows.min(shape.rows);
        let shape = CacheShape { rows, ..shape };
        Ok(Self { shape, row })
    }

    /// Number of rows of each of `lanes` lanes whose keys and values fit into fast memory; no limit if they would be
    /// too few.
    pub fn fast_rows<B: FusedOps>(&self, config: &ModelConfig, lanes: usize) -> usize {
        let weight_bytes = (size_of::<f32>() * config.parameters()) as u64;
        let row = lanes as u64 * self.row.max(1);
        let rows = B::fast_cache_bytes(weight_bytes).map(|bytes| bytes / row);
        match rows {
            Some(rows) if rows >= ENOUGH_ROWS as u64 => usize::try_from(rows).unwrap_or(usize::MAX),
            _ => usize::MAX,
        }
    }
}

#[cfg(test)]
#[cfg(feature = "flex")]
mod tests {
    use super::*;
    use crate::KvCacheDtype::{self, Float32, Int16};

    #[test]
    fn a_budget_of_bytes_is_a_number_of_rows() {
        let config = ModelConfig {
            hidden_size: 32,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            ..ModelConfig::tiny(29)
        };
        let sequences = Sequences {
            count: 9,
            longest_prompt: 7,
        };
        let size = |max_cache_bytes, max_rows, cache_dtype: KvCacheDtype| {
            let settings = SamplingSettings {
                max_new_tokens: 20,
                max_rows,
                max_cache_bytes,
                cache_dtype,
                ..Default::default()
            };
            CacheSize::new::<burn::backend::Flex>(&config, sequences, &settings)
                .map(|size| (size.shape.rows, size.shape.capacity))
        };
        // Keys and values, two layers, two heads of width 8, 4 bytes, two blocks of sixteen tokens.
        let row = 2 * 2 * 2 * 8 * 4 * 32;
        assert_eq!(size(row, 8, Float32).unwrap(), (1, 26));
        assert_eq!(size(3 * row + 1, 8, Float32).unwrap(), (3, 26));
        assert_eq!(size(u64::MAX, 8, Float32).unwrap(), (8, 26));
        assert_eq!(size(u64::MAX, 99, Float32).unwrap(), (9, 26));
        assert!(size(row - 1, 8, Float32).is_err());
        // The same in two bytes, with sixteen exponents a block.
        let row = 2 * 2 * 2 * (8 * 2 * 32 + 2 * 2 * 16);
        assert_eq!(size(2 * row, 8, Int16).unwrap(), (2, 26));
        assert_eq!(size(2 * row - 1, 8, Int16).unwrap(), (1, 26));
    }
}
