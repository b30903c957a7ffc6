//! A Qwen2-style decoder on [Burn](burn), as small and as quick as controlled experiments need it.
//!
//! - [`ModelConfig`] and [`Decoder`]: RMSNorm, rotary positions, grouped-query attention with biases on
//!   queries, keys and values, gated feed-forward, tied embeddings; packed documents by [`Segments`].
//! - [`ops`]: the operations it is made of, each fused with its own backward pass where the backend has a
//!   faster form, composed of plain tensor operations elsewhere.
//! - [`generate`]: batched sampling with a key and value cache, one random stream a request.
//! - [`save_pretrained`], [`save_pretrained_with`] and [`load_pretrained`]: Hugging Face folders of
//!   `Qwen2ForCausalLM`.
//! - [`adamw_update`] and [`sum_of_squares`]: what an optimiser and gradient clipping need.
//!
//! Everything is generic over the backend: [`ops::FusedOps`] without gradients, [`ops::TrainBackend`] with them.
#![deny(missing_docs)]

mod cache_size;
mod config;
mod decoder;
mod error;
mod generate;
mod hugging_face;
pub mod ops;
mod optimiser;
mod rotary;
mod sampling;
mod segments;
mod vectorised;

pub use config::ModelConfig;
pub use decoder::{Activations, Decoder, Precision, parameter_names, parameter_shapes};
pub use error::{ConfigProblem, ModelError};
pub use generate::{Generated, Request, generate};
pub use hugging_face::{
    SaveOptions, WeightDtype, load_pretrained, parameter_values, save_pretrained,
    save_pretrained_with,
};
pub use ops::{AdamWStep, CacheNumbers, FusedOps, TrainBackend};
pub use optimiser::{Moments, adamw_update, sum_of_squares};
pub use rotary::{Rotary, RotaryTable};
pub use sampling::SamplingSettings;
pub use segments::Segments;

/// The example of the README runs as a test.
#[cfg(all(doctest, feature = "flex"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
