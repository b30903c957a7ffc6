//! Checks a reasoning solution step by step against its problem.
//!
//! A solution is parsed into steps and equations, and everything that it says is compared with a
//! [`Gold`]: the problem's graph, a gold solution or a published gold graph. The outcome is a
//! [`Verdict`], which a [`Reward`] turns into a number for a trainer. A wrong solution is a
//! verdict, never an error.
//!
//! Both dialects are read: `prose` (`Define adult fox in South Zoo as q; so q = 3.`) and `terse`
//! (`fox = 3. elk = fox + 2 = 3 + 2 = 5.`).
//!
//! ```
//! use interplay_graph::{Definition, Goal, ReasoningGraph};
//! use interplay_verify::{Gold, Level, Mixed, Reward, Verifier};
//!
//! let mut graph = ReasoningGraph::new();
//! let fox = graph.add("fox", Definition::constant(3), &[])?;
//! let elk = graph.add("elk", Definition::sum().times(2), &[fox])?;
//! let gold = Gold::from_goal(&graph, Goal::Forward { target: elk })?;
//!
//! // The right answer, but the step computes something else.
//! let candidate = "fox = 3. elk = fox + 3 = 3 + 3 = 6. Answer: 6.";
//! let verdict = Verifier::new(Level::Strict).verify(&gold, candidate);
//! assert!(verdict.answer_correct && !verdict.accepted);
//! assert_eq!(
//!     verdict.explain(candidate),
//!     "rejected: the step computes something other than the definition\n\
//!      step 1 | elk = fox + 3 = 3 + 3 = 6.\n       \
//!             | ^^^^^^^^^^^^^^^^^^^^^^^^^ expected the definition of `elk`\n"
//! );
//! // One of two steps is right, and so is the answer.
//! assert_eq!(Mixed::new(0.2)?.reward(&verdict), 0.2 * 1.0 + 0.8 * 0.5);
//! # Ok::<(), interplay_verify::VerifyError>(())
//! ```
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
mod released;
mod reward;
mod strict;
mod stripped;
mod supervision;
mod symbols;
mod texts;
mod values;
mod verdict;
mod verifier;

pub use error::VerifyError;
pub use gold::Gold;
pub use released::released_process;
pub use reward::{Accepted, AnswerGate, Mixed, Outcome, Process, Reward, StrictGate, Weighted};
pub use stripped::restore_tags;
pub use supervision::{Noise, Supervision};
pub use verdict::{Reason, StepError, StepVerdict, Verdict};
pub use verifier::{Level, UnknownLevel, Verifier};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
