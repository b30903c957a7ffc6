//! Studies: one experiment in several variants and with several seeds, and what separates its arms.
//!
//! A study file is an experiment file with a table `[study]`: a question, the training seeds, the pairs of arms from
//! which conclusions are drawn, and variants of the experiment where the arms differ in more than their stages.
//! [`Study::run`] carries out every run that is not finished, each in a folder of its own, and
//! [`StudyResults::collect`] gives the differences with intervals over seeds and problems, corrected for their number.
//! The table and the page are made from these results alone.
//!
//! Source: the design of the comparisons, arXiv 2512.07783; the statistics, `interplay-eval`.
//! Deviations: the paper has one seed and no intervals.

mod arm;
mod bars;
mod collected;
mod completions;
mod curves;
mod effect;
mod estimate;
mod outcomes;
mod page;
mod plans;
mod predictors;
mod record;
mod results;
mod run;
mod samples;
mod share;
mod spec;
mod tables;
mod text;

pub use arm::Arm;
pub use curves::Curve;
pub use effect::{Effect, Judgment, Level};
pub use outcomes::{ACCEPTED, CUT_OFF, Outcomes, REJECTED};
pub use plans::{Study, StudyChanges, StudyRun};
pub use predictors::{GainPredictor, Predictor};
pub use results::{ArmResult, Comparison, GroupLevels, STUDY_FORMAT, StudyResults};
pub use run::Shard;
pub use samples::{NodeRole, NodeStatus, SampleNode, SampleStep, Shows, StudySample};
pub use spec::{CompareSpec, StudySpec, Variant};
