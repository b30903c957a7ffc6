//! The compute that a run has used, in tokens and in floating-point operations.
//!
//! Source: arXiv 2512.07783, appendix on compute budgets. A trained token costs three forward
//! passes (one forward, two backward). An RL token costs one to generate, one for the reference
//! and three to update, so it is equivalent to `T_RL = 5/3 * N * r * L` trained tokens.
//!
//! Deviations: the tokens of the actual sequences are counted, prompts included and filtered groups not
//! trained on excluded, instead of the nominal `N * r * L`. Sequences with a common prefix share computation
//! in sampling and GRPO, but are counted as if they did not: budgets stay comparable, and the count does not
//! depend on how the work was split.

use serde::{Deserialize, Serialize};

/// Token counts of a stage or of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ledger {
    /// Tokens of the sequences that an optimizer update was computed on.
    pub trained_tokens: u64,
    /// Tokens of the rollouts, prompts included.
    pub generated_tokens: u64,
    /// Tokens scored by the frozen reference model.
    pub reference_tokens: u64,
    /// Tokens sampled in evaluations.
    pub evaluated_tokens: u64,
}

impl Ledger {
    /// The cost in forward passes of one token: 3 for a trained token, 1 for any other. Evaluation is left
    /// out, as in the paper's budgets.
    ///
    /// ```
    /// use interplay_train::ledger::Ledger;
    ///
    /// let rl = Ledger { trained_tokens: 10, generated_tokens: 10, reference_tokens: 10, ..Ledger::default() };
    /// assert_eq!(rl.forward_units(), 50);
    /// assert!((rl.token_equivalents() - 50.0 / 3.0).abs() < 1e-12);
    /// ```
    #[must_use]
    pub fn forward_units(&self) -> u64 {
        3 * self.trained_tokens + self.generated_tokens + self.reference_tokens
    }

    /// The number of trained tokens of the same cost.
    #[must_use]
    pub fn token_equivalents(&self) -> f64 {
        self.forward_units() as f64 / 3.0
    }

    /// Floating-point operations at `2 * parameters` for each token and forward pass, without the products
    /// inside attention.
    #[must_use]
    pub fn flops(&self, parameters: usize) -> f64 {
        2.0 * parameters as f64 * self.forward_units() as f64
    }

    /// Adds the counts of another stage.
    pub fn add(&mut self, other: &Self) {
        self.trained_tokens += other.trained_tokens;
        self.generated_tokens += other.generated_tokens;
        self.reference_tokens += other.reference_tokens;
        self.evaluated_tokens += other.evaluated_tokens;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_add_up() {
        let mut total = Ledger {
            trained_tokens: 7,
            ..Ledger::default()
        };
        total.add(&Ledger {
            trained_tokens: 1,
            evaluated_tokens: 5,
            ..Ledger::default()
        });
        assert_eq!(total.forward_units(), 24);
        assert_eq!(total.flops(10), 480.0);
    }
}
