//! Which examples a policy practices on.
//!
//! Reinforcement learning extends what a model can do at the edge of its competence, where it solves
//! problems seldom but not never; easier ones only get sharper, and harder ones give no signal
//! (arXiv 2512.07783). A [`Curriculum`] picks prompts from any [`Environment`](interplay_environment::Environment):
//!
//! | [`CurriculumSpec`] | practices |
//! |---|---|
//! | `static` | every example in order, or a band of ops that stays |
//! | `edge` | the ops or problems that a calibration finds at the edge |
//! | `iterative` | an edge that is estimated again from the rollouts themselves every few steps |
//!
//! Each of them may replay earlier problems. There is one sampler: it walks the examples by index and
//! takes those that are wanted now, so that realized shares follow the wanted ones after every
//! prompt. It draws no random number, and its state is small: a cursor, counts, and what rollouts have
//! shown about each op or problem. The crate has no tensors and reads no files.
//!
//! ```
//! use interplay_curriculum::{Curriculum, CurriculumError, CurriculumSpec};
//! use interplay_environment::{Environment, EnvironmentError, Example, Score};
//!
//! /// Asks to count to `op`, from 1 to 9.
//! struct Counting;
//!
//! impl Environment for Counting {
//!     fn name(&self) -> &str {
//!         "counting"
//!     }
//!     fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
//!         let op = (index * 7 % 9 + 1) as u32;
//!         Ok(Example::new(index, format!("1 to {op}:"), "", "").with_op(op))
//!     }
//!     fn score(&self, _: &Example, text: &str, _: u64) -> Result<Score, EnvironmentError> {
//!         Ok(Score::of_answer(!text.is_empty()))
//!     }
//! }
//!
//! let spec: CurriculumSpec = toml::from_str("kind = 'iterative'\nstart = '2-3'\nevery_steps = 4")?;
//! let group_size = 8;
//! let mut curriculum = Curriculum::new(&spec, group_size, &[])?;
//! for step in 1..=8 {
//!     for _ in 0..10 {
//!         let pick = curriculum.next(&Counting, |example| {
//!             // A trainer tokenizes here, and refuses by `None` what does not fit in a row.
//!             Ok::<_, CurriculumError>(Some(example.prompt.len()))
//!         })?;
//!         // A policy that always solves ops up to 3, and harder ones now and then.
//!         let accepted = if pick.example.labels.op <= Some(3) { 8 } else { 2 };
//!         curriculum.record(&pick.example, accepted, group_size as u32)?;
//!     }
//!     if let Some(change) = curriculum.end_step(step) {
//!         println!("{change}");
//!     }
//! }
//! assert_eq!(curriculum.report().band, [4, 5]);
//!
//! // A checkpoint keeps the state; going on from it equals never having stopped.
//! let saved = serde_json::to_string(curriculum.state())?;
//! let resumed = Curriculum::resume(&spec, group_size, serde_json::from_str(&saved)?)?;
//! assert_eq!(resumed, curriculum);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod band;
mod beta;
mod competence;
mod curriculum;
mod error;
mod evidence;
mod ops;
mod quota;
mod report;
mod shares;
mod spec;
mod state;

pub use beta::Beta;
pub use competence::{Competence, Estimate};
pub use curriculum::{Curriculum, Pick, PromptResult};
pub use error::CurriculumError;
pub use ops::{Ops, UnknownOps};
pub use quota::{Quota, Role, Slot};
pub use report::{CellReport, CurriculumReport, Reestimate};
pub use spec::{By, CurriculumSpec, EdgeRule, Replay, WeightedOp};
pub use state::CurriculumState;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
