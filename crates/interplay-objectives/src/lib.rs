//! Objectives of reinforcement learning with verified rewards, as pure functions on plain slices.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod advantage;
mod by_name;
pub mod credit;
pub mod loss;
mod moments;
pub mod overlong;
