//! `interplay.verify` and `interplay.verify_batch`.

use std::borrow::Cow;
use std::str::FromStr;

use interplay_verify::{Level, Verifier};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::batch::{Batch, OnError, report};
use crate::gold::read_call;
use crate::verdict::PyVerdict;

/// The verifier that a caller asks for.
pub(crate) fn verifier(level: &str, forbid_unneeded: bool) -> PyResult<Verifier> {
    let level = Level::from_str(level);
    let level = level.map_err(|error| PyValueError::new_err(error.to_string()))?;
    let verifier = Verifier::new(level);
    Ok(match forbid_unneeded {
        true => verifier.forbid_unneeded(),
        false => verifier,
    })
}

/// The same verifier, asked for what each step uses.
fn with_uses(verifier: Verifier, uses: bool) -> Verifier {
    match uses {
        true => verifier.with_uses(),
        false => verifier,
    }
}

/// Checks a completion, step by step.
#[pyfunction]
#[pyo3(signature = (problem, completion, *, level = "strict", forbid_unneeded = false, uses = false))]
pub(crate) fn verify(
    problem: &Bound<'_, PyAny>,
    completion: &Bound<'_, PyAny>,
    level: &str,
    forbid_unneeded: bool,
    uses: bool,
) -> PyResult<PyVerdict> {
    let verifier = with_uses(verifier(level, forbid_unneeded)?, uses);
    let (gold, text) = read_call(problem, completion)?;
    let verdict = verifier.verify(&gold, text.to_str()?);
    Ok(PyVerdict::new(verdict, text))
}

/// Checks many completions, on all cores.
#[pyfunction]
#[pyo3(signature = (
    problems, completions, *, level = "strict", forbid_unneeded = false, uses = false, threads = None,
    on_error = "raise"
))]
#[expect(clippy::too_many_arguments, reason = "keywords of a Python function")]
pub(crate) fn verify_batch<'py>(
    py: Python<'py>,
    problems: &Bound<'py, PyAny>,
    completions: &Bound<'py, PyAny>,
    level: &str,
    forbid_unneeded: bool,
    uses: bool,
    threads: Option<usize>,
    on_error: &str,
) -> PyResult<Bound<'py, PyList>> {
    let verifier = with_uses(verifier(level, forbid_unneeded)?, uses);
    let on_error = OnError::of(on_error)?;
    let batch = Batch::of(problems, completions)?;
    let verdicts = batch.judge(py, threads, |gold, text| Ok(verifier.verify(gold, text)))?;
    let mut results = Vec::with_capacity(verdicts.len());
    for (index, verdict) in verdicts.into_iter().enumerate() {
        results.push(match verdict {
            Ok(verdict) => {
                let verdict = PyVerdict::new(verdict, batch.completion(index));
                Ok(Bound::new(py, verdict)?.into_any())
            }
            Err(message) => Err(message),
        });
    }
    report(py, results, on_error)
}

/// Puts closing tags back that a decoder deleted.
#[pyfunction]
pub(crate) fn restore_tags(completion: &str) -> Cow<'_, str> {
    interplay_verify::restore_tags(completion)
}
