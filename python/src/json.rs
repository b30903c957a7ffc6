//! Python settings as JSON, which the Rust crates' own readers check.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use serde_json::Value;

/// A Python value as JSON, by Python's own encoder.
///
/// # Errors
/// `TypeError` for what JSON cannot say, `ValueError` for a NaN or an infinity.
pub(crate) fn value(value: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = value.py();
    let kwargs = pyo3::types::PyDict::new(py);
    kwargs.set_item("allow_nan", false)?;
    let text = py.import(intern!(py, "json"))?.call_method(
        intern!(py, "dumps"),
        (value,),
        Some(&kwargs),
    )?;
    let text: String = text.extract()?;
    serde_json::from_str(&text).map_err(|error| PyValueError::new_err(error.to_string()))
}
