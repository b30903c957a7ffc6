//! Tries to fool a verifier: does it accept what is right and reject what is wrong?
//!
//! A [`Subject`] is a problem with a right solution. An [`Operator`] changes the solution so that
//! the outcome is known beforehand ([`Label`]). An [`Audit`] counts, operator by operator, how
//! often each [`Judge`] accepts a harmful change or rejects a harmless one. A judge is
//! [`Verifier`](interplay_verify::Verifier) or any closure.
//!
//! Labels follow from how a mutant is made. The operators read solutions with a reader of their
//! own and never ask a verifier, so the audit is independent of what it audits.
//!
//! ```
//! use interplay_audit::{Draw, Kind, Label, Operator, Subject};
//! use interplay_verify::{Gold, Level, Verifier};
//!
//! let solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
//! let (context, dialect, mode) = ("zoo".to_owned(), "terse", "forward");
//! let kind = Kind { op: 3, d: 2, context, dialect, mode };
//! let subject = Subject::new(String::new(), solution, Gold::from_solution(solution)?, kind)?;
//!
//! // An exhausted draw gives zeros: the first candidate position and the first change there.
//! let operator = Operator::find("symbolic_operator").expect("an operator of the crate");
//! let mutant = operator.mutate(&subject, &mut Draw::of_choices(Vec::new()));
//! let mutant = mutant.expect("the solution has an arithmetic operator");
//! assert_eq!(mutant.label, Label::Harmful);
//! assert_eq!(mutant.text, "fox = 3. elk = fox * 2 = 3 + 2 = 5. Answer: 5.");
//! let accepted = |level| Verifier::new(level).verify(subject.gold(), &mutant.text).accepted;
//! assert!(accepted(Level::Paper) && !accepted(Level::Strict));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Features
//! - `tasks`: [`Problems`], which draws subjects from `interplay-tasks`.
//! - `proptest`: [`strategies`], which shrink to small problems.
//!
//! Source: mutation testing (DeMillo, Lipton, Sayward 1978), applied to the solution register of
//! arXiv 2512.07783.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(
    not(all(feature = "tasks", feature = "proptest")),
    allow(rustdoc::broken_intra_doc_links)
)]

mod carry;
mod draw;
mod edit;
mod error;
mod expression;
mod harmful;
mod harmless;
mod linear;
mod operator;
mod oracle;
mod phrases;
#[cfg(feature = "tasks")]
mod problems;
mod reader;
mod registry;
mod report;
mod runner;
mod scene;
mod script;
#[cfg(feature = "proptest")]
pub mod strategies;
mod subject;
mod tokens;

pub use draw::Draw;
pub use error::SubjectError;
pub use operator::{Label, Mutant, Operator, UnknownLabel};
pub use oracle::{Opinion, opinion};
#[cfg(feature = "tasks")]
pub use problems::{GoldSource, Problems};
pub use report::{By, Cell, Counts, Report, Row, Witness};
pub use runner::{Audit, Audited};
pub use subject::{Judge, Kind, Subject};

/// The example of the README runs as a test.
#[cfg(all(doctest, feature = "tasks"))]
#[doc = include_str!("../README.md")]
struct Readme;
