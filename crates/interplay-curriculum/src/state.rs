//! What a curriculum remembers between steps: all that a checkpoint has to keep.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Competence;
use crate::evidence::Evidence;
use crate::quota::Quotas;

/// What a curriculum remembers. Going on from a saved state equals never having stopped; equal states
/// are written as equal bytes.
///
/// Fields are private: a curriculum gives its state and takes it back
/// ([`Curriculum::state`](crate::Curriculum::state), [`Curriculum::resume`](crate::Curriculum::resume)).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CurriculumState {
    /// The index of the first example that was not looked at.
    pub(crate) cursor: u64,
    /// The step of the last estimate.
    #[serde(default)]
    pub(crate) estimated_at: u64,
    /// The cells in the band.
    #[serde(default)]
    pub(crate) band: BTreeSet<u64>,
    /// Every cell that was seen or measured.
    #[serde(default)]
    pub(crate) cells: BTreeMap<u64, Cell>,
    /// Shares and counts since they were set.
    #[serde(default)]
    pub(crate) quotas: Quotas,
    /// Examples that were not wanted.
    #[serde(default)]
    pub(crate) passed_over: u64,
    /// Examples that were wanted but could not be used.
    #[serde(default)]
    pub(crate) unfit: u64,
}

impl CurriculumState {
    /// The state of a curriculum that takes every example from index `cursor` on.
    #[must_use]
    pub fn at(cursor: u64) -> Self {
        Self {
            cursor,
            ..Self::default()
        }
    }

    /// The cells that the environment is known to have: those that came by. Before the first example all count, as
    /// a calibration has to be trusted then.
    pub(crate) fn known_cells(&self) -> BTreeMap<u64, Cell> {
        let begun = self.cells.values().any(|cell| cell.seen > 0);
        let known = self.cells.iter();
        let known = known.filter(|(_, cell)| cell.seen > 0 || !begun);
        known.map(|(id, cell)| (*id, cell.clone())).collect()
    }

    /// The index of the first example that was not looked at.
    #[must_use]
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Examples that were not wanted, since the beginning.
    #[must_use]
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Examples that were wanted but could not be used, since the beginning.
    #[must_use]
    pub fn unfit(&self) -> u64 {
        self.unfit
    }
}

/// One op or problem.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cell {
    /// How often it came by.
    pub seen: u64,
    /// How often it was taken.
    pub taken: u64,
    /// What the policy can do with it; `place` in checkpoints of older versions.
    #[serde(alias = "place")]
    pub competence: Competence,
    /// What its rollouts say.
    pub evidence: Evidence,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_older_versions_are_read() {
        let cell = r#"{"seen": 3, "taken": 2, "place": "edge", "evidence": {"prompts": 2.0, "tries": 8.0,
            "successes": 1.0, "rates": 0.25, "pairs": 0.0, "solved": 1.0}}"#;
        let old = format!(r#"{{"cursor": 9, "band": [4], "cells": {{"4": {cell}}}}}"#);
        let state: CurriculumState = serde_json::from_str(&old).unwrap();
        assert_eq!(state.cells[&4].competence, Competence::Edge);
        let written = serde_json::to_string(&state).unwrap();
        assert_eq!(
            serde_json::from_str::<CurriculumState>(&written).unwrap(),
            state
        );
    }
}
