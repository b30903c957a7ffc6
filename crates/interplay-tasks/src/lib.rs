//! Reasoning problems as text: exact difficulty, two dialects, random access.
//!
//! A problem is a directed acyclic graph of quantities (`interplay-graph`), told in a context, that
//! asks for one of them. [`Dataset::get`] draws the i-th problem of a [`TaskSpec`] from its index
//! alone; [`Problem`] gives its texts, its gold solution and its graph.
//!
//! ```
//! use interplay_graph::SeedStreams;
//! use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, TaskSpec, framing};
//!
//! let spec = TaskSpec::single(Counts::one(4), "school", Dialect::Prose);
//! let data = Dataset::new(spec, &ContextLibrary::embedded(), SeedStreams::new(1), "demo")?;
//! let problem = data.get(0)?;
//! assert_eq!(problem.op(), 4);
//! assert_eq!(problem.necessary().0.op(), 4);
//! assert!(problem.solution_text().ends_with(&format!("Answer: {}.", problem.answer())));
//! assert!(framing::prompt_text(&problem).ends_with("</question> <solution>"));
//! # Ok::<(), interplay_tasks::TaskError>(())
//! ```
//!
//! | module | holds |
//! |---|---|
//! | [`spec`] | what to draw: mixtures, published presets, orders and weights |
//! | [`datasets`] | pieces of a data set: shards, splits, held-out parts |
//! | [`framing`] | prompts and completions as a model sees them |
//! | [`likeness`] | in which sense two problems are the same, and fingerprints |
//! | [`corpora`] | files of problems, deduplication, contamination |
//! | [`statistics`] | what a corpus is like |
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod contexts;
pub mod corpora;
mod counts;
pub mod datasets;
mod error;
mod generation;
mod length;
pub mod likeness;
mod named;
pub mod spec;
pub mod statistics;
mod text;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use contexts::{Context, ContextLibrary};
pub use corpora::Sample;
pub use counts::{Counts, CountsError};
pub use datasets::Dataset;
pub use error::TaskError;
pub use generation::Problem;
pub use interplay_graph::settings::{Issue, Issues};
pub use named::UnknownName;
pub use spec::{Component, Dialect, Mode, TaskSpec};
pub use text::framing;
