//! `interplay passk`: unbiased pass@k of graded completions, by op, by context and overall.
//!
//! Source: Chen et al. 2021 (arXiv 2107.03374), section 2.1. Problems may have different numbers of
//! completions; each is estimated from its own, and all weigh the same.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use interplay::eval::PassAtK;
use interplay_files::{FileError, RecordReader};
use serde::Deserialize;
use serde_json::Value;

use super::name::{name, text};

/// Which completions, and which k.
#[derive(Args)]
pub(super) struct Flags {
    /// Graded completions, such as eval/STAGE.jsonl of a run: JSONL (also .gz) or Parquet with `id`,
    /// `accepted` or `answer_correct` or both, and where known `op`, `context` and `sample`.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The values of k, such as 1,2,4 [default: powers of two up to the number of completions]
    #[arg(long, value_delimiter = ',', value_name = "K,K,...")]
    ks: Vec<u32>,
    /// Leave a problem out of pass@k where it has fewer than k completions. Without this flag, such a
    /// k is an error.
    #[arg(long)]
    drop_short: bool,
    /// Print one table for each level and temperature in the input. Without this flag, an input that
    /// mixes them is an error, because their pass@k are not of one kind.
    #[arg(long)]
    split: bool,
    /// Skip and count lines that cannot be read. Without this flag, the first one is an error.
    #[arg(long)]
    skip_unreadable: bool,
}

const EXPECTED: &str = "one JSON object per line with `id`, and with `accepted` or \
                        `answer_correct` or both";

/// Counts the right completions of each problem and prints the table.
pub(super) fn passk(flags: &Flags) -> Result<()> {
    let mut records = RecordReader::open(&flags.input)?.skip_unreadable(flags.skip_unreadable);
    let parts = read(&mut records)?;
    super::output::warn_of(records.skipped());
    if parts.is_empty() {
        bail!(
            "{}: found no completion; expected {EXPECTED}",
            flags.input.display()
        );
    }
    if parts.len() > 1 && !flags.split {
        let kinds: Vec<String> = parts.iter().map(|(kind, _)| kind.to_string()).collect();
        bail!(
            "{}: found completions of {} kinds: {}; expected one level and one temperature; \
             choose a table for each with --split",
            flags.input.display(),
            parts.len(),
            kinds.join("; ")
        );
    }
    let mut text = String::new();
    for (index, (kind, problems)) in parts.iter().enumerate() {
        if flags.split {
            let _ = writeln!(text, "{}{kind}", if index > 0 { "\n" } else { "" });
        }
        let ks = values_of_k(flags, problems)?;
        text.push_str(&table(problems, &ks));
    }
    super::output::print(&text)
}

/// What must be equal for completions to count together: the rule of acceptance and the temperature.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Kind {
    level: Option<String>,
    temperature: Option<String>,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |value: &Option<String>| value.clone().unwrap_or("not noted".to_owned());
        let (level, temperature) = (shown(&self.level), shown(&self.temperature));
        write!(f, "level {level}, temperature {temperature}")
    }
}

/// A graded completion; other fields are ignored.
#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    op: Value,
    #[serde(default)]
    context: Value,
    #[serde(default)]
    sample: Value,
    #[serde(default)]
    level: Value,
    #[serde(default)]
    temperature: Value,
    accepted: Option<bool>,
    answer_correct: Option<bool>,
    stopped: Option<bool>,
}

impl Record {
    /// The same, where a completion that was cut off is never right.
    fn finished_only(mut self) -> Self {
        if self.stopped == Some(false) {
            self.accepted = self.accepted.map(|_| false);
            self.answer_correct = self.answer_correct.map(|_| false);
        }
        self
    }
}

/// The completions of a problem.
struct Problem {
    id: String,
    op: Option<String>,
    context: Option<String>,
    completions: u32,
    /// How many were accepted, where that is known.
    verified: Option<u32>,
    /// How many have the right answer, where that is known.
    answers: Option<u32>,
    /// The numbers of its completions, where they have one.
    seen: HashSet<u64>,
}

