//! Random access to the problems of a spec, finite pieces of them, and splits without overlap.

mod dataset;
mod restricted;
mod shard;
mod split;
mod subset;

pub use dataset::Dataset;
pub use restricted::{Drawn, ENOUGH_GRAPHS, REDRAWS, RestrictedDataset};
pub use shard::Shard;
pub use split::{Part, Split};
pub use subset::Subset;
