//! Filling the stages of an experiment in from its budget.

use std::collections::BTreeMap;

use interplay_graph::settings::Issues;
use interplay_model::{ModelConfig, ModelFlops, load_config};

use super::cost::{Cost, UNITS_PER_TOKEN, cost};
use super::open::OPEN;
use super::shares::{lengths, shares};
use super::split::{Claim, parts, split};
use super::{BudgetSpec, BudgetUnit, PlannedBudget, PlannedShare};
use crate::limits::MANY;
use crate::spec::ExperimentSpec;
use crate::stage::{StageKind, StageSettings, StageSpec};

/// An experiment whose budget is split.
pub(crate) struct Applied {
    /// The experiment, with the amounts of work filled in and without stages whose share is 0.
    pub experiment: ExperimentSpec,
    /// The split, if there is a budget and nothing is wrong with it.
    pub planned: Option<PlannedBudget>,
    /// Everything that is wrong with the budget.
    pub issues: Issues,
}

/// Splits the budget of an experiment, if it has one.
pub(crate) fn apply(mut experiment: ExperimentSpec) -> Applied {
    let mut issues = Issues::default();
    let Some(budget) = experiment.budget.clone() else {
        return Applied {
            experiment,
            planned: None,
            issues,
        };
    };
    let shares = shares(&budget, &experiment.stages, &mut issues);
    lengths(&budget, &shares, &experiment.stages, &mut issues);
    let mut planned = None;
    if issues.is_empty() && in_range(&experiment) {
        let split = planned_budget(&experiment, &budget, &shares, &mut issues);
        remove_unfunded(&mut experiment.stages, &shares);
        for stage in &mut experiment.stages {
            if let Some(share) = split.of(&stage.name) {
                fill(stage, share, &mut issues);
            }
        }
        planned = Some(split);
    }
    let complete = issues.is_empty();
    for stage in &mut experiment.stages {
        let funded = shares.get(&stage.name).is_some_and(|share| *share > 0.0);
        let key = format!("{}.training.{}", stage.key(), amount_key(stage.kind()));
        let Some(amount) = amount(&mut stage.settings).filter(|amount| **amount == OPEN) else {
            continue;
        };
        // What keeps a share from being filled in is among the issues already.
        if complete && !funded {
            issues.push(
                key,
                "nothing",
                "a number, or a share of the budget for the stage",
            );
        }
        *amount = 1;
    }
    Applied {
        experiment,
        planned: planned.filter(|_| issues.is_empty()),
        issues,
    }
}

/// The amount of work in a stage's settings that a budget can fill in.
fn amount(settings: &mut StageSettings) -> Option<&mut u64> {
    match settings {
        StageSettings::Pretrain(stage) | StageSettings::Midtrain(stage) => {
            Some(&mut stage.training.budget_tokens)
        }
        StageSettings::Grpo(stage) => Some(&mut stage.training.steps),
        StageSettings::Init | StageSettings::Calibrate(_) => None,
    }
}

fn amount_key(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Grpo => "steps",
        _ => "budget_tokens",
    }
}

/// Whether the sizes of everything that costs are within their limits, so that no product overflows. Sizes that are
/// not are reported by the checks of the experiment.
fn in_range(spec: &ExperimentSpec) -> bool {
    let model = &spec.model;
    let within = |count: usize, most: u64| (1..=most).contains(&(count as u64));
    let sizes = within(model.hidden_size, MANY)
        && within(model.intermediate_size, MANY)
        && within(vocabulary(spec), MANY)
        && [model.layers, model.heads, model.kv_heads]
            .into_iter()
            .all(|count| within(count, 1 << 10));
    let stage = |stage: &StageSpec| {
        let mut settings = stage.settings.clone();
        if let Some(amount) = amount(&mut settings) {
            *amount = (*amount).max(1);
        }
        settings.needs().issues.is_empty()
    };
    sizes && spec.stages.iter().all(stage)
}

/// A stage with a share above 0.
struct Funded<'a> {
    stage: &'a StageSpec,
    share: f64,
    cost: Cost,
}

