//! Objectives of reinforcement learning with verified rewards, as pure functions on plain slices.
//!
//! | module | from | to |
//! |---|---|---|
//! | [`advantage`] | the rewards of a step, in groups | one advantage a completion |
//! | [`credit`] | the advantages and verified steps of a group | one advantage a token |
//! | [`loss`] | the advantages and log-probabilities of tokens | a loss and its derivative by each log-probability |
//! | [`overlong`] | lengths, and whether completions ended by themselves | punishments and masks |
//! | [`reward`] | the reward components of a score | the reward of a completion |
//!
//! No function draws a random number, reads a file or sees a tensor. What a function remembers across
//! steps is a state that its caller passes in and can write into a checkpoint.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod advantage;
mod by_name;
pub mod credit;
pub mod loss;
mod moments;
pub mod overlong;
pub mod reward;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
