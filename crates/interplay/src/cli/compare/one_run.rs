//! One run against another: paired by problem.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use interplay::eval::{Evaluation, ItemScore, Measure, paired_difference, pass_at_k, sharpening};

use super::groups::{Group, groups, judged};
use super::report::{Report, Row, RunVerdict, Verdict, right};
use super::source::Source;

/// Compares two sources.
pub(super) fn compare(sources: [&str; 2], measure: Measure) -> Result<Report> {
    let read = sources.map(Source::read);
    let [before, after] = match read {
        [Ok(before), Ok(after)] => [before, after],
        read => {
            let wrong = read.into_iter().filter_map(Result::err);
            let messages: Vec<String> = wrong.map(|error| format!("{error:#}")).collect();
            bail!("{}", messages.join("\n"))
        }
    };
    let pairs = pairs(&before, &after)?;
    let mut report = Report::new([&before.name, &after.name], measure);
    let mut problems = BTreeSet::new();
    for pair in &pairs {
        if let Err(error) = compare_pair(*pair, measure, &mut report.rows) {
            problems.insert(format!("{} and {}: {error:#}", sources[0], sources[1]));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
    }
    report.adjust();
    for (before, after) in pairs {
        for group in judged(&[before]) {
            let verdict = verdict(group, before, after, measure)?;
            report.verdicts.extend(verdict);
        }
    }
    Ok(report)
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
    ensure!(
        !pairs.is_empty(),
        "{} was evaluated at temperatures {}, {} at {}; expected one in common",
        before.name,
        before.temperatures(),
        after.name,
        after.temperatures()
    );
    Ok(pairs)
}

fn warmth(pair: &Pair<'_>) -> f64 {
    pair.0.temperature.unwrap_or(f64::INFINITY)
}

fn compare_pair(pair: Pair<'_>, measure: Measure, rows: &mut Vec<Row>) -> Result<()> {
    let (before, after) = pair;
    // Finds other problems and other levels before anything is computed.
    paired_difference(before, after, 1, measure, |_| true)?;
    let ks: Vec<u32> = before
        .ks
        .iter()
        .filter(|k| after.ks.contains(k))
        .copied()
        .collect();
    for (group, holds) in groups(&[before]).0 {
        for k in &ks {
            let gain = paired_difference(before, after, *k, measure, &holds)?;
            let mean = |found: &Evaluation| mean_pass(found, *k, measure, &holds);
            rows.push(Row {
                group: group.clone(),
                temperature: before.temperature,
                k: *k,
                problems: gain.problems,
                before: mean(before),
                after: mean(after),
                difference: gain.difference,
                low: gain.low,
                high: gain.high,
                p_value: gain.p_value.unwrap_or(1.0),
                p_holm: 1.0,
                detectable: gain.detectable,
                over_seeds: None,
                by_seed: Vec::new(),
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

/// What B does that A does not, at the first and the last k.
fn verdict(
    (group, holds): Group,
    before: &Evaluation,
    after: &Evaluation,
    measure: Measure,
) -> Result<Option<Verdict>> {
    let ks = || before.ks.iter().filter(|k| after.ks.contains(k));
    if ks().count() < 2 {
        return Ok(None);
    }
    let found = sharpening(before, after, measure, &holds)?;
    let run = RunVerdict::new((before, after), measure, &found, holds);
    Ok(Some(Verdict {
        group,
        temperature: before.temperature,
        change: found.change,
        newly_solved_share: run.newly_solved_share(),
        luck_share: run.luck_share(),
        runs: vec![run],
    }))
}
