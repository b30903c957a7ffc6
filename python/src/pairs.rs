//! Pairs of numbers from Python: tuples, lists, rows of arrays.

use pyo3::exceptions::{PyException, PyValueError};
use pyo3::prelude::*;

/// A list of pairs of numbers from 0 on.
///
/// # Errors
/// `ValueError` for an item that is no such pair, with its index.
pub(crate) fn pairs<T: TryFrom<u64>>(
    name: &str,
    expected: &str,
    value: &Bound<'_, PyAny>,
) -> PyResult<Vec<(T, T)>> {
    let mut found = Vec::new();
    for (index, item) in value.try_iter()?.enumerate() {
        let item = item?;
        let pair = pair(&item)?
            .and_then(|(one, other)| Some((T::try_from(one).ok()?, T::try_from(other).ok()?)));
        found.push(pair.ok_or_else(|| {
            let shown = item
                .repr()
                .map_or_else(|_| "another value".into(), |text| text.to_string());
            PyValueError::new_err(format!(
                "{name}[{index}]: expected {expected}, two numbers from 0 on, found {shown}"
            ))
        })?);
    }
    Ok(found)
}

/// Two numbers; none where the item is something else.
fn pair(item: &Bound<'_, PyAny>) -> PyResult<Option<(u64, u64)>> {
    if let Ok(pair) = item.extract() {
        return Ok(Some(pair));
    }
    let numbers = item.try_iter().and_then(|numbers| {
        let numbers = numbers.take(3).map(|number| number?.extract::<u64>());
        numbers.collect::<PyResult<Vec<u64>>>()
    });
    match numbers {
        Ok(numbers) => Ok(match numbers[..] {
            [one, other] => Some((one, other)),
            _ => None,
        }),
        Err(error) if error.is_instance_of::<PyException>(item.py()) => Ok(None),
        Err(error) => Err(error),
    }
}
