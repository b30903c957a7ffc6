//! The loss of a policy update and its derivative, on plain slices.
//!
//! Everything here is a function of numbers that were copied from a device: log-probabilities of the tokens
//! that completions consist of, under several policies. [`PolicyLoss::of`] gives the loss and, for each token,
//! its derivative by the policy's log-probability (and by the entropy at that token). A trainer multiplies its
//! differentiable log-probabilities by these constants and sums: the gradient is that of the loss, whatever
//! the framework.
//!
//! Source: TRL 1.16 (`GRPOTrainer._compute_loss`) and verl 0.9.1 (`core_algos`) for what belongs together and
//! in which order; `tests/golden` holds their numbers. Each part names its paper.
//!
//! Deviations: logarithms of ratios are limited to 20 in magnitude, as in verl; sequence-level ratios keep
//! per-token advantages (the token form of GSPO, arXiv 2507.18071, section 4.3), which is GSPO where all
//! tokens of a completion have the same advantage and weight.

mod aggregation;
mod batch;
mod correction;
mod covariance;
mod geometric;
mod kl;
mod mismatch;
mod policy_loss;
mod stats;
mod surrogate;

pub use aggregation::{Aggregation, token_weights};
pub use batch::TokenBatch;
pub use correction::{Beyond, Correction, Level};
pub use covariance::{ClipCov, KlCov, covariances};
pub use kl::{AdaptiveKl, KlEstimator};
pub use mismatch::Mismatch;
pub use policy_loss::{LossAndSlopes, PolicyLoss};
pub use stats::LossStats;
pub use surrogate::{ClipRange, Sapo, Surrogate, TokenLoss};
