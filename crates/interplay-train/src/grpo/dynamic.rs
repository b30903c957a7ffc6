//! Dynamic sampling: rollouts until a step has enough groups that teach something.
//!
//! Source: DAPO (arXiv 2503.14476, section 3.2); verl's `filter_groups` with `max_num_gen_batches`.
//!
//! Deviations: DAPO samples whole batches again. Here a further round asks for as many prompts as are missing,
//! divided by the share of groups that were taken so far.

use interplay_graph::settings::Issues;
use serde::{Deserialize, Serialize};

/// How long a step samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DynamicSampling {
    /// The largest number of prompts that a step samples, as a multiple of `prompts` (verl
    /// `max_num_gen_batches`). A step that reaches it goes on with what it has.
    pub max_num_gen_batches: u64,
}

impl Default for DynamicSampling {
    /// Ten batches, as in DAPO's released configuration.
    fn default() -> Self {
        Self {
            max_num_gen_batches: 10,
        }
    }
}

impl DynamicSampling {
    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.range("max_num_gen_batches", self.max_num_gen_batches, 1..=1000);
        issues
    }
}
