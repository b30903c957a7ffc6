//! Contexts: the words of problems, as data.

mod check;
mod context;
mod library;

pub use context::Context;
pub use library::ContextLibrary;
