//! The account of a run: what every stage cost and what it was given, for `ledger.json` and the report.
//!
//! Everything here follows from the plan, so two runs of one plan write the same bytes. Times and energy are in
//! `costs.json`.
//!
//! Source: arXiv 2512.07783, appendix on compute budgets, for token equivalents.
//!
//! Deviations: beside the paper's rule, equivalents by floating-point operations. The rule takes all forward passes
//! of a token for equally expensive. A token of a long sequence attends more, and sampling does not feed the last
//! token back, so the two differ.

use std::path::Path;

use interplay_report::{Block, Section};
use interplay_train::ledger::{Flops, Ledger};
use serde::Serialize;

use crate::budget::{BudgetUnit, PlannedBudget, PlannedShare};
use crate::error::InterplayError;
use crate::results::{Results, StageResult};
use crate::run_file::write_json;
use crate::stage::StageKind;

/// One row of `ledger.json`: a stage, or the total.
#[derive(Serialize)]
struct Row<'a> {
    stage: &'a str,
    #[serde(flatten)]
    ledger: Ledger,
    /// Trained tokens of the same cost by the paper's rule. Calibration and evaluation are left out.
    token_equivalents: f64,
    /// Floating-point operations; `None` where an older version counted tokens alone.
    flops: Option<Flops>,
    /// Operations of training: all but calibration and evaluation.
    training_flops: Option<u128>,
    /// Tokens of the first next-token stage that cost as many operations as training in this row.
    flop_token_equivalents: Option<f64>,
    /// What the budget gave to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<Spent>,
}

/// The planned and the actual cost of a stage with a share of a budget, in the budget's unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Spent {
    unit: BudgetUnit,
    planned: f64,
    spent: f64,
    /// `spent - planned`.
    difference: f64,
}

/// The rows of all stages in order, then the total.
fn rows(results: &Results) -> Vec<Row<'_>> {
    let per_token = flops_per_trained_token(results);
    let row = |stage, ledger: Ledger, known: bool, budget| {
        let flops = known.then(|| flops(results, &ledger)).flatten();
        let training = flops.map(|flops| flops.training());
        Row {
            stage,
            ledger,
            token_equivalents: ledger.token_equivalents(),
            flops,
            training_flops: training,
            flop_token_equivalents: training.zip(per_token).map(|(all, one)| all as f64 / one),
            budget,
        }
    };
    let share = |stage: &str| results.budget.as_ref()?.of(stage);
    let mut rows: Vec<Row<'_>> = results
        .stages
        .iter()
        .map(|stage| {
            let spent = share(&stage.name).and_then(|share| spent(results, share, stage));
            row(stage.name.as_str(), stage.ledger, true, spent)
        })
        .collect();
    let known = rows.iter().all(|row| row.flops.is_some());
    rows.push(row("total", results.ledger(), known, whole(results)));
    rows
}

/// The operations of a ledger, if all of them are known.
fn flops(results: &Results, ledger: &Ledger) -> Option<Flops> {
    let model = results.model_flops?;
    ledger.has_workloads().then(|| ledger.flops(&model))
}

/// Writes `ledger.json`.
pub(crate) fn write_ledger(results: &Results, folder: &Path) -> Result<(), InterplayError> {
    write_json(&folder.join("ledger.json"), &rows(results))
}

/// Operations of a trained token of the first next-token stage: the exchange rate of equivalents. Arms of a study
/// share this stage, so their equivalents are comparable.
fn flops_per_trained_token(results: &Results) -> Option<f64> {
    let next_token = |stage: &&StageResult| {
        matches!(stage.kind, StageKind::Pretrain | StageKind::Midtrain)
            && stage.ledger.trained_tokens > 0
    };
    let ledger = &results.stages.iter().find(next_token)?.ledger;
    let flops = flops(results, ledger)?.training();
    (flops > 0).then(|| flops as f64 / ledger.trained_tokens as f64)
}

/// What a stage spent of its share.
fn spent(results: &Results, share: &PlannedShare, stage: &StageResult) -> Option<Spent> {
    let unit = results.budget.as_ref()?.unit;
    let spent = match unit {
        BudgetUnit::Tokens => stage.ledger.token_equivalents(),
        BudgetUnit::Flops => flops(results, &stage.ledger)?.training() as f64,
    };
    Some(Spent {
        unit,
        planned: share.planned,
        spent,
        difference: spent - share.planned,
    })
}

