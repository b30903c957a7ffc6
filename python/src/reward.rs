//! `interplay.Reward`: rewards by name, with the names and settings of a stage's `reward` table.

use interplay_dag::{RELEASED_PROCESS, score_of};
use interplay_environment::components;
use interplay_objectives::reward::RewardSpec;
use interplay_verify::{Gold, Verdict, Verifier, released_process};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use serde_json::{Map, Value};

use crate::batch::{Batch, OnError, report};
use crate::gold::read_call;
use crate::json;
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
        let known = [
            components::OUTCOME,
            components::PROCESS,
            components::ACCEPTED,
            RELEASED_PROCESS,
        ];
        issues
            .0
            .extend(spec.missing_from(&known.map(str::to_owned)).0);
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

    fn of(&self, gold: &Gold, text: &str) -> Result<f64, String> {
        let verdict: Verdict = self.verifier.verify(gold, text);
        let mut score = score_of(&verdict);
        if self.spec.reads(RELEASED_PROCESS) {
            score = score.with_component(RELEASED_PROCESS, released_process(gold, text));
        }
        self.spec.of(&score).map_err(|error| error.to_string())
    }
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