/// The problems of each kind, in the order of their first completions.
fn read(records: &mut RecordReader) -> Result<Vec<(Kind, Vec<Problem>)>> {
    let mut parts: Vec<(Kind, Vec<Problem>)> = Vec::new();
    let mut known: HashMap<(usize, String), usize> = HashMap::new();
    while let Some((_, record)) = records.next::<Record>(EXPECTED)? {
        let record = record.finished_only();
        let first = parts.first().and_then(|(_, problems)| problems.first());
        match graded(&record, first) {
            Ok(id) => {
                let kind = Kind {
                    level: name(&record.level),
                    temperature: name(&record.temperature),
                };
                let part = match parts.iter().position(|(known, _)| *known == kind) {
                    Some(part) => part,
                    None => {
                        parts.push((kind, Vec::new()));
                        parts.len() - 1
                    }
                };
                let problems = &mut parts[part].1;
                let index = *known.entry((part, id)).or_insert_with_key(|(_, id)| {
                    problems.push(Problem::new(id, &record));
                    problems.len() - 1
                });
                let added = problems[index].add(&record);
                added.map_err(|reason| records.error(&reason))?;
            }
            Err(reason) => {
                let error: FileError = records.error(&format!("{reason}; expected {EXPECTED}"));
                records.reject(error)?;
            }
        }
    }
    Ok(parts)
}

/// The id of a record that has all that is needed, and the same grades as the first one.
fn graded(record: &Record, first: Option<&Problem>) -> Result<String, String> {
    if !matches!(record.id, Value::String(_) | Value::Number(_)) {
        return Err(match &record.id {
            Value::Null => "the field `id` is missing".to_owned(),
            other => format!("`id` is {other}, which is neither a number nor a text"),
        });
    }
    let grades = [record.accepted.is_some(), record.answer_correct.is_some()];
    if grades == [false, false] {
        return Err("the fields `accepted` and `answer_correct` are missing".to_owned());
    }
    let Some(first) = first else {
        return Ok(text(&record.id));
    };
    let before = [first.verified.is_some(), first.answers.is_some()];
    for (name, (now, before)) in ["accepted", "answer_correct"]
        .iter()
        .zip(grades.iter().zip(before))
    {
        if *now != before {
            let [now, before] = [*now, before].map(|there| if there { "there" } else { "missing" });
            return Err(format!(
                "the field `{name}` is {now}, but it is {before} in the first record"
            ));
        }
    }
    Ok(text(&record.id))
}

impl Problem {
    fn new(id: &str, record: &Record) -> Self {
        Self {
            id: id.to_owned(),
            op: name(&record.op),
            context: name(&record.context),
            completions: 0,
            verified: record.accepted.map(|_| 0),
            answers: record.answer_correct.map(|_| 0),
            seen: HashSet::new(),
        }
    }

    fn add(&mut self, record: &Record) -> Result<(), String> {
        let (id, op, context) = (&self.id, name(&record.op), name(&record.context));
        for (field, now, before) in [("op", &op, &self.op), ("context", &context, &self.context)] {
            if now != before {
                let shown = |value: &Option<String>| value.clone().unwrap_or("no value".to_owned());
                return Err(format!(
                    "problem {id} has {field} {} here and {} before; expected the completions of \
                     one evaluation",
                    shown(now),
                    shown(before)
                ));
            }
        }
        if let Some(sample) = record.sample.as_u64()
            && !self.seen.insert(sample)
        {
            return Err(format!(
                "`sample` {sample} of problem {id} appears a second time; expected the completions \
                 of one evaluation"
            ));
        }
        let more = |count: Option<u32>, right: Option<bool>| Some(count? + u32::from(right?));
        self.verified = more(self.verified, record.accepted);
        self.answers = more(self.answers, record.answer_correct);
        self.completions += 1;
        Ok(())
    }
}

