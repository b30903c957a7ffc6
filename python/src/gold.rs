//! The truth about a problem: `interplay.Gold`, and what may stand in its place.

use std::sync::Arc;

use interplay_verify::{Gold, VerifyError};
use pyo3::exceptions::{PyLookupError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyType};

/// A gold solution, read once, against which completions are checked.
#[pyclass(frozen, name = "Gold", module = "interplay")]
pub(crate) struct PyGold {
    gold: Arc<Gold>,
    /// The texts that it was read from, for pickling.
    texts: [String; 3],
}

#[pymethods]
impl PyGold {
    #[new]
    #[pyo3(signature = (solution, *, problem = "", question = ""))]
    fn new(solution: &str, problem: &str, question: &str) -> PyResult<Self> {
        let gold = read([problem, question, solution]).map_err(PyValueError::new_err)?;
        Ok(Self {
            gold,
            texts: [problem, question, solution].map(str::to_owned),
        })
    }

    /// The right answer.
    #[getter]
    fn answer(&self) -> i64 {
        self.gold.answer()
    }

    /// How many quantities the answer needs.
    #[getter]
    fn needed(&self) -> u32 {
        self.gold.needed()
    }

    /// Whether the problem asks for an unknown that follows from a given value.
    #[getter]
    fn reverse(&self) -> bool {
        self.gold.is_reverse()
    }

    /// The names of all quantities.
    #[getter]
    fn names(&self) -> Vec<&str> {
        self.gold.names().collect()
    }

    fn __repr__(&self) -> String {
        format!("Gold(answer={}, needed={})", self.answer(), self.needed())
    }

    fn __getnewargs_ex__<'py>(&self, py: Python<'py>) -> PyResult<((&str,), Bound<'py, PyDict>)> {
        let [problem, question, solution] = &self.texts;
        let kwargs = PyDict::new(py);
        kwargs.set_item("problem", problem)?;
        kwargs.set_item("question", question)?;
        Ok(((solution,), kwargs))
    }
}

/// Reads a gold from the texts of problem, question and solution. Without a problem's text, steps about quantities
/// that the solution does not define count as invented.
fn read([problem, question, solution]: [&str; 3]) -> Result<Arc<Gold>, String> {
    let gold = Gold::from_record(problem, question, solution);
    gold.map(Arc::new).map_err(|error| match error {
        VerifyError::TaggedProblem { .. } => error.to_string(),
        error => format!("the gold solution: {error}"),
    })
}

/// What a caller gave as the truth: a `Gold`, a mapping with the texts, or a gold solution alone.
pub(crate) enum Truth<'py> {
    Ready(Arc<Gold>),
    /// Problem, question, solution.
    Texts([Option<Bound<'py, PyString>>; 3]),
}

/// The gold and the completion of a single call.
///
/// # Errors
/// As of [`Truth::of`]; `TypeError` for a completion that is no text, `ValueError` for an unreadable gold.
pub(crate) fn read_call<'c, 'py>(
    problem: &Bound<'py, PyAny>,
    completion: &'c Bound<'py, PyAny>,
) -> PyResult<(Arc<Gold>, &'c Bound<'py, PyString>)> {
    let Ok(text) = completion.cast::<PyString>() else {
        return Err(PyTypeError::new_err(format!(
            "completion: expected the text as str, found {}",
            kind(completion)
        )));
    };
    let gold = Truth::of(problem)?.source()?.gold();
    Ok((gold.map_err(PyValueError::new_err)?, text))
}

/// The texts of a truth, borrowed from Python's strings.
#[derive(Clone)]
pub(crate) enum Source<'t> {
    Ready(Arc<Gold>),
    Texts([&'t str; 3]),
}

const EXPECTED: &str = "a Gold, a gold solution as str, or a mapping with the key `solution` and, where known, `problem` and `question`";
const KEYS: [&str; 3] = ["problem", "question", "solution"];

impl<'py> Truth<'py> {
    /// Reads what a caller gave.
    ///
    /// # Errors
    /// `TypeError` for another type, or another type of text in a mapping; `ValueError` where there is no solution.
    pub(crate) fn of(value: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(gold) = value.cast::<PyGold>() {
            return Ok(Self::Ready(gold.get().gold.clone()));
        }
        if let Ok(solution) = value.cast::<PyString>() {
            return Ok(Self::Texts([None, None, Some(solution.clone())]));
        }
        if value.is_instance_of::<PyType>() || !value.hasattr("keys")? {
            return Err(PyTypeError::new_err(format!(
                "expected {EXPECTED}, found {}",
                kind(value)
            )));
        }
        let [problem, question, solution] = KEYS.map(|key| text_of(value, key));
        let texts = [problem?, question?, solution?];
        if texts[2].is_none() {
            let keys: Vec<String> = match value.call_method0("keys")?.try_iter() {
                Ok(keys) => keys
                    .filter_map(|key| Some(key.ok()?.to_string()))
                    .take(20)
                    .collect(),
                Err(_) => Vec::new(),
            };
            let found = match (keys.iter().any(|key| key == "solution"), keys.is_empty()) {
                (true, _) => "whose `solution` is None".to_owned(),
                (_, true) => "without keys".to_owned(),
                _ => format!("without a `solution`: its keys are {}", keys.join(", ")),
            };
            return Err(PyValueError::new_err(format!(
                "expected {EXPECTED}, found a mapping {found}"
            )));
        }
        Ok(Self::Texts(texts))
    }

    /// The texts, for work without the interpreter.
    pub(crate) fn source(&self) -> PyResult<Source<'_>> {
        Ok(match self {
            Self::Ready(gold) => Source::Ready(gold.clone()),
            Self::Texts(texts) => {
                let mut told = [""; 3];
                for (told, text) in told.iter_mut().zip(texts) {
                    if let Some(text) = text {
                        *told = text.to_str()?;
                    }
                }
                Source::Texts(told)
            }
        })
    }
}

impl Source<'_> {
    /// The gold; an error tells what is wrong with the solution.
    pub(crate) fn gold(&self) -> Result<Arc<Gold>, String> {
        match self {
            Self::Ready(gold) => Ok(gold.clone()),
            Self::Texts(texts) => read(*texts),
        }
    }
}

/// A text of a mapping; none where the key is missing or `None`.
fn text_of<'py>(value: &Bound<'py, PyAny>, key: &str) -> PyResult<Option<Bound<'py, PyString>>> {
    let found = match value.cast::<PyDict>() {
        Ok(dict) => dict.get_item(key)?,
        Err(_) => match value.get_item(key) {
            Ok(found) => Some(found),
            Err(error) if error.is_instance_of::<PyLookupError>(value.py()) => None,
            Err(error) => return Err(error),
        },
    };
    match found.filter(|found| !found.is_none()) {
        None => Ok(None),
        Some(found) => match found.cast_into::<PyString>() {
            Ok(text) => Ok(Some(text)),
            Err(error) => Err(PyTypeError::new_err(format!(
                "`{key}`: expected a str, found {}",
                kind(&error.into_inner())
            ))),
        },
    }
}

/// The name of a value's type, for messages.
pub(crate) fn kind(value: &Bound<'_, PyAny>) -> String {
    match value.is_none() {
        true => "None".to_owned(),
        false => match value.get_type().name() {
            Ok(name) => format!("a value of type {name}"),
            Err(_) => "another value".to_owned(),
        },
    }
}
