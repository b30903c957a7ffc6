//! `interplay verify`: candidate solutions checked against gold solutions, in two formats.
//!
//! Records with `solution` and `candidate` become verdicts. Published generations, whose gold is in
//! separate files, become the published result records.

mod golds;
mod records;

use std::path::PathBuf;
use std::thread;

use anyhow::{Result, bail};
use clap::Args;
use interplay::progress::{Console, Progress};
use interplay::verify::{Level, Verdict, Verifier};
use interplay_files::{FileError, RecordReader, RecordWriter};
use serde_json::Value;

use super::flags::level;
use golds::Golds;
use records::{Judgment, Record, Source};

/// What to verify, how strictly, and where to write the verdicts.
#[derive(Args)]
pub(super) struct Flags {
    /// Records (JSONL, also .gz, or Parquet) with `solution` (the gold solution), `candidate` and,
    /// where known, `problem` and `question`; or published generations with `gen_solution_answer`,
    /// which need --gold. Other fields are ignored.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Gold for published generations (JSONL, also .gz, or Parquet): gold graphs, or samples with
    /// solutions. May be repeated.
    #[arg(long, value_name = "FILE")]
    gold: Vec<PathBuf>,
    /// What to check: quantities, parents, values and the answer (paper), or every statement of a
    /// solution (strict).
    #[arg(long, default_value = "strict", value_parser = level())]
    level: Level,
    /// Reject true steps that the answer does not need (strict level only).
    #[arg(long)]
    forbid_unneeded: bool,
    /// Put closing tags back that a decoder deleted (`skip_special_tokens`), where a candidate without any tag ends in a
    /// bare number behind a sentence.
    #[arg(long)]
    restore_tags: bool,
    /// Print each rejected candidate with its first error.
    #[arg(long)]
    explain: bool,
    /// Skip and count records that cannot be read or lack a field, a gold solution or its graph.
    /// Without this flag, they are an error that names all of them.
    #[arg(long)]
    skip_unreadable: bool,
    /// Where to write one verdict per record, in the same order (JSONL; compressed if .gz).
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

/// The number of records judged at a time.
const BATCH: usize = 4096;

/// Judges every record and writes the verdicts, all or none.
pub(super) fn verify(flags: &Flags) -> Result<()> {
    let mut records = RecordReader::open(&flags.input)?
        .skip_unreadable(flags.skip_unreadable)
        .report_all();
    super::output::check_other_file("--input", &flags.input, "--output", &flags.output)?;
    if flags.forbid_unneeded && flags.level == Level::Paper {
        bail!("--forbid-unneeded belongs to the strict level; leave it out, or choose that level");
    }
    let verifier = match flags.forbid_unneeded {
        true => Verifier::new(flags.level).forbid_unneeded(),
        false => Verifier::new(flags.level),
    };
    let mut golds = Golds::load(&flags.gold)?;
    let mut output = RecordWriter::create(&flags.output)?;
    let mut console = Console::new();
    console.begin("verify", records.progress().0);
    let mut totals = Totals::default();
    loop {
        let mut batch = next_batch(&mut records, &mut golds)?;
        if flags.restore_tags {
            for (_, source) in &mut batch {
                source.restore_tags();
            }
        }
        if batch.is_empty() {
            break;
        }
        for ((number, source), verdict) in batch.iter().zip(judge(&batch, verifier)) {
            let verdict = match verdict {
                Ok(verdict) => verdict,
                Err(reason) => {
                    records.reject(records.error_at(*number, &reason))?;
                    continue;
                }
            };
            totals.take(&verdict);
            if flags.explain && !verdict.accepted {
                let explained = verdict.explain(source.candidate());
                super::output::print(&format!("line {number}: {explained}"))?;
            }
            source.write(*number, verdict, &mut output)?;
        }
        console.advance(records.progress().1, &format!("{} records", totals.records));
    }
    records.finish()?;
    let skipped = records.skipped();
    if totals.records == 0
        && let Some(first) = skipped.first.first()
    {
        bail!("no record could be used, the first: {first}");
    }
    output.finish()?;
    console.end(&totals.summary(flags.level));
    super::output::warn_of(skipped);
    Ok(())
}

#[derive(Default)]
struct Totals {
    records: u64,
    accepted: u64,
    answers: u64,
}

impl Totals {
    fn take(&mut self, verdict: &Verdict) {
        self.records += 1;
        self.accepted += u64::from(verdict.accepted);
        self.answers += u64::from(verdict.answer_correct);
    }

    fn summary(&self, level: Level) -> String {
        let Self {
            records,
            accepted,
            answers,
        } = self;
        let level = level.name();
        format!(
            "{records} records: {accepted} accepted ({level}), {answers} with the correct answer"
        )
    }
}

/// The next records with their lines, in order; empty at the end.
fn next_batch(
    records: &mut RecordReader,
    golds: &mut Golds,
) -> Result<Vec<(u64, Source)>, FileError> {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH
        && let Some((number, record)) = records.next::<Record>(records::EXPECTED)?
    {
        match record.resolve(golds) {
            Ok(source) => batch.push((number, source)),
            Err(reason) => records.reject(records.error(&reason))?,
        }
    }
    Ok(batch)
}

/// The verdicts of a batch in its order, from as many threads as there are cores.
fn judge(batch: &[(u64, Source)], verifier: Verifier) -> Vec<Result<Verdict, String>> {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = batch.len().div_ceil(threads).max(1);
    let work = |part: &[(u64, Source)]| -> Vec<Result<Verdict, String>> {
        part.iter()
            .map(|(_, source)| source.judge(verifier))
            .collect()
    };
    thread::scope(|scope| {
        let parts: Vec<_> = batch
            .chunks(share)
            .map(|part| scope.spawn(move || work(part)))
            .collect();
        let mut verdicts = Vec::with_capacity(batch.len());
        for part in parts {
            match part.join() {
                Ok(part) => verdicts.extend(part),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        verdicts
    })
}

/// The value that identifies a record in the output.
fn index_of(index: Option<Value>, number: u64) -> Value {
    index.unwrap_or_else(|| number.into())
}

impl Source {
    fn write(
        &self,
        number: u64,
        verdict: Verdict,
        output: &mut RecordWriter,
    ) -> Result<(), FileError> {
        match self {
            Self::Pair(pair) => output.record(&Judgment {
                index: index_of(pair.index.clone(), number),
                accepted: verdict.accepted,
                answer_correct: verdict.answer_correct,
                process_accuracy: verdict.process_accuracy,
                first_error: verdict.first_error,
            }),
            Self::Generation(generation) => output.record(&generation.result(&verdict)),
        }
    }
}
