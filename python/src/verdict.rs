//! `interplay.Verdict`: what the verifier says about one completion.

use std::ops::Range;

use interplay_environment::{Blame, Score, StepScore};
use interplay_verify::{StepError, StepVerdict, Verdict};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::pairs::pairs;

/// The judgment on one completion. Positions are counted in characters.
#[pyclass(frozen, name = "Verdict", module = "interplay")]
pub(crate) struct PyVerdict {
    pub(crate) verdict: Verdict,
    completion: Py<PyString>,
}

/// One sentence of a completion.
#[pyclass(frozen, get_all, name = "Step", module = "interplay")]
pub(crate) struct PyStep {
    /// From the first character to the one after the last.
    span: (usize, usize),
    /// Whether it defines a quantity that the answer needs.
    needed: bool,
    /// Whether everything about it is right.
    correct: bool,
    /// The number of the needed quantity that it states.
    node: Option<u32>,
    /// The earlier steps that it reads; empty unless the caller asked for them.
    uses: Vec<u32>,
}

#[pymethods]
impl PyStep {
    /// From its fields, for pickling and for tests.
    #[new]
    fn new(
        span: (usize, usize),
        needed: bool,
        correct: bool,
        node: Option<u32>,
        uses: Vec<u32>,
    ) -> Self {
        Self {
            span,
            needed,
            correct,
            node,
            uses,
        }
    }

    fn __getnewargs__(&self) -> ((usize, usize), bool, bool, Option<u32>, Vec<u32>) {
        (
            self.span,
            self.needed,
            self.correct,
            self.node,
            self.uses.clone(),
        )
    }

    fn __repr__(&self) -> String {
        let (start, end) = self.span;
        let correct = if self.correct { "True" } else { "False" };
        format!("Step(span=({start}, {end}), correct={correct})")
    }
}

/// The first mistake of a completion.
#[pyclass(frozen, get_all, name = "StepError", module = "interplay")]
pub(crate) struct PyStepError {
    /// The sentence that it is in, counted from zero.
    step: usize,
    /// From the first character to the one after the last.
    span: (usize, usize),
    /// The kind of mistake, in snake case.
    reason: String,
    /// The kind of mistake, in words.
    message: String,
    /// What was expected.
    expected: String,
    /// What was found.
    found: String,
}

#[pymethods]
impl PyStepError {
    /// From its fields, for pickling and for tests.
    #[new]
    fn new(
        step: usize,
        span: (usize, usize),
        reason: String,
        message: String,
        expected: String,
        found: String,
    ) -> Self {
        Self {
            step,
            span,
            reason,
            message,
            expected,
            found,
        }
    }

    fn __getnewargs__(&self) -> (usize, (usize, usize), String, String, String, String) {
        (
            self.step,
            self.span,
            self.reason.clone(),
            self.message.clone(),
            self.expected.clone(),
            self.found.clone(),
        )
    }

    fn __repr__(&self) -> String {
        let Self {
            step,
            reason,
            expected,
            found,
            ..
        } = self;
        format!("StepError(step={step}, reason={reason:?}, expected={expected:?}, found={found:?})")
    }
}

impl PyVerdict {
    pub(crate) fn new(verdict: Verdict, completion: &Bound<'_, PyString>) -> Self {
        Self {
            verdict,
            completion: completion.clone().unbind(),
        }
    }

    fn step(text: &str, step: &StepVerdict) -> PyStep {
        PyStep {
            span: characters(text, &step.span),
            needed: step.needed,
            correct: step.correct,
            node: step.node,
            uses: step.uses.clone(),
        }
    }

    /// The tokens of each step.
    fn tokens_of_steps(&self, text: &str, offsets: &[Range<usize>]) -> Vec<Range<usize>> {
        let steps = self.verdict.steps.iter().map(|step| {
            let (start, end) = characters(text, &step.span);
            StepScore::new(start..end, step.correct)
        });
        let mut score = Score::default();
        score.steps = steps.collect();
        score.step_tokens(offsets)
    }
}

#[pymethods]
impl PyVerdict {
    /// Whether the whole solution is right at the verifier's level.
    #[getter]
    fn accepted(&self) -> bool {
        self.verdict.accepted
    }

    /// Whether the stated answer is right, regardless of the steps.
    #[getter]
    fn answer_correct(&self) -> bool {
        self.verdict.answer_correct
    }

