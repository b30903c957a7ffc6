//! What a corpus is like: sizes and shapes of its problems, its texts, its repetitions.

mod corpus;
mod distribution;
mod measure;
mod shape;
mod table;

pub use corpus::{Repetitions, Statistics};
pub use distribution::Distribution;
pub use measure::Measure;
pub use table::markdown_table;