/// The split of a budget with which nothing is wrong so far.
fn planned_budget(
    spec: &ExperimentSpec,
    budget: &BudgetSpec,
    shares: &BTreeMap<String, f64>,
    issues: &mut Issues,
) -> PlannedBudget {
    let model = nominal_model(spec);
    let funded: Vec<Funded<'_>> = spec
        .stages
        .iter()
        .filter_map(|stage| {
            let share = *shares.get(&stage.name).filter(|share| **share > 0.0)?;
            let cost = cost(&stage.settings, budget, &model)?;
            Some(Funded { stage, share, cost })
        })
        .collect();
    // What is left over goes to the last stage whose pieces are tokens, else to the last of all.
    let tokens = funded.iter().rposition(|one| one.cost.tokens > 0);
    let taker = tokens.or(funded.len().checked_sub(1));
    let claim = |(index, one): (usize, &Funded<'_>)| Claim {
        parts: parts(one.share),
        piece: one.cost.piece,
        takes_rest: Some(index) == taker,
    };
    let claims: Vec<Claim> = funded.iter().enumerate().map(claim).collect();
    let scale = match budget.unit {
        BudgetUnit::Tokens => UNITS_PER_TOKEN,
        BudgetUnit::Flops => 1,
    };
    let pieces = split(u128::from(budget.total) * scale, &claims);
    let in_unit = |units: u128| units as f64 / scale as f64;
    let stages = funded.iter().zip(pieces).map(|(one, pieces)| {
        let step = in_unit(u128::from(one.cost.pieces_per_step) * one.cost.piece);
        if pieces < one.cost.pieces_per_step {
            let found = format!("{} of {}", one.share, budget.total);
            let expected = format!(
                "a share of at least {:.0} {} for `{}`, the cost of one step",
                step.ceil(),
                budget.unit,
                one.stage.name
            );
            issues.push("budget.total", found, expected);
        }
        let tokens = one.cost.tokens;
        PlannedShare {
            stage: one.stage.name.clone(),
            share: one.share,
            planned: in_unit(u128::from(pieces) * one.cost.piece),
            step,
            budget_tokens: (tokens > 0).then(|| pieces.saturating_mul(tokens)),
            steps: (tokens == 0).then_some(pieces),
        }
    });
    PlannedBudget {
        unit: budget.unit,
        total: budget.total,
        stages: stages.collect(),
    }
}

/// The vocabulary that the tokenizer may have at most, or that of the model to start from. A folder that cannot be read
/// is refused when its model is loaded.
fn vocabulary(spec: &ExperimentSpec) -> usize {
    match (&spec.tokenizer, &spec.init) {
        (Some(tokenizer), _) => tokenizer.vocab_size,
        (None, Some(folder)) => load_config(folder).map_or(1, |config| config.vocab_size),
        (None, None) => 1,
    }
}

/// The operations of the model with the vocabulary that the tokenizer may have at most.
fn nominal_model(spec: &ExperimentSpec) -> ModelFlops {
    let model = &spec.model;
    ModelFlops::new(&ModelConfig {
        hidden_size: model.hidden_size,
        intermediate_size: model.intermediate_size,
        num_hidden_layers: model.layers,
        num_attention_heads: model.heads,
        num_key_value_heads: model.kv_heads,
        ..ModelConfig::tiny(vocabulary(spec))
    })
}

/// Writes the planned amount of work into a stage. One that says another amount is refused.
fn fill(stage: &mut StageSpec, share: &PlannedShare, issues: &mut Issues) {
    let key = format!("{}.training.{}", stage.key(), amount_key(stage.kind()));
    let planned = share.budget_tokens.or(share.steps);
    let (Some(amount), Some(planned)) = (amount(&mut stage.settings), planned) else {
        return;
    };
    let expected = format!("{planned}, which the budget gives it, or no such key");
    issues.expect(
        *amount == OPEN || *amount == planned,
        key,
        *amount,
        expected,
    );
    *amount = planned;
}

