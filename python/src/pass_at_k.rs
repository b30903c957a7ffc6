//! pass@k from counts, its intervals, and paired comparison.

use interplay_eval::{PairedDifference, PassAtK};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::pairs::pairs;

/// A mean over problems with its 95 % interval.
#[pyclass(frozen, get_all, name = "Estimate", module = "interplay")]
pub(crate) struct PyEstimate {
    k: u32,
    problems: usize,
    estimate: f64,
    low: f64,
    high: f64,
}

#[pymethods]
impl PyEstimate {
    /// From its fields, for pickling and for tests.
    #[new]
    fn new(k: u32, problems: usize, estimate: f64, low: f64, high: f64) -> Self {
        Self {
            k,
            problems,
            estimate,
            low,
            high,
        }
    }

    fn __getnewargs__(&self) -> (u32, usize, f64, f64, f64) {
        (self.k, self.problems, self.estimate, self.low, self.high)
    }

    fn __repr__(&self) -> String {
        let Self {
            k,
            problems,
            estimate,
            low,
            high,
        } = self;
        format!("pass@{k} {estimate:.4} [{low:.4}, {high:.4}] ({problems} problems)")
    }

    fn __float__(&self) -> f64 {
        self.estimate
    }
}

/// A difference of pass@k on the same problems with its 95 % interval.
#[pyclass(frozen, get_all, name = "Difference", module = "interplay")]
pub(crate) struct PyDifference {
    k: u32,
    problems: usize,
    difference: f64,
    standard_error: f64,
    low: f64,
    high: f64,
    p_value: Option<f64>,
    detectable: Option<f64>,
}

#[pymethods]
impl PyDifference {
    /// From its fields, for pickling and for tests.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "fields of a Python class")]
    fn new(
        k: u32,
        problems: usize,
        difference: f64,
        standard_error: f64,
        low: f64,
        high: f64,
        p_value: Option<f64>,
        detectable: Option<f64>,
    ) -> Self {
        Self {
            k,
            problems,
            difference,
            standard_error,
            low,
            high,
            p_value,
            detectable,
        }
    }

    fn __getnewargs__(&self) -> (u32, usize, f64, f64, f64, f64, Option<f64>, Option<f64>) {
        (
            self.k,
            self.problems,
            self.difference,
            self.standard_error,
            self.low,
            self.high,
            self.p_value,
            self.detectable,
        )
    }

    fn __repr__(&self) -> String {
        let Self {
            k,
            problems,
            difference,
            low,
            high,
            ..
        } = self;
        format!("pass@{k} {difference:+.4} [{low:+.4}, {high:+.4}] ({problems} problems)")
    }

    fn __float__(&self) -> f64 {
        self.difference
    }
}

/// Checks the arguments that the Rust functions take for granted.
fn check(n: u32, c: u32, k: u32) -> PyResult<()> {
    match k >= 1 && k <= n && c <= n {
        true => Ok(()),
        false => Err(PyValueError::new_err(format!(
            "expected 1 <= k <= n and 0 <= c <= n, found n={n} samples, c={c} right, k={k}"
        ))),
    }
}

/// The unbiased estimate of pass@k from `c` right ones among `n` samples.
#[pyfunction]
pub(crate) fn pass_at_k(n: u32, c: u32, k: u32) -> PyResult<f64> {
    check(n, c, k)?;
    Ok(interplay_eval::pass_at_k(n, c, k))
}

/// The unbiased estimate of pass^k from `c` right ones among `n` samples.
#[pyfunction]
pub(crate) fn pass_hat_k(n: u32, c: u32, k: u32) -> PyResult<f64> {
    check(n, c, k)?;
    Ok(interplay_eval::pass_hat_k(n, c, k))
}

/// The number of samples of a problem, and how many are right.
type Count = (u32, u32);

const COUNT: &str = "(samples, right ones)";

/// The stratum of each problem; one for all where a caller names none.
fn strata(strata: Option<Vec<i64>>, problems: usize) -> PyResult<Vec<i64>> {
    let strata = strata.unwrap_or_else(|| vec![0; problems]);
    match strata.len() == problems {
        true => Ok(strata),
        false => Err(PyValueError::new_err(format!(
            "strata: expected one for each of {problems} problems, found {}",
            strata.len()
        ))),
    }
}

/// The mean pass@k of problems, with its interval.
#[pyfunction]
#[pyo3(signature = (counts, k, *, strata = None))]
pub(crate) fn mean_pass_at_k(
    counts: &Bound<'_, PyAny>,
    k: u32,
    strata: Option<Vec<i64>>,
) -> PyResult<PyEstimate> {
    let counts: Vec<Count> = pairs("counts", COUNT, counts)?;
    let strata = self::strata(strata, counts.len())?;
    if counts.is_empty() {
        return Err(PyValueError::new_err(
            "counts: expected at least one problem, found none",
        ));
    }
    for (n, c) in &counts {
        check(*n, *c, k)?;
    }
    let problems = counts.len();
    let PassAtK {
        k,
        estimate,
        low,
        high,
    } = PassAtK::of_strata(strata.into_iter().zip(counts), k);
    Ok(PyEstimate {
        k,
        problems,
        estimate,
        low,
        high,
    })
}

/// pass@k of `right` minus `left`, problem by problem.
#[pyfunction]
#[pyo3(signature = (left, right, k, *, strata = None))]
pub(crate) fn paired_difference(
    left: &Bound<'_, PyAny>,
    right: &Bound<'_, PyAny>,
    k: u32,
    strata: Option<Vec<i64>>,
) -> PyResult<PyDifference> {
    let left: Vec<Count> = pairs("left", COUNT, left)?;
    let right: Vec<Count> = pairs("right", COUNT, right)?;
    if left.len() != right.len() || left.is_empty() {
        return Err(PyValueError::new_err(format!(
            "expected the counts of the same problems, at least one, found {} and {}",
            left.len(),
            right.len()
        )));
    }
    let strata = self::strata(strata, left.len())?;
    for (n, c) in left.iter().chain(&right) {
        check(*n, *c, k)?;
    }
    let problems = strata.into_iter().zip(left).zip(right);
    let problems = problems.map(|((stratum, left), right)| (stratum, left, right));
    let paired = PairedDifference::of_counts(problems, k)
        .ok_or_else(|| PyValueError::new_err("expected at least one problem, found none"))?;
    Ok(PyDifference {
        k,
        problems: paired.problems,
        difference: paired.difference,
        standard_error: paired.standard_error,
        low: paired.low,
        high: paired.high,
        p_value: paired.p_value,
        detectable: paired.detectable,
    })
}
