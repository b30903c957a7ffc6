//! `interplay passk`: unbiased pass@k of recorded completions, by op, by context and overall.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use anyhow::{Result, anyhow, bail};
use clap::Args;
use interplay::eval::{Cell, EvalSettings, Evaluation, GenerationRecord, ItemScore, PassAtK};

use super::lines::Lines;

/// What to read, and which k.
#[derive(Args)]
pub(super) struct Flags {
    /// Completions with their judgement, as a run writes them to eval/STAGE.jsonl (also .gz).
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The k of pass@k, for instance 1,2,4; powers of two up to the number of samples unless told.
    #[arg(long, value_delimiter = ',', value_name = "K,K,...")]
    ks: Vec<u32>,
}

const EXPECTED: &str = "one JSON object a line with id, op, context, sample, completion, accepted, \
                        answer_correct, process_accuracy";

/// Counts the right completions of each problem and prints the table.
pub(super) fn passk(flags: &Flags) -> Result<()> {
    let scores = read(&flags.input)?;
    let samples =
        samples_each(&scores).map_err(|reason| anyhow!("{}: {reason}", flags.input.display()))?;
    let mut ks = flags.ks.clone();
    ks.sort_unstable();
    ks.dedup();
    if ks.is_empty() {
        ks = (0..u32::BITS)
            .map(|power| 1 << power)
            .take_while(|k| *k <= samples)
            .collect();
    }
    if let Some(k) = ks.iter().find(|k| **k == 0 || **k > samples) {
        let path = flags.input.display();
        bail!(
            "--ks: found {k}, expected 1 to {samples}, the number of samples a problem in {path}"
        );
    }
    let settings = EvalSettings {
        samples,
        ks,
        ..EvalSettings::default()
    };
    let items = scores.into_values().map(|score| score.item).collect();
    let evaluation = Evaluation::from_scores(&settings, items)?;
    super::print(&table(&evaluation))
}

/// A problem under way.
struct Score {
    item: ItemScore,
    seen: HashSet<u32>,
}

fn read(path: &std::path::Path) -> Result<BTreeMap<u64, Score>> {
    let mut lines = Lines::open(path)?;
    let mut scores: BTreeMap<u64, Score> = BTreeMap::new();
    while let Some((_, record)) = lines.next::<GenerationRecord>(EXPECTED)? {
        let GenerationRecord {
            id,
            op,
            context,
            sample,
            ..
        } = record;
        let score = scores.entry(id).or_insert_with(|| {
            let context = context.clone();
            let item = ItemScore {
                id,
                op,
                context,
                problem: String::new(),
                band: None,
                verified: 0,
                answers: 0,
            };
            Score {
                item,
                seen: HashSet::new(),
            }
        });
        if score.item.op != op || score.item.context != context {
            return Err(lines.error(&format!(
                "problem {id} has op {op} and context {context}, before it had op {} and context \
                 {}; expected the completions of one evaluation",
                score.item.op, score.item.context
            )));
        }
        if !score.seen.insert(sample) {
            return Err(lines.error(&format!(
                "sample {sample} of problem {id} stands here a second time; expected the \
                 completions of one evaluation"
            )));
        }
        score.item.verified += u32::from(record.accepted);
        score.item.answers += u32::from(record.answer_correct);
    }
    Ok(scores)
}

/// How many samples every problem has.
fn samples_each(scores: &BTreeMap<u64, Score>) -> Result<u32, String> {
    let mut counts = scores.iter().map(|(id, score)| (id, score.seen.len()));
    let Some((first, samples)) = counts.next() else {
        return Err(format!("there is no completion; expected {EXPECTED}"));
    };
    if let Some((other, found)) = counts.find(|(_, count)| *count != samples) {
        return Err(format!(
            "problem {other} has {found} samples, problem {first} has {samples}; expected the same \
             number of every problem (is the file complete?)"
        ));
    }
    u32::try_from(samples).map_err(|_| format!("problem {first} has too many samples"))
}

fn table(evaluation: &Evaluation) -> String {
    let mut text = format!("{} samples a problem\n\n", evaluation.samples);
    let heads = ["", "problems", "k", "verified pass@k", "answer pass@k"];
    let [group, problems, k, verified, answer] = heads;
    let _ = writeln!(
        text,
        "{group:<24}{problems:>8}{k:>6}  {verified:<22}{answer}"
    );
    let _ = writeln!(text, "{}", "-".repeat(84));
    for (op, cell) in &evaluation.by_op {
        rows(&mut text, &format!("op {op}"), cell);
    }
    for (context, cell) in &evaluation.by_context {
        rows(&mut text, &format!("context {context}"), cell);
    }
    rows(&mut text, "overall", &evaluation.overall);
    text.push_str("percent, with 95 % intervals clustered by problem\n");
    text
}

fn rows(text: &mut String, group: &str, cell: &Cell) {
    for (place, (verified, answer)) in cell.verified.iter().zip(&cell.answer_only).enumerate() {
        let (group, problems) = match place {
            0 => (group, cell.problems.to_string()),
            _ => ("", String::new()),
        };
        let (k, verified, answer) = (verified.k, percent(verified), percent(answer));
        let _ = writeln!(
            text,
            "{group:<24}{problems:>8}{k:>6}  {verified:<22}{answer}"
        );
    }
}

fn percent(pass: &PassAtK) -> String {
    let [estimate, low, high] = [pass.estimate, pass.low, pass.high].map(|share| 100.0 * share);
    format!("{estimate:.1} [{low:.1}, {high:.1}]")
}
