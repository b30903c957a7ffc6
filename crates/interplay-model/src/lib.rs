//! model
pub use burn;
