//! The generator, the verifier and pass@k for Python: the module `interplay._native`.
//!
//! Only tensor-free crates are bound, so the wheel stays small and needs no other package. Everything that takes a
//! batch releases the interpreter while it works. `python/interplay/_native.pyi` documents what is defined here, for
//! people and for type checkers.
//!
//! Deviations from the Rust crates: positions in texts are counted in characters, as Python does, where Rust counts
//! bytes; a batch reports what it could not judge item by item.
#![expect(
    clippy::needless_pass_by_value,
    reason = "pyo3 hands arguments over by value"
)]

mod audit;
mod batch;
mod dataset;
mod gold;
mod json;
mod pairs;
mod pass_at_k;
mod reward;
mod verdict;
mod verify;

use pyo3::prelude::*;

/// What `interplay._native` holds.
#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<dataset::PyDataset>()?;
    module.add_class::<dataset::DatasetIterator>()?;
    module.add_class::<gold::PyGold>()?;
    module.add_class::<verdict::PyVerdict>()?;
    module.add_class::<verdict::PyStep>()?;
    module.add_class::<verdict::PyStepError>()?;
    module.add_class::<reward::PyReward>()?;
    module.add_class::<pass_at_k::PyEstimate>()?;
    module.add_class::<pass_at_k::PyDifference>()?;
    module.add_class::<audit::PyAuditReport>()?;
    module.add_function(wrap_pyfunction!(verdict::_verdict_from_json, module)?)?;
    module.add_function(wrap_pyfunction!(verify::verify, module)?)?;
    module.add_function(wrap_pyfunction!(verify::verify_batch, module)?)?;
    module.add_function(wrap_pyfunction!(verify::restore_tags, module)?)?;
    module.add_function(wrap_pyfunction!(dataset::presets, module)?)?;
    module.add_function(wrap_pyfunction!(dataset::contexts, module)?)?;
    module.add_function(wrap_pyfunction!(pass_at_k::pass_at_k, module)?)?;
    module.add_function(wrap_pyfunction!(pass_at_k::pass_hat_k, module)?)?;
    module.add_function(wrap_pyfunction!(pass_at_k::mean_pass_at_k, module)?)?;
    module.add_function(wrap_pyfunction!(pass_at_k::paired_difference, module)?)?;
    module.add_function(wrap_pyfunction!(audit::audit, module)?)?;
    module.add_function(wrap_pyfunction!(audit::operators, module)?)?;
    Ok(())
}
