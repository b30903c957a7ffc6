//! Self-contained HTML reports: facts, tables, plots and annotated texts in one file. Line plots
//! and graphs can also be saved as SVG files.
//!
//! A [`Page`] is plain data, and [`Page::to_html`] renders it as a document that needs nothing
//! else: no script, no font, no network. Plots are inline SVG. They follow the reader's light or
//! dark scheme and the width of the screen, and tell series apart by color, dashes and markers.
//! Text is escaped, and the same page always gives the same bytes.
//!
//! ```
//! use interplay_report::{LinePlot, Page, Section, Series};
//!
//! let loss = Series::new("training", [(0.0, 5.1), (1.0, 3.2), (2.0, 2.7)]);
//! let page = Page::new("A small run")
//!     .fact("seed", 7)
//!     .section(
//!         Section::new("Loss")
//!             .text("Cross-entropy of the next token.")
//!             .plot(LinePlot::new("Loss by step", "step", "nats").series(loss))
//!             .table(["step", "nats"], [["0", "5.1"], ["1", "3.2"], ["2", "2.7"]]),
//!     );
//! let html = page.to_html();
//! assert!(html.starts_with("<!doctype html>"));
//! assert!(!html.contains("<script"));
//! ```
//!
//! The crate knows nothing about what a page reports on.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

/// The README's example runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod bars;
mod error;
mod escape;
mod figure;
mod frame;
mod graph;
mod look;
mod page;
mod pixel;
mod plot;
mod sample;
mod scale;
mod table;
mod thin;
mod ticks;
mod wrap;

pub use bars::{Arrangement, BarPlot, BarSeries};
pub use error::ReportError;
pub use graph::{GraphDrawing, Node, NodeStatus, Role};
pub use page::{Block, Page, Section};
pub use plot::{LinePlot, Series};
pub use sample::{AnnotatedText, Judgment, Mark, Sample, SampleVerdict};
pub use scale::Scale;
