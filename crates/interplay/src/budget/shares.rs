//! Which stage takes which share of a budget, and whether its nominal lengths fit.

use std::collections::BTreeMap;

use interplay_graph::settings::Issues;

use super::split::{PARTS, is_whole, parts};
use super::{BudgetSpec, BudgetUnit};
use crate::limits::MANY;
use crate::stage::{StageKind, StageSettings, StageSpec};

/// The shares of all stages by name, those of 0 included.
pub(super) fn shares(
    budget: &BudgetSpec,
    stages: &[StageSpec],
    issues: &mut Issues,
) -> BTreeMap<String, f64> {
    issues.range("budget.total", budget.total, 1..=i64::MAX as u64);
    let written = match (budget.beta, budget.shares.is_empty()) {
        (Some(beta), true) => of_beta(beta, stages, issues),
        (None, false) => budget.shares.clone(),
        (Some(_), false) => {
            let expected = "either `beta` or `shares`";
            issues.push("budget", "both `beta` and `shares`", expected);
            return BTreeMap::new();
        }
        (None, true) => {
            let expected = "`beta`, or `shares` of stages by name";
            issues.push("budget", "neither `beta` nor `shares`", expected);
            return BTreeMap::new();
        }
    };
    for (name, share) in &budget.shares {
        let key = format!("budget.shares.{name}");
        issues.range(key.as_str(), *share, 0.0..=1.0);
        let found = stages.iter().find(|stage| stage.name == *name);
        let kind = found.map(StageSpec::kind);
        let takes = kind.is_some_and(StageKind::trains) || (kind.is_none() && *share == 0.0);
        let found = kind.map_or("no stage of this name".to_owned(), |kind| {
            format!("a `{kind}` stage")
        });
        issues.expect(takes, key, found, "the name of a stage that trains");
    }
    let all: Vec<u64> = written.values().map(|share| parts(*share)).collect();
    if budget.beta.is_none() {
        let sum: f64 = written.values().sum();
        issues.expect(
            is_whole(&all),
            "budget.shares",
            format!("shares that add up to {sum}"),
            "shares that add up to 1",
        );
    }
    written
}

/// The shares of the mid-training stage and the GRPO stage.
fn of_beta(beta: f64, stages: &[StageSpec], issues: &mut Issues) -> BTreeMap<String, f64> {
    issues.range("budget.beta", beta, 0.0..=1.0);
    let mut shares = BTreeMap::new();
    // In billionths, so that 1 - 0.9 is 0.1.
    let rest = PARTS.saturating_sub(parts(beta)) as f64 / PARTS as f64;
    for (kind, share) in [(StageKind::Midtrain, rest), (StageKind::Grpo, beta)] {
        let names: Vec<&str> = stages
            .iter()
            .filter(|stage| stage.kind() == kind)
            .map(|stage| stage.name.as_str())
            .collect();
        match names.as_slice() {
            [name] => {
                shares.insert((*name).to_owned(), share);
            }
            [] if share == 0.0 => {}
            _ => {
                let expected =
                    format!("one stage of the kind `{kind}` to take {share}, or `budget.shares`");
                issues.push(
                    "budget.beta",
                    format!("{} such stages", names.len()),
                    expected,
                );
            }
        }
    }
    shares
}

/// Checks the nominal lengths against the rows of the stages that have a share.
pub(super) fn lengths(
    budget: &BudgetSpec,
    shares: &BTreeMap<String, f64>,
    stages: &[StageSpec],
    issues: &mut Issues,
) {
    let mut row =
        |key: &str, length: Option<u64>, least: u64, of: fn(&StageSettings) -> Option<usize>| {
            let funded =
                |stage: &&StageSpec| shares.get(&stage.name).is_some_and(|share| *share > 0.0);
            let rows = stages
                .iter()
                .filter(funded)
                .filter_map(|stage| of(&stage.settings));
            if let Some(length) = length {
                let most = rows.min().unwrap_or(MANY as usize) as u64;
                issues.range(key, length, least..=most.max(least));
            }
        };
    row(
        "budget.rollout_tokens",
        budget.rollout_tokens,
        2,
        |settings| match settings {
            StageSettings::Grpo(stage) => Some(stage.training.row_tokens),
            _ => None,
        },
    );
    row(
        "budget.sample_tokens",
        budget.sample_tokens,
        1,
        |settings| match settings {
            StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) => {
                Some(stage.training.row_tokens)
            }
            _ => None,
        },
    );
    let unused = budget.sample_tokens.is_some() && budget.unit == BudgetUnit::Tokens;
    let expected = "no such key with unit = \"tokens\", in which attention does not count";
    issues.expect(!unused, "budget.sample_tokens", "a length", expected);
}
