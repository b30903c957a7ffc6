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
    /// Floating-point operations; `None` for results that do not hold the model's.
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
    let row = |stage, ledger: Ledger, budget| {
        let flops = results.model_flops.map(|model| ledger.flops(&model));
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
            row(stage.name.as_str(), stage.ledger, spent)
        })
        .collect();
    rows.push(row("total", results.ledger(), whole(results)));
    rows
}

/// Writes `ledger.json`.
pub(crate) fn write_ledger(results: &Results, folder: &Path) -> Result<(), InterplayError> {
    write_json(&folder.join("ledger.json"), &rows(results))
}

/// Operations of a trained token of the first next-token stage: the exchange rate of equivalents. Arms of a study
/// share this stage, so their equivalents are comparable.
fn flops_per_trained_token(results: &Results) -> Option<f64> {
    let model = results.model_flops?;
    let next_token = |stage: &&StageResult| {
        matches!(stage.kind, StageKind::Pretrain | StageKind::Midtrain)
            && stage.ledger.trained_tokens > 0
    };
    let ledger = &results.stages.iter().find(next_token)?.ledger;
    let flops = ledger.flops(&model).training();
    (flops > 0).then(|| flops as f64 / ledger.trained_tokens as f64)
}

/// What a stage spent of its share.
fn spent(results: &Results, share: &PlannedShare, stage: &StageResult) -> Option<Spent> {
    let unit = results.budget.as_ref()?.unit;
    let spent = match unit {
        BudgetUnit::Tokens => stage.ledger.token_equivalents(),
        BudgetUnit::Flops => stage.ledger.flops(&results.model_flops?).training() as f64,
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
        let flops = row.flops.unwrap_or_default();
        let counts = [
            flops.forward,
            flops.backward,
            flops.recomputation,
            flops.generation,
            flops.reference,
            flops.scoring,
            flops.training(),
            flops.calibration,
            flops.evaluation,
        ];
        line.extend(counts.map(|count| match count {
            0 => "0".to_owned(),
            count => format!("{:.3e}", count as f64),
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
