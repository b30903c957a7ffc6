//! Random access to the problems of a spec, finite pieces of them, and splits without overlap.

mod dataset;
mod shard;
mod split;
mod subset;

pub use dataset::Dataset;
pub use shard::Shard;
pub use split::{Part, Split};
pub use subset::Subset;
