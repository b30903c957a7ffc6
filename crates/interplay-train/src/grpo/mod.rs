//! GRPO: reinforcement learning from verified rollouts, without a value model.
//!
//! A step samples groups of completions of the prompts that the curriculum picks, verifies them, turns
//! rewards into advantages within the group, spreads these over tokens, and updates the policy.
//! The objectives themselves are functions on slices in `interplay-objectives`, the curriculum is
//! `interplay-curriculum`; this folder samples, packs, and keeps a stage resumable.
//!
//! Source: arXiv 2402.03300 (GRPO); the settings' defaults are those of arXiv 2512.07783, appendix A.
//!
//! Deviations: log-probabilities of the old policy are those returned by the sampler, unless
//! `old_log_probs = "trainer"`.

mod batch;
mod completions;
mod dynamic;
mod minibatches;
pub(crate) mod objective;
mod prepare;
mod reference;
mod rollout;
mod scoring;
mod spec;
mod stage;
mod state;
mod step_metrics;
mod update;
mod validation;

pub use dynamic::DynamicSampling;
pub use interplay_objectives::reward::RewardSpec;
pub use reference::{ReferenceSpec, Sync};
pub use spec::{GrpoSpec, OldLogProbs};
pub use stage::{GrpoInput, run, run_on};
pub use state::GrpoState;
