//! Results that are files of a run, each with the key of what determines it.

use std::path::Path;

use interplay_eval::EdgeReport;
use interplay_train::ledger::Sampled;
use serde::{Deserialize, Serialize};

use crate::error::InterplayError;

/// The content of a file with the key of what made it.
#[derive(Serialize, Deserialize)]
pub(super) struct Keyed<T> {
    pub key: String,
    pub value: T,
}

impl<T> Keyed<T> {
    /// The content, if the key is the expected one.
    pub fn expect(self, path: &Path, key: &str) -> Result<T, InterplayError> {
        if self.key == key {
            return Ok(self.value);
        }
        let reason = format!(
            "it was made with key {}, expected {key}; remove the file to make it again",
            self.key
        );
        Err(InterplayError::BadFile {
            path: path.to_owned(),
            reason,
        })
    }
}

/// An edge of competence and the cost of measuring it.
#[derive(Serialize, Deserialize)]
pub(super) struct Calibrated {
    #[serde(flatten)]
    pub report: EdgeReport,
    /// `None` in files of older runs, which did not count it: those are measured again.
    #[serde(default)]
    pub sampled: Option<Sampled>,
}
