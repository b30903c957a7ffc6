//! Models compared over temperatures of sampling: at equal temperature, and each at its own best.
//!
//! Training can raise pass@1 at one temperature by sharpening the distribution alone, which a lower
//! temperature does as well. A gain that is left at every equal temperature, and between each model's
//! own best, is not of that kind.
//!
//! Deviations: the best temperature is chosen on the problems that it is then compared on, over all
//! bands, so the best of several temperatures is a little optimistic for both models.

use interplay_eval::{
    Band, Cell, Evaluation, ItemScore, Measure, PairedDifference, paired_difference,
};

use crate::results::{Results, StageResult, points};

/// The evaluations of a stage at every temperature, ascending.
pub(crate) fn evaluations(stage: &StageResult) -> Vec<&Evaluation> {
    let others = stage.other_temperatures.iter();
    let mut all: Vec<_> = others.chain(&stage.evaluation).collect();
    all.sort_by(|a, b| {
        let [a, b] = [a, b].map(|found| found.temperature.unwrap_or(f64::INFINITY));
        a.total_cmp(&b)
    });
    all
}

/// Whether any model was evaluated at more than one temperature.
pub(crate) fn swept(results: &Results) -> bool {
    let mut stages = results.stages.iter();
    stages.any(|stage| !stage.other_temperatures.is_empty())
}

/// The evaluation with the highest verified pass@k over all problems, among those that have it; of
/// equals the coolest.
fn best(stage: &StageResult, k: u32) -> Option<&Evaluation> {
    let mut best: Option<(f64, &Evaluation)> = None;
    for found in evaluations(stage) {
        if let Some(pass) = found.overall.verified_at(k)
            && best.is_none_or(|(estimate, _)| pass.estimate > estimate)
        {
            best = Some((pass.estimate, found));
        }
    }
    best.map(|(_, found)| found)
}

/// The largest k of any evaluation.
fn largest_k(results: &Results) -> u32 {
    let stages = results.stages.iter();
    let ks = stages.flat_map(|stage| evaluations(stage).into_iter().flat_map(|one| &one.ks));
    ks.copied().max().unwrap_or(1)
}

/// Heads and rows of the accuracy at every temperature, by stage and band.
pub(crate) fn accuracy_rows(results: &Results) -> Vec<Vec<String>> {
    let k = largest_k(results);
    let head = [
        "stage".to_owned(),
        "temperature".to_owned(),
        "band".to_owned(),
        "verified pass@1".to_owned(),
        format!("verified pass@{k}"),
        "answer pass@1".to_owned(),
        "cut off".to_owned(),
    ];
    let mut rows = vec![head.to_vec()];
    for stage in &results.stages {
        for found in evaluations(stage) {
            for band in Band::ALL.map(Band::name) {
                if let Some(cell) = found.by_band.get(band) {
                    let names = [
                        stage.name.clone(),
                        found.temperature_name(),
                        band.to_owned(),
                    ];
                    rows.push(names.into_iter().chain(numbers(cell, k)).collect());
                }
            }
        }
    }
    rows
}

fn numbers(cell: &Cell, k: u32) -> [String; 4] {
    let shown = |pass: Option<&interplay_eval::PassAtK>| match pass {
        Some(pass) => crate::results::percent(pass),
        None => "-".to_owned(),
    };
    [
        shown(cell.verified_at(1)),
        shown(cell.verified_at(k)),
        shown(cell.answer_at(1)),
        format!("{:.1}", 100.0 * cell.truncated_share),
    ]
}

/// Heads and rows of the gain of every stage over the model that it started from: at each
/// temperature that both were evaluated at, and between the best of each.
pub(crate) fn gain_rows(results: &Results) -> Vec<Vec<String>> {
    let k = largest_k(results);
    let head = [
        "gain of".to_owned(),
        "over".to_owned(),
        "temperature".to_owned(),
        "band".to_owned(),
        "verified pass@1".to_owned(),
        format!("verified pass@{k}"),
    ];
    let mut rows = vec![head.to_vec()];
    for stage in &results.stages {
        let named = |name: &String| results.stages.iter().find(|stage| stage.name == *name);
        let Some(from) = stage.from.as_ref().and_then(named) else {
            continue;
        };
        for (temperature, pairs) in compared(from, stage, k) {
            for band in Band::ALL.map(Band::name) {
                let gains = pairs.map(|pair| pair.and_then(|(pair, k)| gain(pair, k, band)));
                if gains.iter().all(Option::is_none) {
                    continue;
                }
                let names = [&stage.name, &from.name, &temperature].map(String::clone);
                let shown = gains.map(|gain| gain.as_ref().map_or("-".to_owned(), points));
                let row = names.into_iter().chain([band.to_owned()]).chain(shown);
                rows.push(row.collect());
            }
        }
    }
    rows
}

/// Two evaluations to compare at a k.
type Pair<'a> = ((&'a Evaluation, &'a Evaluation), u32);

