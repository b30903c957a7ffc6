//! `interplay audit`: which wrong solutions the verifier accepts and which right ones it rejects.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::available_parallelism;
use std::time::Instant;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use interplay::audit::{
    Audit, Audited, By, Cell, Judge, Kind, Label, Problems, Report, Subject, UnknownLabel,
};
use interplay::tasks::{ContextLibrary, Counts};
use interplay::verify::{Gold, Level, Verifier};
use interplay_files::{RecordReader, RecordWriter};
use serde::Deserialize;

/// The inputs, the extent and the outputs of an audit.
#[derive(Args)]
pub(super) struct Flags {
    /// Number of mutants to judge, and of right solutions.
    #[arg(long, default_value_t = 100_000, value_name = "COUNT")]
    n: u64,
    /// Difficulties; each is drawn in every context, dialect and mode.
    #[arg(long, default_value = "2-20", value_name = "OPS")]
    op: Counts,
    /// Random seed.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of threads [default: all cores].
    #[arg(long)]
    threads: Option<usize>,
    /// Right solutions to change instead of generated ones (JSONL in the published sample fields,
    /// also .gz, or Parquet).
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Labeled candidates to judge instead of mutants and to compare with their recorded verdicts
    /// (JSONL, also .gz, or Parquet, with `solution`, `candidate`, `mutation`, `label`, `mode` and
    /// `reference_perfect`).
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "n", "op", "seed", "threads"])]
    pairs: Option<PathBuf>,
    /// Markdown file in which to replace the part between `<!-- audit:generated -->` and
    /// `<!-- /audit:generated -->` (`audit:pairs` with --pairs) by the tables.
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
    /// File for the counts of every kind of problem (JSONL; compressed if .gz).
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Prints the tables, then examples of broken promises.
pub(super) fn audit(flags: &Flags) -> Result<()> {
    let report = match &flags.pairs {
        Some(path) => judged_pairs(path)?,
        None => mutants(flags)?,
    };
    if let Some(path) = &flags.output {
        let mut output = RecordWriter::create(path)?;
        for row in report.rows() {
            output.record(&row)?;
        }
        output.finish()?;
    }
    if let Some(path) = &flags.update {
        update(path, flags, &report)?;
    }
    super::output::print(&shown(&report))?;
    let wrong = report.false_accepts(0) + report.false_rejects(0) + report.false_rejects(1);
    if wrong > 0 {
        bail!("{wrong} verdicts contradict the labels that the candidates have by construction");
    }
    Ok(())
}

