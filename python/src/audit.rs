//! `interplay.audit`: tries to fool a verifier that is written in Python.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use interplay_audit::{
    Audit, Audited, By, Label, Operator, Problems, Report, Subject, SubjectError, Witness,
};
use interplay_tasks::{ContextLibrary, Mode};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How often an audit looks for Ctrl-C.
const SIGNAL_POLL_INTERVAL: Duration = Duration::from_millis(100);

/// What an audit found.
#[pyclass(frozen, name = "AuditReport", module = "interplay")]
pub(crate) struct PyAuditReport {
    report: Report,
}

#[pymethods]
impl PyAuditReport {
    /// How many harmful candidates were accepted.
    #[getter]
    fn false_accepts(&self) -> u64 {
        self.report.false_accepts(0)
    }

    /// How many harmless candidates were rejected.
    #[getter]
    fn false_rejects(&self) -> u64 {
        self.report.false_rejects(0)
    }

    /// How many candidates were judged.
    #[getter]
    fn candidates(&self) -> u64 {
        let labels = [Label::Harmless, Label::Harmful].into_iter();
        labels.map(|label| self.report.total(label, 0).0).sum()
    }

    /// By operator: its label, how many candidates it made, how many were accepted.
    #[getter]
    fn operators<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut sums: std::collections::BTreeMap<&str, (Label, u64, u64)> = Default::default();
        for (cell, counts) in self.report.cells() {
            let sum = sums.entry(&cell.operator).or_insert((cell.label, 0, 0));
            sum.1 += counts.candidates;
            sum.2 += counts.accepted[0];
        }
        let dict = PyDict::new(py);
        for (operator, (label, candidates, accepted)) in sums {
            let row = PyDict::new(py);
            row.set_item("label", label.name())?;
            row.set_item("candidates", candidates)?;
            row.set_item("accepted", accepted)?;
            dict.set_item(operator, row)?;
        }
        Ok(dict)
    }

    /// Candidates that were judged wrongly, a few for each operator.
    #[getter]
    fn witnesses<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.report
            .witnesses()
            .map(|witness| witness_dict(py, witness))
            .collect()
    }

    /// The counts as a table, by `operator`, `operator_and_mode`, `dialect`, `context` or `op`.
    #[pyo3(signature = (by = "operator"))]
    fn table(&self, by: &str) -> PyResult<String> {
        let by = match by {
            "operator" => By::Operator,
            "operator_and_mode" => By::OperatorAndMode,
            "dialect" => By::Dialect,
            "context" => By::Context,
            "op" => By::Op,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "by: expected operator, operator_and_mode, dialect, context or op, found {by:?}"
                )));
            }
        };
        Ok(self.report.table(by))
    }

    fn __repr__(&self) -> String {
        format!(
            "AuditReport({} candidates, {} false accepts, {} false rejects)",
            self.candidates(),
            self.false_accepts(),
            self.false_rejects()
        )
    }
}

fn witness_dict<'py>(py: Python<'py>, witness: &Witness) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("operator", witness.cell.operator.as_ref())?;
    dict.set_item("label", witness.cell.label.name())?;
    dict.set_item("op", witness.cell.kind.op)?;
    dict.set_item("template", &witness.cell.kind.context)?;
    dict.set_item("dialect", witness.cell.kind.dialect)?;
    dict.set_item("mode", published(witness.cell.kind.mode))?;
    dict.set_item("problem", &witness.problem)?;
    dict.set_item("solution", &witness.solution)?;
    dict.set_item("candidate", &witness.candidate)?;
    Ok(dict)
}

/// Why an audit ended early.
enum Stopped {
    Subject(SubjectError),
    /// The judge raised, or the user pressed Ctrl-C.
    Python,
}

