//! The reference that a policy is kept near.
//!
//! Source: a reference that follows the policy is TR-DPO (arXiv 2404.09656); TRL has it as `sync_ref_model`.

use interplay_graph::settings::Issues;
use interplay_model::{Decoder, FusedOps, parameter_values};
use serde::{Deserialize, Serialize};

use crate::TrainError;
use crate::next_token::MAX_COUNT;

/// What the reference is. Without a penalty (`kl_coefficient = 0`) there is none.
///
/// Written as a name, `reference = "frozen"`, or with settings, `reference = { sync = { every_steps = 64 } }`.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceSpec {
    /// The model that the stage starts from.
    #[default]
    Frozen,
    /// A mixture of itself and the policy, every so many steps.
    Sync(Sync),
}

/// How the reference follows the policy.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sync {
    /// Steps between two updates of the reference (TRL `ref_model_sync_steps`, which counts optimizer steps; here a step
    /// is one of the stage, with all of its updates).
    pub every_steps: u64,
    /// The weight of the policy in the mixture (TRL `ref_model_mixup_alpha`); 1 replaces the reference.
    pub mixup_alpha: f64,
}

impl Default for Sync {
    /// TRL's.
    fn default() -> Self {
        Self {
            every_steps: 512,
            mixup_alpha: 0.6,
        }
    }
}

impl ReferenceSpec {
    /// Whether the reference moves.
    #[must_use]
    pub fn follows(&self) -> bool {
        matches!(self, Self::Sync(_))
    }

    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        if let Self::Sync(sync) = self {
            issues.range("sync.every_steps", sync.every_steps, 1..=MAX_COUNT);
            let alpha = sync.mixup_alpha;
            let holds = alpha > 0.0 && alpha <= 1.0;
            issues.expect(holds, "sync.mixup_alpha", alpha, "above 0, up to 1");
        }
        issues
    }

    /// The reference after `steps` steps, if it moves then.
    pub(crate) fn moved<B: FusedOps>(
        &self,
        steps: u64,
        reference: &Decoder<B>,
        policy: &Decoder<B>,
        device: &B::Device,
    ) -> Result<Option<Decoder<B>>, TrainError> {
        let Self::Sync(sync) = self else {
            return Ok(None);
        };
        if !steps.is_multiple_of(sync.every_steps) {
            return Ok(None);
        }
        let alpha = sync.mixup_alpha as f32;
        let (ours, theirs) = (parameter_values(policy)?, parameter_values(reference)?);
        let mut mixed = ours.into_iter().zip(theirs).map(|(ours, theirs)| {
            let pairs = ours.into_iter().zip(theirs);
            pairs
                .map(|(own, other)| alpha * own + (1.0 - alpha) * other)
                .collect::<Vec<f32>>()
        });
        let next = Decoder::from_values(policy.config(), device, &mut |_, _| {
            Ok::<_, interplay_model::ModelError>(mixed.next().unwrap_or_default())
        })?;
        Ok(Some(next))
    }
}
