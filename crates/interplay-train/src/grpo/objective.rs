//! The loss of a GRPO update, and statistics of the policy for the metrics.
//!
//! Source: arXiv 2402.03300, equation 3; the k3 estimator is
//! <http://joschu.net/blog/kl-approx.html>.

use burn::tensor::{Tensor, TensorData};
use interplay_model::FusedOps;
use serde::{Deserialize, Serialize};

/// How the losses of tokens become one number.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// The mean over each completion, then over completions.
    #[default]
    Grpo,
    /// The sum over tokens over the longest possible completion, then the mean over completions.
    DrGrpo,
    /// The mean over all tokens of the update.
    Dapo,
}

/// The weight of each token in the loss, completion by completion.
///
/// ```
/// use interplay_train::grpo::{LossKind, token_weights};
///
/// assert_eq!(token_weights(&[1, 2], 8, LossKind::Grpo), [0.5, 0.25, 0.25]);
/// assert_eq!(token_weights(&[1, 3], 8, LossKind::Dapo), [0.25; 4]);
/// assert_eq!(token_weights(&[1, 1], 4, LossKind::DrGrpo), [0.125; 2]);
/// ```
#[must_use]
pub fn token_weights(lengths: &[usize], max_new_tokens: usize, kind: LossKind) -> Vec<f32> {
    let completions = lengths.len() as f32;
    let total: usize = lengths.iter().sum();
    let mut weights = Vec::with_capacity(total);
    for &length in lengths {
        let weight = match kind {
            LossKind::Grpo => 1.0 / (completions * length as f32),
            LossKind::DrGrpo => 1.0 / (completions * max_new_tokens as f32),
            LossKind::Dapo => 1.0 / total as f32,
        };
        weights.extend(std::iter::repeat_n(weight, length));
    }
    weights
}

/// The low-variance estimate of the KL divergence from the reference at one token, in nats:
/// `r - ln r - 1` with `r = reference / policy`; never negative.
///
/// ```
/// use interplay_train::grpo::k3_estimate;
///
/// assert_eq!(k3_estimate(-1.0, -1.0), 0.0);
/// assert!((k3_estimate(-1.0, -2.0) - ((-1.0f64).exp() + 1.0 - 1.0)).abs() < 1e-12);
/// ```
#[must_use]
pub fn k3_estimate(policy: f64, reference: f64) -> f64 {
    let log_ratio = reference - policy;
    log_ratio.exp() - log_ratio - 1.0
}

/// The settings of the objective.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Objective {
    /// The ratio is clipped below `1 - clip_low`,
    pub clip_low: f32,
    /// and above `1 + clip_high`.
    pub clip_high: f32,
    /// Weight of the k3 penalty.
    pub kl_coefficient: f32,
    /// The temperature at which the completions were sampled.
    pub temperature: f64,
    /// The limit below which their tokens were sampled, if the model's vocabulary is padded.
    pub vocab_limit: Option<usize>,
}

/// The inputs of the objective, one value for each predicted token of the batch.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct TokenTable {
    /// Log-probabilities under the policy that sampled.
    pub old: Vec<f32>,
    /// Log-probabilities under the reference; empty without a penalty.
    pub reference: Vec<f32>,
    pub advantages: Vec<f32>,
    pub weights: Vec<f32>,
}

/// The loss of one pass, `[1]`.
pub(crate) fn loss<B: FusedOps>(
    log_probs: &Tensor<B, 1>,
    table: &TokenTable,
    objective: &Objective,
    device: &B::Device,
) -> Tensor<B, 1> {
    let tensor = |values: &[f32]| -> Tensor<B, 1> {
        Tensor::from_data(TensorData::new(values.to_vec(), [values.len()]), device)
    };
    let advantages = tensor(&table.advantages);
    let ratio = log_probs.clone().sub(tensor(&table.old)).exp();
    let clipped = ratio
        .clone()
        .clamp(1.0 - objective.clip_low, 1.0 + objective.clip_high);
    let gain = ratio
        .mul(advantages.clone())
        .min_pair(clipped.mul(advantages));
    let mut loss = gain.neg();
    if !table.reference.is_empty() {
        let log_ratio = tensor(&table.reference).sub(log_probs.clone());
        let k3 = log_ratio.clone().exp().sub(log_ratio).sub_scalar(1.0);
        loss = loss.add(k3.mul_scalar(objective.kl_coefficient));
    }
    loss.mul(tensor(&table.weights)).sum()
}

/// Sums over the tokens of a step, for the metrics.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PolicyStats {
    pub tokens: usize,
    pub clipped: usize,
    pub kl_nats: f64,
    pub entropy_nats: f64,
    pub mismatch_nats: f64,
}

