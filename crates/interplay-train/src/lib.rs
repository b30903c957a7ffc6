//! The trainers of `interplay`: next-token stages (`pretrain`, `midtrain`) and GRPO.
//!
//! A stage is a function of its inputs (a model, a data set, a tokenizer, a spec, seeds) and its
//! folder. It writes `metrics.jsonl`, checkpoints from which an interrupted run resumes bit for
//! bit, and the trained model as a Hugging Face folder. Everything is generic over the backend;
//! no stage reads the clock or the environment: events are reported to an
//! [`Observer`].
//!
//! Source: arXiv 2512.07783, section 2 and appendix A (recipes); GRPO after arXiv 2402.03300.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// The example of the README runs as a test.
#[cfg(all(doctest, feature = "flex"))]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod checkpoint;
mod error;
mod event_file;
mod forward;
pub mod grpo;
mod held_out;
pub mod ledger;
mod load;
mod metrics;
pub mod next_token;
pub mod optimizer;
pub mod packing;
pub mod parallel;
mod sampler;
pub mod schedule;
mod stage;

pub use error::TrainError;
pub use held_out::{HeldOutLoss, LossCell, held_out_loss};
pub use load::TrainingLoad;
pub use metrics::{Metric, MetricsFile, Observer, Silent, StepReport};
pub use sampler::DecoderSampler;
pub use stage::{StageFolder, StageSummary};
