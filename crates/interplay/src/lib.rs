//! Controlled experiments on how pre-training, mid-training and reinforcement learning shape
//! reasoning (arXiv 2512.07783).
//!
//! This crate is the thin orchestration: an experiment ([`ExperimentSpec`], a TOML file) is
//! resolved into a [`Plan`]; [`Run`] carries the plan out stage by stage in a run folder, goes
//! on where it was interrupted, and ends with `results.json`, `ledger.json` and `report.html`.
//! The work itself is in the crates that this one re-exports as modules; each is useful alone.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod check;
pub mod device;
mod devices;
mod error;
mod keys;
mod page;
mod plan;
pub mod progress;
pub mod report;
mod results;
mod run;
mod spec;

pub use devices::Devices;
pub use error::{InterplayError, with_causes};
pub use plan::Plan;
pub use results::{Results, StageResult, results_table};
pub use run::{Run, peak_memory_mib};
pub use spec::{
    CalibrateSpec, EvaluateSpec, ExperimentSpec, ModelSpec, StageKind, StageSpec, TokenizerSpec,
};

pub use interplay_audit as audit;
pub use interplay_eval as eval;
pub use interplay_graph as graph;
pub use interplay_model as model;
pub use interplay_tasks as tasks;
pub use interplay_tokenizer as tokenizer;
pub use interplay_train as train;
pub use interplay_verify as verify;
