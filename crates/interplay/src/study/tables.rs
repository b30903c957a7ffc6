//! The tables of a study, as rows of text with their heads: shared by the page and the text.

use interplay_eval::temperature_name;

use super::effect::{Effect, Level};
use super::results::{ArmResult, GroupLevels, OVERALL, StudyResults};

/// A table: its head first.
pub(super) type Rows = Vec<Vec<String>>;

/// What each arm reaches in each band: verified at the first and the last k, greedy decoding, answers alone.
pub(super) fn levels(results: &StudyResults) -> Rows {
    let main = temperature_name(Some(results.temperature));
    let last = results.arms.iter().find_map(|arm| {
        let groups = arm.levels.get(&main)?;
        groups.first()?.verified.last().map(|level| level.k)
    });
    let last = last.unwrap_or(1);
    let mut head = vec![
        "arm".to_owned(),
        "band".to_owned(),
        "verified pass@1".to_owned(),
    ];
    if last > 1 {
        head.push(format!("verified pass@{last}"));
    }
    head.extend(["verified greedy".to_owned(), "answer pass@1".to_owned()]);
    let mut rows = vec![head];
    for arm in &results.arms {
        let groups = arm.levels.get(&main).into_iter().flatten();
        for group in groups.filter(|one| one.group != OVERALL && !one.group.starts_with("op ")) {
            let band = group.group.as_str();
            let mut row = vec![arm.arm.to_string(), band.to_owned()];
            row.push(group.verified.first().map(percent).unwrap_or_default());
            if last > 1 {
                row.push(group.verified.last().map(percent).unwrap_or_default());
            }
            let greedy = arm.group("greedy", band);
            let greedy = greedy.and_then(|group| group.verified.first());
            row.push(greedy.map(percent).unwrap_or_default());
            row.push(group.answer_only.first().map(percent).unwrap_or_default());
            rows.push(row);
        }
    }
    rows
}

/// What separates the arms.
pub(super) fn effects(results: &StudyResults) -> Rows {
    let ks: Vec<u32> = match results.comparisons.first() {
        Some(first) => {
            let mut ks: Vec<u32> = first.effects.iter().map(|effect| effect.k).collect();
            ks.sort_unstable();
            ks.dedup();
            ks
        }
        None => Vec::new(),
    };
    let mut head: Vec<String> = ["B", "against A", "band"].map(str::to_owned).into();
    for k in &ks {
        head.extend([format!("verified pass@{k}"), "p Holm".to_owned()]);
    }
    head.extend(["verdict".to_owned(), "newly solved".to_owned()]);
    let mut rows = vec![head];
    for one in &results.comparisons {
        for judgment in &one.judgments {
            let mut row = vec![one.b.to_string(), one.a.to_string(), judgment.group.clone()];
            for k in &ks {
                let mut of_group = one
                    .effects
                    .iter()
                    .filter(|effect| effect.group == judgment.group);
                match of_group.find(|effect| effect.k == *k) {
                    Some(effect) => row.extend([points(effect), format!("{:.4}", effect.p_holm)]),
                    None => row.extend([String::new(), String::new()]),
                }
            }
            row.push(match judgment.narrowed {
                true => format!("{}, narrowed", judgment.change),
                false => judgment.change.to_string(),
            });
            row.push(match (judgment.newly_solved_share, judgment.luck_share) {
                (Some(share), Some(luck)) => {
                    format!("{:.1} % (luck {:.1} %)", 100.0 * share, 100.0 * luck)
                }
                _ => "-".to_owned(),
            });
            rows.push(row);
        }
    }
    rows
}

/// The differences of each seed.
pub(super) fn by_seed(results: &StudyResults) -> Rows {
    let mut head: Vec<String> = ["B", "against A", "band", "k"].map(str::to_owned).into();
    head.extend(results.seeds.iter().map(|seed| format!("seed {seed}")));
    let mut rows = vec![head];
    for one in &results.comparisons {
        for effect in &one.effects {
            let mut row = vec![one.b.to_string(), one.a.to_string(), effect.group.clone()];
            row.push(effect.k.to_string());
            row.extend(
                effect
                    .by_seed
                    .iter()
                    .map(|one| format!("{:+.1}", 100.0 * one)),
            );
            rows.push(row);
        }
    }
    rows
}

/// What predicts the gain of RL; empty where nothing was correlated.
pub(super) fn predictors(results: &StudyResults) -> Rows {
    if results.predictors.is_empty() {
        return Vec::new();
    }
    let head = [
        "known before RL",
        "band",
        "gain in verified",
        "pairs",
        "seeds",
        "rho",
        "p",
        "p Holm",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in &results.predictors {
        rows.push(vec![
            one.predictor.description().to_owned(),
            one.group.clone(),
            format!("pass@{}", one.k),
            one.correlation.pairs.to_string(),
            one.correlation.strata.to_string(),
            format!("{:+.2}", one.correlation.rho),
            format!("{:.4}", one.correlation.p_value),
            format!("{:.4}", one.p_holm),
        ]);
    }
    rows
}

/// What each arm costs.
pub(super) fn costs(results: &StudyResults) -> Rows {
    let head = [
        "arm",
        "kind",
        "from",
        "parameters",
        "trained tokens",
        "sampled tokens",
    ];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    for one in &results.arms {
        rows.push(vec![
            one.arm.to_string(),
            one.kind.to_string(),
            one.from.clone().unwrap_or_else(|| "-".to_owned()),
            one.parameters.to_string(),
            format!("{:.0}", one.trained_tokens),
            format!("{:.0}", one.generated_tokens),
        ]);
    }
    rows
}

fn percent(level: &Level) -> String {
    let [mean, low, high] = [level.mean, level.low, level.high].map(|share| 100.0 * share);
    format!("{mean:.1} [{low:.1}, {high:.1}]")
}

fn points(effect: &Effect) -> String {
    let ends = [effect.difference, effect.low, effect.high];
    let [difference, low, high] = ends.map(|share| 100.0 * share);
    format!("{difference:+.1} [{low:+.1}, {high:+.1}]")
}

impl StudyResults {
    /// The bands that were evaluated, in their order.
    pub(super) fn band_names(&self) -> Vec<&str> {
        let mut bands: Vec<(&String, &[u32; 2])> = self.bands.iter().collect();
        bands.sort_by_key(|(_, range)| **range);
        bands.into_iter().map(|(name, _)| name.as_str()).collect()
    }
}

impl ArmResult {
    /// What the arm reaches in a group at a temperature.
    pub(super) fn group(&self, temperature: &str, group: &str) -> Option<&GroupLevels> {
        let mut groups = self.levels.get(temperature)?.iter();
        groups.find(|one| one.group == group)
    }
}
