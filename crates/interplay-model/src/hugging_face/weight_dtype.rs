//! The type of stored weights.

/// The type in which weights are stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightDtype {
    /// Four bytes, the weights bit for bit.
    #[default]
    F32,
    /// Two bytes with the exponent range of f32; rounded to nearest, ties to even.
    Bf16,
}

impl WeightDtype {
    /// Bytes of one element.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::Bf16 => 2,
        }
    }

    /// Its name in `config.json`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::F32 => "float32",
            Self::Bf16 => "bfloat16",
        }
    }
}