/// The verdict of each level on generated or given solutions and mutants of them.
fn mutants(flags: &Flags) -> Result<Report> {
    let mut audit = Audit::new(flags.n, flags.seed);
    let machine = available_parallelism().map_or(1, usize::from);
    audit.threads = flags.threads.unwrap_or(machine);
    let (strict, paper) = (Verifier::new(Level::Strict), Verifier::new(Level::Paper));
    let judged = levels(&strict, &paper);
    let (done, start) = (AtomicU64::new(0), Instant::now());
    let every = (flags.n / 20).max(1);
    let tick = |more| {
        let before = done.fetch_add(more, Ordering::Relaxed);
        if before / every != (before + more) / every {
            eprintln!("audit: {} of {} problems", before + more, flags.n);
        }
    };
    let report = match &flags.input {
        Some(path) => {
            let subjects = given(path)?;
            let count = subjects.len() as u64;
            let subject = |index| Ok(subjects[(index % count) as usize].clone());
            audit.run::<anyhow::Error>(&judged, &subject, &tick)?
        }
        None => {
            let library = ContextLibrary::embedded();
            let contexts: Vec<&str> = library.iter().map(|context| context.id()).collect();
            let ops: Vec<u32> = flags.op.iter().collect();
            let problems = Problems::new(&library, &contexts, &ops, flags.seed)?;
            audit.run(&judged, &|index| problems.subject(index), &tick)?
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let candidates: u64 = report.cells().map(|(_, counts)| counts.candidates).sum();
    eprintln!(
        "audit: {candidates} candidates at two levels in {seconds:.1} s on {} threads, including \
         drawing and changing them: {:.0} verdicts/s; {} mutants not made, since no operator applied",
        audit.threads,
        2.0 * candidates as f64 / seconds,
        report.without_operator()
    );
    Ok(report)
}

fn levels<'j>(strict: &'j dyn Judge, paper: &'j dyn Judge) -> [Audited<'j>; 2] {
    let strict = Audited {
        name: "strict",
        judge: strict,
        sound: true,
    };
    // The paper level promises nothing about what it does not check.
    let paper = Audited {
        name: "paper",
        judge: paper,
        sound: false,
    };
    [strict, paper]
}

/// A published sample; other fields are ignored.
#[derive(Deserialize)]
struct Sample {
    #[serde(default)]
    problem: String,
    #[serde(default)]
    question: String,
    solution: String,
    #[serde(default)]
    op: u32,
    #[serde(default)]
    d: u32,
    #[serde(default)]
    template: String,
    #[serde(default)]
    mode: String,
}

fn kind(sample: &Sample) -> Kind {
    Kind {
        op: sample.op,
        d: sample.d,
        context: sample.template.clone(),
        dialect: match sample.solution.contains("Define ") {
            true => "prose",
            false => "terse",
        },
        mode: match &*sample.mode {
            "forwardreverse" => "reverse",
            _ => "forward",
        },
    }
}

fn given(path: &Path) -> Result<Vec<Subject>> {
    let mut lines = RecordReader::open(path)?.report_all();
    let mut subjects = Vec::new();
    let expected = "one JSON object per line with the text `solution`";
    while let Some((_, sample)) = lines.next::<Sample>(expected)? {
        let Sample {
            problem,
            question,
            solution,
            ..
        } = &sample;
        let subject = Subject::from_texts(problem, question, solution, kind(&sample));
        match subject {
            Ok(subject) => subjects.push(subject),
            Err(error) => lines.reject(lines.error(&format!("`solution`: {error}")))?,
        }
    }
    lines.finish()?;
    match subjects.is_empty() {
        true => Err(anyhow!(
            "{} has no record; expected {expected}",
            path.display()
        )),
        false => Ok(subjects),
    }
}

/// A labeled candidate.
#[derive(Deserialize)]
struct Pair {
    #[serde(flatten)]
    sample: Sample,
    candidate: String,
    mutation: String,
    label: String,
    reference_perfect: bool,
}

fn judged_pairs(path: &Path) -> Result<Report> {
    let mut lines = RecordReader::open(path)?.report_all();
    let expected = "one JSON object per line with solution, candidate, mutation, label, mode and \
                    reference_perfect";
    let mut report = Report::new(["strict", "paper", "reference"], 0);
    while let Some((_, pair)) = lines.next::<Pair>(expected)? {
        match pair.judged() {
            Ok((cell, accepted)) => report.record(cell, &accepted),
            Err(reason) => lines.reject(lines.error(&reason))?,
        }
    }
    lines.finish()?;
    Ok(report)
}

impl Pair {
    /// What kind of candidate it is, and which levels accept it.
    fn judged(self) -> Result<(Cell, [bool; 3]), String> {
        let label: Result<Label, UnknownLabel> = match &*self.label {
            "gold" => Ok(Label::Harmless),
            other => other.parse(),
        };
        let label = label.map_err(|error| format!("`label`: {error}, or `gold`"))?;
        let gold = Gold::from_solution(&self.sample.solution)
            .map_err(|error| format!("`solution`: {error}"))?;
        let accepts = |level| Verifier::new(level).verify(&gold, &self.candidate).accepted;
        let accepted = [
            accepts(Level::Strict),
            accepts(Level::Paper),
            self.reference_perfect,
        ];
        let cell = Cell {
            kind: kind(&self.sample),
            operator: self.mutation.into(),
            label,
        };
        Ok((cell, accepted))
    }
}

/// Writes the tables between their marks in a file.
fn update(path: &Path, flags: &Flags, report: &Report) -> Result<()> {
    let text = fs::read_to_string(path)
        .map_err(|error| anyhow!("cannot read {}: {error}", path.display()))?;
    let (name, by, how) = match flags.pairs {
        Some(_) => ("audit:pairs", By::OperatorAndMode, String::new()),
        None => (
            "audit:generated",
            By::Operator,
            format!(" (`interplay audit --n {} --seed {}`)", flags.n, flags.seed),
        ),
    };
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let between = text.split_once(&open).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&close)?;
        Some((before, after))
    });
    let Some((before, after)) = between else {
        bail!(
            "{} has no section between {} and {close}; add these two lines",
            path.display(),
            open.trim_end()
        );
    };
    let candidates: u64 = report.cells().map(|(_, counts)| counts.candidates).sum();
    let tables = format!(
        "{candidates} candidates{how}.\n\n{}\n{}",
        report.table(by),
        report.table(By::Dialect)
    );
    let text = format!("{before}{open}{tables}{close}{after}");
    Ok(interplay_files::write(path, text)?)
}

fn shown(report: &Report) -> String {
    let mut text = report.table(By::OperatorAndMode);
    text.push('\n');
    text.push_str(&report.table(By::Dialect));
    for witness in report.witnesses() {
        let judge = &report.judges()[witness.judge];
        let (operator, label) = (&witness.cell.operator, witness.cell.label.name());
        let _ = write!(
            text,
            "\n{judge}, {operator} ({label}), problem {}\n  problem   {}\n  solution  {}\n  candidate {}\n",
            witness.index, witness.problem, witness.solution, witness.candidate
        );
    }
    text
}
