//! Two ways of training over several seeds.

use std::collections::BTreeSet;

use anyhow::{Result, bail};
use interplay::eval::{Evaluation, Measure, OverSeeds, SeedPair, temperature_name};

use super::groups::{Group, groups, judged};
use super::report::{Report, Row, RunVerdict, Verdict, other_temperature};
use super::rule::Rule;
use super::source::{SEED, Source};

/// The sources of one seed.
struct Sources {
    seed: u64,
    before: Source,
    after: Source,
}

/// Compares sources in which `{seed}` stands for each seed.
pub(super) fn compare(
    sources: [&str; 2],
    seeds: &[u64],
    independent: bool,
    rule: Rule<'_>,
) -> Result<Report> {
    let measure = rule.measure;
    let mut problems = wrong_flags(sources, seeds);
    let read = match problems.iter().any(|problem| problem.contains(SEED)) {
        // Every seed would read the same file.
        true => Vec::new(),
        false => read(sources, seeds, &mut problems),
    };
    for source in read.iter().flat_map(|one| [&one.before, &one.after]) {
        rule.check_source(source)?;
    }
    let mut left_out = Vec::new();
    let names = [0, 1].map(|arm| name(sources[arm], &read, arm, &mut problems));
    let temperatures = match read.is_empty() {
        true => Vec::new(),
        false => aligned(&read, rule, &mut left_out, &mut problems),
    };
    let mut arms = Vec::new();
    for pairs in temperatures {
        if pairs.len() < 2 {
            continue;
        }
        match OverSeeds::new(pairs, independent) {
            Ok(found) => arms.push(found),
            Err(errors) => problems.extend(
                errors
                    .iter()
                    .map(|error| format!("{} and {}: {error}", sources[0], sources[1])),
            ),
        }
    }
    if !problems.is_empty() {
        let mut seen = BTreeSet::new();
        problems.retain(|problem| seen.insert(problem.clone()));
        bail!("{}", problems.join("\n"));
    }
    let mut report = Report::new([&names[0], &names[1]], measure);
    report.seeds = seeds.to_vec();
    report.leave_out(left_out);
    for found in &arms {
        report.design = Some(found.design());
        let partial = rows(found, measure, &mut report.rows)?;
        let partial = partial.into_iter();
        let named = partial.map(|name| format!("{name}, of which some seeds have no problem"));
        report.leave_out(named.collect());
        for pair in found.pairs() {
            for evaluation in [pair.before, pair.after] {
                let alone = evaluation.ks.iter().filter(|k| !found.ks().contains(k));
                let named = alone.map(|k| format!("k {k}, which some evaluations lack"));
                report.leave_out(named.collect());
            }
        }
    }
    report.adjust();
    for found in &arms {
        let evaluations: Vec<&Evaluation> = found.pairs().iter().map(|pair| pair.before).collect();
        for group in judged(&evaluations) {
            report.verdicts.extend(verdict(group, found, measure)?);
        }
    }
    Ok(report)
}

/// What is wrong whatever the files hold.
fn wrong_flags(sources: [&str; 2], seeds: &[u64]) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, source) in ["A", "B"].into_iter().zip(sources) {
        if !source.contains(SEED) {
            problems.push(format!(
                "{name} is {source}; expected {SEED} in it, which stands for each of --seeds"
            ));
        }
    }
    if seeds.len() < 2 {
        problems.push(format!(
            "--seeds has {} seed; expected at least 2, better 3 or more",
            seeds.len()
        ));
    }
    let mut seen = BTreeSet::new();
    for seed in seeds {
        if !seen.insert(seed) {
            problems.push(format!(
                "--seeds has {seed} more than once; expected each seed once"
            ));
        }
    }
    problems
}

/// Reads the sources of each seed; those that both can be read.
fn read(sources: [&str; 2], seeds: &[u64], problems: &mut Vec<String>) -> Vec<Sources> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    for seed in seeds.iter().filter(|seed| seen.insert(**seed)) {
        let of = |source: &str| Source::read(&source.replace(SEED, &seed.to_string()));
        match sources.map(of) {
            [Ok(before), Ok(after)] => found.push(Sources {
                seed: *seed,
                before,
                after,
            }),
            read => {
                let wrong = read.into_iter().filter_map(Result::err);
                problems.extend(wrong.map(|error| format!("{error:#}")));
            }
        }
    }
    found
}

/// The name of an arm: its source with the stage that all seeds have.
fn name(source: &str, read: &[Sources], arm: usize, problems: &mut Vec<String>) -> String {
    let stage = |sources: &Sources| [&sources.before, &sources.after][arm].stage.clone();
    let stages: BTreeSet<Option<String>> = read.iter().map(stage).collect();
    let named: Vec<&str> = stages
        .iter()
        .map(|stage| stage.as_deref().unwrap_or("-"))
        .collect();
    match &named[..] {
        [stage] if *stage != "-" && !source.ends_with(&format!("@{stage}")) => {
            format!("{source}@{stage}")
        }
        [] | [_] => source.to_owned(),
        several => {
            problems.push(format!(
                "{source} has the stages {} as the last ones; expected the same of all seeds, so \
                 name one with @STAGE",
                several.join(", ")
            ));
            source.to_owned()
        }
    }
}

