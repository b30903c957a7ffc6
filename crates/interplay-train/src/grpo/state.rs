//! What a GRPO stage remembers across steps, besides weights: part of every checkpoint.

use interplay_curriculum::CurriculumState;
use interplay_objectives::advantage::AdvantageState;
use serde::{Deserialize, Serialize};

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
    /// The current weight of the divergence, from the one in the settings.
    pub(crate) fn kl_coefficient_of(&self, setting: f64) -> f64 {
        self.kl_coefficient.unwrap_or(setting)
    }
}
