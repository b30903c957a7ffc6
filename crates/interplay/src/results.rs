//! The results of a run: `results.json` and the table on the console.
//!
//! Everything here follows from the plan, so two runs of one plan write the same bytes.

use std::path::Path;

use interplay_eval::{
    Band, Cell, EdgeReport, Evaluation, ItemScore, Measure, PairedDifference, PassAtK,
    paired_difference,
};
use interplay_model::{ModelConfig, ModelFlops};
use interplay_train::ledger::Ledger;
use interplay_train::{HeldOutLoss, StageSummary};
use serde::{Deserialize, Serialize};

use crate::budget::PlannedBudget;
use crate::error::InterplayError;
use crate::plan::Plan;
use crate::planned_stage::{Stage, StageRef};
use crate::run_file::{write_json, write_whole};
use crate::stage::StageKind;

/// The results of a run.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// Version of this format.
    pub format: u32,
    /// The experiment's name.
    pub name: String,
    /// Random seed.
    pub seed: u64,
    /// The devices that it ran on.
    pub device: String,
    /// Number of parameters of the model.
    pub model_parameters: usize,
    /// Floating-point operations of the model; results of older versions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_flops: Option<ModelFlops>,
    /// The budget that the stages were planned from, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<PlannedBudget>,
    /// Results of the stages, in order.
    pub stages: Vec<StageResult>,
}

/// The result and the cost of a stage.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageResult {
    /// The stage's name.
    pub name: String,
    /// What the stage does.
    pub kind: StageKind,
    /// The stage whose model it starts from; `None` for random weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Hash of everything that determines its output.
    pub key: String,
    /// Number of steps.
    pub steps: u64,
    /// Number of examples that it went through.
    pub samples: u64,
    /// Number of these that were left out because they do not fit in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlong_examples: u64,
    /// Number of problems that its evaluation passed over because they leave no room for a completion.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub overlong_evaluated: u64,
    /// Its cost.
    pub ledger: Ledger,
    /// The evaluation of its model, if it leaves one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// Its evaluations at the other temperatures, ascending: the greedy row first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_temperatures: Vec<Evaluation>,
    /// The loss of the gold solutions of the evaluated problems under its model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out_loss: Option<HeldOutLoss>,
    /// The edge of competence, if it is a calibration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edge: Option<EdgeReport>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl StageResult {
    pub(crate) fn new(stage: &Stage) -> Self {
        let from = stage.start.stage().map(StageRef::name);
        Self {
            name: stage.name.clone(),
            kind: stage.kind(),
            from: from.map(str::to_owned),
            key: String::new(),
            steps: 0,
            samples: 0,
            overlong_examples: 0,
            overlong_evaluated: 0,
            ledger: Ledger::default(),
            evaluation: None,
            other_temperatures: Vec::new(),
            held_out_loss: None,
            edge: None,
        }
    }

    pub(crate) fn take(&mut self, summary: StageSummary) {
        self.key = summary.key;
        self.steps = summary.steps;
        self.samples = summary.samples;
        self.overlong_examples = summary.overlong_examples;
        self.ledger.add(&summary.ledger);
    }
}

impl Results {
    pub(crate) fn new(plan: &Plan, model: &ModelConfig) -> Self {
        Self {
            format: 2,
            name: plan.name.clone(),
            seed: plan.seed,
            device: plan.device.to_string(),
            model_parameters: model.parameters(),
            model_flops: Some(ModelFlops::new(model)),
            budget: plan.planned.clone(),
            stages: Vec::new(),
        }
    }

    /// The total cost of all stages.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let mut total = Ledger::default();
        self.stages
            .iter()
            .for_each(|stage| total.add(&stage.ledger));
        total
    }

    pub(crate) fn write(&self, folder: &Path, table: &str) -> Result<(), InterplayError> {
        write_json(&folder.join("results.json"), self)?;
        write_whole(&folder.join("results.txt"), table.as_bytes())
    }
}

/// One line of the table: a stage in a band.
pub(crate) struct Line<'a> {
    pub stage: &'a str,
    pub band: &'a str,
    pub cell: &'a Cell,
}

impl Line<'_> {
    /// The names, then verified and answer-only at the first and the last k.
    pub fn row(&self) -> Vec<String> {
        let mut row = vec![self.stage.to_owned(), self.band.to_owned()];
        for passes in [&self.cell.verified, &self.cell.answer_only] {
            if let Some((first, last)) = ends(passes) {
                row.extend([percent(first), percent(last)]);
            }
        }
        row
    }
}

/// All stages in all bands.
pub(crate) fn lines(results: &Results) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for stage in &results.stages {
        let Some(evaluation) = &stage.evaluation else {
            continue;
        };
        for band in Band::ALL.map(Band::name) {
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

/// What a stage changed in a band, over the same problems as the stage before it.
pub(crate) struct Gain<'a> {
    pub stage: &'a str,
    pub from: &'a str,
    pub band: &'static str,
    /// At the first and at the last of the measured k.
    pub verified: [PairedDifference; 2],
}

/// The gains of every stage over the model that it started from.
pub(crate) fn gains(results: &Results) -> Vec<Gain<'_>> {
    let evaluated = |name: &str| {
        let stage = results.stages.iter().find(|stage| stage.name == name);
        stage.and_then(|stage| stage.evaluation.as_ref())
    };
    let mut gains = Vec::new();
    for stage in &results.stages {
        let (Some(from), Some(after)) = (&stage.from, &stage.evaluation) else {
            continue;
        };
        let Some(before) = evaluated(from) else {
            continue;
        };
        let (Some(first), Some(last)) = (after.ks.first(), after.ks.last()) else {
            continue;
        };
        for band in Band::ALL.map(Band::name) {
            let gain = |k: u32| {
                let within = |item: &ItemScore| item.band.as_deref() == Some(band);
                paired_difference(before, after, k, Measure::Verified, within).ok()
            };
            if let (Some(one), Some(many)) = (gain(*first), gain(*last)) {
                gains.push(Gain {
                    stage: &stage.name,
                    from,
                    band,
                    verified: [one, many],
                });
            }
        }
    }
    gains
}

/// A paired difference with its interval, in points of a hundred.
pub(crate) fn points(difference: &PairedDifference) -> String {
    let PairedDifference {
        difference,
        low,
        high,
        ..
    } = difference;
    format!(
        "{:+.1} [{:+.1}, {:+.1}]",
        100.0 * difference,
        100.0 * low,
        100.0 * high
    )
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
