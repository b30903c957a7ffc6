//! Controlled experiments on how pre-training, mid-training and reinforcement learning shape
//! reasoning (arXiv 2512.07783).
//!
//! This crate orchestrates. [`ExperimentSpec`] is an experiment as a person writes it in a TOML file.
//! [`Plan::resolve`] checks it and fills in every default. [`Run`] carries out the plan stage by
//! stage in a run folder, resumes it after an interruption, and ends with `results.json`,
//! `ledger.json` and `report.html`. The work itself is done by the crates that this one re-exports
//! as modules; each is useful alone.
//!
//! ```
//! use interplay::tasks::ContextLibrary;
//! use interplay::{ExperimentSpec, Plan};
//!
//! let spec = ExperimentSpec::preset("quick")?;
//! let plan = Plan::resolve(spec, None, &ContextLibrary::embedded())?;
//! for stage in &plan.stages {
//!     println!("{}: {}", stage.name, stage.kind());
//! }
//! // Then `Run::new(plan, "runs/quick", library)?.execute(&mut Quiet)?` trains and evaluates.
//! # Ok::<(), interplay::InterplayError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod account;
mod budget;
mod check;
mod data;
pub mod device;
mod devices;
pub mod diagnosis;
mod energy;
mod error;
mod evaluation;
mod extend;
mod inherit;
mod init;
mod keyed;
mod keys;
#[cfg(feature = "cli")]
pub mod launch;
mod limits;
mod local_device;
mod memory;
mod metrics_file;
mod model_spec;
mod overrides;
mod page;
mod plan;
mod planned_stage;
mod problems;
pub mod progress;
mod results;
mod results_text;
mod run;
mod run_file;
mod shown;
mod spec;
mod stage;
pub mod study;
mod temperatures;
mod train_tokenizer;
mod weights;

pub use budget::{BudgetSpec, BudgetUnit, PlannedBudget, PlannedShare};
pub use data::{DagData, DataSpec};
pub use devices::Devices;
pub use error::{InterplayError, with_causes};
pub use evaluation::{EVALUATION_FORMAT, EvaluationFile, Evaluator};
// For the command, which measures itself; no part of the library's interface.
#[doc(hidden)]
pub use memory::peak_memory_mib;
pub use model_spec::ModelSpec;
pub use overrides::Override;
pub use plan::Plan;
pub use planned_stage::{Ops, Stage, StageRef, Start};
pub use results::{Results, StageResult};
pub use results_text::results_table;
pub use run::Run;
pub use shown::ShownProblem;
pub use spec::{EvaluateSpec, ExperimentSpec, TokenizerSpec};
pub use stage::{CalibrateSpec, Calibration, StageKind, StageSettings, StageSpec, Training};

pub use interplay_audit as audit;
pub use interplay_dag as dag;
#[cfg(feature = "endpoint")]
pub use interplay_endpoint as endpoint;
pub use interplay_environment as environment;
pub use interplay_eval as eval;
pub use interplay_graph as graph;
pub use interplay_gsm8k as gsm8k;
pub use interplay_model as model;
pub use interplay_report as report;
#[cfg(feature = "reward-server")]
pub use interplay_reward_server as reward_server;
pub use interplay_tasks as tasks;
pub use interplay_tokenizer as tokenizer;
pub use interplay_train as train;
pub use interplay_verify as verify;
