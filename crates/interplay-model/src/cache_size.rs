//! How much memory sampling takes, and how many sequences that allows.

use crate::config::ModelConfig;
use crate::error::ModelError;
use crate::generate::Request;
use crate::ops::{CacheShape, FusedOps};
use crate::sampling::SamplingSettings;

/// Rows that are worth a pass over the weights even where more would leave the fast memory.
const ENOUGH_ROWS: usize = 12;

/// The caches of all layers together.
#[derive(Debug)]
pub(crate) struct CacheSize {
    /// Of one layer. As many rows as may run at the same time, each with a place for every token but the last,
    /// which never enters the cache.
    pub shape: CacheShape,
    /// Bytes of a row in all layers.
    row: u64,
}

impl CacheSize {
    pub fn new<B: FusedOps>(
        config: &ModelConfig,
        requests: &[Request],
        settings: &SamplingSettings,
    ) -> Result<Self, ModelError> {
        let longest = requests.iter().map(|request| request.prompt.len()).max();
        let capacity = longest.unwrap_or(0) + settings.max_new_tokens - 1;
        let shape = CacheShape {
            rows: settings.max_rows.min(requests.len()),
            capacity,
            heads: config.num_attention_heads,
            kv_heads: config.num_key_value_heads,
            head_dim: config.head_dim(),
            numbers: settings.cache_numbers,
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

    /// Rows of each of some lanes whose keys and values stay in fast memory, or all of them where those would be
    /// few.
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
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::CacheNumbers::{self, Float32, Int16};

    #[test]
    fn a_budget_of_bytes_is_a_number_of_rows() {
        let config = ModelConfig {
            hidden_size: 32,
            num_hidden_layers: 2,
            num_attention_heads: 4,
            num_key_value_heads: 2,
            ..ModelConfig::tiny(29)
        };
        let request = Request {
            prompt: vec![1; 7],
            stream: ChaCha8Rng::seed_from_u64(0),
        };
        let requests = vec![request; 9];
        let size = |max_cache_bytes, max_rows, cache_numbers: CacheNumbers| {
            let settings = SamplingSettings {
                max_new_tokens: 20,
                max_rows,
                max_cache_bytes,
                cache_numbers,
                ..Default::default()
            };
            CacheSize::new::<burn::backend::Flex>(&config, &requests, &settings)
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
