//! The loss of a completion whose ratio is the geometric mean of its tokens' clipped ratios.
//!
//! Source: GMPO, arXiv 2507.20673; verl `policy_loss.loss_mode = "geo_mean"`.
//!
//! Deviations: verl averages over completions whatever the aggregation, which is `grpo` here; with other
//! weights the derivative is exact where all tokens of a completion have the same. The mean logarithm is
//! limited to 20 in magnitude; verl has no limit.

use super::{ClipRange, TokenBatch, TokenLoss};

/// One value a token: its completion's loss, and the part of the derivative that its clip leaves.
pub(super) fn geometric_mean(batch: &TokenBatch<'_>, range: &ClipRange) -> Vec<TokenLoss> {
    let mut losses = Vec::with_capacity(batch.policy.len());
    for &length in batch.lengths {
        let first = losses.len();
        let (mut log, mut advantage) = (0.0, 0.0);
        for token in first..first + length {
            let own = f64::from(batch.advantages[token]);
            let difference = f64::from(batch.policy[token]) - f64::from(batch.old[token]);
            let clipped_low = own < 0.0 && difference < -range.low;
            let clipped_high = own > 0.0 && difference > range.high;
            log += match (clipped_low, clipped_high) {
                (true, _) => -range.low,
                (_, true) => range.high,
                // Without an advantage there is no side to clip on (and nothing to gain).
                _ if own == 0.0 => 0.0,
                _ => difference,
            };
            advantage += own;
            losses.push(TokenLoss {
                loss: 0.0,
                slope: f64::from(u8::from(!clipped_low && !clipped_high && own != 0.0)),
                clipped_low,
                clipped_high,
                clipped_dual: false,
            });
        }
        let (mean, advantage) = (log / length.max(1) as f64, advantage / length.max(1) as f64);
        let ratio = mean.clamp(-20.0, 20.0).exp();
        let moves = f64::from(u8::from(mean.abs() <= 20.0));
        for loss in &mut losses[first..] {
            loss.loss = -advantage * ratio;
            loss.slope *= -advantage * ratio * moves;
        }
    }
    losses
}

/// The weights of the correction, averaged over each completion as the ratios are.
pub(super) fn geometric_weights(batch: &TokenBatch<'_>) -> Vec<f64> {
    let mut weights = Vec::with_capacity(batch.correction.len());
    for &length in batch.lengths {
        let tokens = weights.len()..weights.len() + length;
        let own = batch.correction.get(tokens).unwrap_or_default();
        let log: f64 = own.iter().map(|own| (f64::from(*own) + 1e-10).ln()).sum();
        let mean = (log / length.max(1) as f64).exp();
        weights.extend(own.iter().map(|_| mean));
    }
    weights
}
