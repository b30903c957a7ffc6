//! How the losses of tokens become one number.
//!
//! Source: arXiv 2402.03300, equation 3 (`grpo`); arXiv 2503.20783, section 3.1 (`dr_grpo`); arXiv
//! 2503.14476, equation 8 (`dapo`); `bnpo` is TRL's name for the token mean over the rows that are
//! computed together.
//!
//! Deviations: `dr_grpo` divides by the longest possible completion, as TRL does; the paper's code divides
//! by a constant of its own.

use serde::{Deserialize, Serialize};

/// How token losses are aggregated (TRL `loss_type`, verl `loss_agg_mode`).
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregation {
    /// The mean over each completion, then over completions (verl `seq-mean-token-mean`).
    #[default]
    Grpo,
    /// The sum over tokens over the longest possible completion, then the mean over completions (verl
    /// `seq-mean-token-sum-norm`).
    DrGrpo,
    /// The mean over all tokens of the update (verl `token-mean`).
    Dapo,
    /// The mean over the tokens of each pass, then over passes. It depends on how many rows a pass has.
    Bnpo,
    /// The sum over each completion, then the mean over completions (verl `seq-mean-token-sum`).
    SequenceSum,
}

/// The weight of each token in the loss, completion by completion.
///
/// For [`Aggregation::Bnpo`] these are the weights of a pass that is alone; with several, divide by their
/// number.
///
/// ```
/// use interplay_objectives::loss::{Aggregation, token_weights};
///
/// assert_eq!(token_weights(&[1, 2], 8, Aggregation::Grpo), [0.5, 0.25, 0.25]);
/// assert_eq!(token_weights(&[1, 3], 8, Aggregation::Dapo), [0.25; 4]);
/// assert_eq!(token_weights(&[1, 1], 4, Aggregation::DrGrpo), [0.125; 2]);
/// assert_eq!(token_weights(&[2], 4, Aggregation::SequenceSum), [1.0; 2]);
/// ```
#[must_use]
pub fn token_weights(lengths: &[usize], max_new_tokens: usize, kind: Aggregation) -> Vec<f32> {
    let completions = lengths.len() as f64;
    let total: usize = lengths.iter().sum();
    let mut weights = Vec::with_capacity(total);
    for &length in lengths {
        let weight = match kind {
            Aggregation::Grpo => 1.0 / (completions * length as f64),
            Aggregation::DrGrpo => 1.0 / (completions * max_new_tokens as f64),
            Aggregation::Dapo | Aggregation::Bnpo => 1.0 / total as f64,
            Aggregation::SequenceSum => 1.0 / completions,
        };
        weights.extend(std::iter::repeat_n(weight as f32, length));
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one_where_they_are_a_mean() {
        for kind in [Aggregation::Grpo, Aggregation::Dapo, Aggregation::Bnpo] {
            let sum: f32 = token_weights(&[3, 9, 4], 16, kind).iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{kind:?}: {sum}");
        }
    }

    #[test]
    fn names_are_those_of_trl() {
        let read = |name: &str| serde_json::from_value::<Aggregation>(name.into()).unwrap();
        assert_eq!(read("grpo"), Aggregation::Grpo);
        assert_eq!(read("dr_grpo"), Aggregation::DrGrpo);
        assert_eq!(read("sequence_sum"), Aggregation::SequenceSum);
    }
}
