//! `interplay.Reward`: rewards by name, with the names and settings of a stage's `reward` table.

use interplay_dag::{COMPONENTS, RELEASED_PROCESS, judge};
use interplay_objectives::reward::RewardSpec;
use interplay_verify::{Gold, Verdict, Verifier};
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use serde_json::{Map, Value};

use crate::batch::{Batch, OnError, report};
use crate::gold::read_call;
use crate::json;
use crate::verdict::PyVerdict;
use crate::verify::verifier;

/// What a completion earns.
#[pyclass(frozen, name = "Reward", module = "interplay")]
pub(crate) struct PyReward {
    spec: RewardSpec,
    verifier: Verifier,
    level: String,
    forbid_unneeded: bool,
}

#[pymethods]
impl PyReward {
    #[new]
    #[pyo3(signature = (kind = "strict", *, level = "strict", forbid_unneeded = false, **settings))]
    fn new(
        kind: &str,
        level: &str,
        forbid_unneeded: bool,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut table = Map::new();
        table.insert("kind".to_owned(), kind.into());
        for (key, value) in settings.into_iter().flatten() {
            let key: String = key.extract()?;
            let value = setting(&key, &value, (level, forbid_unneeded))?;
            table.insert(key, value);
        }
        let spec: RewardSpec = serde_json::from_value(Value::Object(table))
            .map_err(|error| PyValueError::new_err(format!("Reward: {error}")))?;
        let mut issues = spec.validate();
        let known = COMPONENTS.map(str::to_owned);
        issues.0.extend(spec.missing_from(&known).0);
        if !issues.is_empty() {
            return Err(PyValueError::new_err(format!("Reward: {issues}")));
        }
        Ok(Self {
            spec,
            verifier: verifier(level, forbid_unneeded)?,
            level: level.to_owned(),
            forbid_unneeded,
        })
    }

    /// The name of the reward.
    #[getter]
    fn kind(&self) -> PyResult<String> {
        match self.table()?.get("kind") {
            Some(Value::String(kind)) => Ok(kind.clone()),
            _ => Ok(String::new()),
        }
    }

    /// The verifier's level.
    #[getter]
    fn level(&self) -> &str {
        &self.level
    }

    /// Whether a true step that the answer does not need is a mistake.
    #[getter]
    fn forbid_unneeded(&self) -> bool {
        self.forbid_unneeded
    }

    /// The reward of one completion.
    fn __call__(&self, problem: &Bound<'_, PyAny>, completion: &Bound<'_, PyAny>) -> PyResult<f64> {
        let (gold, text) = read_call(problem, completion)?;
        self.of(&gold, text.to_str()?)
            .map_err(PyValueError::new_err)
    }

