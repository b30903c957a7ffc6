//! A Qwen2-style decoder on [Burn](burn) for controlled experiments: small, fast to train and to sample, on a CPU
//! or a GPU.
//!
//! - [`ModelConfig`] and [`Decoder`]: RMSNorm, rotary positions, grouped-query attention with biases on queries, keys
//!   and values, gated feed-forward, tied or untied embeddings; packed documents by [`Segments`].
//! - [`ops`]: the operations of the decoder, each with its own backward pass; fused where the backend has a faster
//!   implementation, composed of plain tensor operations elsewhere.
//! - [`generate`]: batched sampling with a key and value cache and a separate random stream for each request.
//! - [`Pretrained`], [`save_pretrained`] and [`load_pretrained`]: Hugging Face folders of
//!   `LlamaForCausalLM` and `Qwen2ForCausalLM`.
//! - [`ModelFlops`]: the floating-point operations of a [`Workload`].
//! - [`adamw_update`] and [`sum_of_squares`]: the operations of an optimizer and of gradient clipping.
//!
//! Everything is generic over the backend: [`FusedOps`] without gradients, [`TrainBackend`] with them.
//!
//! # Example
//!
//! ```
//! use burn::backend::Flex;
//! use interplay_model::{Decoder, ModelConfig, Request, SamplingSettings, generate};
//! use rand::SeedableRng;
//! use rand_chacha::ChaCha8Rng;
//!
//! # fn main() -> Result<(), interplay_model::ModelError> {
//! let device = Default::default();
//! let config = ModelConfig { num_hidden_layers: 2, ..ModelConfig::tiny(600) };
//! let decoder = Decoder::<Flex>::init(&config, &mut ChaCha8Rng::seed_from_u64(1), &device)?;
//!
//! let request = Request { prompt: vec![1, 2, 3], stream: ChaCha8Rng::seed_from_u64(2) };
//! let settings = SamplingSettings { max_new_tokens: 8, top_k: 20, ..Default::default() };
//! let out = generate(&decoder, &[request], &settings, &device, &mut |_done, _total| {})?;
//! assert_eq!(out[0].tokens.len(), 8);
//! # Ok(())
//! # }
//! ```
//!
//! `examples/load_and_sample.rs` shows folders on disk.
#![deny(missing_docs)]

mod cache_size;
mod config;
mod decoder;
mod error;
mod flops;
mod generate;
mod generation_config;
mod hugging_face;
pub mod ops;
mod optimizer;
mod parameters;
mod precision;
mod rotary;
mod sampling;
mod segments;
mod token_ids;
mod vectorized;

pub use config::{ModelConfig, ModelType};
pub use decoder::{Activations, Decoder};
pub use error::{ConfigProblem, ModelError};
pub use flops::{ModelFlops, Workload};
pub use generate::{Generated, Request, generate};
pub use generation_config::GenerationConfig;
#[doc(hidden)]
pub use hugging_face::check_folder;
pub use hugging_face::{
    LoadNote, Pretrained, SaveOptions, WeightDtype, load_config, load_pretrained, loaded_config,
    parameter_values, save_pretrained, save_pretrained_with,
};
pub use ops::{AdamWStep, FusedOps, KvCacheDtype, TrainBackend};
pub use optimizer::{Moments, adamw_update, sum_of_squares};
pub use parameters::{parameter_names, parameter_shapes};
pub use precision::Precision;
pub use rotary::{Rotary, RotaryTable};
pub use sampling::SamplingSettings;
pub use segments::Segments;
pub use token_ids::TokenIds;

/// The example of the README runs as a test.
#[cfg(all(doctest, feature = "flex"))]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
