//! `interplay compare`: two evaluations of the same problems, problem by problem.
//!
//! Source: Miller 2024 (arXiv 2411.00640), section 4.2, for paired differences and for the minimum
//! detectable effect; Holm 1979 (Scandinavian Journal of Statistics 6) for the correction over the
//! table. The p-value is that of a sign-flip test: under the null hypothesis, each problem's
//! difference is as likely to have the opposite sign.
//!
//! Deviations: the sign-flip test draws its flips from a fixed seed instead of going through all of
//! them, so no p-value is below 1 in 10,000.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use interplay::Results;
use interplay::eval::{
    Evaluation, ItemScore, Measure, PairedDifference, paired_difference, pass_at_k,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
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

/// Flips of the sign-flip test.
const FLIPS: u32 = 9_999;
/// Probability of an effect of the minimum detectable size being detected at 5 %: 80 %.
const DETECTABLE: f64 = 1.96 + 0.8416;

/// One line of the table.
struct Line {
    group: String,
    temperature: String,
    k: u32,
    before: f64,
    after: f64,
    gain: PairedDifference,
    p: f64,
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
        let all: Vec<String> = source.evaluations.iter().map(temperature).collect();
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

fn temperature(found: &Evaluation) -> String {
    match found.temperature {
        Some(0.0) => "greedy".to_owned(),
        Some(temperature) => temperature.to_string(),
        None => "-".to_owned(),
    }
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
            let shares = shares(pair, *k, measure, &holds);
            let mean = |side: fn(&(f64, f64)) -> f64| {
                shares.iter().map(side).sum::<f64>() / shares.len() as f64
            };
            lines.push(Line {
                group: group.clone(),
                temperature: temperature(before),
                k: *k,
                before: mean(|pair| pair.0),
                after: mean(|pair| pair.1),
                gain,
                p: sign_flip(shares.iter().map(|(before, after)| after - before)),
            });
        }
    }
    Ok(())
}

/// pass@k of every problem of a group, before and after.
fn shares(
    (before, after): Pair<'_>,
    k: u32,
    measure: Measure,
    holds: impl Fn(&ItemScore) -> bool,
) -> Vec<(f64, f64)> {
    let items = before.items.iter().zip(&after.items);
    let held = items.filter(|(one, _)| holds(one));
    let right = |item: &ItemScore| right(item, measure);
    held.map(|(one, two)| {
        let before = pass_at_k(before.completions, right(one), k);
        (before, pass_at_k(after.completions, right(two), k))
    })
    .collect()
}

fn right(item: &ItemScore, measure: Measure) -> u32 {
    match measure {
        Measure::AnswerOnly => item.answers,
        _ => item.verified,
    }
}

/// The two-sided p-value of the sign-flip test of paired differences.
fn sign_flip(differences: impl Iterator<Item = f64>) -> f64 {
    let differences: Vec<f64> = differences.filter(|one| *one != 0.0).collect();
    // Sums in another order differ by rounding; equal ones must count as equal.
    let observed = differences.iter().sum::<f64>().abs() - 1e-9;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut as_large = 0_u32;
    for _ in 0..FLIPS {
        let mut sum = 0.0;
        for part in differences.chunks(64) {
            let signs: u64 = rng.next_u64();
            for (bit, difference) in part.iter().enumerate() {
                sum += if signs >> bit & 1 == 1 {
                    *difference
                } else {
                    -difference
                };
            }
        }
        as_large += u32::from(sum.abs() >= observed);
    }
    f64::from(1 + as_large) / f64::from(1 + FLIPS)
}

/// The p-values after Holm's correction, in the order of `ps`.
fn holm(ps: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..ps.len()).collect();
    order.sort_by(|a, b| ps[*a].total_cmp(&ps[*b]));
    let (mut adjusted, mut largest) = (vec![0.0; ps.len()], 0.0_f64);
    for (rank, index) in order.into_iter().enumerate() {
        largest = largest.max(ps[index] * (ps.len() - rank) as f64).min(1.0);
        adjusted[index] = largest;
    }
    adjusted
}

fn table(lines: &[Line]) -> String {
    let ps: Vec<f64> = lines.iter().map(|line| line.p).collect();
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
            line.p,
            adjusted,
            100.0 * DETECTABLE * gain.standard_error
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
    let ks: Vec<u32> = before
        .ks
        .iter()
        .filter(|k| after.ks.contains(k))
        .copied()
        .collect();
    let (Some(first), Some(last)) = (ks.first(), ks.last()) else {
        return Ok(String::new());
    };
    if first == last {
        return Ok(String::new());
    }
    let gain = |k: u32| paired_difference(before, after, k, measure, |_| true);
    let (one, many) = (gain(*first)?, gain(*last)?);
    let word = match (one.low > 0.0, many.low > 0.0) {
        (_, true) => "extended",
        (true, false) => "sharpened",
        (false, false) => "neither",
    };
    let items = || before.items.iter().zip(&after.items);
    let solved = |item: &ItemScore| right(item, measure) > 0;
    let unsolved = items().filter(|(one, _)| !solved(one)).count();
    let newly = items()
        .filter(|(one, two)| !solved(one) && solved(two))
        .count();
    let lost = items()
        .filter(|(one, two)| solved(one) && !solved(two))
        .count();
    let share = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
    Ok(format!(
        "temperature {}: {word}. Of {unsolved} problems that A never solved in {} tries, B solves \
         {newly} ({:.1} %); of {} that A solved, B never solves {lost} ({:.1} %).\n",
        temperature(before),
        before.completions,
        share(newly, unsolved),
        before.items.len() - unsolved,
        share(lost, before.items.len() - unsolved)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_p_value_is_that_of_all_flips() {
        // Five differences of one sign: 2 of the 32 flips have a sum as large.
        let p = sign_flip([1.0; 5].into_iter());
        assert!((p - 2.0 / 32.0).abs() < 0.01, "{p}");
        // The sum is zero, which every flip reaches.
        assert_eq!(sign_flip([0.5, -0.5, 0.0].into_iter()), 1.0);
        assert_eq!(sign_flip(std::iter::empty()), 1.0);
    }

    #[test]
    fn holm_corrects_step_by_step() {
        // 3 x 0.01, then 2 x 0.03, then 0.04, which cannot be below the one before.
        let adjusted = holm(&[0.04, 0.01, 0.03]);
        let expected = [0.06, 0.03, 0.06];
        for (found, expected) in adjusted.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
