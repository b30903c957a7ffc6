//! The key and value cache of a layer.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

/// Sizes of one layer's key and value cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheShape {
    /// Maximum number of sequences.
    pub rows: usize,
    /// Maximum number of tokens of a sequence.
    pub capacity: usize,
    /// Query heads that read it.
    pub heads: usize,
    /// Key and value heads.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Number format of keys and values.
    pub dtype: KvCacheDtype,
}

/// Number format of the key and value cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KvCacheDtype {
    /// Single precision.
    #[default]
    Float32,
    /// Sixteen-bit integers with one exponent per key or value of a head (block floating point). No element is off
    /// by more than 2^-15 of the largest in its block. Takes half the memory, and is twice as fast where decoding is
    /// bound by memory; but of two almost equally likely tokens the other one may come first. A backend that
    /// composes the cache operations keeps single precision instead.
    Int16,
}

impl KvCacheDtype {
    /// Sixteen bits if tokens are drawn, single precision if the most likely one is taken.
    pub fn for_temperature(temperature: f64) -> Self {
        if temperature > 0.0 {
            Self::Int16
        } else {
            Self::Float32
        }
    }
}

/// One layer's keys and values of every running sequence.
///
/// The layout of the two tensors is private to the backend: only the cache operations read them.
#[derive(Clone, Debug)]
pub struct LayerCache<B: Backend> {
    /// Rotated keys.
    pub keys: FloatTensor<B>,
    /// Values.
    pub values: FloatTensor<B>,
    /// Sizes.
    pub shape: CacheShape,
}
