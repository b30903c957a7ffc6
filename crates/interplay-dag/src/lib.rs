//! Synthetic reasoning problems as an environment.
//!
//! [`DagEnvironment`] joins the generator (`interplay-tasks`) and the verifier (`interplay-verify`)
//! behind [`Environment`]: an example is a problem of a data set, a score is the verifier's verdict,
//! and the reward components are the verifier's rewards. Supervision may be made noisy, and rewards
//! of your own can be added.
//!
//! ```
//! use interplay_dag::DagEnvironment;
//! use interplay_environment::{Environment, components};
//! use interplay_graph::SeedStreams;
//! use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec};
//!
//! let spec = TaskSpec::single(Counts::one(4), "zoo", Dialect::Terse);
//! let dataset = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(7), "demo")?;
//! let environment = DagEnvironment::new(dataset);
//!
//! let example = environment.example(0)?;
//! assert_eq!((example.labels.op, example.labels.context.as_deref()), (Some(4), Some("zoo")));
//! let score = environment.score(&example, &example.target, 0)?;
//! assert!(score.accepted);
//! assert_eq!(score.component(components::PROCESS), Some(1.0));
//!
//! // The right answer without its steps.
//! let guess = format!(" </solution> <answer> {} </answer>", example.answer);
//! let score = environment.score(&example, &guess, 0)?;
//! assert!(score.answer_correct && !score.accepted);
//! assert_eq!(score.first_error.unwrap().reason, "missing_quantity");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod environment;
mod score;

pub use environment::DagEnvironment;
pub use score::{COMPONENTS, RELEASED_PROCESS, judge, score_of};

#[doc(no_inline)]
pub use interplay_environment::Environment;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
