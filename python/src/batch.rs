//! Many completions at once, without the interpreter, on several threads.
//!
//! Threads are started for a batch and joined at its end, not kept in a pool: Python programs fork (data loaders,
//! `datasets.map(num_proc=...)`), and a pool does not survive a fork.

use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::thread::{Builder, ScopedJoinHandle};

use interplay_verify::Gold;
use pyo3::exceptions::{PyException, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString};
use rustc_hash::FxHashMap;

use crate::gold::{Source, Truth, kind};

/// Minimum items per thread.
const MIN_ITEMS_PER_THREAD: usize = 64;
/// Maximum threads per core.
const MAX_THREADS_PER_CORE: usize = 4;
/// Maximum failures named in a message.
const MAX_NAMED_FAILURES: usize = 5;
/// How many items are read between two looks for Ctrl-C.
const SIGNAL_INTERVAL: usize = 4096;

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
        let completions = items(completions, "completions", usize::MAX)?;
        // An endless source of problems is not read to its end.
        let problems = items(problems, "problems", completions.len() + 1)?;
        if problems.len() != completions.len() {
            let found = match problems.len() > completions.len() {
                true => format!("more than {}", completions.len()),
                false => problems.len().to_string(),
            };
            return Err(PyValueError::new_err(format!(
                "expected a problem for each completion, found {found} problems and {} completions",
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
                    truths.push(caught(Truth::of(problem), problem.py())?);
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
                Ok(truth) => caught(truth.source(), py)?,
                Err(message) => Err(message.clone()),
            });
        }
        let mut texts: Vec<Result<&str, String>> = Vec::with_capacity(self.completions.len());
        for completion in &self.completions {
            texts.push(match completion {
                Ok(completion) => caught(completion.to_str(), py)?,
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
                if named.len() < MAX_NAMED_FAILURES {
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

/// The items of a sequence or another iterable, the first `most` of them.
fn items<'py>(
    value: &Bound<'py, PyAny>,
    name: &str,
    most: usize,
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    let expected = || {
        PyTypeError::new_err(format!(
            "{name}: expected a sequence, one item for each completion, found {}",
            kind(value)
        ))
    };
    // The characters of a text, or the keys of one mapping, are never meant.
    if value.is_instance_of::<PyString>() || value.hasattr(intern!(value.py(), "keys"))? {
        return Err(expected());
    }
    let iterator = match value.try_iter() {
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => return Err(expected()),
        iterator => iterator?,
    };
    let mut items = Vec::new();
    for item in iterator.take(most) {
        items.push(item?);
        if items.len() % SIGNAL_INTERVAL == 0 {
            value.py().check_signals()?;
        }
    }
    Ok(items)
}

/// A result, or why there is none, in one line.
///
/// # Errors
/// What is no failure of an item: Ctrl-C, and whatever else is no `Exception`.
fn caught<T>(result: PyResult<T>, py: Python<'_>) -> PyResult<Result<T, String>> {
    let error = match result {
        Ok(found) => return Ok(Ok(found)),
        Err(error) if !error.is_instance_of::<PyException>(py) => return Err(error),
        Err(error) => error,
    };
    let message = error.value(py).to_string();
    let ours = error.is_instance_of::<PyTypeError>(py) || error.is_instance_of::<PyValueError>(py);
    Ok(Err(match ours && !message.is_empty() {
        true => message,
        false => format!("{}: {message}", error.get_type(py).name()?),
    }))
}

/// How many threads to use: as the caller says, else as many as there are cores.
///
/// # Errors
/// `ValueError` for none.
pub(crate) fn number_of(threads: Option<usize>) -> PyResult<usize> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    match threads {
        Some(0) => Err(PyValueError::new_err(
            "threads: expected at least 1, or None for all cores, found 0",
        )),
        Some(threads) => Ok(threads.min(cores * MAX_THREADS_PER_CORE)),
        None => Ok(cores),
    }
}

/// Maps the numbers below `count` on several threads, in order.
pub(crate) fn map<T: Send>(
    count: usize,
    threads: usize,
    each: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let threads = threads.min(count / MIN_ITEMS_PER_THREAD).max(1);
    if threads == 1 {
        return (0..count).map(each).collect();
    }
    let size = count.div_ceil(threads);
    let mut all = Vec::with_capacity(count);
    std::thread::scope(|scope| {
        let each = &each;
        let parts = (0..count).step_by(size).map(|start| {
            let part = start..count.min(start + size);
            let work = part.clone();
            let spawned =
                Builder::new().spawn_scoped(scope, move || work.map(each).collect::<Vec<T>>());
            (part, spawned)
        });
        let parts: Vec<_> = parts.collect();
        for (part, spawned) in parts {
            match spawned.map(ScopedJoinHandle::join) {
                Ok(Ok(done)) => all.extend(done),
                // Pass a panic on to the caller.
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                // No thread to be had.
                Err(_) => all.extend(part.map(each)),
            }
        }
    });
    all
}
