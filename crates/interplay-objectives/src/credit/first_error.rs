//! A failure is charged to the first error alone.
//!
//! A negative advantage goes to the blamed tokens only: the steps before them are right, and the
//! tokens behind them could not have earned the reward any more. A positive one goes to all tokens.
//!
//! Source: the idea of process supervision (arXiv 2305.20050) with exact labels.
//!
//! Deviations: the charge is not scaled up to the tokens that it spares.

use super::Completion;

/// The advantage of each token where failures are charged to the blamed tokens; where nothing is
/// blamed, all tokens are.
///
/// ```
/// use interplay_objectives::credit::{Completion, first_error_credit};
///
/// let completion = Completion { blamed: Some(1..3), ..Completion::of_tokens(4) };
/// assert_eq!(first_error_credit(&completion, -1.0), [0.0, -1.0, -1.0, 0.0]);
/// assert_eq!(first_error_credit(&completion, 1.0), [1.0; 4]);
/// ```
#[must_use]
pub fn first_error_credit(completion: &Completion, advantage: f64) -> Vec<f64> {
    match &completion.blamed {
        Some(blamed) if advantage < 0.0 => {
            let charge = |token| {
                if blamed.contains(&token) {
                    advantage
                } else {
                    0.0
                }
            };
            (0..completion.tokens).map(charge).collect()
        }
        _ => vec![advantage; completion.tokens],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_without_blame_is_charged_to_all_tokens() {
        assert_eq!(
            first_error_credit(&Completion::of_tokens(2), -1.0),
            [-1.0; 2]
        );
    }
}