impl PolicyStats {
    /// Adds the tokens of one pass.
    pub fn add(
        &mut self,
        log_probs: &[f32],
        entropy: &[f32],
        table: &TokenTable,
        objective: &Objective,
    ) {
        for (token, &policy) in log_probs.iter().enumerate() {
            let (policy, old) = (f64::from(policy), f64::from(table.old[token]));
            let ratio = (policy - old).exp();
            let advantage = table.advantages[token];
            let above = ratio > 1.0 + f64::from(objective.clip_high) && advantage > 0.0;
            let below = ratio < 1.0 - f64::from(objective.clip_low) && advantage < 0.0;
            self.clipped += usize::from(above || below);
            self.mismatch_nats += (policy - old).abs();
            if let Some(&reference) = table.reference.get(token) {
                self.kl_nats += k3_estimate(policy, f64::from(reference));
            }
        }
        self.entropy_nats += entropy.iter().copied().map(f64::from).sum::<f64>();
        self.tokens += log_probs.len();
    }

    /// One of the sums as a mean over tokens; 0 without tokens.
    pub fn mean(&self, sum: f64) -> f64 {
        if self.tokens == 0 {
            0.0
        } else {
            sum / self.tokens as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_add_up_to_one_where_they_are_a_mean() {
        for kind in [LossKind::Grpo, LossKind::Dapo] {
            let sum: f32 = token_weights(&[3, 9, 4], 16, kind).iter().sum();
            assert!((sum - 1.0).abs() < 1e-6, "{kind:?}: {sum}");
        }
    }

    /// Six tokens: ratio inside, above and below the clip, for a gain and for a loss.
    #[cfg(feature = "flex")]
    fn six() -> (Vec<f32>, TokenTable, Objective) {
        let ratios = [1.1f32, 1.5, 0.5, 1.1, 1.5, 0.5];
        let policy: Vec<f32> = ratios.iter().map(|ratio| ratio.ln() - 1.0).collect();
        let table = TokenTable {
            old: vec![-1.0; 6],
            reference: policy.iter().map(|log_prob| log_prob + 0.5f32).collect(),
            advantages: vec![2.0, 2.0, 2.0, -3.0, -3.0, -3.0],
            weights: vec![0.1, 0.2, 0.3, 0.1, 0.2, 0.1],
        };
        let objective = Objective {
            clip_low: 0.2,
            clip_high: 0.3,
            kl_coefficient: 0.5,
            temperature: 1.0,
            vocab_limit: None,
        };
        (policy, table, objective)
    }

    #[test]
    #[cfg(feature = "flex")]
    fn loss_and_gradient_by_hand() {
        use burn::backend::{Autodiff, Flex};
        let (policy, table, objective) = six();
        let device = Default::default();
        let data = TensorData::new(policy.clone(), [6]);
        let policy = Tensor::<Autodiff<Flex>, 1>::from_data(data, &device).require_grad();
        let loss = loss(&policy, &table, &objective, &device);
        // min(r A, clip(r, 0.8, 1.3) A): 2.2, 2.6, 1.0, -3.3, -4.5, -2.4; the penalty of each
        // token is 0.5 (e^0.5 - 0.5 - 1).
        let penalty = 0.5 * (0.5f64.exp() - 1.5);
        let gains = [2.2, 2.6, 1.0, -3.3, -4.5, -2.4];
        let weights = [0.1, 0.2, 0.3, 0.1, 0.2, 0.1];
        let expected: f64 = gains
            .iter()
            .zip(weights)
            .map(|(gain, weight)| weight * (penalty - gain))
            .sum();
        let found = f64::from(loss.clone().into_scalar());
        assert!((found - expected).abs() < 1e-5, "{found} and {expected}");
        let gradient = policy
            .grad(&loss.backward())
            .expect("a gradient")
            .into_data();
        // Clipped where the gain is above 1.3 or the loss below 0.8; elsewhere r A. The penalty's
        // derivative is 0.5 (1 - e^0.5).
        let slope = 0.5 * (1.0 - 0.5f64.exp());
        let moves = [2.2, 0.0, 1.0, -3.3, -4.5, 0.0];
        for (token, found) in gradient.iter::<f32>().enumerate() {
            let expected = weights[token] * (slope - moves[token]);
            assert!(
                (f64::from(found) - expected).abs() < 1e-5,
                "token {token}: {found}"
            );
        }
    }

    #[test]
    #[cfg(feature = "flex")]
    fn counts_clipping_divergence_and_mismatch() {
        let (policy, table, objective) = six();
        let mut stats = PolicyStats::default();
        stats.add(&policy, &[0.5; 6], &table, &objective);
        assert_eq!((stats.tokens, stats.clipped), (6, 2));
        assert!((stats.mean(stats.kl_nats) - (0.5f64.exp() - 1.5)).abs() < 1e-6);
        assert!((stats.mean(stats.entropy_nats) - 0.5).abs() < 1e-9);
        let mismatch = 2.0 * (1.1f64.ln() + 1.5f64.ln() + 2.0f64.ln()) / 6.0;
        assert!((stats.mean(stats.mismatch_nats) - mismatch).abs() < 1e-6);
    }

    #[test]
    fn k3_is_never_negative() {
        for step in -20..20 {
            assert!(k3_estimate(-1.0, f64::from(step) * 0.1) >= 0.0);
        }
    }
}
