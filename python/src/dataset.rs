//! `interplay.Dataset`: problems by index.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use interplay_dag::DagEnvironment;
use interplay_graph::SeedStreams;
use interplay_tasks::datasets::{Part, Split};
use interplay_tasks::likeness::Likeness;
use interplay_tasks::spec::Preset;
use interplay_tasks::{
    Context, ContextLibrary, Dataset, Problem, Sample, TaskError, TaskSpec, framing,
};
use pyo3::exceptions::{PyAttributeError, PyIndexError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PySlice, PyString};
use serde_json::{Map, Value, json};

use crate::batch::{map, number_of};
use crate::gold::kind;
use crate::json;

/// The settings of one entry of a mixture; all others are those of the data set.
const ENTRY: [&str; 8] = [
    "weight",
    "op",
    "context",
    "dialect",
    "mode",
    "d",
    "preset",
    "normalize",
];

/// The largest size, which Python's `len` can still tell.
const MOST: u64 = isize::MAX as u64;
/// How many problems of a slice are drawn at once.
const PIECE: usize = 4096;

/// An endless, named sequence of problems, or the first `size` of it. The i-th depends on spec, seed, name and i alone.
#[pyclass(frozen, name = "Dataset", module = "interplay")]
pub(crate) struct PyDataset {
    source: Arc<DagEnvironment>,
    settings: Settings,
}

/// What a data set was made from, for pickling.
struct Settings {
    spec: String,
    seed: u64,
    name: String,
    part: Option<String>,
    split: Option<(f64, f64, f64)>,
    by: String,
    size: Option<u64>,
    contexts: Vec<String>,
}

/// The problem at an index, or why there is none.
fn problem(source: &DagEnvironment, index: u64) -> Result<Texts, String> {
    let problem = source.problem(index).map_err(|error| error.to_string())?;
    Ok(Texts::of(&problem))
}