/// The evaluations of all seeds at each temperature that all have; with `--any-temperature` also the only ones, where
/// all seeds of A have one temperature, and all of B another.
fn aligned<'a>(
    read: &'a [Sources],
    rule: Rule<'_>,
    left_out: &mut Vec<String>,
    problems: &mut Vec<String>,
) -> Vec<Vec<SeedPair<'a>>> {
    let all = || read.iter().flat_map(|one| [&one.before, &one.after]);
    let only = all().all(|source| source.evaluations.len() == 1);
    if only && rule.any_temperature {
        let same = |of: fn(&Sources) -> &Source| {
            let mut each = read.iter().map(|one| of(one).evaluations[0].temperature);
            let first = each.next().flatten();
            each.all(|temperature| temperature == first)
        };
        if same(|one| &one.before) && same(|one| &one.after) {
            let pair = |one: &'a Sources| SeedPair {
                seed: one.seed,
                before: &one.before.evaluations[0],
                after: &one.after.evaluations[0],
            };
            return vec![read.iter().map(pair).collect()];
        }
    }
    let mut temperatures: Vec<Option<f64>> = Vec::new();
    for temperature in all().flat_map(Source::ascending) {
        if !temperatures.contains(&temperature) {
            temperatures.push(temperature);
        }
    }
    let mut found = Vec::new();
    for temperature in temperatures {
        let pair = |one: &'a Sources| {
            Some(SeedPair {
                seed: one.seed,
                before: one.before.at(temperature)?,
                after: one.after.at(temperature)?,
            })
        };
        match read.iter().map(pair).collect::<Option<Vec<_>>>() {
            Some(pairs) => found.push(pairs),
            None => left_out.push(format!(
                "temperature {}, which some evaluations lack",
                temperature_name(temperature)
            )),
        }
    }
    found.sort_by(|a, b| warmth(a).total_cmp(&warmth(b)));
    if found.is_empty() {
        let each = all().map(|source| format!("{} at {}", source.name, source.temperatures()));
        problems.push(format!(
            "evaluated at different temperatures: {}; expected one in common, or --any-temperature where \
             each has one",
            each.collect::<Vec<_>>().join("; ")
        ));
    }
    found
}

fn warmth(pairs: &Vec<SeedPair<'_>>) -> f64 {
    let first = pairs.first().and_then(|pair| pair.before.temperature);
    first.unwrap_or(f64::INFINITY)
}

/// Adds the rows of a temperature; gives the groups that some seeds do not have.
fn rows(found: &OverSeeds<'_>, measure: Measure, rows: &mut Vec<Row>) -> Result<Vec<String>> {
    let evaluations: Vec<&Evaluation> = found.pairs().iter().map(|pair| pair.before).collect();
    let (groups, partial) = groups(&evaluations);
    for (group, holds) in groups {
        for k in found.ks() {
            let gain = found.gain(*k, measure, &holds)?;
            let over_seeds = gain.over_seeds;
            rows.push(Row {
                group: group.clone(),
                temperature: found.pairs()[0].before.temperature,
                b_temperature: other_temperature(found.pairs()[0].before, found.pairs()[0].after),
                k: *k,
                problems: over_seeds.problems,
                before: gain.before,
                after: gain.after,
                difference: over_seeds.difference,
                low: over_seeds.low,
                high: over_seeds.high,
                p_value: over_seeds.p_value,
                p_holm: 1.0,
                detectable: Some(over_seeds.detectable),
                over_seeds: Some(over_seeds),
                by_seed: gain.by_seed,
            });
        }
    }
    Ok(partial)
}

fn verdict(
    (group, holds): Group,
    found: &OverSeeds<'_>,
    measure: Measure,
) -> Result<Option<Verdict>> {
    if found.ks().len() < 2 {
        return Ok(None);
    }
    let sharpening = found.sharpening(measure, &holds)?;
    let run = |(pair, alone): (&SeedPair<'_>, _)| RunVerdict {
        seed: Some(pair.seed),
        ..RunVerdict::new((pair.before, pair.after), measure, alone, &holds)
    };
    let runs = found.pairs().iter().zip(&sharpening.by_seed);
    Ok(Some(Verdict {
        group,
        temperature: found.pairs()[0].before.temperature,
        b_temperature: other_temperature(found.pairs()[0].before, found.pairs()[0].after),
        change: sharpening.change,
        narrowed: sharpening.narrowed,
        newly_solved_share: sharpening.newly_solved_share,
        luck_share: sharpening.luck_share,
        runs: runs.map(run).collect(),
    }))
}
