//! `interplay compare`: two evaluations of the same problems, problem by problem.
//!
//! Intervals, p-values, detectable effects, Holm's correction and the verdict are those of
//! `interplay-eval`; this file reads the evaluations and lays out the table.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use interplay::Results;
use interplay::eval::{
    Evaluation, ItemScore, Measure, PairedDifference, holm, paired_difference, pass_at_k,
    sharpening,
};
use serde::Deserialize;

/// Which evaluations.
#[derive(Args)]
pub(super) struct Flags {
    /// The evaluation to compare with: a run folder or its results.json, with @STAGE for another
    /// stage than the last one that has an evaluation, or an evaluation such as eval/STAGE.json.
    #[arg(value_name = "A")]
    before: String,
    /// The evaluation to judge, of the same problems.
    #[arg(value_name = "B")]
    after: String,
    /// Compare answers alone instead of verified solutions.
    #[arg(long)]
    answers: bool,
}

/// One line of the table.
struct Line {
    group: String,
    temperature: String,
    k: u32,
    before: f64,
    after: f64,
    gain: PairedDifference,
}

/// Compares and prints the table.
pub(super) fn compare(flags: &Flags) -> Result<()> {
    let read = [&flags.before, &flags.after].map(|source| Source::read(source));
    let [before, after] = match read {
        [Ok(before), Ok(after)] => [before, after],
        read => {
            let wrong = read.into_iter().filter_map(Result::err);
            let messages: Vec<String> = wrong.map(|error| format!("{error:#}")).collect();
            bail!("{}", messages.join("\n"))
        }
    };
    let measure = match flags.answers {
        true => Measure::AnswerOnly,
        false => Measure::Verified,
    };
    let pairs = pairs(&before, &after)?;
    let (mut lines, mut problems) = (Vec::new(), BTreeSet::new());
    for pair in &pairs {
        if let Err(error) = compare_pair(*pair, measure, &mut lines) {
            problems.insert(format!("{} and {}: {error:#}", flags.before, flags.after));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
    }
    let mut text = format!("A: {}\nB: {}\n\n", before.name, after.name);
    text.push_str(&table(&lines));
    for (before, after) in pairs {
        text.push_str(&verdict(before, after, measure)?);
    }
    super::output::print(&text)
}

/// The evaluations of a model, one for each temperature.
struct Source {
    name: String,
    evaluations: Vec<Evaluation>,
}

/// The file `eval/STAGE.json` of a run; other fields are ignored.
#[derive(Deserialize)]
struct EvaluationFile {
    value: EvaluationValue,
}

#[derive(Deserialize)]
struct EvaluationValue {
    evaluation: Evaluation,
}

impl Source {
    fn read(source: &str) -> Result<Self> {
        let (path, stage) = match source.rsplit_once('@') {
            Some((path, stage)) if !Path::new(source).exists() => (path, Some(stage)),
            _ => (source, None),
        };
        let mut path = PathBuf::from(path);
        if path.is_dir() {
            path.push("results.json");
        }
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        if stage.is_none()
            && let Ok(file) = serde_json::from_str::<EvaluationFile>(&text)
        {
            return Ok(Self {
                name: source.to_owned(),
                evaluations: vec![file.value.evaluation],
            });
        }
        let results: Results = serde_json::from_str(&text).with_context(|| {
            let path = path.display();
            format!("{path} is neither the results of a run nor an evaluation")
        })?;
        Self::of_stage(&results, stage, &path)
    }

    fn of_stage(results: &Results, stage: Option<&str>, path: &Path) -> Result<Self> {
        let wanted = |name: &str| stage.is_none_or(|stage| stage == name);
        let mut evaluated = results.stages.iter().rev();
        let found = evaluated.find(|stage| wanted(&stage.name) && stage.evaluation.is_some());
        let Some(found) = found else {
            let evaluated = results.stages.iter().filter(|one| one.evaluation.is_some());
            let names: Vec<&str> = evaluated.map(|one| one.name.as_str()).collect();
            let (path, stage) = (path.display(), stage.unwrap_or("any stage"));
            bail!(
                "{path}: found no evaluation of {stage}; it has those of: {}",
                names.join(", ")
            );
        };
        let all = found.other_temperatures.iter().chain(&found.evaluation);
        Ok(Self {
            name: format!("{}@{}", path.display(), found.name),
            evaluations: all.cloned().collect(),
        })
    }
}

/// Two evaluations at one temperature.
type Pair<'a> = (&'a Evaluation, &'a Evaluation);

/// The evaluations at equal temperatures, or the only ones whatever their temperatures.
fn pairs<'a>(before: &'a Source, after: &'a Source) -> Result<Vec<Pair<'a>>> {
    if let ([one], [two]) = (&before.evaluations[..], &after.evaluations[..]) {
        return Ok(vec![(one, two)]);
    }
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for one in &before.evaluations {
        let equal = |two: &&Evaluation| two.temperature == one.temperature;
        pairs.extend(after.evaluations.iter().find(equal).map(|two| (one, two)));
    }
    pairs.sort_by(|a, b| warmth(a).total_cmp(&warmth(b)));
    let shown = |source: &Source| {
        let all: Vec<String> = source
            .evaluations
            .iter()
            .map(Evaluation::temperature_name)
            .collect();
        all.join(", ")
    };
    ensure!(
        !pairs.is_empty(),
        "{} was evaluated at temperatures {}, {} at {}; expected one in common",
        before.name,
        shown(before),
        after.name,
        shown(after)
    );
    Ok(pairs)
}

fn warmth(pair: &Pair<'_>) -> f64 {
    pair.0.temperature.unwrap_or(f64::INFINITY)
}

/// A group's name, and what belongs to it.
type Group = (String, Box<dyn Fn(&ItemScore) -> bool>);

/// All problems, then the bands, then the ops.
fn groups(evaluation: &Evaluation) -> Vec<Group> {
    let mut groups: Vec<Group> = vec![("overall".to_owned(), Box::new(|_: &ItemScore| true))];
    for band in evaluation.by_band.keys() {
        let (name, band) = (format!("band {band}"), Some(band.clone()));
        groups.push((name, Box::new(move |item: &ItemScore| item.band == band)));
    }
    for op in evaluation.by_op.keys().copied() {
        let holds = move |item: &ItemScore| item.op == Some(op);
        groups.push((format!("op {op}"), Box::new(holds)));
    }
    groups
}

fn compare_pair(pair: Pair<'_>, measure: Measure, lines: &mut Vec<Line>) -> Result<()> {
    let (before, after) = pair;
    // Finds other problems and other levels before anything is computed.
    paired_difference(before, after, 1, measure, |_| true)?;
    let ks: Vec<u32> = before
        .ks
        .iter()
        .filter(|k| after.ks.contains(k))
        .copied()
        .collect();
    for (group, holds) in groups(before) {
        for k in &ks {
            let gain = paired_difference(before, after, *k, measure, &holds)?;
            let mean = |found: &Evaluation| mean_pass(found, *k, measure, &holds);
            lines.push(Line {
                group: group.clone(),
                temperature: before.temperature_name(),
                k: *k,
                before: mean(before),
                after: mean(after),
                gain,
            });
        }
    }
    Ok(())
}

/// The mean pass@k over the problems of a group.
fn mean_pass(
    found: &Evaluation,
    k: u32,
    measure: Measure,
    holds: impl Fn(&ItemScore) -> bool,
) -> f64 {
    let held = found.items.iter().filter(|item| holds(item));
    let passes: Vec<f64> = held
        .map(|item| pass_at_k(found.completions, right(item, measure), k))
        .collect();
    passes.iter().sum::<f64>() / passes.len() as f64
}

fn right(item: &ItemScore, measure: Measure) -> u32 {
    match measure {
        Measure::AnswerOnly => item.answers,
        _ => item.verified,
    }
}

fn table(lines: &[Line]) -> String {
    let p_value = |line: &Line| line.gain.p_value.unwrap_or(1.0);
    let ps: Vec<f64> = lines.iter().map(p_value).collect();
    let mut text = format!(
        "{:<12}{:<12}{:>5}{:>9}{:>8}{:>8}  {:<24}{:>8}{:>9}{:>12}\n{}\n",
        "group",
        "temperature",
        "k",
        "problems",
        "A",
        "B",
        "B - A",
        "p",
        "p Holm",
        "detectable",
        "-".repeat(107)
    );
    for (line, adjusted) in lines.iter().zip(holm(&ps)) {
        let gain = &line.gain;
        let [difference, low, high] = [gain.difference, gain.low, gain.high].map(|x| 100.0 * x);
        let _ = writeln!(
            text,
            "{:<12}{:<12}{:>5}{:>9}{:>8.1}{:>8.1}  {:<24}{:>8.4}{:>9.4}{:>12.1}",
            line.group,
            line.temperature,
            line.k,
            gain.problems,
            100.0 * line.before,
            100.0 * line.after,
            format!("{difference:+.1} [{low:+.1}, {high:+.1}]"),
            p_value(line),
            adjusted,
            100.0 * gain.detectable.unwrap_or(f64::NAN)
        );
    }
    text.push_str(
        "percent and points, paired by problem, with 95 % intervals; p of a sign-flip test, and \
         after Holm's correction over the table; detectable: the difference found in 80 % of \
         comparisons of this size\n\n",
    );
    text
}

/// What B does that A does not, at the first and the last k.
fn verdict(before: &Evaluation, after: &Evaluation, measure: Measure) -> Result<String> {
    let ks = || before.ks.iter().filter(|k| after.ks.contains(k));
    if ks().count() < 2 {
        return Ok(String::new());
    }
    let found = sharpening(before, after, measure, |_| true)?;
    let solved = |item: &ItemScore| right(item, measure) > 0;
    let pairs = before.items.iter().zip(&after.items);
    let lost = pairs
        .filter(|(one, two)| solved(one) && !solved(two))
        .count();
    let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
    let known = before.items.len() - found.unsolved;
    Ok(format!(
        "temperature {}: {}. Of {} problems that A never solved in {} tries, B solves {} ({:.1} %), where \
         {:.1} would be luck (p {:.4}); of {known} that A solved, B never solves {lost} ({:.1} %).\n",
        before.temperature_name(),
        found.change,
        found.unsolved,
        before.completions,
        found.newly_solved,
        share(found.newly_solved, found.unsolved),
        found.luck_share * before.items.len() as f64,
        found.luck_p_value,
        share(lost, known)
    ))
}
