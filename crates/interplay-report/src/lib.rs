//! Self-contained HTML reports: facts, tables and line plots in one file. Plots and graphs can
//! also be saved as SVG files.
//!
//! A [`Page`] is plain data, and [`Page::to_html`] renders it as a document that needs nothing
//! else: no script, no font, no network. Plots are inline SVG. They follow the reader's light or
//! dark scheme, label each line at its end and show every value on hover. Text is escaped, and
//! the same page always gives the same bytes.
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

mod error;
mod escape;
mod figure;
mod graph;
mod page;
mod plot;
mod scale;
mod thin;
mod ticks;

pub use error::ReportError;
pub use graph::{GraphDrawing, Node, Role};
pub use page::{Block, Page, Section};
pub use plot::{LinePlot, Series};
pub use scale::Scale;