/// Judges right solutions and changed ones, of which is known whether they are still right.
#[pyfunction]
#[pyo3(signature = (
    judge, *, subjects = 1000, mutants_each = 1, seed = 0, contexts = None, ops = None, operators = None,
    witnesses = 3
))]
#[expect(clippy::too_many_arguments, reason = "keywords of a Python function")]
pub(crate) fn audit(
    py: Python<'_>,
    judge: Py<PyAny>,
    subjects: u64,
    mutants_each: u32,
    seed: u64,
    contexts: Option<Vec<String>>,
    ops: Option<Vec<u32>>,
    operators: Option<Vec<String>>,
    witnesses: usize,
) -> PyResult<PyAuditReport> {
    let refused = |error: SubjectError| PyValueError::new_err(error.to_string());
    let library = ContextLibrary::embedded();
    let contexts = contexts.unwrap_or_else(|| {
        let all = library.iter();
        all.map(|context| context.id().to_owned()).collect()
    });
    let contexts: Vec<&str> = contexts.iter().map(String::as_str).collect();
    let ops = ops.unwrap_or_else(|| (2..=8).collect());
    let problems = Problems::new(&library, &contexts, &ops, seed).map_err(refused)?;
    let mut audit = Audit::new(subjects, seed);
    audit.mutants_each = mutants_each;
    audit.witnesses = witnesses;
    if let Some(names) = operators {
        let known = names.iter().map(|name| {
            Operator::find(name).ok_or_else(|| {
                PyValueError::new_err(format!(
                    "operators: expected names that `interplay.operators()` lists, found {name:?}"
                ))
            })
        });
        audit.operators = known.collect::<PyResult<_>>()?;
    }
    if subjects == 0 {
        return Err(PyValueError::new_err(
            "subjects: expected at least 1, found 0; an audit of nothing would look like a pass",
        ));
    }
    let stop = AtomicBool::new(false);
    let (calls, mut called) = channel();
    let (answers, answered) = channel();
    let line = Mutex::new((calls, answered));
    let (audit, problems, stopped) = (&audit, &problems, &stop);
    // The audit works on a thread of its own and asks this one, which calls the judge: judges may want the main
    // thread, and Ctrl-C interrupts the judge itself.
    let (raised, ended) = std::thread::scope(|scope| {
        let run = scope.spawn(move || {
            let accepts = |subject: &Subject, candidate: &str| {
                let line = line.lock().unwrap_or_else(PoisonError::into_inner);
                let call = Call {
                    subject: subject.clone(),
                    candidate: candidate.to_owned(),
                };
                line.0.send(call).is_ok() && line.1.recv().unwrap_or(false)
            };
            let audited = [Audited {
                name: "judge",
                judge: &accepts,
                sound: true,
            }];
            let subject = |index| match stopped.load(Ordering::Relaxed) {
                true => Err(Stopped::Python),
                false => problems.subject(index).map_err(Stopped::Subject),
            };
            audit.run(&audited, &subject, &|_| {})
        });
        let mut raised = None;
        while raised.is_none() {
            let waiting = &mut called;
            let answer = match py.detach(move || waiting.recv_timeout(SIGNAL_POLL_INTERVAL)) {
                Ok(call) => asked(py, &judge, &call).map(Some),
                Err(RecvTimeoutError::Timeout) => py.check_signals().map(|()| None),
                Err(RecvTimeoutError::Disconnected) => break,
            };
            match answer {
                // The audit waits for it; if it is gone, so is the line.
                Ok(Some(accepted)) => drop(answers.send(accepted)),
                Ok(None) => {}
                Err(error) => raised = Some(error),
            }
        }
        stop.store(true, Ordering::Relaxed);
        // An audit that still waits for an answer gets none, and ends.
        drop((answers, called));
        (raised, py.detach(|| run.join()))
    });
    if let Some(error) = raised {
        return Err(error);
    }
    match ended {
        Ok(Ok(report)) => Ok(PyAuditReport { report }),
        Ok(Err(Stopped::Subject(error))) => Err(refused(error)),
        Ok(Err(Stopped::Python)) => Err(PyValueError::new_err("the audit was stopped")),
        // Pass a panic on to the caller.
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A candidate on its way to the judge.
struct Call {
    subject: Subject,
    candidate: String,
}

/// The judge's answer.
fn asked(py: Python<'_>, judge: &Py<PyAny>, call: &Call) -> PyResult<bool> {
    let problem = problem_dict(py, &call.subject)?;
    judge
        .bind(py)
        .call1((problem, &call.candidate))?
        .is_truthy()
}

/// The name of a mode in published files, and in the problems of a `Dataset`.
fn published(mode: &str) -> &str {
    mode.parse::<Mode>().map_or(mode, |mode| mode.published())
}

/// What a judge is told about a problem.
fn problem_dict<'py>(py: Python<'py>, subject: &Subject) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    let kind = subject.kind();
    dict.set_item("problem", subject.problem())?;
    dict.set_item("question", subject.question())?;
    dict.set_item("solution", subject.solution())?;
    dict.set_item("answer", subject.gold().answer())?;
    dict.set_item("op", kind.op)?;
    dict.set_item("template", &kind.context)?;
    dict.set_item("dialect", kind.dialect)?;
    dict.set_item("mode", published(kind.mode))?;
    dict.set_item("d", kind.d)?;
    Ok(dict)
}

/// The operators that an audit draws from: name, label, description.
#[pyfunction]
pub(crate) fn operators() -> Vec<(&'static str, &'static str, &'static str)> {
    Operator::all()
        .map(|operator| {
            (
                operator.name(),
                operator.label().name(),
                operator.description(),
            )
        })
        .collect()
}
