//! Floating-point operations of a decoder's matrix products, counted exactly from the lengths of sequences.
//!
//! A multiplication with an addition counts as two operations. One forward pass of a sequence costs
//!
//! ```text
//! positions * layers * 2 (2 hidden^2 + 2 hidden kv + 3 hidden intermediate)    projections and feed-forward
//! attended  * layers * 4 hidden                                                scores and weighted values
//! outputs   * 2 hidden vocabulary                                              output head
//! ```
//!
//! `positions` are tokens that pass through the layers. `attended` are pairs of a position and a token that it
//! attends to, itself included: `n (n + 1) / 2` for a causal sequence of `n` positions. `outputs` are positions
//! whose next token is scored. A query feature meets every attended token twice, once in the score and once in the
//! weighted sum, whatever the number of key and value heads. A backward pass costs twice its forward pass: the
//! gradient of every product is two products of the same size. Recomputing activations costs a forward pass.
//!
//! Source: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1; PaLM (arXiv 2204.02311), appendix B.
//!
//! Deviations: both count attention as if every token attended the whole context. Here only the causal pairs
//! count. The embedding, a lookup, counts nowhere; norms, rotary positions, softmax and activations, which are no
//! matrix products, are left out as there.

use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use crate::config::ModelConfig;

/// The size of forward passes: what their matrix products depend on besides the model. Adds up.
///
/// # Example
///
/// ```
/// use interplay_model::Workload;
///
/// // Three tokens attend 1 + 2 + 3 tokens, and the second and third are predicted.
/// let sequence = Workload::sequence(3, 2);
/// assert_eq!((sequence.positions, sequence.attended, sequence.outputs), (3, 6, 2));
/// // The last token that is sampled is never fed back.
/// assert_eq!(Workload::sampled(2, 2), Workload::sequence(3, 2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Tokens that pass through the layers.
    pub positions: u64,
    /// Pairs of a position and a token that it attends to, itself included.
    pub attended: u64,
    /// Positions whose next token is scored by the output head.
    pub outputs: u64,
}

impl Workload {
    /// A causal sequence of `tokens` tokens, of which `predicted` are predicted from those before them.
    #[must_use]
    pub fn sequence(tokens: usize, predicted: usize) -> Self {
        let positions = tokens as u64;
        Self {
            positions,
            attended: positions * (positions + 1) / 2,
            outputs: predicted as u64,
        }
    }

    /// Sampling `completion` tokens after a prompt of `prompt` tokens with a cache of keys and values: every token
    /// but the last is fed to the model once. Nothing is computed where nothing is sampled.
    #[must_use]
    pub fn sampled(prompt: usize, completion: usize) -> Self {
        match completion {
            0 => Self::default(),
            _ => Self::sequence(prompt + completion - 1, completion),
        }
    }

    /// Whether nothing is computed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl AddAssign for Workload {
    fn add_assign(&mut self, other: Self) {
        self.positions += other.positions;
        self.attended += other.attended;
        self.outputs += other.outputs;
    }
}

impl Add for Workload {
    type Output = Self;

    fn add(mut self, other: Self) -> Self {
        self += other;
        self
    }
}

impl Sum for Workload {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), Add::add)
    }
}

/// The floating-point operations of one model's forward pass, by what they grow with.
///
/// # Example
///
/// ```
/// use interplay_model::{ModelConfig, ModelFlops, Workload};
///
/// let config = ModelConfig::tiny(600);
/// let flops = ModelFlops::new(&config);
/// // Twice the parameters without the norms and biases, which are in no matrix product, and attention to one token.
/// let weights = config.parameters() as u64 - 9 * 128 - 4 * (128 + 2 * 64);
/// assert_eq!(flops.forward(&Workload::sequence(1, 1)), u128::from(2 * weights + 4 * 4 * 128));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFlops {
    /// Operations for each position: projections and feed-forward of all layers.
    pub per_position: u64,
    /// Operations for each pair of a position and an attended token, in all layers.
    pub per_attended: u64,
    /// Operations for each output.
    pub per_output: u64,
}

