//! Reads the text of a problem: its statements and what it asks for.
//!
//! For verifiers that have only texts, and for reading corpora back. Both dialects are read
//! sentence by sentence: the prose of the published data (`The number of adult fox in South Zoo
//! equals 3.`) and terse statements (`fox = 3.`). [`Statements::problem`] builds the problem's
//! graph.
//!
//! Source: the sentences of the published data of arXiv 2512.07783 and of GSM-Infinite (arXiv
//! 2502.05252); the terse dialect is this project's own. Deviations: a sentence that is repeated
//! word for word counts once, since the published generator repeats some. Complexity: linear in the
//! text.

mod assemble;
mod names;
mod net;
mod problem;
mod prose;
mod question;
mod read;
mod said;
mod terse;
mod totals;

pub use problem::{LeftOut, Reversal, TextProblem};
pub use read::{ASIDE, Says, Statement, Statements, Unreadable};
