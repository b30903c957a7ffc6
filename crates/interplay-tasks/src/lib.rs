//! Reasoning problems as text: exact difficulty, two dialects, random access.
//!
//! A problem is a directed acyclic graph of quantities (`interplay-graph`) that is told in a
//! context, and asks for one of them. [`Dataset::get`] draws the i-th problem of a [`TaskSpec`]
//! from its index alone; [`Problem`] gives its texts, its gold solution and its graph.
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
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod check;
mod contamination;
mod context;
mod counts;
mod dataset;
mod distinct;
mod draft;
mod draw;
mod error;
mod fingerprints;
pub mod framing;
mod gold_record;
mod likeness;
mod linear;
mod mixture;
mod naming;
mod order;
#[cfg(feature = "parquet")]
mod parquet_file;
mod presets;
mod problem;
mod prose;
mod resumable;
mod reverse;
mod sample;
mod skeleton;
mod spec;
mod split;
mod statistics;
mod structured;
mod subset;
mod symbols;
mod terse;
mod whole_file;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use contamination::{Certificate, Compared, Finding, Side, Witness};
pub use context::{Context, ContextLibrary};
pub use counts::{Counts, CountsError};
pub use dataset::Dataset;
pub use distinct::Distinct;
pub use error::TaskError;
pub use fingerprints::Fingerprints;
pub use gold_record::GoldRecord;
pub use interplay_graph::settings::{Issue, Issues};
pub use likeness::{Fingerprint, Fingerprinted, Likeness};
pub use mixture::{MixtureEntry, OneOrMore};
#[cfg(feature = "parquet")]
pub use parquet_file::write_parquet;
pub use presets::{Normalise, Preset, PresetPart, PresetStage};
pub use problem::Problem;
pub use resumable::ResumableWriter;
pub use sample::{Sample, SampleReader, write_samples};
pub use spec::{
    Component, DefinitionWeights, Dialect, Mode, SolutionOrder, StatementOrder, TaskSpec,
};
pub use split::{Part, Split};
pub use statistics::{Distribution, Measure, Repetitions, Statistics, markdown_table};
pub use subset::{Shard, Subset};
