//! What goes wrong in RL on reasoning, looked for in a finished run: each sign of trouble is said with the numbers that
//! show it, or said to be absent, or said to be undecided.
//!
//! Source: arXiv 2512.07783, whose text names four ways to fail: RL sharpens instead of extending (section 3), it is
//! paid for answers and learns wrong steps (section 6), the model has never seen the context (section 4), and the
//! problems lie off the edge of competence (section 3).
//! Deviations: the paper reads them off curves; here each has a rule with an interval. Thresholds are ours and named in
//! the files of the rules.

mod case;
mod finding;
mod no_seeds;
mod off_edge;
mod outlook;
mod reward_hacking;
mod sharpened;
mod stretch;
mod text;

use std::path::Path;

use serde::{Deserialize, Serialize};

use case::Case;
pub use finding::{Evidence, Finding, Presence, Signature};
pub use outlook::{Outlook, Unsolved};

use crate::error::InterplayError;
use crate::metrics_file::read_metrics;
use crate::results::Results;
use crate::run_file::read_json;
use crate::stage::StageKind;

/// The name and version of a diagnosis as JSON.
pub const DIAGNOSIS_FORMAT: &str = "interplay-diagnosis/1";

/// The diagnosis of a run.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diagnosis {
    /// The name and version of this format: [`DIAGNOSIS_FORMAT`].
    pub format: String,
    /// The experiment's name.
    pub name: String,
    /// Random seed.
    pub seed: u64,
    /// Every RL stage.
    pub stages: Vec<StageDiagnosis>,
}

/// The diagnosis of an RL stage.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageDiagnosis {
    /// The stage.
    pub stage: String,
    /// The stage whose model it starts from.
    pub from: String,
    /// What the model before RL lets expect.
    pub outlook: Outlook,
    /// The four signatures, in the order of [`Signature::ALL`].
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Diagnoses the run in a folder.
    ///
    /// # Errors
    /// A folder without the results of a run, files that cannot be read, and a run without an RL stage that starts from
    /// an evaluated model.
    pub fn of_run(folder: &Path) -> Result<Self, InterplayError> {
        let path = folder.join("results.json");
        let results: Option<Results> = read_json(&path)?;
        let missing = |reason: &str| InterplayError::BadFile {
            path: path.clone(),
            reason: reason.to_owned(),
        };
        let results =
            results.ok_or_else(|| missing("not found; expected the folder of a finished run"))?;
        let found = Self::of(&results, folder)?;
        match found.stages.is_empty() {
            true => Err(missing(
                "found no `grpo` stage that starts from an evaluated stage of the run; expected one to diagnose",
            )),
            false => Ok(found),
        }
    }

    /// Diagnoses results whose stages have their metrics in this folder.
    pub(crate) fn of(results: &Results, folder: &Path) -> Result<Self, InterplayError> {
        let mut stages = Vec::new();
        for after in results
            .stages
            .iter()
            .filter(|stage| stage.kind == StageKind::Grpo)
        {
            let from = after.from.as_deref();
            let Some(before) = results
                .stages
                .iter()
                .find(|stage| Some(stage.name.as_str()) == from)
            else {
                continue;
            };
            if before.evaluation.is_none() || after.evaluation.is_none() {
                continue;
            }
            let metrics = read_metrics(&folder.join(&after.name).join("metrics.jsonl"))?;
            let case = Case {
                before,
                after,
                metrics: &metrics,
            };
            stages.push(StageDiagnosis {
                stage: after.name.clone(),
                from: before.name.clone(),
                outlook: Outlook::of(&case),
                findings: vec![
                    sharpened::find(&case),
                    reward_hacking::find(&case),
                    no_seeds::find(&case),
                    off_edge::find(&case),
                ],
            });
        }
        Ok(Self {
            format: DIAGNOSIS_FORMAT.to_owned(),
            name: results.name.clone(),
            seed: results.seed,
            stages,
        })
    }
}