impl ModelFlops {
    /// The operations of a model of this shape.
    #[must_use]
    pub fn new(config: &ModelConfig) -> Self {
        let (layers, hidden) = (config.num_hidden_layers as u64, config.hidden_size as u64);
        let projections = hidden * (2 * hidden + 2 * config.kv_size() as u64);
        let feed_forward = 3 * hidden * config.intermediate_size as u64;
        Self {
            per_position: 2 * layers * (projections + feed_forward),
            per_attended: 4 * layers * hidden,
            per_output: 2 * hidden * config.vocab_size as u64,
        }
    }

    /// The operations of forward passes. Exact; a backward pass costs twice as much.
    #[must_use]
    pub fn forward(&self, workload: &Workload) -> u128 {
        let product = |count: u64, each: u64| u128::from(count) * u128::from(each);
        product(workload.positions, self.per_position)
            + product(workload.attended, self.per_attended)
            + product(workload.outputs, self.per_output)
    }
}

impl ModelConfig {
    /// Floating-point operations of one token's forward pass that attends `mean_attended` tokens on average, output
    /// head included. A training step costs three times as much. [`ModelFlops`] counts sequences exactly.
    #[must_use]
    pub fn forward_flops(&self, mean_attended: f64) -> f64 {
        let flops = ModelFlops::new(self);
        (flops.per_position + flops.per_output) as f64 + flops.per_attended as f64 * mean_attended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One layer of width 4 with heads of width 2, of which one serves keys and values, and 10 tokens.
    fn small() -> ModelConfig {
        ModelConfig {
            vocab_size: 10,
            hidden_size: 4,
            intermediate_size: 3,
            num_hidden_layers: 1,
            num_attention_heads: 2,
            num_key_value_heads: 1,
            ..ModelConfig::tiny(10)
        }
    }

    #[test]
    fn products_by_hand() {
        // Queries and outputs 4 x 4, keys and values 4 x 2, three feed-forward products of 4 x 3.
        let weights = 2 * 16 + 2 * 8 + 3 * 12;
        let flops = ModelFlops::new(&small());
        assert_eq!(flops.per_position, 2 * weights);
        assert_eq!(flops.per_attended, 16);
        assert_eq!(flops.per_output, 2 * 40);
        // Two positions attend 3 tokens, and one output is scored.
        let work = Workload::sequence(2, 1);
        assert_eq!(
            flops.forward(&work),
            u128::from(2 * 2 * weights + 3 * 16 + 80)
        );
    }

    #[test]
    fn twice_the_layers_cost_twice_without_the_head() {
        let deep = ModelConfig {
            num_hidden_layers: 2,
            ..small()
        };
        let work = Workload::sequence(7, 0);
        let cost = |config: &ModelConfig| ModelFlops::new(config).forward(&work);
        assert_eq!(cost(&deep), 2 * cost(&small()));
    }

    #[test]
    fn the_count_by_mean_attention_is_that_of_whole_sequences() {
        let config = ModelConfig::paper_103m(2200);
        let by_mean = 64.0 * config.forward_flops(65.0 / 2.0);
        let exact = ModelFlops::new(&config).forward(&Workload::sequence(64, 64));
        assert_eq!(by_mean, exact as f64);
    }

    #[test]
    fn sampling_feeds_every_token_but_the_last() {
        assert_eq!(Workload::sampled(5, 0), Workload::default());
        assert_eq!(Workload::sampled(5, 1), Workload::sequence(5, 1));
        let steps: Workload = [(5, 1, 15), (1, 1, 6), (1, 1, 7)]
            .map(|(positions, outputs, attended)| Workload {
                positions,
                attended,
                outputs,
            })
            .into_iter()
            .sum();
        assert_eq!(Workload::sampled(5, 3), steps);
    }

    #[test]
    fn large_runs_do_not_overflow() {
        let work = Workload {
            positions: u64::MAX,
            ..Workload::default()
        };
        let flops = ModelFlops::new(&ModelConfig::paper_103m(2200));
        assert!(flops.forward(&work) > u128::from(u64::MAX));
    }
}
