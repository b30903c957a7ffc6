//! The advantage of a completion spread over its tokens, by what its verified steps are worth.
//!
//! [`CreditSpec`] names the ways and is the one interface to them; each is a file of its own.
//!
//! Source: each file names its own.

mod completion;
mod first_error;
mod node;
mod potential;
mod process;
mod spec;

pub use completion::{Completion, Step, completion_credit};
pub use first_error::first_error_credit;
pub use node::NodeCredit;
pub use potential::Potential;
pub use process::Process;
pub use spec::CreditSpec;
