//! GRPO: reinforcement learning from verified rollouts, without a value model.
//!
//! A step samples a group of completions for each prompt, verifies them, turns rewards into
//! advantages within the group, and updates the policy with the clipped ratio and a penalty for
//! leaving the frozen reference.
//!
//! Source: arXiv 2402.03300 (GRPO), arXiv 2503.20783 (Dr. GRPO), arXiv 2503.14476 (DAPO); the
//! settings' defaults are those of arXiv 2512.07783, appendix A.
//!
//! Deviations: log-probabilities of the old policy are those returned by the sampler, and the
//! metric `rollout_mismatch_nats` is their mean difference from the trainer's. With
//! [`Credit::FirstError`] a completion's failure is charged to its first wrong sentence instead
//! of all its tokens.

mod advantage;
pub(crate) mod objective;
mod reward;
mod rollout;
mod spec;
mod stage;

pub use advantage::{AdvantageScale, advantages};
pub use objective::{LossKind, k3_estimate, token_weights};
pub use reward::RewardSpec;
pub use spec::{Credit, GrpoSpec};
pub use stage::{GrpoInput, run, run_on};
