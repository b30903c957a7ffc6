//! The audit: does a verifier accept what is right and reject what is wrong?
//!
//! A [`Subject`] is a problem with a right solution. An [`Operator`] changes the solution in a way
//! whose outcome is known beforehand ([`Label`]), and an [`Audit`] counts, operator by operator, how
//! often each [`Judge`] accepts what is harmful or rejects what is harmless.
//!
//! The labels follow from how a mutant is made. The operators read solutions with a reader of
//! their own and ask no verifier, so that the audit is independent of what it audits.
//!
//! ```
//! use interplay_verify::audit::{Draw, Kind, Label, Operator, Subject};
//! use interplay_verify::{Gold, Level, Verifier};
//!
//! let solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
//! let (context, dialect, mode) = ("zoo".to_owned(), "terse", "forward");
//! let kind = Kind { op: 3, d: 2, context, dialect, mode };
//! let subject = Subject::new(String::new(), solution, Gold::from_solution(solution)?, kind)?;
//!
//! // A draw of zeros takes the first place and the first change there.
//! let operator = Operator::find("symbolic_operator").expect("an operator of the crate");
//! let mutant = operator.mutate(&subject, &mut Draw::of_choices(Vec::new()));
//! let mutant = mutant.expect("the solution has an operator");
//! assert_eq!(mutant.label, Label::Harmful);
//! assert_eq!(mutant.text, "fox = 3. elk = fox * 2 = 3 + 2 = 5. Answer: 5.");
//! let accepted = |level| Verifier::new(level).verify(subject.gold(), &mutant.text).accepted;
//! assert!(accepted(Level::Paper) && !accepted(Level::Strict));
//! # Ok::<(), interplay_verify::VerifyError>(())
//! ```
//!
//! Source: mutation testing (DeMillo, Lipton, Sayward 1978), applied to the solution register of
//! arXiv 2512.07783.

mod carry;
mod draw;
mod edit;
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
mod report;
mod runner;
mod scene;
mod script;
mod subject;
mod tokens;

pub use draw::Draw;
pub use operator::{Label, Mutant, Operator};
pub use oracle::{Opinion, opinion};
#[cfg(feature = "tasks")]
pub use problems::{GoldSource, Problems, subject as subject_of};
pub use report::{By, Cell, Counts, Report, Row, Witness};
pub use runner::{Audit, Audited};
pub use subject::{Judge, Kind, Subject};
