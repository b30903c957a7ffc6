//! `interplay verify`: candidate solutions held against gold solutions, record by record.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use interplay::progress::{Console, Progress};
use interplay::verify::{Gold, Level, StepError, Verifier};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::flags::level;
use super::lines::Lines;
use super::whole_file::WholeFile;

/// What to read, how strictly, and where to.
#[derive(Args)]
pub(super) struct Flags {
    /// Records (JSONL, also .gz) with `solution` (the gold one) and `candidate`; `index` is
    /// copied, other fields are passed over.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// How much is checked: quantities, parents, values and answer (paper), or everything
    /// that a solution says (strict).
    #[arg(long, default_value = "strict", value_parser = level())]
    level: Level,
    /// Print each rejected candidate with its first mistake.
    #[arg(long)]
    explain: bool,
    /// Where to write one verdict a record, in the same order (JSONL; compressed if .gz).
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
}

const EXPECTED: &str = "one JSON object a line with the texts `solution` (gold) and `candidate`";

/// A record; the fields that are not named here pass unread.
#[derive(Deserialize)]
struct Record {
    solution: String,
    candidate: String,
    index: Option<Value>,
}

#[derive(Serialize)]
struct Judgement {
    index: Value,
    accepted: bool,
    answer_correct: bool,
    process_accuracy: f64,
    first_error: Option<StepError>,
}

/// Judges every record and writes the verdicts, all or none.
pub(super) fn verify(flags: &Flags) -> Result<()> {
    let mut lines = Lines::open(&flags.input)?;
    if same_file(&flags.input, &flags.output) {
        bail!(
            "--input and --output are both {}; choose two files",
            flags.input.display()
        );
    }
    let mut output = WholeFile::create(&flags.output)?;
    let verifier = Verifier::new(flags.level);
    let mut console = Console::new();
    console.begin("verify", lines.progress().0);
    let (mut records, mut accepted, mut answers) = (0_u64, 0_u64, 0_u64);
    while let Some((number, record)) = lines.next::<Record>(EXPECTED)? {
        let gold = Gold::from_solution(&record.solution)
            .map_err(|error| lines.error(&format!("`solution`: {error}")))?;
        let verdict = verifier.verify(&gold, &record.candidate);
        records += 1;
        accepted += u64::from(verdict.accepted);
        answers += u64::from(verdict.answer_correct);
        if flags.explain && !verdict.accepted {
            let shown = verdict.first_error.as_ref();
            let pointer = shown.map(|error| point(&record.candidate, error.span.clone()));
            super::print(&format!(
                "line {number}: {verdict}\n{}",
                pointer.unwrap_or_default()
            ))?;
        }
        output.record(&Judgement {
            index: record.index.unwrap_or_else(|| number.into()),
            accepted: verdict.accepted,
            answer_correct: verdict.answer_correct,
            process_accuracy: verdict.process_accuracy,
            first_error: verdict.first_error,
        })?;
        if records % 64 == 0 {
            console.advance(lines.progress().1, &format!("{records} records"));
        }
    }
    output.complete()?.place()?;
    let level = flags.level.name();
    console.end(&format!(
        "{records} records: {accepted} accepted ({level}), {answers} with the right answer"
    ));
    Ok(())
}

fn same_file(one: &std::path::Path, other: &std::path::Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// The place in the text, with what stands around it, and carets below.
fn point(text: &str, span: Range<usize>) -> String {
    const AROUND: usize = 36;
    const LONGEST: usize = 60;
    let before: Vec<char> = text.get(..span.start).unwrap_or(text).chars().collect();
    let inside: Vec<char> = text.get(span.clone()).unwrap_or_default().chars().collect();
    let after: Vec<char> = text.get(span.end..).unwrap_or_default().chars().collect();
    let before = &before[before.len().saturating_sub(AROUND)..];
    let inside = &inside[..inside.len().min(LONGEST)];
    let after = &after[..after.len().min(AROUND)];
    let mut shown = String::from("    ");
    // One column a character, so that the carets stand below what they mean.
    let plain = |letter: &char| if letter.is_control() { ' ' } else { *letter };
    shown.extend(before.iter().chain(inside).chain(after).map(plain));
    let (indent, carets) = (before.len() + 4, inside.len().max(1));
    let _ = writeln!(shown, "\n{:indent$}{}", "", "^".repeat(carets));
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn carets_stand_below_the_mistake() {
        let shown = point("fox = 3.\nelk = fox + 1 = 5.", 15..22);
        assert_eq!(
            shown,
            "    fox = 3. elk = fox + 1 = 5.\n                   ^^^^^^^\n"
        );
    }

    #[test]
    fn a_mistake_at_the_end_or_between_bytes_is_shown_too() {
        assert_eq!(point("né", 3..3), "    né\n      ^\n");
        assert!(point("né", 2..2).contains('^'));
        assert!(
            point(&"x".repeat(500), 100..400)
                .lines()
                .all(|line| line.len() < 150)
        );
    }
}