/// What all stages with a share spent together, beside the whole budget.
fn whole(results: &Results) -> Option<Spent> {
    let budget: &PlannedBudget = results.budget.as_ref()?;
    let part = |stage: &StageResult| spent(results, budget.of(&stage.name)?, stage);
    let total = budget.total as f64;
    let spent: f64 = results
        .stages
        .iter()
        .filter_map(part)
        .map(|one| one.spent)
        .sum();
    Some(Spent {
        unit: budget.unit,
        planned: total,
        spent,
        difference: spent - total,
    })
}

/// The part of the report about compute.
pub(crate) fn section(results: &Results) -> Section {
    let rows = rows(results);
    let mut blocks = vec![tokens(&rows), operations(&rows)];
    blocks.extend(budget(results, &rows));
    Section {
        heading: "Compute".into(),
        text: "A trained token costs three forward passes, a rollout token, a reference token or one that \
               is scored again costs one; calibration and evaluation are counted apart and left out of the \
               equivalents. Operations are those of the matrix products, attention included, of every \
               sequence by itself; a backward pass counts twice its forward pass."
            .into(),
        blocks,
    }
}

fn tokens(rows: &[Row<'_>]) -> Block {
    let columns = [
        "stage",
        "trained tokens",
        "rollout tokens",
        "reference tokens",
        "scored tokens",
        "calibration tokens",
        "evaluation tokens",
        "trained-token equivalents",
    ];
    let line = |row: &Row<'_>| {
        let ledger = &row.ledger;
        let counts = [
            ledger.trained_tokens,
            ledger.generated_tokens,
            ledger.reference_tokens,
            ledger.scored_tokens,
            ledger.calibrated_tokens,
            ledger.evaluated_tokens,
        ];
        let mut line = vec![row.stage.to_owned()];
        line.extend(counts.map(|count| count.to_string()));
        line.push(format!("{:.0}", row.token_equivalents));
        line
    };
    table(columns, rows.iter().map(line).collect())
}

fn operations(rows: &[Row<'_>]) -> Block {
    let columns = [
        "stage",
        "forward",
        "backward",
        "recomputed",
        "rollouts",
        "reference",
        "scored",
        "training FLOPs",
        "calibration",
        "evaluation",
        "equivalents by FLOPs",
    ];
    let line = |row: &Row<'_>| {
        let mut line = vec![row.stage.to_owned()];
        let parts: [fn(&Flops) -> u128; 9] = [
            |flops| flops.forward,
            |flops| flops.backward,
            |flops| flops.recomputation,
            |flops| flops.generation,
            |flops| flops.reference,
            |flops| flops.scoring,
            Flops::training,
            |flops| flops.calibration,
            |flops| flops.evaluation,
        ];
        line.extend(parts.map(|part| match row.flops.as_ref().map(part) {
            None => "-".to_owned(),
            Some(0) => "0".to_owned(),
            Some(count) => format!("{:.3e}", count as f64),
        }));
        let equivalents = row.flop_token_equivalents;
        line.push(equivalents.map_or("-".to_owned(), |tokens| format!("{tokens:.0}")));
        line
    };
    table(columns, rows.iter().map(line).collect())
}

/// What was planned beside what was spent, if there is a budget.
fn budget(results: &Results, rows: &[Row<'_>]) -> Option<Block> {
    let planned = results.budget.as_ref()?;
    let columns = [
        "stage".to_owned(),
        "share".to_owned(),
        format!("planned {}", planned.unit),
        "spent".to_owned(),
        "difference".to_owned(),
        "of a step".to_owned(),
    ];
    let number = |value: f64| match planned.unit {
        BudgetUnit::Tokens => format!("{value:.0}"),
        BudgetUnit::Flops => format!("{value:.4e}"),
    };
    let line = |row: &Row<'_>| {
        let spent = row.budget?;
        let share = planned.of(row.stage);
        Some(vec![
            row.stage.to_owned(),
            share.map_or("1".to_owned(), |share| share.share.to_string()),
            number(spent.planned),
            number(spent.spent),
            number(spent.difference),
            share.map_or("-".to_owned(), |share| number(share.step)),
        ])
    };
    Some(Block::Table {
        columns: columns.to_vec(),
        rows: rows.iter().filter_map(line).collect(),
    })
}

