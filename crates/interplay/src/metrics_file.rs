//! The metrics of a stage: `metrics.jsonl`, one JSON object a step.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::error::InterplayError;

/// The lines of the file.
pub(crate) fn read_metrics(path: &Path) -> Result<Vec<Value>, InterplayError> {
    let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|error| InterplayError::BadFile {
            path: path.to_owned(),
            reason: format!("line {}: {error}", index + 1),
        })
    };
    text.lines().enumerate().map(parse).collect()
}