/// Leaves out the stages whose share is 0. Stages that start from one of them start from what it would have started
/// from.
fn remove_unfunded(stages: &mut Vec<StageSpec>, shares: &BTreeMap<String, f64>) {
    let unfunded = |stage: &StageSpec| shares.get(&stage.name) == Some(&0.0);
    while let Some(index) = stages.iter().position(unfunded) {
        let before = |stages: &[StageSpec], index: usize| {
            let trains = |stage: &&StageSpec| stage.kind().trains();
            let last = stages[..index].iter().rev().find(trains);
            last.map(|stage| stage.name.clone())
        };
        let removed = stages[index].name.clone();
        let start = stages[index].from.clone().or_else(|| before(stages, index));
        for later in index + 1..stages.len() {
            let implied = stages[later].from.clone().or_else(|| before(stages, later));
            if stages[later].kind().traits().starts_from_model && implied.as_ref() == Some(&removed)
            {
                stages[later].from.clone_from(&start);
            }
        }
        stages.remove(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::overrides::Override;

    /// The quick preset with a budget and these keys.
    fn applied(keys: &[&str]) -> Applied {
        let keys: Vec<Override> = keys.iter().map(|key| key.parse().unwrap()).collect();
        let (_, text) = ExperimentSpec::PRESETS[1];
        let text = text
            .replace("budget_tokens = 40_000\n", "")
            .replace("steps = 3\n", "");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("budgeted.toml");
        std::fs::write(&path, text).unwrap();
        apply(ExperimentSpec::load_with(&path, &keys).unwrap())
    }

    fn amounts(applied: &Applied) -> Vec<(String, u64)> {
        let mut stages = applied.experiment.stages.clone();
        let amounts = stages.iter_mut().filter_map(|stage| {
            let name = stage.name.clone();
            Some((name, *amount(&mut stage.settings)?))
        });
        amounts.collect()
    }

    #[test]
    fn tokens_by_hand() {
        // 4 prompts with 4 rollouts of nominally 100 tokens at 5 forward passes: 8,000 units, 2,666.7 tokens.
        let found = applied(&[
            "budget.total=100_000",
            "budget.beta=0.2",
            "budget.rollout_tokens=100",
        ]);
        assert!(found.issues.is_empty(), "{}", found.issues);
        let planned = found.planned.as_ref().unwrap();
        // A fifth of 300,000 units are 7 steps of 8,000; the other 244,000 units are 81,333 tokens.
        let grpo = planned.of("grpo").unwrap();
        assert_eq!((grpo.steps, grpo.planned), (Some(7), 56_000.0 / 3.0));
        let midtrain = planned.of("midtrain").unwrap();
        assert_eq!(
            (midtrain.budget_tokens, midtrain.share),
            (Some(81_333), 0.8)
        );
        let expected = [("base", 150_000), ("midtrain", 81_333), ("grpo", 7)];
        let expected = expected.map(|(name, amount)| (name.to_owned(), amount));
        assert_eq!(amounts(&found), expected);
        assert!(
            planned.to_string().ends_with("not planned: 0.3\n"),
            "{planned}"
        );
    }

    #[test]
    fn without_a_penalty_there_is_no_reference_to_pay() {
        let step = |keys: &[&str]| {
            let mut all = vec!["budget.total=100_000", "budget.beta=0.5"];
            all.extend(keys);
            applied(&all).planned.unwrap().of("grpo").unwrap().step
        };
        // Without nominal lengths rollouts have those of their rows, 256 tokens.
        assert_eq!(step(&[]), 16.0 * 256.0 * 5.0 / 3.0);
        let free = step(&["stage.grpo.training.kl_coefficient=0.0"]);
        assert_eq!(free, 16.0 * 256.0 * 4.0 / 3.0);
    }

    #[test]
    fn operations_count_attention_and_recomputation() {
        let planned = |keys: &[&str]| {
            let mut all = vec![
                "budget.total=4e12",
                "budget.unit=flops",
                "budget.beta=0.5",
                "budget.rollout_tokens=100",
                "budget.sample_tokens=80",
            ];
            all.extend(keys);
            let found = applied(&all);
            assert!(found.issues.is_empty(), "{}", found.issues);
            found.planned.unwrap()
        };
        let plain = planned(&[]);
        // By hand: per position 2 * 2 (64 * 64 * 2 + 2 * 64 * 32 + 3 * 64 * 160), per pair 4 * 2 * 64, per output
        // 2 * 64 * 512.
        let (position, pair, output) = (172_032.0, 512.0, 65_536.0);
        let sequence = |n: f64, out: f64| n * position + n * (n + 1.0) / 2.0 * pair + out * output;
        let rollout = sequence(99.0, 96.0) + 4.0 * sequence(100.0, 96.0);
        let grpo = plain.of("grpo").unwrap();
        assert_eq!(grpo.step, 16.0 * rollout);
        assert_eq!(grpo.steps, Some((2e12 / grpo.step).floor() as u64));
        let midtrain = plain.of("midtrain").unwrap();
        let sample = 3.0 * sequence(80.0, 79.0);
        let samples = ((4e12 - grpo.planned) / sample).floor();
        assert_eq!(midtrain.budget_tokens, Some(80 * samples as u64));
        let again = planned(&["stage.midtrain.training.activations=recompute"]);
        let ratio = again.of("midtrain").unwrap().step / midtrain.step;
        assert!((ratio - 4.0 / 3.0).abs() < 1e-12, "{ratio}");
    }

    #[test]
    fn a_stage_without_a_share_is_left_out() {
        let names = |applied: &Applied| -> Vec<(String, Option<String>)> {
            let stages = applied.experiment.stages.iter();
            stages
                .map(|stage| (stage.name.clone(), stage.from.clone()))
                .collect()
        };
        let all = applied(&["budget.total=100_000", "budget.beta=0"]);
        assert!(all.issues.is_empty(), "{}", all.issues);
        let left: Vec<_> = names(&all).into_iter().map(|(name, _)| name).collect();
        assert_eq!(left, ["base", "midtrain", "calibrate"]);
        assert_eq!(
            all.planned.unwrap().of("midtrain").unwrap().budget_tokens,
            Some(100_000)
        );
        // Stages that name it start from what it would have started from.
        let none = applied(&[
            "budget.total=100_000",
            "budget.beta=1",
            "stage.grpo.from=midtrain",
        ]);
        assert!(none.issues.is_empty(), "{}", none.issues);
        let base = Some("base".to_owned());
        let expected = [
            ("base".to_owned(), None),
            ("calibrate".to_owned(), base.clone()),
            ("grpo".to_owned(), base),
        ];
        assert_eq!(names(&none), expected);
    }

    #[test]
    fn everything_wrong_with_a_budget_is_reported_at_once() {
        let found = |keys: &[&str]| {
            let applied = applied(keys);
            assert!(applied.planned.is_none());
            applied.issues.to_string()
        };
        let all = found(&[
            "budget.total=100_000",
            "budget.shares={ midtrain = 0.5, grpo = 0.4, calibrate = 0.2, gone = 0.3 }",
            "budget.rollout_tokens=257",
            "budget.sample_tokens=64",
        ]);
        for part in [
            "`budget.shares`: found shares that add up to 1.4",
            "`budget.shares.calibrate`: found a `calibrate` stage, expected the name of a stage that",
            "`budget.shares.gone`: found no stage of this name",
            "`budget.rollout_tokens`: found 257, expected 2 to 256",
            "`budget.sample_tokens`: found a length, expected no such key",
        ] {
            assert!(all.contains(part), "{part} is missing in{all}");
        }
        let small = found(&["budget.total=3000", "budget.beta=0.5"]);
        let expected =
            "a share of at least 6827 token equivalents for `grpo`, the cost of one step";
        assert!(small.contains(expected), "{small}");
        let expected = "a share of at least 4096 token equivalents for `midtrain`";
        assert!(small.contains(expected), "{small}");
        let both = found(&["budget.total=1", "budget.beta=1", "budget.shares.grpo=1"]);
        assert!(both.contains("found both `beta` and `shares`"), "{both}");
        let neither = found(&["budget.total=0"]);
        assert!(neither.contains("found neither"), "{neither}");
        assert!(neither.contains("`budget.total`: found 0"), "{neither}");
        let outside = found(&["budget.total=100_000", "budget.beta=1.5"]);
        assert!(
            outside.contains("`budget.beta`: found 1.5, expected 0 to 1"),
            "{outside}"
        );
        let other = found(&[
            "budget.total=100_000",
            "budget.beta=0.2",
            "stage.grpo.training.steps=40",
        ]);
        let expected =
            "`stage.grpo.training.steps`: found 40, expected 2, which the budget gives it";
        assert!(other.contains(expected), "{other}");
        let rest = found(&["budget.total=100_000", "budget.shares.grpo=1"]);
        let expected = "`stage.midtrain.training.budget_tokens`: found nothing, expected a number";
        assert!(rest.contains(expected), "{rest}");
    }

    #[test]
    fn absurd_sizes_are_left_to_the_other_checks() {
        for key in [
            "stage.grpo.training.prompts=9223372036854775807",
            "stage.grpo.training.row_tokens=9223372036854775807",
            "stage.midtrain.training.rows=0",
            "model.hidden_size=9223372036854775807",
            "model.heads=0",
            "budget.beta=nan",
            "budget.total=9223372036854775807",
        ] {
            let _ = applied(&["budget.total=100_000", "budget.beta=0.2", key]);
        }
    }
}
