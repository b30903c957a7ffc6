//! Many completions at once, without the interpreter, on several threads.
//!
//! Threads are started for a batch and joined at its end, not kept in a pool: Python programs fork (data loaders,
//! `datasets.map(num_proc=...)`), and a pool does not survive a fork.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use interplay_verify::Gold;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use rustc_hash::FxHashMap;

use crate::gold::{Source, Truth, kind};

/// So few items are not worth a thread.
const LEAST: usize = 64;
/// So many failures are named in a message.
const NAMED: usize = 5;

/// What a batch does with items that cannot be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnError {
    /// A `BatchError` at the end, with all other results.
    Raise,
    /// `None` in their place.
    Null,
}

impl OnError {
    /// Reads a caller's choice.
    pub(crate) fn of(name: &str) -> PyResult<Self> {
        match name {
            "raise" => Ok(Self::Raise),
            "none" => Ok(Self::Null),
            _ => Err(PyValueError::new_err(format!(
                "on_error: expected \"raise\" or \"none\", found {name:?}"
            ))),
        }
    }
}

/// Items with their golds, read from Python.
pub(crate) struct Batch<'py> {
    /// The completion of each item.
    completions: Vec<Result<Bound<'py, PyString>, String>>,
    /// The truth of each item, by its index in `truths`.
    truth_of: Vec<usize>,
    truths: Vec<Result<Truth<'py>, String>>,
}

impl<'py> Batch<'py> {
    /// Reads problems and completions.
    ///
    /// # Errors
    /// `TypeError` for what is no sequence, `ValueError` for two of different lengths.
    pub(crate) fn of(
        problems: &Bound<'py, PyAny>,
        completions: &Bound<'py, PyAny>,
    ) -> PyResult<Self> {
        let problems = items(problems, "problems")?;
        let completions = items(completions, "completions")?;
        if problems.len() != completions.len() {
            return Err(PyValueError::new_err(format!(
                "expected a problem for each completion, found {} problems and {} completions",
                problems.len(),
                completions.len()
            )));
        }
        // A group of rollouts names one problem many times.
        let mut seen: FxHashMap<usize, usize> = FxHashMap::default();
        let mut truths = Vec::new();
        let mut truth_of = Vec::with_capacity(problems.len());
        for problem in &problems {
            let index = match seen.entry(problem.as_ptr() as usize) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    truths.push(Truth::of(problem).map_err(|error| message(&error, problem.py())));
                    *new.insert(truths.len() - 1)
                }
            };
            truth_of.push(index);
        }
        let texts = completions.into_iter().map(|completion| {
            completion.cast_into::<PyString>().map_err(|error| {
                let found = kind(&error.into_inner());
                format!("expected the completion's text as str, found {found}")
            })
        });
        Ok(Self {
            completions: texts.collect(),
            truth_of,
            truths,
        })
    }

    /// The completion of an item, which was read.
    pub(crate) fn completion(&self, index: usize) -> &Bound<'py, PyString> {
        self.completions[index]
            .as_ref()
            .expect("a result has a completion")
    }

    /// Judges every item; the interpreter runs meanwhile. A failure is a message.
    pub(crate) fn judge<T: Send>(
        &self,
        py: Python<'py>,
        threads: Option<usize>,
        judge: impl Fn(&Gold, &str) -> Result<T, String> + Send + Sync,
    ) -> PyResult<Vec<Result<T, String>>> {
        let mut sources: Vec<Result<Source<'_>, String>> = Vec::with_capacity(self.truths.len());
        for truth in &self.truths {
            sources.push(match truth {
                Ok(truth) => truth.source().map_err(|error| message(&error, py)),
                Err(message) => Err(message.clone()),
            });
        }
        let mut texts: Vec<Result<&str, String>> = Vec::with_capacity(self.completions.len());
        for completion in &self.completions {
            texts.push(match completion {
                Ok(completion) => completion.to_str().map_err(|error| message(&error, py)),
                Err(message) => Err(message.clone()),
            });
        }
        let threads = number_of(threads)?;
        let (truth_of, sources, texts) = (&self.truth_of, &sources, &texts);
        Ok(py.detach(move || {
            // Equal texts in different objects are one problem too.
            let mut known: FxHashMap<[&str; 3], usize> = FxHashMap::default();
            let mut first = Vec::with_capacity(sources.len());
            for (index, source) in sources.iter().enumerate() {
                first.push(match source {
                    Ok(Source::Texts(texts)) => *known.entry(*texts).or_insert(index),
                    _ => index,
                });
            }
            let golds: Vec<Option<Result<Arc<Gold>, String>>> =
                map(sources.len(), threads, |index| {
                    (first[index] == index)
                        .then(|| sources[index].as_ref().map_err(String::clone)?.gold())
                });
            map(texts.len(), threads, |index| {
                let text = texts[index].as_ref().map_err(String::clone)?;
                let gold = golds[first[truth_of[index]]].as_ref();
                match gold.expect("the first of equal problems has a gold") {
                    Ok(gold) => judge(gold, text),
                    Err(message) => Err(message.clone()),
                }
            })
        }))
    }
}

