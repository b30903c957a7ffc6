//! Runs judges over mutants of many subjects, on several threads.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use interplay_graph::SeedStreams;

use crate::draw::Draw;
use crate::operator::{Label, Mutant, Operator};
use crate::report::{Cell, Report, Witness};
use crate::subject::{Judge, Subject};

/// The number of subjects that a thread takes at a time.
const BLOCK: u64 = 64;
/// The most operators that are tried until one applies.
const TRIES: usize = 64;

/// A judge with its name and what it promises.
#[derive(Clone, Copy)]
pub struct Audited<'j> {
    /// The name in tables.
    pub name: &'j str,
    /// The judge.
    pub judge: &'j dyn Judge,
    /// Whether it promises to reject everything harmful. Every judge is expected to accept
    /// everything harmless.
    pub sound: bool,
}

/// The settings of an audit.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Audit {
    /// The operators to draw from.
    pub operators: Vec<&'static Operator>,
    /// The number of subjects; the right solution of each is judged as well.
    pub subjects: u64,
    /// The number of mutants per subject.
    pub mutants_each: u32,
    /// Random seed.
    pub seed: u64,
    /// The number of threads. The report does not depend on it.
    pub threads: usize,
    /// The number of witnesses kept for each judge and operator.
    pub witnesses: usize,
}

impl Audit {
    /// An audit with every operator and one mutant per subject, on one thread.
    #[must_use]
    pub fn new(subjects: u64, seed: u64) -> Self {
        Self {
            operators: Operator::all().collect(),
            subjects,
            mutants_each: 1,
            seed,
            threads: 1,
            witnesses: 3,
        }
    }

    /// Judges the right solutions and the mutants of the subjects `0..self.subjects`. Calls `tick`
    /// now and then with the number of subjects done since the last call.
    ///
    /// # Errors
    /// The first error of `subject`.
    pub fn run<E: Send>(
        &self,
        judged: &[Audited<'_>],
        subject: &(dyn Fn(u64) -> Result<Subject, E> + Sync),
        tick: &(dyn Fn(u64) + Sync),
    ) -> Result<Report, E> {
        let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
        let work = || {
            let mut part = Part::new(self, judged);
            while !failed.load(Ordering::Relaxed) {
                let start = next.fetch_add(BLOCK, Ordering::Relaxed);
                let end = self.subjects.min(start.saturating_add(BLOCK));
                if start >= end {
                    break;
                }
                for index in start..end {
                    let subject = subject(index).inspect_err(|_| {
                        failed.store(true, Ordering::Relaxed);
                    })?;
                    part.subject(index, &subject);
                }
                tick(end - start);
            }
            Ok(part.report)
        };
        let names = judged.iter().map(|audited| audited.name);
        let mut report = Report::new(names, self.witnesses);
        let parts = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads.max(1))
                .map(|_| scope.spawn(work))
                .collect();
            let joined = threads.into_iter().map(|thread| match thread.join() {
                Ok(part) => part,
                // Pass a judge's panic on to the caller.
                Err(panic) => std::panic::resume_unwind(panic),
            });
            joined.collect::<Vec<_>>()
        });
        for part in parts {
            report.merge(part?);
        }
        Ok(report)
    }
}

/// The work of one thread.
struct Part<'a> {
    audit: &'a Audit,
    judged: &'a [Audited<'a>],
    stream: interplay_graph::SeedStream,
    report: Report,
}

impl<'a> Part<'a> {
    fn new(audit: &'a Audit, judged: &'a [Audited<'a>]) -> Self {
        let names = judged.iter().map(|audited| audited.name);
        Self {
            audit,
            judged,
            stream: SeedStreams::new(audit.seed).stream("audit/mutants"),
            report: Report::new(names, audit.witnesses),
        }
    }

    fn subject(&mut self, index: u64, subject: &Subject) {
        let gold = Mutant {
            operator: "gold",
            label: Label::Harmless,
            text: subject.solution().to_owned(),
        };
        self.judge(index, subject, &gold);
        let mut draw = Draw::new(self.stream.rng(index));
        for _ in 0..self.audit.mutants_each {
            let mut tries = 0..TRIES;
            let mutant = tries.find_map(|_| {
                let operator = draw.pick(&self.audit.operators)?;
                match draw.below(2) {
                    0 => operator.mutate(subject, &mut draw),
                    _ => operator.mutate_varied(subject, &mut draw),
                }
            });
            match mutant {
                Some(mutant) => self.judge(index, subject, &mutant),
                None => self.report.without += 1,
            }
        }
    }

    fn judge(&mut self, index: u64, subject: &Subject, mutant: &Mutant) {
        let accepts = |audited: &Audited<'_>| audited.judge.accepts(subject, &mutant.text);
        let accepted: Vec<bool> = self.judged.iter().map(accepts).collect();
        let cell = Cell {
            operator: mutant.operator.into(),
            label: mutant.label,
            kind: subject.kind().clone(),
        };
        for (judge, (audited, accepted)) in self.judged.iter().zip(&accepted).enumerate() {
            let wrong = match mutant.label {
                Label::Harmless => !accepted,
                Label::Harmful => *accepted && audited.sound,
            };
            if wrong {
                self.report.witness(Witness {
                    judge,
                    index,
                    cell: cell.clone(),
                    problem: subject.problem().to_owned(),
                    solution: subject.solution().to_owned(),
                    candidate: mutant.text.clone(),
                });
            }
        }
        self.report.record(cell, &accepted);
    }
}
