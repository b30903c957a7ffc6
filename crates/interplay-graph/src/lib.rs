//! The shared vocabulary of `interplay`: reasoning problems as graphs, and named seed streams.
//!
//! A problem of the framework (arXiv 2512.07783, section 2) is a directed acyclic graph: nodes are
//! named quantities, edges say which quantities a definition reads. [`ReasoningGraph`] is such a
//! graph and cannot hold a cycle; [`Goal`] says what is asked for; [`Statements`] reads a graph
//! from the text of a problem; [`GoldGraph`] is the published file format; [`SeedStreams`] gives
//! every random decision of a run its own stream.
//!
//! ```
//! use interplay_graph::{Definition, Numbers, ReasoningGraph, Statements};
//!
//! let mut graph = ReasoningGraph::new();
//! let fox = graph.add("fox", Definition::constant(3), &[])?;
//! let elk = graph.add("elk", Definition::sum().plus(2), &[fox])?;
//! let owl = graph.add("owl", Definition::sum(), &[elk, fox])?;
//! let values = graph.evaluate()?;
//! assert_eq!(values[owl.index()], 8);
//! // One constant, one sum with a constant, one sum of two: 1 + 2 + 2 edges.
//! assert_eq!(graph.op(), 5);
//!
//! // The same problem from its text.
//! let text = Statements::read("fox = 3. elk = fox + 2. owl = elk + fox.", "owl?").problem()?;
//! assert_eq!(text.answer(), 8);
//! assert_eq!(text.canonical_hash(Numbers::Distinct), graph.canonical_hash(owl, Numbers::Distinct));
//! # Ok::<(), interplay_graph::GraphError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod canonical;
mod definition;
mod error;
mod goal;
mod gold;
mod graph;
mod linear;
mod seed;
pub mod settings;
mod statements;

pub use canonical::{CanonicalHash, Numbers};
pub use definition::{Core, Definition, Outer};
pub use error::GraphError;
pub use goal::Goal;
pub use gold::{GoldGraph, GoldNode};
pub use graph::{Quantity, QuantityId, ReasoningGraph};
pub use linear::{Linear, LinearForm};
pub use seed::{SeedStream, SeedStreams};
pub use statements::{
    ASIDE, LeftOut, Reversal, Says, Statement, Statements, TextProblem, Unreadable,
};

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