/// The fewest and the most completions of a problem.
fn range(problems: &[Problem]) -> (u32, u32) {
    let counts = || problems.iter().map(|problem| problem.completions);
    (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
}

/// The k to compute: as asked for, or powers of two.
fn values_of_k(flags: &Flags, problems: &[Problem]) -> Result<Vec<u32>> {
    let (least, most) = range(problems);
    let limit = if flags.drop_short { most } else { least };
    let mut ks = flags.ks.clone();
    ks.sort_unstable();
    ks.dedup();
    if ks.is_empty() {
        let powers = (0..u32::BITS).map(|power| 1 << power);
        return Ok(powers.take_while(|k| *k <= limit).collect());
    }
    ensure!(ks[0] > 0, "--ks: found 0, expected at least 1");
    match ks.iter().find(|k| **k > limit) {
        Some(k) => Err(too_large(*k, flags, problems, limit)),
        None => Ok(ks),
    }
}

fn too_large(k: u32, flags: &Flags, problems: &[Problem], limit: u32) -> anyhow::Error {
    let path: &Path = &flags.input;
    let short: Vec<&Problem> = problems
        .iter()
        .filter(|problem| problem.completions < k)
        .collect();
    let first = short.first().map_or(String::new(), |problem| {
        format!(" (problem {} has {})", problem.id, problem.completions)
    });
    let way_out = match short.len() < problems.len() {
        true => ", or leave those problems out with --drop-short",
        false => "",
    };
    anyhow!(
        "--ks: pass@{k} needs {k} completions per problem, and {} of {} problems in {} have \
         fewer{first}; choose k from 1 to {limit}{way_out}",
        short.len(),
        problems.len(),
        path.display()
    )
}

/// A group's name; numbers sort as numbers, before texts.
type Group = (u64, String);

fn group(name: &str) -> Group {
    (name.parse().unwrap_or(u64::MAX), name.to_owned())
}

fn table(problems: &[Problem], ks: &[u32]) -> String {
    let completions: u64 = problems
        .iter()
        .map(|problem| u64::from(problem.completions))
        .sum();
    let each = match range(problems) {
        (least, most) if least == most => format!("{least} completions per problem"),
        (least, most) => format!("{least} to {most} completions per problem, {completions} in all"),
    };
    let mut text = format!("{each}\n\n");
    let [group_head, count, k, verified, answer] =
        ["", "problems", "k", "verified pass@k", "answer pass@k"];
    let _ = writeln!(
        text,
        "{group_head:<24}{count:>8}{k:>6}  {verified:<22}{answer}"
    );
    let _ = writeln!(text, "{}", "-".repeat(84));
    let grouped = |of: fn(&Problem) -> Option<&String>| {
        let mut groups: BTreeMap<Group, Vec<&Problem>> = BTreeMap::new();
        for problem in problems {
            if let Some(name) = of(problem) {
                groups.entry(group(name)).or_default().push(problem);
            }
        }
        groups
    };
    for ((_, op), members) in grouped(|problem| problem.op.as_ref()) {
        rows(&mut text, &format!("op {op}"), &members, ks);
    }
    for ((_, context), members) in grouped(|problem| problem.context.as_ref()) {
        rows(&mut text, &format!("context {context}"), &members, ks);
    }
    rows(
        &mut text,
        "overall",
        &problems.iter().collect::<Vec<_>>(),
        ks,
    );
    text.push_str("percent, with 95 % intervals clustered by problem\n");
    for k in ks {
        let short = problems.iter().filter(|problem| problem.completions < *k);
        match short.count() {
            0 => {}
            count => {
                let _ = writeln!(
                    text,
                    "pass@{k} leaves out {count} of {} problems, which have fewer than {k} completions",
                    problems.len()
                );
            }
        }
    }
    text
}

/// A line for each k of which the group has a problem with enough completions.
fn rows(text: &mut String, group: &str, problems: &[&Problem], ks: &[u32]) {
    let mut shown = None;
    for k in ks {
        let long: Vec<&&Problem> = problems
            .iter()
            .filter(|problem| problem.completions >= *k)
            .collect();
        if long.is_empty() {
            continue;
        }
        let pass = |right: fn(&Problem) -> Option<u32>| {
            let counts: Option<Vec<(u32, u32)>> = long
                .iter()
                .map(|problem| Some((problem.completions, right(problem)?)))
                .collect();
            counts.map_or("-".to_owned(), |counts| {
                percent(&PassAtK::of_each(counts, *k))
            })
        };
        let (verified, answer) = (pass(|one| one.verified), pass(|one| one.answers));
        let group = if shown.is_none() { group } else { "" };
        let count = match shown == Some(long.len()) {
            true => String::new(),
            false => long.len().to_string(),
        };
        shown = Some(long.len());
        let _ = writeln!(text, "{group:<24}{count:>8}{k:>6}  {verified:<22}{answer}");
    }
}

fn percent(pass: &PassAtK) -> String {
    let [estimate, low, high] = [pass.estimate, pass.low, pass.high].map(|share| 100.0 * share);
    format!("{estimate:.1} [{low:.1}, {high:.1}]")
}
