//! Reads the text of a problem: what it states, sentence by sentence, and what it asks for.
//!
//! For a verifier that has only texts and must know which quantities there are, and for reading
//! corpora back. Both dialects are read, sentence by sentence: the prose of the published data
//! (`The number of adult fox in South Zoo equals 3.`) and terse statements (`fox = 3.`).
//! [`Statements::problem`] makes the problem's graph of it.
//!
//! Source: the sentences of the published data of arXiv 2512.07783 and of GSM-Infinite
//! (arXiv 2502.05252); the terse dialect is this project's own.
//! Deviations: a sentence that stands there again word for word counts once, since the published
//! generator repeats some.
//! Complexity: linear in the text.

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