#[pymethods]
impl PyDataset {
    #[new]
    #[pyo3(signature = (
        spec = None, *, seed = 0, name = "train", part = None, split = None, by = "graph", size = None,
        contexts = None, **settings
    ))]
    #[expect(
        clippy::too_many_arguments,
        reason = "keywords of a Python constructor"
    )]
    fn new(
        py: Python<'_>,
        spec: Option<&Bound<'_, PyAny>>,
        seed: u64,
        name: &str,
        part: Option<String>,
        split: Option<Vec<f64>>,
        by: &str,
        size: Option<u64>,
        contexts: Option<Vec<Bound<'_, PyAny>>>,
        settings: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        if size.is_some_and(|size| size > MOST) {
            return Err(PyValueError::new_err(format!(
                "size: expected at most {MOST}, found {}; an endless data set has size None",
                size.unwrap_or_default()
            )));
        }
        let split = match split.as_deref() {
            None => None,
            Some(&[train, validation, test]) => Some((train, validation, test)),
            Some(shares) => {
                return Err(PyValueError::new_err(format!(
                    "split: expected three shares, of training, validation and test, found {}",
                    shares.len()
                )));
            }
        };
        let contexts = contexts.unwrap_or_default();
        let contexts = contexts.iter().map(|context| text_of(context, "contexts"));
        let contexts = contexts.collect::<PyResult<Vec<(String, String)>>>()?;
        let library = library(&contexts)?;
        let spec = read_spec(spec, settings)?;
        let data = Dataset::new(spec, &library, SeedStreams::new(seed), name).map_err(refused)?;
        let stored = serde_json::to_string(data.spec());
        let stored = stored.map_err(|error| PyValueError::new_err(error.to_string()))?;
        let settings = Settings {
            spec: stored,
            seed,
            name: name.to_owned(),
            part,
            split,
            by: by.to_owned(),
            size,
            contexts: contexts.into_iter().map(|(text, _)| text).collect(),
        };
        let source = py.detach(|| source(data, &settings))?;
        Ok(Self {
            source: Arc::new(source),
            settings,
        })
    }

    /// How many problems there are; none if they never run out.
    #[getter]
    fn size(&self) -> Option<u64> {
        self.settings.size
    }

    /// Random seed.
    #[getter]
    fn seed(&self) -> u64 {
        self.settings.seed
    }

    /// The name, which makes data sets of one seed independent.
    #[getter]
    fn name(&self) -> &str {
        &self.settings.name
    }

    /// The part of the split: `train`, `validation` or `test`.
    #[getter]
    fn part(&self) -> Option<&str> {
        self.settings.part.as_deref()
    }

    /// The spec with every setting filled in, as a dict.
    #[getter]
    fn spec<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        py.import("json")?
            .call_method1("loads", (&self.settings.spec,))
    }

    fn __len__(&self) -> PyResult<usize> {
        let size = self.settings.size.ok_or_else(|| {
            PyTypeError::new_err("this Dataset is endless and has no len(); give it a `size`")
        })?;
        Ok(size as usize)
    }

    fn __bool__(&self) -> bool {
        self.settings.size != Some(0)
    }

    fn __getitem__<'py>(
        &self,
        py: Python<'py>,
        index: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if let Ok(slice) = index.cast::<PySlice>() {
            return Ok(self.slice(py, slice)?.into_any());
        }
        let number = match index.call_method0(intern!(py, "__index__")) {
            Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
                return Err(PyTypeError::new_err(format!(
                    "index: expected an int or a slice, found {}",
                    kind(index)
                )));
            }
            number => number?,
        };
        let index = number
            .extract()
            .map_err(|_| PyIndexError::new_err(format!("index {number} is outside of 64 bits")))?;
        let position = self.position(index)?;
        let problem = problem(&self.source, position).map_err(PyValueError::new_err)?;
        Ok(dict_of(py, &problem)?.into_any())
    }

    fn __iter__(&self) -> DatasetIterator {
        DatasetIterator {
            source: self.source.clone(),
            next: AtomicU64::new(0),
            end: self.settings.size.unwrap_or(u64::MAX),
        }
    }

    fn __repr__(&self) -> String {
        let Settings { seed, name, .. } = &self.settings;
        let spec = self.source.dataset().spec();
        let parts = spec.mixture.len();
        let size = self
            .settings
            .size
            .map_or("endless".to_owned(), |size| size.to_string());
        format!("Dataset({size}, seed={seed}, name={name:?}, {parts} in the mixture)")
    }

    fn __getnewargs_ex__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<((Bound<'py, PyAny>,), Bound<'py, PyDict>)> {
        let Settings {
            seed,
            name,
            part,
            split,
            by,
            size,
            contexts,
            ..
        } = &self.settings;
        let kwargs = PyDict::new(py);
        kwargs.set_item("seed", seed)?;
        kwargs.set_item("name", name)?;
        kwargs.set_item("part", part)?;
        kwargs.set_item("split", split)?;
        kwargs.set_item("by", by)?;
        kwargs.set_item("size", size)?;
        kwargs.set_item("contexts", contexts)?;
        Ok(((self.spec(py)?,), kwargs))
    }
}

impl PyDataset {
    /// The position of an index, which may count from the end.
    fn position(&self, index: i64) -> PyResult<u64> {
        let position = match (self.settings.size, index) {
            (_, 0..) => Some(index as u64),
            (Some(size), _) => size.checked_sub(index.unsigned_abs()),
            (None, _) => None,
        };
        position
            .filter(|position| self.settings.size.is_none_or(|size| *position < size))
            .ok_or_else(|| {
                let size = self.settings.size;
                let size = size.map_or("endless".to_owned(), |size| format!("of {size} problems"));
                PyIndexError::new_err(format!("index {index} is outside a Dataset that is {size}"))
            })
    }