    /// The rewards of many completions, on all cores.
    #[pyo3(signature = (problems, completions, *, threads = None, on_error = "raise"))]
    fn batch<'py>(
        &self,
        py: Python<'py>,
        problems: &Bound<'py, PyAny>,
        completions: &Bound<'py, PyAny>,
        threads: Option<usize>,
        on_error: &str,
    ) -> PyResult<Bound<'py, PyList>> {
        let on_error = OnError::of(on_error)?;
        let batch = Batch::of(problems, completions)?;
        let rewards = batch.judge(py, threads, |gold, text| self.of(gold, text))?;
        let mut results = Vec::with_capacity(rewards.len());
        for reward in rewards {
            results.push(match reward {
                Ok(reward) => Ok(reward.into_pyobject(py)?.into_any()),
                Err(message) => Err(message),
            });
        }
        report(py, results, on_error)
    }

    /// The reward of one completion, with its verdict.
    fn judge<'py>(
        &self,
        py: Python<'py>,
        problem: &Bound<'py, PyAny>,
        completion: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (gold, text) = read_call(problem, completion)?;
        let judged = self.judged(&gold, text.to_str()?);
        let (reward, verdict) = judged.map_err(PyValueError::new_err)?;
        judged_type(py)?.call1((reward, PyVerdict::new(verdict, text)))
    }

    /// The rewards of many completions, with their verdicts, on all cores.
    #[pyo3(signature = (problems, completions, *, threads = None, on_error = "raise"))]
    fn judge_batch<'py>(
        &self,
        py: Python<'py>,
        problems: &Bound<'py, PyAny>,
        completions: &Bound<'py, PyAny>,
        threads: Option<usize>,
        on_error: &str,
    ) -> PyResult<Bound<'py, PyList>> {
        let on_error = OnError::of(on_error)?;
        let batch = Batch::of(problems, completions)?;
        let judged = batch.judge(py, threads, |gold, text| self.judged(gold, text))?;
        let new = judged_type(py)?;
        let mut results = Vec::with_capacity(judged.len());
        for (index, judged) in judged.into_iter().enumerate() {
            results.push(match judged {
                Ok((reward, verdict)) => {
                    let verdict = PyVerdict::new(verdict, batch.completion(index));
                    Ok(new.call1((reward, verdict))?)
                }
                Err(message) => Err(message),
            });
        }
        report(py, results, on_error)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let ((kind,), settings) = self.__getnewargs_ex__(py)?;
        let mut text = format!("Reward({kind:?}");
        for (key, value) in settings {
            let key: String = key.extract()?;
            let value = value.repr()?;
            let default = match key.as_str() {
                "level" => self.level == "strict",
                "forbid_unneeded" => !self.forbid_unneeded,
                _ => false,
            };
            if !default {
                text.push_str(&format!(", {key}={}", value.to_str()?));
            }
        }
        text.push(')');
        Ok(text)
    }

    fn __eq__(&self, other: &Self) -> bool {
        (&self.spec, self.verifier) == (&other.spec, other.verifier)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        PyString::new(py, &self.__repr__(py)?).into_any().hash()
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<((String,), Bound<'py, PyDict>)> {
        let kwargs = PyDict::new(py);
        let loads = py.import("json")?.getattr("loads")?;
        if let Value::Object(table) = self.table()? {
            for (key, value) in table.iter().filter(|(key, _)| *key != "kind") {
                kwargs.set_item(key, loads.call1((value.to_string(),))?)?;
            }
        }
        kwargs.set_item("level", &self.level)?;
        kwargs.set_item("forbid_unneeded", self.forbid_unneeded)?;
        Ok(((self.kind()?,), kwargs))
    }
}

impl PyReward {
    fn table(&self) -> PyResult<Value> {
        let table = serde_json::to_value(&self.spec);
        table.map_err(|error| PyValueError::new_err(error.to_string()))
    }

    /// The reward with the verdict that it follows from.
    fn judged(&self, gold: &Gold, text: &str) -> Result<(f64, Verdict), String> {
        let released = self.spec.reads(RELEASED_PROCESS);
        let (verdict, score) = judge(self.verifier, gold, text, released);
        let reward = self.spec.of(&score).map_err(|error| error.to_string())?;
        Ok((reward, verdict))
    }

    fn of(&self, gold: &Gold, text: &str) -> Result<f64, String> {
        Ok(self.judged(gold, text)?.0)
    }
}

/// The class `interplay.Judged`.
fn judged_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import(intern!(py, "interplay.typing"))?
        .getattr(intern!(py, "Judged"))
}

/// A setting as JSON. The reward behind a gate may be a reward, or its name; it is judged with its gate.
///
/// # Errors
/// A reward that would be judged in another way than its gate.
fn setting(key: &str, value: &Bound<'_, PyAny>, judged: (&str, bool)) -> PyResult<Value> {
    if let Ok(reward) = value.cast::<PyReward>() {
        let inner = reward.get();
        if (inner.level.as_str(), inner.forbid_unneeded) != judged {
            return Err(PyValueError::new_err(format!(
                "{key}: expected a reward with the level and the `forbid_unneeded` of the outer one, {:?} and {}; found \
                 {:?} and {}",
                judged.0, judged.1, inner.level, inner.forbid_unneeded
            )));
        }
        return inner.table();
    }
    match value.cast::<PyString>() {
        Ok(name) if key == "reward" => Ok(serde_json::json!({ "kind": name.to_str()? })),
        _ => json::value(key, value),
    }
}
