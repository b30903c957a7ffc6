//! What a GRPO stage remembers across steps, besides weights: part of every checkpoint.

use interplay_curriculum::CurriculumState;
use interplay_objectives::advantage::AdvantageState;
use serde::{Deserialize, Serialize};

use super::GrpoSpec;

/// What a GRPO stage remembers across steps, besides weights.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpoState {
    /// Where the curriculum stands, the position in the environment included.
    pub curriculum: CurriculumState,
    /// Moving averages of the advantages.
    #[serde(default)]
    pub advantage: AdvantageState,
    /// The current weight of the divergence, where it is adaptive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_coefficient: Option<f64>,
    /// Whether the checkpoint holds a reference that follows the policy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reference_follows: bool,
}

impl GrpoState {
    /// The current weight of the divergence.
    pub(crate) fn kl_coefficient_of(&self, spec: &GrpoSpec) -> f64 {
        self.kl_coefficient.unwrap_or(spec.kl_coefficient)
    }
}
