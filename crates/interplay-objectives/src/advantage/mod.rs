//! Rewards of a step turned into advantages.
//!
//! Every estimator and modifier is a pure function in a file of its own; [`AdvantageSpec`] names them
//! in settings and applies them in order.
//!
//! Source: each file names its own.

mod best_only;
mod decoupled;
mod estimator;
mod fade;
mod focal;
mod gate;
mod global_normalized;
mod gpg;
mod group_normalized;
mod groups;
mod leave_one_out;
mod opo;
mod pass_at_k;
mod signs;
mod spec;
mod unlikeliness;

pub use best_only::best_only;
pub use decoupled::{decoupled, decoupled_by_token, normalized_sum};
pub use estimator::{Estimator, PassAtK};
pub use fade::{Fade, FadeState};
pub use focal::focus;
pub use gate::{Boundary, Gate, OnFailure, ZeroSuccess, boundary_utility};
pub use global_normalized::{
    discounted_normalized, global_normalized, global_normalized_with_baseline,
};
pub use gpg::group_policy_gradient;
pub use group_normalized::{ScaleRewards, group_normalized};
pub use groups::Groups;
pub use leave_one_out::{leave_one_out, normalized_leave_one_out, normalized_over_batch};
pub use opo::length_weighted;
pub use pass_at_k::{pass_at_k, pass_at_k_pair};
pub use signs::weigh_signs;
pub use spec::{AdvantageSpec, AdvantageState};
pub use unlikeliness::{Likelihood, Unlikeliness};
