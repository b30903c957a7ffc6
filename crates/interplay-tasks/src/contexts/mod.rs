//! Contexts: the words in which a problem is told, as data.

mod check;
mod context;
mod library;

pub use context::Context;
pub use library::ContextLibrary;
