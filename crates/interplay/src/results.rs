//! What a run found: `results.json`, `ledger.json` and the table on the console.
//!
//! Everything here follows from the plan, so that two runs of one plan write the same bytes.

use std::fmt::Write as _;
use std::path::Path;

use interplay_eval::{Cell, EdgeReport, Evaluation, PassAtK};
use interplay_train::StageSummary;
use interplay_train::ledger::Ledger;
use serde::{Deserialize, Serialize};

use crate::run::{write_json, write_whole};
use crate::{InterplayError, Plan, StageKind, StageSpec};

/// What a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// Version of this format.
    pub format: u32,
    /// The experiment's name.
    pub name: String,
    /// The root seed.
    pub seed: u64,
    /// Where it ran.
    pub device: String,
    /// Parameters of the model.
    pub model_parameters: usize,
    /// Stage by stage, in order.
    pub stages: Vec<StageResult>,
}

/// What a stage found and cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageResult {
    /// The stage's name.
    pub name: String,
    /// What it does.
    pub kind: StageKind,
    /// Hash of all that determines its output.
    pub key: String,
    /// Steps made.
    pub steps: u64,
    /// Samples or problems used.
    pub samples: u64,
    /// What it cost.
    pub ledger: Ledger,
    /// How good its model is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Where the edge of competence lies, for a calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeReport>,
}

impl StageResult {
    pub(crate) fn new(stage: &StageSpec) -> Self {
        Self {
            name: stage.name().to_owned(),
            kind: stage.kind(),
            key: String::new(),
            steps: 0,
            samples: 0,
            ledger: Ledger::default(),
            evaluation: None,
            edge: None,
        }
    }

    pub(crate) fn take(&mut self, summary: StageSummary) {
        self.key = summary.key;
        self.steps = summary.steps;
        self.samples = summary.samples;
        self.ledger.add(&summary.ledger);
    }
}

#[derive(Serialize)]
struct LedgerRow<'a> {
    stage: &'a str,
    #[serde(flatten)]
    ledger: Ledger,
    token_equivalents: f64,
    flops: f64,
}

impl Results {
    pub(crate) fn new(plan: &Plan, model_parameters: usize) -> Self {
        Self {
            format: 1,
            name: plan.experiment.name.clone(),
            seed: plan.experiment.seed,
            device: plan.device.to_string(),
            model_parameters,
            stages: Vec::new(),
        }
    }

    /// The cost of all stages together.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut total = Ledger::default();
        self.stages
            .iter()
            .for_each(|stage| total.add(&stage.ledger));
        total
    }

    pub(crate) fn write(&self, folder: &Path) -> Result<(), InterplayError> {
        let total = self.ledger();
        let row = |stage, ledger: &Ledger| LedgerRow {
            stage,
            ledger: *ledger,
            token_equivalents: ledger.token_equivalents(),
            flops: ledger.flops(self.model_parameters),
        };
        let mut rows: Vec<_> = self
            .stages
            .iter()
            .map(|stage| row(stage.name.as_str(), &stage.ledger))
            .collect();
        rows.push(row("total", &total));
        write_json(&folder.join("ledger.json"), &rows)?;
        write_json(&folder.join("results.json"), self)?;
        write_whole(&folder.join("results.txt"), results_table(self).as_bytes())
    }
}

/// One line of the table: a stage in a band.
pub(crate) struct Line<'a> {
    pub stage: &'a str,
    pub band: &'a str,
    pub cell: &'a Cell,
}

/// All stages in all bands.
pub(crate) fn lines(results: &Results) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for stage in &results.stages {
        let Some(evaluation) = &stage.evaluation else {
            continue;
        };
        for band in ["id", "edge", "hard"] {
            if let Some(cell) = evaluation.by_band.get(band) {
                lines.push(Line {
                    stage: &stage.name,
                    band,
                    cell,
                });
            }
        }
    }
    lines
}

/// The first and the last of the measured k.
pub(crate) fn ends(passes: &[PassAtK]) -> Option<(&PassAtK, &PassAtK)> {
    Some((passes.first()?, passes.last()?))
}

/// An estimate with its interval, in percent.
pub(crate) fn percent(pass: &PassAtK) -> String {
    let [estimate, low, high] = [pass.estimate, pass.low, pass.high].map(|share| 100.0 * share);
    format!("{estimate:.1} [{low:.1}, {high:.1}]")
}

/// Stage by band: verified pass@1 and pass@k with 95 % intervals, the answer alone beside them.
#[must_use]
pub fn results_table(results: &Results) -> String {
    let lines = lines(results);
    let k = lines
        .iter()
        .find_map(|line| ends(&line.cell.verified))
        .map_or(1, |(_, last)| last.k);
    let heads = [
        "stage".to_owned(),
        "band".to_owned(),
        "verified pass@1".to_owned(),
        format!("verified pass@{k}"),
        "answer pass@1".to_owned(),
        format!("answer pass@{k}"),
    ];
    let mut rows = vec![heads];
    for line in &lines {
        let text = |passes: &[PassAtK]| match ends(passes) {
            Some((first, last)) => [percent(first), percent(last)],
            None => [String::new(), String::new()],
        };
        let [verified, verified_k] = text(&line.cell.verified);
        let [answer, answer_k] = text(&line.cell.answer_only);
        let names = [line.stage.to_owned(), line.band.to_owned()];
        let [stage, band] = names;
        rows.push([stage, band, verified, verified_k, answer, answer_k]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..6).map(width).collect();
    let mut table = String::new();
    for (place, row) in rows.iter().enumerate() {
        for (column, text) in row.iter().enumerate() {
            let _ = write!(table, "{text:<width$}  ", width = widths[column]);
        }
        table.truncate(table.trim_end().len());
        table.push('\n');
        if place == 0 {
            table.push_str(&"-".repeat(widths.iter().sum::<usize>() + 10));
            table.push('\n');
        }
    }
    table.push_str("percent, with 95 % intervals clustered by problem\n");
    table
}
