//! Checks a reasoning solution step by step against its problem.
//!
//! A solution is read into steps, each step into equations, and everything that it says is held
//! against a [`Gold`]: the problem's graph, a gold solution or a published gold graph. The
//! outcome is a [`Verdict`], from which a [`Reward`] makes a number for a trainer. A wrong
//! solution is a verdict, never an error.
//!
//! Two dialects are understood: `prose` (`Define adult fox in South Zoo as q; so q = 3.`) and
//! `terse` (`fox = 3. elk = fox + 2 = 3 + 2 = 5.`).
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod credit;
mod error;
mod excerpt;
mod explain;
mod formula;
mod frame;
mod gold;
mod learner;
mod lexical;
mod notes;
mod numbers;
mod paper;
mod parse;
mod quantity;
mod reading;
mod reward;
mod strict;
mod supervision;
mod symbols;
mod texts;
mod values;
mod verdict;
mod verifier;

pub use error::VerifyError;
pub use gold::Gold;
pub use reward::{Accepted, AnswerGate, Mixed, Outcome, Process, Reward, StrictGate, Weighted};
pub use supervision::{Noise, Supervision};
pub use verdict::{Reason, StepError, StepVerdict, Verdict};
pub use verifier::{Level, UnknownLevel, Verifier};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
