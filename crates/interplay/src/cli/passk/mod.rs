//! `interplay passk`: unbiased pass@k of graded completions, by op, by context and overall.
//!
//! Source: Chen et al. 2021 (arXiv 2107.03374), section 2.1. Problems may have different numbers of
//! completions; each is estimated from its own, and all weigh the same. Intervals are taken within op,
//! as in an evaluation.

mod estimates;
mod ks;
mod measures;
mod output;
mod problems;
mod published;
mod record;
mod rows;
mod table;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;

use estimates::Estimates;
use measures::Measure;
use output::Output;
use problems::{Listed, Part, Reading};
use record::EXPECTED;

/// The most kinds that an error names.
const NAMED: usize = 10;

/// Which completions, and which k.
#[derive(Args)]
pub(super) struct Flags {
    /// Graded completions, JSONL (also .gz) or Parquet: eval/STAGE.jsonl of a run, or any records with
    /// `id`, `accepted` or `answer_correct` or both, and where known `op`, `context` and `sample`; or
    /// published *.graph_results.jsonl. Several files are counted one by one.
    #[arg(long, value_name = "FILE", num_args = 1.., required = true)]
    input: Vec<PathBuf>,
    /// The values of k, such as 1,2,4 [default: powers of two up to the number of completions]
    #[arg(long, value_delimiter = ',', value_name = "K,K,...")]
    ks: Vec<u32>,
    /// What to measure: pass@k (at least one of k is right), pass^k (all are), J-of-k such as 2-of-k
    /// (at least J are), maj@k (the majority's answer is right) or first@k (one of the first k is right,
    /// the biased estimate of the published evaluation).
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "M,M,...",
        default_value = "pass@k"
    )]
    measures: Vec<Measure>,
    /// Every problem has N completions; those that the input lacks count as wrong. The published
    /// evaluation leaves out completions that it cannot parse.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 20))]
    completions: Option<u32>,
    /// All problems of the evaluation (JSONL, also .gz, or Parquet), as `interplay evaluate --problems` writes them:
    /// those that the input has no record of count as wrong throughout. Without this flag they are unknown and
    /// missing from the mean.
    #[arg(long, value_name = "FILE", requires = "completions")]
    problems: Option<PathBuf>,
    /// Leave a problem out of pass@k where it has fewer than k completions. Without this flag, such a
    /// k is an error.
    #[arg(long)]
    drop_short: bool,
    /// Print one table for each level and temperature in a file. Without this flag, a file that mixes
    /// them is an error, because their pass@k are not of one kind.
    #[arg(long)]
    split: bool,
    /// Skip and count records that cannot be read. Without this flag, they are an error that names all
    /// of them.
    #[arg(long)]
    skip_unreadable: bool,
    /// Also write the estimates: the published results.json (.json), or a table with one row for each
    /// file, level, temperature, group, k, measure and verdict (.csv, .jsonl, either with .gz, or
    /// .parquet).
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Counts the right completions of each problem, writes the estimates and prints the tables.
pub(super) fn passk(flags: &Flags) -> Result<()> {
    let mut output = flags.output.as_deref().map(Output::of).transpose()?;
    if let Some(output) = &output {
        output.check(&flags.input, &flags.measures)?;
    }
    check_paths(flags)?;
    let listed = flags.problems.as_deref().map(problems::listed);
    let listed = listed.transpose()?;
    let files = read(flags, listed.as_deref())?;
    let mut text = String::new();
    for (path, parts) in flags.input.iter().zip(&files) {
        let estimates: Vec<_> = parts
            .iter()
            .map(|part| flags.estimates(path, part))
            .collect::<Result<_>>()?;
        for one in &estimates {
            flags.head(&mut text, path, one);
            text.push_str(&table::table(one));
        }
        if let Some(output) = &mut output {
            output.add(path, &estimates)?;
        }
    }
    if let (Some(output), Some(path)) = (output, &flags.output) {
        output.write(path)?;
    }
    super::output::print(&text)
}

fn check_paths(flags: &Flags) -> Result<()> {
    for (index, path) in flags.input.iter().enumerate() {
        ensure!(
            !flags.input[..index].contains(path),
            "--input: {} is named twice; name each file once",
            path.display()
        );
        if let Some(output) = &flags.output {
            super::output::check_other_file("--input", path, "--output", output)?;
        }
    }
    for (index, measure) in flags.measures.iter().enumerate() {
        ensure!(
            !flags.measures[..index].contains(measure),
            "--measures: {measure} is named twice; name each measure once"
        );
    }
    Ok(())
}

/// The problems of each file. What is wrong with any of the files is one error.
fn read(flags: &Flags, listed: Option<&[Listed]>) -> Result<Vec<Vec<Part>>> {
    let (mut files, mut wrong) = (Vec::new(), Vec::new());
    for path in &flags.input {
        match flags.parts(path, listed) {
            Ok(parts) => files.push(parts),
            Err(error) => wrong.push(interplay::with_causes(error.as_ref())),
        }
    }
    match wrong.is_empty() {
        true => Ok(files),
        false => Err(anyhow!("{}", wrong.join("\n"))),
    }
}

impl Flags {
    /// The problems of a file by kind.
    fn parts(&self, path: &Path, listed: Option<&[Listed]>) -> Result<Vec<Part>> {
        let reading = Reading {
            skip_unreadable: self.skip_unreadable,
            votes: self.measures.contains(&Measure::Majority),
        };
        let mut parts = problems::read(path, reading)?;
        let name = path.display();
        if parts.is_empty() {
            bail!("{name}: found no completion; expected {EXPECTED}");
        }
        if parts.len() > 1 && !self.split {
            let named = parts.iter().take(NAMED).map(|part| part.kind.to_string());
            let mut kinds: Vec<String> = named.collect();
            if parts.len() > NAMED {
                kinds.push("...".to_owned());
            }
            bail!(
                "{name}: found completions of {} kinds: {}; expected one level and one temperature; \
                 choose a table for each with --split",
                parts.len(),
                kinds.join("; ")
            );
        }
        for part in &mut parts {
            if let Some(listed) = listed {
                part.complete(listed)
                    .map_err(|reason| anyhow!("{name}: {reason}"))?;
            }
            if self.measures.contains(&Measure::FirstAt) {
                part.check_order()
                    .map_err(|reason| anyhow!("{name}: {reason}"))?;
            }
            if let Some(completions) = self.completions {
                part.fill(completions)
                    .map_err(|reason| anyhow!("{name}: {reason}"))?;
            }
            if reading.votes {
                part.check_votes()
                    .map_err(|reason| anyhow!("{name}: {reason}"))?;
            }
        }
        Ok(parts)
    }

    fn estimates<'p>(&'p self, path: &Path, part: &'p Part) -> Result<Estimates<'p>> {
        let ks = self.values_of_k(path, part)?;
        Ok(Estimates::new(part, &self.measures, ks))
    }

    /// Says which file and kind a table is of, where there can be several.
    fn head(&self, text: &mut String, path: &Path, estimates: &Estimates<'_>) {
        let kind = &estimates.part.kind;
        let gap = if text.is_empty() { "" } else { "\n" };
        let file = path.display();
        let _ = match (self.input.len() > 1, self.split) {
            (false, false) => Ok(()),
            (false, true) => writeln!(text, "{gap}{kind}"),
            (true, false) => writeln!(text, "{gap}{file}"),
            (true, true) => writeln!(text, "{gap}{file}: {kind}"),
        };
    }
}
