//! Python settings as JSON, which the Rust crates' own readers check.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use serde_json::Value;

/// A Python value as JSON. Integers of other packages and ranges are plain numbers and lists.
///
/// # Errors
/// `TypeError` for what JSON cannot say, `ValueError` for a NaN, an infinity or a text that is not Unicode; each names
/// the key.
pub(crate) fn value(key: &str, value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = value.py();
    let dumps = py
        .import(intern!(py, "interplay._settings"))?
        .getattr(intern!(py, "dumps"))?;
    let text: String = dumps.call1((key, value))?.extract()?;
    serde_json::from_str(&text).map_err(|error| PyValueError::new_err(format!("{key}: {error}")))
}