/// What is compared of two models: by the name of the temperature, the pairs at 1 and at `k`.
fn compared<'a>(
    from: &'a StageResult,
    to: &'a StageResult,
    k: u32,
) -> Vec<(String, [Option<Pair<'a>>; 2])> {
    let mut rows = Vec::new();
    for before in evaluations(from) {
        let equal = |after: &&Evaluation| after.temperature == before.temperature;
        if let Some(after) = evaluations(to).into_iter().find(equal) {
            let pair = (before, after);
            rows.push((
                before.temperature_name(),
                [Some((pair, 1)), Some((pair, k))],
            ));
        }
    }
    if rows.len() > 1 {
        let best = [1, k].map(|k| Some(((best(from, k)?, best(to, k)?), k)));
        let of = |pair: Option<Pair<'_>>| {
            pair.map_or("-".to_owned(), |((before, after), _)| {
                format!(
                    "{} to {}",
                    before.temperature_name(),
                    after.temperature_name()
                )
            })
        };
        let name = format!("best ({}; {})", of(best[0]), of(best[1]));
        rows.push((name, best));
    }
    rows
}

fn gain(pair: (&Evaluation, &Evaluation), k: u32, band: &str) -> Option<PairedDifference> {
    let within = |item: &ItemScore| item.band.as_deref() == Some(band);
    paired_difference(pair.0, pair.1, k, Measure::Verified, within).ok()
}

#[cfg(test)]
mod tests {
    use interplay_eval::EvalSettings;

    use super::*;

    /// Four problems at the edge with these verified completions.
    fn found(temperature: f64, completions: u32, verified: [u32; 4]) -> Evaluation {
        let settings = EvalSettings {
            completions,
            ks: if completions == 1 {
                vec![1]
            } else {
                vec![1, completions]
            },
            temperature: Some(temperature),
            ..EvalSettings::default()
        };
        let item = |(id, verified)| ItemScore {
            id,
            band: Some("edge".into()),
            verified,
            answers: verified,
            ..ItemScore::default()
        };
        let items = (0..).zip(verified).map(item).collect();
        Evaluation::from_scores(&settings, "strict", items).unwrap()
    }

    fn stage(name: &str, from: Option<&str>, found: Vec<Evaluation>) -> StageResult {
        let text = serde_json::json!({
            "name": name, "kind": "grpo", "from": from, "key": "", "steps": 0, "samples": 0,
            "ledger": interplay_train::ledger::Ledger::default(),
        });
        let mut stage: StageResult = serde_json::from_value(text).unwrap();
        let mut found = found.into_iter();
        let greedy = found.next().unwrap();
        stage.evaluation = found.next();
        stage.other_temperatures = std::iter::once(greedy).chain(found).collect();
        stage
    }

    fn results() -> Results {
        let before = vec![
            found(0.0, 1, [1, 1, 0, 0]),
            found(0.7, 4, [2, 2, 0, 0]),
            found(1.0, 4, [1, 1, 1, 0]),
        ];
        let after = vec![
            found(0.0, 1, [1, 1, 0, 0]),
            found(0.7, 4, [4, 4, 0, 0]),
            found(1.0, 4, [3, 3, 0, 0]),
        ];
        let text = serde_json::json!({
            "format": 2, "name": "x", "seed": 0, "device": "flex", "model_parameters": 1, "stages": [],
        });
        let mut results: Results = serde_json::from_value(text).unwrap();
        results.stages = vec![stage("a", None, before), stage("b", Some("a"), after)];
        results
    }

    #[test]
    fn a_gain_that_is_temperature_alone_vanishes_between_the_best() {
        let rows = gain_rows(&results());
        let shown: Vec<(&str, &str)> = rows[1..]
            .iter()
            .map(|row| (row[2].as_str(), row[4].split(' ').next().unwrap()))
            .collect();
        assert_eq!(
            shown,
            [
                ("greedy", "+0.0"),
                ("0.7", "+25.0"),
                ("1", "+18.8"),
                ("best (greedy to greedy; 1 to 0.7)", "+0.0"),
            ]
        );
        // pass@4: the best of the start, at 1, solves three problems at least once.
        assert!(rows[4][5].starts_with("-25.0 "), "{:?}", rows[4]);
        assert_eq!(rows[1][5], "-");
    }

    #[test]
    fn every_temperature_has_a_row_in_order() {
        let rows = accuracy_rows(&results());
        let temperatures: Vec<&str> = rows[1..4].iter().map(|row| row[1].as_str()).collect();
        assert_eq!(temperatures, ["greedy", "0.7", "1"]);
        assert!(rows[1][3].starts_with("50.0 ["), "{:?}", rows[1]);
        assert_eq!((rows[1][4].as_str(), rows[1][6].as_str()), ("-", "0.0"));
        assert!(swept(&results()));
    }
}
