//! What a problem's solutions are judged by.

use interplay_tasks::Problem;
use interplay_verify::{Gold, VerifyError};

/// The gold of a problem, in either mode.
///
/// # Errors
/// A value that leaves 64 bits, which no problem of a data set has.
pub fn gold(problem: &Problem) -> Result<Gold, VerifyError> {
    match problem.given() {
        None => Gold::from_graph(problem.graph(), problem.target()),
        Some(given) => Gold::from_reverse_graph(problem.graph(), problem.target(), given),
    }
}
