//! What the rules of a diagnosis look at.

use serde_json::Value;

use crate::results::StageResult;

/// What a rule looks at: an RL stage, the stage before it, and its metrics.
pub(super) struct Case<'a> {
    pub(super) before: &'a StageResult,
    pub(super) after: &'a StageResult,
    /// The lines of the stage's `metrics.jsonl`.
    pub(super) metrics: &'a [Value],
}