    /// The share of needed quantities whose step is right, from 0 to 1.
    #[getter]
    fn process_accuracy(&self) -> f64 {
        self.verdict.process_accuracy
    }

    /// How many quantities the answer needs.
    #[getter]
    fn needed(&self) -> u32 {
        self.verdict.needed
    }

    /// Needed quantities without a step.
    #[getter]
    fn missing(&self) -> u32 {
        self.verdict.missing
    }

    /// Steps about quantities that are not needed or do not exist.
    #[getter]
    fn extra(&self) -> u32 {
        self.verdict.extra
    }

    /// Steps that read other quantities than the definition does.
    #[getter]
    fn wrong_parents(&self) -> u32 {
        self.verdict.wrong_parents
    }

    /// Steps with a wrong value.
    #[getter]
    fn wrong_values(&self) -> u32 {
        self.verdict.wrong_values
    }

    /// Chains in which an equality does not hold or numbers do not mirror symbols.
    #[getter]
    fn wrong_equalities(&self) -> u32 {
        self.verdict.wrong_equalities
    }

    /// The completion that was judged.
    #[getter]
    fn completion(&self, py: Python<'_>) -> Py<PyString> {
        self.completion.clone_ref(py)
    }

    /// The first mistake; none if the solution is accepted.
    #[getter]
    fn first_error(&self, py: Python<'_>) -> PyResult<Option<PyStepError>> {
        let Some(error) = &self.verdict.first_error else {
            return Ok(None);
        };
        let StepError {
            step,
            span,
            reason,
            expected,
            found,
        } = error;
        Ok(Some(PyStepError {
            step: *step,
            span: characters(self.completion.to_str(py)?, span),
            reason: reason.name().to_owned(),
            message: reason.to_string(),
            expected: expected.clone(),
            found: found.clone(),
        }))
    }

    /// The sentences in the order of the text, without the answer.
    #[getter]
    fn steps(&self, py: Python<'_>) -> PyResult<Vec<PyStep>> {
        let text = self.completion.to_str(py)?;
        let steps = self.verdict.steps.iter();
        Ok(steps.map(|step| Self::step(text, step)).collect())
    }

    /// The first mistake, underlined in the completion.
    fn explain(&self, py: Python<'_>) -> PyResult<String> {
        Ok(self.verdict.explain(self.completion.to_str(py)?))
    }

    /// The tokens of each step, as pairs of first and one after the last.
    fn step_tokens(
        &self,
        py: Python<'_>,
        offsets: &Bound<'_, PyAny>,
    ) -> PyResult<Vec<(usize, usize)>> {
        let offsets = ranges(offsets)?;
        let tokens = self.tokens_of_steps(self.completion.to_str(py)?, &offsets);
        Ok(tokens
            .into_iter()
            .map(|Range { start, end }| (start, end))
            .collect())
    }

    /// The tokens that the failure is charged to; none if the solution is accepted.
    fn blamed_tokens(
        &self,
        py: Python<'_>,
        offsets: &Bound<'_, PyAny>,
    ) -> PyResult<Option<(usize, usize)>> {
        let offsets = ranges(offsets)?;
        let text = self.completion.to_str(py)?;
        let Some(Blame { start, end }) = self.verdict.blame() else {
            return Ok(None);
        };
        let blame = Blame {
            start: character(text, start),
            end: end.map(|end| character(text, end)),
        };
        let Range { start, end } = blame.tokens(&offsets);
        Ok(Some((start, end)))
    }

