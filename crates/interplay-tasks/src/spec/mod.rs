//! Which problems to draw: difficulty, context, dialect and mode, and their mixtures.

mod check;
mod component;
mod definitions;
mod dialect;
mod mixture;
mod orders;
mod presets;
mod task;

pub(crate) use check::MAX_OP;
pub use component::Component;
pub use definitions::DefinitionWeights;
pub use dialect::{Dialect, Mode};
pub use mixture::{MixtureEntry, OneOrMany};
pub use orders::{SolutionOrder, StatementOrder};
pub use presets::{Normalize, Preset, PresetPart, PresetStage};
pub use task::TaskSpec;
