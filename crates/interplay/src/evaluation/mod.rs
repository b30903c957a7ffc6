//! Evaluating models as an experiment does: the same problems, the same judgment, the same files.
//!
//! [`Setting`] says which problems; [`EvaluatedModel`] draws completions from a model at every
//! temperature and keeps what it finds.

mod drawn;
mod journal;
mod model;
mod setting;

pub(crate) use drawn::{ITEMS_AT_ONCE, Loaded};
pub(crate) use model::EvaluatedModel;
pub(crate) use setting::Setting;
