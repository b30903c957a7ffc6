//! Results that are files of a run, each with the key of what determines it.

use std::path::Path;

use interplay_eval::EdgeReport;
use interplay_train::ledger::Sampled;
use serde::{Deserialize, Serialize};

use crate::error::InterplayError;

/// The content of a file with the key of what made it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Keyed<T> {
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
pub(crate) struct Calibrated {
    #[serde(flatten)]
    pub report: EdgeReport,
    /// `None` in files of older runs, which did not count it: those are measured again.
    #[serde(default)]
    pub sampled: Option<Sampled>,
    /// What each problem's completions were worth, for curricula that start from the calibration. Empty in files of
    /// older runs, which are measured again where a curriculum needs it.
    #[serde(default)]
    pub measured: Vec<Measured>,
}

/// What the completions of a measured problem were worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Measured {
    /// The problem's op.
    pub op: u32,
    /// Accepted completions.
    pub successes: u32,
    /// All completions.
    pub tries: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = r#""settings":{"k":4,"pass_at_1_below":0.5,"pass_at_k_above":0.1},"ops":[6],
        "by_op":[{"op":6,"problems":2,"pass_1":0.25,"pass_k":0.5,"placement":"edge"}],"reason":"why""#;

    #[test]
    fn calibrations_of_older_runs_are_read_and_lack_their_cost() {
        let old = format!(r#"{{"key":"k","value":{{{REPORT}}}}}"#);
        let found: Keyed<Calibrated> = serde_json::from_str(&old).unwrap();
        assert_eq!(found.value.report.ops, [6]);
        assert_eq!(found.value.sampled, None);
        assert!(found.value.measured.is_empty());
        let mut value = found.value;
        let sampled = Sampled {
            tokens: 9,
            ..Sampled::default()
        };
        value.sampled = Some(sampled);
        let measured = Measured {
            op: 6,
            successes: 1,
            tries: 4,
        };
        value.measured = vec![measured; 2];
        let text = serde_json::to_string(&value).unwrap();
        let again: Calibrated = serde_json::from_str(&text).unwrap();
        assert_eq!(again.report, value.report);
        assert_eq!(again.sampled, Some(sampled));
        assert_eq!(again.measured, [measured; 2]);
    }
}