    /// The problems of a slice, drawn on all cores.
    fn slice<'py>(
        &self,
        py: Python<'py>,
        slice: &Bound<'py, PySlice>,
    ) -> PyResult<Bound<'py, PyList>> {
        // Python's own rules. An endless data set has no end to count from.
        let length = match self.settings.size {
            Some(size) => size as isize,
            None => {
                let bound = |name| -> PyResult<Option<i64>> { slice.getattr(name)?.extract() };
                let (start, stop, step) = (bound("start")?, bound("stop")?, bound("step")?);
                let counted = start.is_none_or(|start| start >= 0)
                    && stop.is_some_and(|stop| stop >= 0)
                    && step.is_none_or(|step| step > 0);
                if !counted {
                    return Err(PyValueError::new_err(
                        "a slice of an endless Dataset needs a stop, and no negative number; or give it a `size`",
                    ));
                }
                isize::MAX
            }
        };
        let indices = slice.indices(length)?;
        let index = |number: usize| (indices.start + number as isize * indices.step) as u64;
        let threads = number_of(None)?;
        let list = PyList::empty(py);
        // In pieces, so that Ctrl-C is heard, and a slice that is too large ends in Python's own MemoryError.
        for start in (0..indices.slicelength).step_by(PIECE) {
            py.check_signals()?;
            let count = PIECE.min(indices.slicelength - start);
            let problems: Vec<Result<Texts, String>> = py.detach(|| {
                map(count, threads, |number| {
                    problem(&self.source, index(start + number))
                })
            });
            for problem in problems {
                list.append(dict_of(py, &problem.map_err(PyValueError::new_err)?)?)?;
            }
        }
        Ok(list)
    }
}

/// The problems of a `Dataset`, one after the other.
#[pyclass(frozen, module = "interplay._native")]
pub(crate) struct DatasetIterator {
    source: Arc<DagEnvironment>,
    next: AtomicU64,
    end: u64,
}

#[pymethods]
impl DatasetIterator {
    fn __iter__(this: PyRef<'_, Self>) -> PyRef<'_, Self> {
        this
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        let next = self.next.fetch_add(1, Ordering::Relaxed);
        if next >= self.end {
            self.next.store(self.end, Ordering::Relaxed);
            return Ok(None);
        }
        let problem = problem(&self.source, next).map_err(PyValueError::new_err)?;
        dict_of(py, &problem).map(Some)
    }
}

/// The texts and labels of a problem.
struct Texts {
    sample: Sample,
    prompt: String,
    answer: i64,
    dialect: &'static str,
}

impl Texts {
    fn of(problem: &Problem) -> Self {
        Self {
            sample: problem.to_sample(),
            prompt: framing::prompt_text(problem),
            answer: problem.answer(),
            dialect: problem.dialect().name(),
        }
    }
}

/// A problem as Python sees it.
fn dict_of<'py>(py: Python<'py>, texts: &Texts) -> PyResult<Bound<'py, PyDict>> {
    let (sample, dict) = (&texts.sample, PyDict::new(py));
    dict.set_item(intern!(py, "prompt"), &texts.prompt)?;
    dict.set_item(intern!(py, "problem"), &sample.problem)?;
    dict.set_item(intern!(py, "question"), &sample.question)?;
    dict.set_item(intern!(py, "solution"), &sample.solution)?;
    dict.set_item(intern!(py, "answer"), texts.answer)?;
    dict.set_item(intern!(py, "op"), sample.op)?;
    dict.set_item(intern!(py, "id"), sample.id)?;
    dict.set_item(intern!(py, "template"), &sample.template)?;
    dict.set_item(intern!(py, "dialect"), texts.dialect)?;
    dict.set_item(intern!(py, "mode"), &sample.mode)?;
    dict.set_item(intern!(py, "length"), &sample.length)?;
    dict.set_item(intern!(py, "d"), sample.d)?;
    Ok(dict)
}

/// Restricts a data set to the part that its settings name.
fn source(data: Dataset, settings: &Settings) -> PyResult<DagEnvironment> {
    let by = Likeness::from_str(&settings.by);
    let by = by.map_err(|error| PyValueError::new_err(format!("by: {error}")))?;
    let Some(part) = &settings.part else {
        return match settings.split {
            None => Ok(DagEnvironment::new(data)),
            Some(_) => Err(PyValueError::new_err(
                "split: expected a `part` with it, \"train\", \"validation\" or \"test\"",
            )),
        };
    };
    let part =
        Part::from_str(part).map_err(|error| PyValueError::new_err(format!("part: {error}")))?;
    let (train, validation, test) = settings.split.unwrap_or((0.8, 0.1, 0.1));
    let split = Split::new(train, validation, test).and_then(|split| split.by(by));
    let split = split.map_err(refused)?;
    let data = data.restrict(split, part).map_err(refused)?;
    Ok(DagEnvironment::of_part(data))
}

