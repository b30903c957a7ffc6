//! pass@k on verified solutions, with honest intervals.
//!
//! [`evaluate`] draws completions from any [`Sampler`], has them judged by any
//! [`Environment`](interplay_environment::Environment), and gives an [`Evaluation`]: the unbiased
//! pass@k of accepted completions and, beside it, of answers alone, overall, by [`Band`], by
//! difficulty and by context, each with a 95 % interval clustered by problem. [`edge_of_competence`] says which difficulties are worth reinforcing, and
//! [`paired_difference`] compares two evaluations of the same problems.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bands;
mod edge;
mod error;
mod evaluation;
mod paired;
mod pass_at_k;
mod sampler;

pub use bands::{Band, Bands};
pub use edge::{EdgeReport, EdgeSettings, OpPlacement, Placement, edge_of_competence};
pub use error::EvalError;
pub use evaluation::{Cell, EvalSettings, Evaluation, GenerationRecord, ItemScore, evaluate};
pub use paired::{Measure, PairedDifference, paired_difference};
pub use pass_at_k::{PassAtK, pass_at_k};
pub use sampler::{EvalItem, Sampler};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
