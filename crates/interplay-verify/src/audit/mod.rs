//! The audit: does a verifier accept what is right and reject what is wrong?
//!
//! A [`Subject`] is a problem with a right solution. An [`Operator`] changes the solution in a way
//! whose outcome is known beforehand ([`Label`]), and [`audit`] counts, operator by operator, how
//! often each [`Judge`] accepts what is harmful or rejects what is harmless.
//!
//! The labels follow from how a mutant is made. The operators read solutions with a reader of
//! their own and ask no verifier, so that the audit is independent of what it audits.
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
