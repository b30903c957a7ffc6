//! The bars of a study's page: what each arm reaches in a band, and what its completions come to.

use std::collections::BTreeMap;

use interplay_eval::temperature_name;
use interplay_report::{BarPlot, BarSeries, Block, Section};

use super::effect::Level;
use super::outcomes::{ACCEPTED, CUT_OFF, Outcomes, REJECTED};
use super::results::{ArmResult, StudyResults};

/// How many kinds of mistakes are told apart in a plot; the rarest are summed.
const KINDS: usize = 7;

/// Verified at the first and the last k, one plot a band, and one for each context with a band where there are several
/// contexts.
pub(super) fn levels(results: &StudyResults) -> Section {
    let main = temperature_name(Some(results.temperature));
    let mut section = Section::new("Side by side")
        .text("Verified pass@k of each arm in each band, means over seeds with 95 % intervals.");
    for (group, name) in groups(results, &main) {
        let (arms, levels): (Vec<&ArmResult>, Vec<&Vec<Level>>) = results
            .arms
            .iter()
            .filter_map(|arm| Some((arm, &arm.group(&main, &group)?.verified)))
            .unzip();
        let Some(ks) = levels.first().map(|levels| levels.len()) else {
            continue;
        };
        let mut plot = BarPlot::new(format!("Verified, {name}"), "arm", "verified (%)")
            .categories(arms.iter().map(|arm| arm.arm.to_string()))
            .percent();
        let mut ends = vec![0, ks.saturating_sub(1)];
        ends.dedup();
        for end in ends {
            let of_arm: Vec<&Level> = levels.iter().filter_map(|levels| levels.get(end)).collect();
            let Some(k) = of_arm.first().map(|level| level.k) else {
                continue;
            };
            let series = BarSeries::new(format!("pass@{k}"), of_arm.iter().map(|one| one.mean));
            plot = plot.series(series.intervals(of_arm.iter().map(|one| (one.low, one.high))));
        }
        section.blocks.push(Block::Bars(plot));
    }
    section
}

/// The groups of problems that bands make, with what a title calls them.
fn groups(results: &StudyResults, temperature: &str) -> Vec<(String, String)> {
    let bands = results.band_names();
    let band = |band: &&str| ((*band).to_owned(), format!("{band} band"));
    let mut groups: Vec<(String, String)> = bands.iter().map(band).collect();
    let all = results
        .arms
        .iter()
        .find_map(|arm| arm.levels.get(temperature));
    for group in all.into_iter().flatten() {
        let of_context = group
            .group
            .rsplit_once(' ')
            .filter(|(_, band)| bands.contains(band));
        if let Some((context, band)) = of_context {
            groups.push((group.group.clone(), format!("{context}, {band} band")));
        }
    }
    groups
}

/// What completions come to, one plot a band; none of results that have no outcomes.
pub(super) fn outcomes(results: &StudyResults) -> Option<Section> {
    let mut section = Section::new("How completions fail").text(
        "Shares of all completions: accepted, cut off at the limit, or wrong, by the first mistake that the verifier \
         finds. The rarest kinds are summed as other.",
    );
    for band in results.band_names() {
        let of_band = |arm: &'_ ArmResult| -> Option<BTreeMap<String, f64>> {
            let mut outcomes = arm.outcomes.iter();
            let found = outcomes.find(|outcomes| outcomes.group == band);
            found.map(|Outcomes { shares, .. }| shares.clone())
        };
        let arms: Vec<(&ArmResult, BTreeMap<String, f64>)> = results
            .arms
            .iter()
            .filter_map(|arm| Some((arm, of_band(arm)?)))
            .collect();
        if arms.is_empty() {
            continue;
        }
        let shares: Vec<&BTreeMap<String, f64>> = arms.iter().map(|(_, shares)| shares).collect();
        let mut plot = BarPlot::new(format!("Outcomes, {band} band"), "arm", "share (%)")
            .categories(arms.iter().map(|(arm, _)| arm.arm.to_string()))
            .stacked()
            .percent()
            .y_range(0.0, 100.0);
        for (name, kinds) in stack(&shares) {
            let share = |shares: &&BTreeMap<String, f64>| -> f64 {
                kinds.iter().filter_map(|kind| shares.get(kind)).sum()
            };
            plot = plot.series(BarSeries::new(name, shares.iter().map(share)));
        }
        section.blocks.push(Block::Bars(plot));
    }
    (!section.blocks.is_empty()).then_some(section)
}

/// The series of a stack with the outcomes that each sums: accepted first, then mistakes from the most frequent on.
fn stack(shares: &[&BTreeMap<String, f64>]) -> Vec<(String, Vec<String>)> {
    let mut totals: BTreeMap<&str, f64> = BTreeMap::new();
    for (kind, share) in shares.iter().copied().flatten() {
        *totals.entry(kind).or_default() += share;
    }
    let apart = [ACCEPTED, CUT_OFF, REJECTED];
    let mut mistakes: Vec<(&str, f64)> = totals
        .iter()
        .filter(|(kind, _)| !apart.contains(kind))
        .map(|(kind, total)| (*kind, *total))
        .collect();
    mistakes.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    let mistakes: Vec<&str> = mistakes.into_iter().map(|(kind, _)| kind).collect();
    let (frequent, rare) = mistakes.split_at(mistakes.len().min(KINDS));
    let alone = |kind: &&str| (kind.replace('_', " "), vec![(*kind).to_owned()]);
    let mut series: Vec<(String, Vec<String>)> = vec![alone(&ACCEPTED)];
    series.extend(frequent.iter().map(alone));
    if !rare.is_empty() {
        let rare = rare.iter().map(|kind| (*kind).to_owned());
        series.push(("other".to_owned(), rare.collect()));
    }
    let there = |kind: &&str| totals.contains_key(kind);
    series.extend(
        [CUT_OFF, REJECTED]
            .iter()
            .filter(|kind| there(kind))
            .map(alone),
    );
    series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_every_share_once() {
        let kinds = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        let mut shares: BTreeMap<String, f64> = (0..)
            .zip(kinds)
            .map(|(number, kind)| (format!("wrong_{kind}"), 0.01 * f64::from(number)))
            .collect();
        shares.insert(CUT_OFF.to_owned(), 0.3);
        let series = stack(&[&shares, &BTreeMap::from([(ACCEPTED.to_owned(), 1.0)])]);
        let names: Vec<&str> = series.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names[..2], [ACCEPTED, "wrong i"]);
        assert_eq!(names[names.len() - 2..], ["other", "cut off"]);
        let mut all: Vec<&String> = series.iter().flat_map(|(_, kinds)| kinds).collect();
        all.sort();
        let mut wanted: Vec<&String> = shares.keys().collect();
        let accepted = ACCEPTED.to_owned();
        wanted.push(&accepted);
        wanted.sort();
        assert_eq!(all, wanted);
        // The two rarest of nine.
        let other = series.iter().find(|(name, _)| name == "other");
        assert_eq!(other.map(|(_, kinds)| kinds.len()), Some(2));
    }
}