fn table<const N: usize>(columns: [&str; N], rows: Vec<Vec<String>>) -> Block {
    Block::Table {
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::spec::ExperimentSpec;
    use interplay_model::{ModelConfig, ModelFlops, Workload};
    use interplay_tasks::ContextLibrary;

    /// Results of the quick experiment's stages, in which only the first two did anything: 100 tokens of training
    /// each, in sequences of 10 and of 50 tokens.
    fn results() -> Results {
        let spec = ExperimentSpec::preset("quick").unwrap();
        let plan = Plan::resolve(spec, None, &ContextLibrary::embedded()).unwrap();
        let mut results = Results::new(&plan, &ModelConfig::tiny(600));
        results.stages = plan.stages.iter().map(StageResult::new).collect();
        for (stage, length) in [(0, 10), (1, 50)] {
            let ledger = &mut results.stages[stage].ledger;
            ledger.trained_tokens = 100;
            for _ in 0..100 / length {
                ledger.workloads.trained += Workload::sequence(length, length - 1);
            }
        }
        results
    }

    #[test]
    fn equivalents_by_operations_are_tokens_of_the_first_stage() {
        let results = results();
        let rows = rows(&results);
        let found: Vec<f64> = rows
            .iter()
            .filter_map(|row| row.flop_token_equivalents)
            .collect();
        let model = ModelFlops::new(&ModelConfig::tiny(600));
        let cost =
            |length| 100 / length as u128 * model.forward(&Workload::sequence(length, length - 1));
        let second = 100.0 * cost(50) as f64 / cost(10) as f64;
        // Longer sequences attend more, so that as many tokens cost more; the paper's rule does not see it.
        assert!(second > 101.0, "{second}");
        assert!((found[0] - 100.0).abs() < 1e-9 && (found[1] - second).abs() < 1e-9);
        assert!((found[4] - found[0] - found[1]).abs() < 1e-9, "{found:?}");
        assert_eq!(rows[1].token_equivalents, 100.0);
    }

    #[test]
    fn operations_that_an_older_version_did_not_count_are_unknown_and_not_zero() {
        let mut results = results();
        results.stages[1].ledger.workloads = Default::default();
        let rows = rows(&results);
        let known: Vec<bool> = rows.iter().map(|row| row.flops.is_some()).collect();
        assert_eq!(known, [true, false, true, true, false]);
        assert_eq!(rows[4].token_equivalents, 200.0);
    }

    #[test]
    fn spending_is_compared_in_the_unit_of_the_budget() {
        let share = |stage: &str, planned| PlannedShare {
            stage: stage.to_owned(),
            share: 0.5,
            planned,
            step: 1.0,
            budget_tokens: None,
            steps: None,
        };
        let mut results = results();
        let budget = |unit| PlannedBudget {
            unit,
            total: 150,
            stages: vec![share("base", 70.0), share("midtrain", 75.0)],
        };
        results.budget = Some(budget(BudgetUnit::Tokens));
        let of = |results: &Results| -> Vec<Option<Spent>> {
            rows(results).iter().map(|row| row.budget).collect()
        };
        let spent = |unit, planned, spent| {
            Some(Spent {
                unit,
                planned,
                spent,
                difference: spent - planned,
            })
        };
        let unit = BudgetUnit::Tokens;
        let expected = [
            spent(unit, 70.0, 100.0),
            spent(unit, 75.0, 100.0),
            None,
            None,
            spent(unit, 150.0, 200.0),
        ];
        assert_eq!(of(&results), expected);
        results.budget = Some(budget(BudgetUnit::Flops));
        let base = results.stages[0]
            .ledger
            .flops(&results.model_flops.unwrap());
        let expected = spent(BudgetUnit::Flops, 70.0, base.training() as f64);
        assert_eq!(of(&results)[0], expected);
    }
}