/// The results as a list, `None` where there is none; failures as the caller wants them.
///
/// # Errors
/// `BatchError`, which has the list.
pub(crate) fn report<'py>(
    py: Python<'py>,
    results: Vec<Result<Bound<'py, PyAny>, String>>,
    on_error: OnError,
) -> PyResult<Bound<'py, PyList>> {
    let list = PyList::empty(py);
    let failures = PyDict::new(py);
    let mut named = Vec::new();
    for (index, result) in results.into_iter().enumerate() {
        match result {
            Ok(result) => list.append(result)?,
            Err(message) => {
                list.append(py.None())?;
                if named.len() < NAMED {
                    named.push(format!("item {index}: {message}"));
                }
                failures.set_item(index, message)?;
            }
        }
    }
    if failures.is_empty() || on_error == OnError::Null {
        return Ok(list);
    }
    let more = match failures.len() - named.len() {
        0 => String::new(),
        more => format!("; and {more} more"),
    };
    let message = format!(
        "{} of {} items could not be judged ({}{more}); the others are in `results`",
        failures.len(),
        list.len(),
        named.join("; ")
    );
    let errors = py.import(intern!(py, "interplay.errors"))?;
    let error = errors.getattr(intern!(py, "BatchError"))?;
    Err(PyErr::from_value(error.call1((message, list, failures))?))
}

/// The items of a sequence or another iterable.
fn items<'py>(value: &Bound<'py, PyAny>, name: &str) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let expected = || {
        PyTypeError::new_err(format!(
            "{name}: expected a sequence, one item for each completion, found {}",
            kind(value)
        ))
    };
    // The characters of a text, or the keys of one mapping, are never meant.
    if value.is_instance_of::<PyString>() || value.is_instance_of::<PyDict>() {
        return Err(expected());
    }
    value.try_iter().map_err(|_| expected())?.collect()
}

/// An exception in one line, without its type.
fn message(error: &PyErr, py: Python<'_>) -> String {
    error.value(py).to_string()
}

/// How many threads to use: as the caller says, else as many as there are cores.
///
/// # Errors
/// `ValueError` for none.
pub(crate) fn number_of(threads: Option<usize>) -> PyResult<usize> {
    match threads {
        Some(0) => Err(PyValueError::new_err(
            "threads: expected at least 1, or None for all cores, found 0",
        )),
        Some(threads) => Ok(threads),
        None => Ok(std::thread::available_parallelism().map_or(1, std::num::NonZero::get)),
    }
}

/// Maps the numbers below `count` on several threads, in order.
pub(crate) fn map<T: Send>(
    count: usize,
    threads: usize,
    each: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.min(count / LEAST).max(1);
    if threads == 1 {
        return (0..count).map(each).collect();
    }
    let size = count.div_ceil(threads);
    let mut all = Vec::with_capacity(count);
    std::thread::scope(|scope| {
        let each = &each;
        let parts = (0..count).step_by(size).map(|start| {
            let part = start..count.min(start + size);
            scope.spawn(move || part.map(each).collect::<Vec<T>>())
        });
        let parts: Vec<_> = parts.collect();
        for part in parts {
            match part.join() {
                Ok(part) => all.extend(part),
                // Pass a panic on to the caller.
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
    });
    all
}