    /// A number for each token: what the step is worth that the token belongs to.
    #[pyo3(signature = (offsets, *, correct = 1.0, wrong = 0.0, outside = 0.0, at = "end"))]
    fn token_credit(
        &self,
        py: Python<'_>,
        offsets: &Bound<'_, PyAny>,
        correct: f64,
        wrong: f64,
        outside: f64,
        at: &str,
    ) -> PyResult<Vec<f64>> {
        let last_alone = match at {
            "end" => true,
            "all" => false,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "at: expected \"end\" (the last token of a step) or \"all\" (each of its tokens), found {at:?}"
                )));
            }
        };
        let offsets = ranges(offsets)?;
        let mut credit = vec![outside; offsets.len()];
        let tokens = self.tokens_of_steps(self.completion.to_str(py)?, &offsets);
        for (step, tokens) in self.verdict.steps.iter().zip(tokens) {
            let value = if step.correct { correct } else { wrong };
            let tokens = match last_alone {
                true => tokens.end.saturating_sub(1).max(tokens.start)..tokens.end,
                false => tokens,
            };
            credit[tokens].fill(value);
        }
        Ok(credit)
    }

    /// Everything as plain values, for JSON.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("accepted", self.accepted())?;
        dict.set_item("answer_correct", self.answer_correct())?;
        dict.set_item("process_accuracy", self.process_accuracy())?;
        dict.set_item("needed", self.needed())?;
        dict.set_item("missing", self.missing())?;
        dict.set_item("extra", self.extra())?;
        dict.set_item("wrong_parents", self.wrong_parents())?;
        dict.set_item("wrong_values", self.wrong_values())?;
        dict.set_item("wrong_equalities", self.wrong_equalities())?;
        let error = match self.first_error(py)? {
            None => None,
            Some(error) => {
                let told = PyDict::new(py);
                told.set_item("step", error.step)?;
                told.set_item("span", error.span)?;
                told.set_item("reason", error.reason)?;
                told.set_item("message", error.message)?;
                told.set_item("expected", error.expected)?;
                told.set_item("found", error.found)?;
                Some(told)
            }
        };
        dict.set_item("first_error", error)?;
        let mut steps = Vec::new();
        for step in self.steps(py)? {
            let told = PyDict::new(py);
            told.set_item("span", step.span)?;
            told.set_item("needed", step.needed)?;
            told.set_item("correct", step.correct)?;
            told.set_item("node", step.node)?;
            told.set_item("uses", step.uses)?;
            steps.push(told);
        }
        dict.set_item("steps", steps)?;
        Ok(dict)
    }

    /// Whether the whole solution is right.
    fn __bool__(&self) -> bool {
        self.verdict.accepted
    }

    fn __repr__(&self) -> String {
        match &self.verdict.first_error {
            Some(error) => {
                let StepError { step, reason, .. } = error;
                format!("<Verdict rejected at step {step}: {reason}>")
            }
            None if self.verdict.accepted => "<Verdict accepted>".to_owned(),
            None => "<Verdict rejected>".to_owned(),
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Pickled<'py>> {
        let read = py
            .import("interplay._native")?
            .getattr("_verdict_from_json")?;
        let json = serde_json::to_string(&self.verdict);
        let json = json.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok((read, (json, self.completion.clone_ref(py))))
    }
}

/// A function and its arguments.
type Pickled<'py> = (Bound<'py, PyAny>, (String, Py<PyString>));

/// Reads a pickled verdict.
#[pyfunction]
pub(crate) fn _verdict_from_json(
    json: &str,
    completion: &Bound<'_, PyString>,
) -> PyResult<PyVerdict> {
    let verdict = serde_json::from_str(json);
    let verdict = verdict.map_err(|error| PyValueError::new_err(error.to_string()))?;
    Ok(PyVerdict::new(verdict, completion))
}

/// A byte range of a text as a range of characters.
fn characters(text: &str, bytes: &Range<usize>) -> (usize, usize) {
    (character(text, bytes.start), character(text, bytes.end))
}

/// The number of characters before a byte.
fn character(text: &str, byte: usize) -> usize {
    let before = &text.as_bytes()[..byte.min(text.len())];
    match before.is_ascii() {
        true => before.len(),
        // Every character has one byte that does not continue another.
        false => before.iter().filter(|byte| (**byte & 0xC0) != 0x80).count(),
    }
}

/// The offsets of tokens as ranges, in order. A token without characters, such as one that ends the sequence, which
/// tokenizers place at (0, 0), comes right after the token before it.
///
/// # Errors
/// `ValueError` for offsets that go backwards.
fn ranges(offsets: &Bound<'_, PyAny>) -> PyResult<Vec<Range<usize>>> {
    let offsets: Vec<(usize, usize)> = pairs("offsets", "(start, end)", offsets)?;
    let mut at = 0;
    let mut ranges: Vec<Range<usize>> = Vec::with_capacity(offsets.len());
    for (index, (start, end)) in offsets.into_iter().enumerate() {
        let range = if start == end { at..at } else { start..end };
        let before = ranges.last().map_or(0, |before| before.start);
        if range.start < before || range.end < range.start || range.end < at {
            return Err(PyValueError::new_err(format!(
                "offsets: expected pairs (start, end) in characters, in the order of the text; found ({start}, {end}) \
                 at token {index} after a token that ends at {at}"
            )));
        }
        at = range.end;
        ranges.push(range);
    }
    Ok(ranges)
}