fn refused(error: TaskError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The contexts that come with the crates, and a caller's own.
fn library(contexts: &[(String, String)]) -> PyResult<ContextLibrary> {
    let mut library = ContextLibrary::embedded();
    for (text, origin) in contexts {
        let context = Context::from_toml(text, origin).map_err(refused)?;
        library = library.with(context).map_err(refused)?;
    }
    Ok(library)
}

/// A text, or that of a file, with the name of its origin.
fn text_of(value: &Bound<'_, PyAny>, name: &str) -> PyResult<(String, String)> {
    if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str()?;
        let path = text.ends_with(".toml") && !text.contains('\n');
        if !path {
            return Ok((text.to_owned(), name.to_owned()));
        }
    }
    let Ok(path) = value.extract::<std::path::PathBuf>() else {
        return Err(PyTypeError::new_err(format!(
            "{name}: expected TOML as str, or a path of such a file, found {}",
            kind(value)
        )));
    };
    let read = value
        .py()
        .import("interplay._settings")?
        .getattr("read_text")?;
    let text = read.call1((name, value))?.extract()?;
    Ok((text, path.display().to_string()))
}

/// A spec from what a caller wrote: TOML, the path of a file, the name of a published mixture, a mapping, or keywords.
fn read_spec(
    spec: Option<&Bound<'_, PyAny>>,
    settings: Option<&Bound<'_, PyDict>>,
) -> PyResult<TaskSpec> {
    let mut table = Map::new();
    let mut entry = Map::new();
    for (key, value) in settings.into_iter().flatten() {
        let key: String = key.extract()?;
        let value = json::value(&key, &value)?;
        match ENTRY.contains(&key.as_str()) {
            true => entry.insert(key, value),
            false => table.insert(key, value),
        };
    }
    match spec {
        None => {}
        Some(spec) if spec.hasattr("keys")? => {
            let Value::Object(written) = json::value("spec", spec)? else {
                return Err(PyTypeError::new_err("spec: expected a dict"));
            };
            for (key, value) in written {
                if table.insert(key.clone(), value).is_some() {
                    return Err(twice(&key));
                }
            }
        }
        Some(spec) => {
            let (text, origin) = text_of(spec, "spec")?;
            if origin == "spec" && !text.contains('=') {
                if entry.insert("preset".to_owned(), text.into()).is_some() {
                    return Err(twice("preset"));
                }
            } else if let Some(key) = table.keys().chain(entry.keys()).next() {
                return Err(PyValueError::new_err(format!(
                    "{key}: expected this setting in the TOML, found it as a keyword"
                )));
            } else {
                return TaskSpec::from_toml(&text, &origin).map_err(refused);
            }
        }
    }
    if !entry.is_empty() {
        entry.entry("dialect").or_insert_with(|| "prose".into());
        if !entry.contains_key("preset") {
            entry.entry("context").or_insert_with(|| "zoo".into());
        }
        if table.insert("mixture".to_owned(), json!([entry])).is_some() {
            return Err(twice("mixture"));
        }
    }
    if !table.contains_key("mixture") {
        let found = match table.is_empty() {
            true => "nothing".to_owned(),
            false => table.keys().cloned().collect::<Vec<_>>().join(", "),
        };
        return Err(PyValueError::new_err(format!(
            "expected problems to draw, such as op=\"2-10\", the name of a published mixture, or a spec with a \
             `mixture`; found {found}"
        )));
    }
    serde_json::from_value(Value::Object(table))
        .map_err(|error| PyValueError::new_err(format!("spec: {error}")))
}

fn twice(key: &str) -> PyErr {
    PyValueError::new_err(format!(
        "{key}: expected in the spec or as a keyword, found in both"
    ))
}

/// The names of the published mixtures.
#[pyfunction]
pub(crate) fn presets() -> Vec<String> {
    Preset::all()
        .map(|preset| preset.name().to_owned())
        .collect()
}

/// The ids of the contexts that come with the package.
#[pyfunction]
pub(crate) fn contexts() -> Vec<String> {
    let library = ContextLibrary::embedded();
    library
        .iter()
        .map(|context| context.id().to_owned())
        .collect()
}
