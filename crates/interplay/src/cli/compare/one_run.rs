//! One run against another: paired by problem.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use interplay::eval::{
    Evaluation, ItemScore, Measure, comparability, paired_difference, pass_at_k, sharpening,
    temperature_name,
};

use super::groups::{Group, groups, judged};
use super::report::{Report, Row, RunVerdict, Verdict, other_temperature};
use super::rule::Rule;
use super::source::Source;

/// Compares two sources.
pub(super) fn compare(sources: [&str; 2], rule: Rule<'_>) -> Result<Report> {
    let measure = rule.measure;
    let read = sources.map(Source::read);
    let [before, after] = match read {
        [Ok(before), Ok(after)] => [before, after],
        read => {
            let wrong = read.into_iter().filter_map(Result::err);
            let messages: Vec<String> = wrong.map(|error| format!("{error:#}")).collect();
            bail!("{}", messages.join("\n"))
        }
    };
    rule.check_source(&before)?;
    rule.check_source(&after)?;
    let mut report = Report::new([&before.name, &after.name], measure);
    let pairs = pairs(&before, &after, rule, &mut report.left_out)?;
    let mut problems = BTreeSet::new();
    for pair in &pairs {
        for error in comparability(pair.0, pair.1, 1) {
            problems.insert(format!("{} and {}: {error}", sources[0], sources[1]));
        }
    }
    if !problems.is_empty() {
        bail!("{}", problems.into_iter().collect::<Vec<_>>().join("\n"));
    }
    for (before, after) in &pairs {
        compare_pair((before, after), measure, &mut report.rows)?;
        report.leave_out(unshared(&before.ks, &after.ks, |k| format!("k {k}")));
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

/// The evaluations at equal temperatures; with `--any-temperature` also the only ones at different temperatures.
/// Temperatures that one of the two lacks are noted.
fn pairs<'a>(
    before: &'a Source,
    after: &'a Source,
    rule: Rule<'_>,
    left_out: &mut Vec<String>,
) -> Result<Vec<Pair<'a>>> {
    if let ([one], [two]) = (&before.evaluations[..], &after.evaluations[..])
        && rule.any_temperature
    {
        return Ok(vec![(one, two)]);
    }
    let temperatures = before.ascending();
    let both = |at: &Option<f64>| Some((before.at(*at)?, after.at(*at)?));
    let pairs: Vec<Pair<'_>> = temperatures.iter().filter_map(both).collect();
    ensure!(
        !pairs.is_empty(),
        "{} was evaluated at temperatures {}, {} at {}; expected one in common, or two single evaluations and \
         --any-temperature",
        before.name,
        before.temperatures(),
        after.name,
        after.temperatures()
    );
    *left_out = unshared(&temperatures, &after.ascending(), |at| {
        format!("temperature {}", temperature_name(*at))
    });
    Ok(pairs)
}

/// What one side has and the other does not, in words.
pub(super) fn unshared<T: PartialEq>(
    before: &[T],
    after: &[T],
    name: impl Fn(&T) -> String,
) -> Vec<String> {
    let lacking = |has: &[T], lacks: &[T], who: &str| -> Vec<String> {
        let alone = has.iter().filter(|one| !lacks.contains(one));
        alone
            .map(|one| format!("{}, which {who} lacks", name(one)))
            .collect()
    };
    let mut all = lacking(before, after, "B");
    all.extend(lacking(after, before, "A"));
    all
}

fn compare_pair(pair: Pair<'_>, measure: Measure, rows: &mut Vec<Row>) -> Result<()> {
    let (before, after) = pair;
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
                b_temperature: other_temperature(before, after),
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
        .map(|item| pass_at_k(found.completions, measure.of(item), k))
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
        b_temperature: other_temperature(before, after),
        change: found.change,
        narrowed: found.narrowed,
        newly_solved_share: run.newly_solved_share(),
        luck_share: run.luck_share(),
        runs: vec![run],
    }))
}
