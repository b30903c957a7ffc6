//! The backends that run the fused operations as composed by default.

#[cfg(feature = "ndarray")]
impl super::FusedOps for burn::backend::NdArray {}

#[cfg(feature = "cuda")]
impl super::FusedOps for burn::backend::Cuda {}
