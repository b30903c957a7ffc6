//! A report as one HTML file: facts, tables and line plots, drawn here; plots and graphs also as
//! SVG files of their own.
//!
//! A [`Page`] is plain data; [`Page::to_html`] turns it into a document that needs nothing else:
//! no script, no font, no network. Plots are inline SVG, follow the reader's light or dark
//! setting, label each line where it ends, and give every value on hovering. The same page gives
//! the same bytes.
//!
//! The module knows nothing of experiments; what a run shows is decided where pages are filled.

mod escape;
mod figure;
mod graph;
mod page;
mod plot;
mod scale;
mod thin;
mod ticks;

pub use graph::{GraphDrawing, Node, Role};
pub use page::{Block, Page, Section};
pub use plot::{LinePlot, Series};
pub use scale::Scale;
