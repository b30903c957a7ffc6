//! Word problems in the form of GSM8K as an [`Environment`](interplay_environment::Environment).
//!
//! Each line is a JSON object: a `question`, and an `answer` whose last line is `#### ` and a
//! number. [`Gsm8k`] turns the lines into examples and accepts a completion if the number it
//! states equals that number. [`read_answer`] says which number that is, [`Number`] compares exactly,
//! and [`equations`] checks the arithmetic on the way.
//!
//! The crate has no tensors and brings no data. GSM8K itself is published by its authors (Cobbe et
//! al., arXiv 2110.14168).
//!
//! ```
//! use interplay_environment::{Environment, Split};
//! use interplay_gsm8k::{Gsm8k, Gsm8kSpec};
//!
//! let folder = tempfile::tempdir()?;
//! let (train, test) = (folder.path().join("train.jsonl"), folder.path().join("test.jsonl"));
//! let line = r#"{"question": "Ann had 48 clips and sold half. How many are left?",
//!                "answer": "48/2 = <<48/2=24>>24 clips\n#### 24"}"#.replace('\n', "");
//! std::fs::write(&train, &line)?;
//! std::fs::write(&test, &line)?;
//!
//! let problems = Gsm8k::load(&Gsm8kSpec::new(&train, &test), Split::Test, 1)?;
//! let example = problems.example(0)?;
//! assert_eq!(example.target, " 48/2 = 24 clips </solution> <answer> 24 </answer>");
//! assert_eq!(example.labels.op, Some(1));
//!
//! let score = problems.score(&example, " 48 / 2 = 24 </solution> <answer> $24.00 </answer>", 0)?;
//! assert!(score.accepted);
//! let score = problems.score(&example, "48 / 2 = 23, so the answer is 23 clips.", 0)?;
//! assert_eq!((score.accepted, score.component("process")), (false, Some(0.0)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod answer;
mod environment;
mod equation;
mod error;
mod number;
mod numeral;
mod order;
mod problem;
mod ratio;
mod spec;
mod statement;
mod token;

pub use answer::{AnswerForm, StatedAnswer, Unclear, read_answer};
pub use environment::Gsm8k;
pub use equation::{Equation, equations};
pub use error::{Gsm8kError, LineError, Skipped};
pub use number::Number;
pub use spec::Gsm8kSpec;
pub use statement::NotANumber;

/// The example of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
