//! The seam between tasks and whatever trains or measures on them.
//!
//! An [`Environment`] gives [`Example`]s by index and turns a completion into a [`Score`]. Trainers
//! and evaluators need nothing else of a task: they know no graph, no verifier and no file format.
//! The crate has no tensors, reads no files and draws no random numbers.
//!
//! | crate | environment |
//! |---|---|
//! | `interplay-dag` | synthetic problems with dependency graphs, verified step by step |
//! | `interplay-gsm8k` | JSONL files in the form of GSM8K, compared by their final number |
//! | yours | anything with a prompt and a way to judge a completion |
//!
//! ```
//! use interplay_environment::{Environment, EnvironmentError, Example, Score, framing};
//!
//! /// Asks for the digits of a number in reverse order.
//! struct Reversal;
//!
//! impl Environment for Reversal {
//!     fn name(&self) -> &str {
//!         "reversal"
//!     }
//!
//!     fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
//!         let number = format!("{:03}", index * 7919 % 1000);
//!         let reversed: String = number.chars().rev().collect();
//!         let prompt = framing::prompt(&number);
//!         let target = framing::target("", &reversed);
//!         Ok(Example::new(index, prompt, target, reversed))
//!     }
//!
//!     fn score(
//!         &self,
//!         example: &Example,
//!         completion: &str,
//!         _draw: u64,
//!     ) -> Result<Score, EnvironmentError> {
//!         let stated = framing::Completion::of(completion).answer;
//!         Ok(Score::of_answer(stated == Some(example.answer.as_str())))
//!     }
//! }
//!
//! let example = Reversal.example(1)?;
//! assert_eq!(example.prompt, "<question> 919 </question> <solution>");
//! assert!(Reversal.score(&example, &example.target, 0)?.accepted);
//! assert!(!Reversal.score(&example, " </solution> <answer> 7 </answer>", 0)?.accepted);
//! # Ok::<(), EnvironmentError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod environment;
mod error;
mod example;
pub mod framing;
mod reward;
mod score;

pub use environment::Environment;
pub use error::EnvironmentError;
pub use example::{Example, Labels, Split, UnknownSplit};
pub use reward::{RewardFn, WithReward};
pub use score::{Blame, FirstError, RewardComponent, Score, StepScore, components};

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
