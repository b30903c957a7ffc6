//! The backends that run every fused operation in its composed form.

/// Sampling uses the weights unpacked.
#[cfg(any(feature = "ndarray", feature = "cuda"))]
macro_rules! composed_by_default {
    ($backend:ty) => {
        impl super::FusedOps for $backend {
            type Packed = burn::tensor::ops::FloatTensor<Self>;

            fn pack(weight: Self::Packed) -> Self::Packed {
                weight
            }

            fn project_packed(
                x: Self::Packed,
                weight: &Self::Packed,
                bias: Option<Self::Packed>,
                residual: Option<Self::Packed>,
            ) -> Self::Packed {
                Self::project(x, weight.clone(), bias, residual)
            }
        }
    };
}

#[cfg(feature = "ndarray")]
composed_by_default!(burn::backend::NdArray);

#[cfg(feature = "cuda")]
composed_by_default!(burn::backend::Cuda);
