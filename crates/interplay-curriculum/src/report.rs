//! What a curriculum does, for reports and log lines.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::competence::Posterior;
use crate::{Competence, CurriculumSpec, CurriculumState, EdgeRule, Estimate, Quota};

/// Where a curriculum stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurriculumReport {
    /// The ops in the band, or the problems that are known to be at the edge. Empty where every
    /// example is taken.
    pub band: Vec<u64>,
    /// The wanted shares and the prompts taken since they were set.
    pub quotas: Vec<Quota>,
    /// Every op or problem that was seen or measured, in order.
    pub cells: Vec<CellReport>,
    /// The step of the last estimate.
    pub estimated_at: u64,
    /// Examples that were not wanted.
    pub passed_over: u64,
    /// Examples that were wanted but could not be used.
    pub unfit: u64,
}

/// An op or a problem.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CellReport {
    /// The op or the problem's id.
    pub cell: u64,
    /// What the policy can do with it; `place` in files of older versions.
    #[serde(alias = "place")]
    pub competence: Competence,
    /// How many of its prompts were practiced.
    pub taken: u64,
    /// How many prompts the estimates rest on, older ones with less weight.
    pub prompts: f64,
    /// pass@1, with the interval at the confidence of the curriculum.
    pub pass_1: Estimate,
    /// pass@k, likewise.
    pub pass_k: Estimate,
}

/// A new estimate of the edge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reestimate {
    /// After which step.
    pub step: u64,
    /// The band before.
    pub before: Vec<u64>,
    /// The band from now on.
    pub after: Vec<u64>,
    /// Cells whose class has changed, with the class before and now.
    pub moved: Vec<(u64, Competence, Competence)>,
}

impl fmt::Display for Reestimate {
    /// One line, such as `step 20: band 4, 5 -> 5, 6 (4: edge -> mastered)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = (list(&self.before), list(&self.after));
        write!(f, "step {}: band {before} -> {after}", self.step)?;
        let moved = self.moved.iter();
        let moved = moved.map(|(cell, from, to)| format!("{cell}: {from} -> {to}"));
        let moved: Vec<String> = moved.collect();
        match moved.len() {
            0 => Ok(()),
            1..=8 => write!(f, " ({})", moved.join(", ")),
            more => write!(f, " ({more} changes of class)"),
        }
    }
}

/// Where a curriculum stands.
pub(crate) fn report_of(
    spec: &CurriculumSpec,
    rule: &EdgeRule,
    k: u32,
    state: &CurriculumState,
) -> CurriculumReport {
    let confidence = rule.confidence;
    let cells = state.cells.iter().map(|(id, cell)| {
        let posterior = Posterior::of(&cell.evidence, rule, spec.by(), k);
        CellReport {
            cell: *id,
            competence: cell.competence,
            taken: cell.taken,
            prompts: cell.evidence.prompts,
            pass_1: posterior.pass_1(confidence),
            pass_k: posterior.pass_k(confidence),
        }
    });
    CurriculumReport {
        band: state.band.iter().copied().collect(),
        quotas: state.quotas.0.clone(),
        cells: cells.collect(),
        estimated_at: state.estimated_at,
        passed_over: state.passed_over,
        unfit: state.unfit,
    }
}

/// Some cells in a sentence.
pub(crate) fn list<'a>(cells: impl IntoIterator<Item = &'a u64>) -> String {
    const SHOWN: usize = 16;
    let mut cells: Vec<String> = cells.into_iter().map(u64::to_string).collect();
    let more = cells.len().saturating_sub(SHOWN);
    cells.truncate(SHOWN);
    match (cells.is_empty(), more) {
        (true, _) => "none".to_owned(),
        (_, 0) => cells.join(", "),
        _ => format!("{} and {more} more", cells.join(", ")),
    }
}
