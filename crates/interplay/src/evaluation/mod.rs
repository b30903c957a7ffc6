//! Evaluating models as an experiment does: the same problems, the same judgment, the same files.
//!
//! [`Setting`] says which problems; [`EvaluatedModel`] draws completions from a model at every
//! temperature and keeps what it finds; [`Evaluator`] does so for models and completions from anywhere.

mod drawn;
mod evaluator;
mod given;
mod journal;
mod model;
mod problem;
#[cfg(feature = "endpoint")]
mod served;
mod setting;

pub use evaluator::{EVALUATION_FORMAT, EvaluationFile, Evaluator};

pub(crate) use drawn::{ITEMS_AT_ONCE, Loaded};
pub(crate) use journal::EvalJournal;
pub(crate) use model::EvaluatedModel;
pub(crate) use problem::evaluated_problem;
pub(crate) use setting::Setting;
