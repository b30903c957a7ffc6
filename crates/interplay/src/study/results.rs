//! The results of a study: `study.json`, from which its table and its page are made.
//!
//! They follow from the runs alone, so that two people with the same seeds write the same bytes. What the runs cost in
//! time is in the `costs.json` of each.

use std::collections::BTreeMap;
use std::path::Path;

use interplay_eval::{Band, Evaluation, ItemScore, Measure, holm};
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::collected::{Collected, outer_ks};
use super::curves::{Curve, curves};
use super::effect::{Effect, Judgment, Level, effect, judgment, level};
use super::outcomes::{Outcomes, completions};
use super::plans::Study;
use super::predictors::{GainPredictor, predictors};
use super::samples::{StudySample, Wanted, wanted};
use crate::error::InterplayError;
use crate::results::{Results, StageResult};
use crate::run_file::read_json;
use crate::stage::StageKind;

/// The name and version of `study.json`.
pub const STUDY_FORMAT: &str = "interplay-study/1";

/// The name of the group of all problems.
pub const OVERALL: &str = "overall";

/// The results of a study.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StudyResults {
    /// The name and version of this format: [`STUDY_FORMAT`].
    pub format: String,
    /// The study's name.
    pub name: String,
    /// What it asks.
    pub question: String,
    /// The training seeds.
    pub seeds: Vec<u64>,
    /// The devices of the runs.
    pub device: String,
    /// The rule by which completions were accepted.
    pub level: String,
    /// Completions for each problem.
    pub completions: u32,
    /// The temperature of the comparisons.
    pub temperature: f64,
    /// The first and last op of each band.
    pub bands: BTreeMap<String, [u32; 2]>,
    /// What each arm reaches.
    pub arms: Vec<ArmResult>,
    /// What separates the arms.
    pub comparisons: Vec<Comparison>,
    /// Whether what is known before RL predicts what it gains; empty where a study has few arms of RL.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictors: Vec<GainPredictor>,
    /// Completions of the first seed to look at.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<StudySample>,
}

/// What an arm reaches.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArmResult {
    /// The arm.
    pub arm: Arm,
    /// What its stage does.
    pub kind: StageKind,
    /// The stage that it starts from; none for random weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Number of parameters.
    pub parameters: usize,
    /// Mean over seeds of the tokens that its stage trains on, and that it samples to train on.
    pub trained_tokens: f64,
    /// Mean over seeds of the tokens of its rollouts.
    pub generated_tokens: f64,
    /// Levels by temperature (`greedy`, `1`, ...), then by group.
    pub levels: BTreeMap<String, Vec<GroupLevels>>,
    /// What its completions come to, by band, at the study's temperature.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<Outcomes>,
    /// What training showed step by step.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub curves: Vec<Curve>,
}

/// What an arm reaches in a group of problems.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupLevels {
    /// `overall`, a band, a context with a band such as `school edge`, or an op such as `op 6`.
    pub group: String,
    /// The number of problems.
    pub problems: usize,
    /// pass@k of verified solutions.
    pub verified: Vec<Level>,
    /// pass@k of answers alone.
    pub answer_only: Vec<Level>,
}

/// What separates two arms, at the study's temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The arm to compare with.
    pub a: Arm,
    /// The arm that is judged.
    pub b: Arm,
    /// B minus A by group, at the first and the last k.
    pub effects: Vec<Effect>,
    /// The verdicts by group.
    pub judgments: Vec<Judgment>,
}

/// The results of the study's runs; a run that is not finished is `None`.
fn of_runs(study: &Study, folder: &Path) -> Result<Vec<Option<Results>>, InterplayError> {
    let runs = study.runs.iter();
    runs.map(|run| read_json(&run.folder(folder).join("results.json")))
        .collect()
}

impl StudyResults {
    /// Collects the results of a study from its folder; `None` if a run is not finished.
    ///
    /// # Errors
    /// Files that cannot be read, and evaluations that cannot be compared.
    pub fn collect(study: &Study, folder: &Path) -> Result<Option<Self>, InterplayError> {
        let runs: Option<Vec<Results>> = of_runs(study, folder)?.into_iter().collect();
        let Some(runs) = runs else {
            return Ok(None);
        };
        let collected = Collected { study, runs: &runs };
        let arms = study.arms();
        let main = study.runs[0].plan.evaluate.main_temperature();
        let (mut comparisons, mut to_show) = (Vec::new(), Vec::<Wanted<'_>>::new());
        for pair in &study.spec.compare {
            for b in &pair.b {
                let (a, b) = (Arm::from(pair.a.clone()), Arm::from(b.clone()));
                let evaluations = (&collected.at(&a, main), &collected.at(&b, main));
                for wanted in wanted(&collected, (&a, &b), evaluations) {
                    if !to_show.iter().any(|other| other.is(&wanted)) {
                        to_show.push(wanted);
                    }
                }
                comparisons.push(collected.comparison(a, b, main)?);
            }
        }
        let mut results = Vec::new();
        let mut shown: Vec<Option<StudySample>> = vec![None; to_show.len()];
        for arm in &arms {
            let mine = (0..to_show.len()).filter(|index| to_show[*index].arm == *arm);
            let mine: Vec<usize> = mine.collect();
            let wanted: Vec<&Wanted<'_>> = mine.iter().map(|index| &to_show[*index]).collect();
            let (outcomes, found) = completions(study, folder, arm, &wanted)?;
            for (index, record) in mine.into_iter().zip(found) {
                let judged = record.map(|record| to_show[index].judged(record));
                shown[index] = judged.transpose()?;
            }
            results.push(ArmResult {
                curves: curves(study, folder, arm)?,
                outcomes,
                ..collected.arm(arm)?
            });
        }
        adjust(&mut comparisons);
        let first = collected.of(&arms[0]).next();
        let evaluation = first.and_then(|(_, stage)| stage.evaluation.as_ref());
        let bands = study.runs[0].plan.bands;
        let range = |band: Band| {
            let ops = bands.range(band);
            (band.name().to_owned(), [*ops.start(), *ops.end()])
        };
        Ok(Some(Self {
            format: STUDY_FORMAT.to_owned(),
            name: study.name.clone(),
            question: study.spec.question.clone(),
            seeds: study.spec.seeds.clone(),
            device: runs[0].device.clone(),
            level: evaluation
                .map(|found| found.level.clone())
                .unwrap_or_default(),
            completions: study.runs[0].plan.evaluate.completions,
            temperature: main,
            bands: Band::ALL.into_iter().map(range).collect(),
            arms: results,
            comparisons,
            predictors: predictors(&collected, folder, &arms, main)?,
            samples: shown.into_iter().flatten().collect(),
        }))
    }
}

/// Adjusts the p-values for the number of all effects.
fn adjust(comparisons: &mut [Comparison]) {
    let effects = || comparisons.iter().flat_map(|one| &one.effects);
    let adjusted = holm(&effects().map(|effect| effect.p_value).collect::<Vec<_>>());
    let effects = comparisons.iter_mut().flat_map(|one| &mut one.effects);
    for (effect, adjusted) in effects.zip(adjusted) {
        effect.p_holm = adjusted;
    }
}

/// A group's name, and what belongs to it.
type Group = (String, Box<dyn Fn(&ItemScore) -> bool>);

impl Collected<'_> {
    fn arm(&self, arm: &Arm) -> Result<ArmResult, InterplayError> {
        let stages: Vec<&StageResult> = self.of(arm).map(|(_, stage)| stage).collect();
        let mean = |of: fn(&StageResult) -> u64| {
            let sum: u64 = stages.iter().map(|stage| of(stage)).sum();
            sum as f64 / stages.len() as f64
        };
        let mut levels = BTreeMap::new();
        for temperature in &self.study.runs[0].plan.evaluate.temperatures {
            let found = self.at(arm, *temperature);
            let Some((_, first)) = found.first() else {
                continue;
            };
            let mut groups = Vec::new();
            for (group, keep) in groups_of(first, true) {
                let each = |measure| {
                    let ks = first.ks.iter();
                    ks.map(|k| level(&found, *k, measure, &keep))
                        .collect::<Result<Vec<_>, _>>()
                };
                groups.push(GroupLevels {
                    problems: first.items.iter().filter(|item| keep(item)).count(),
                    verified: each(Measure::Verified)?,
                    answer_only: each(Measure::AnswerOnly)?,
                    group,
                });
            }
            levels.insert(first.temperature_name(), groups);
        }
        let run = self
            .study
            .runs
            .iter()
            .position(|run| run.variant == arm.variant);
        Ok(ArmResult {
            arm: arm.clone(),
            kind: stages[0].kind,
            from: stages[0].from.clone(),
            parameters: run.map_or(0, |run| self.runs[run].model_parameters),
            trained_tokens: mean(|stage| stage.ledger.trained_tokens),
            generated_tokens: mean(|stage| stage.ledger.generated_tokens),
            levels,
            outcomes: Vec::new(),
            curves: Vec::new(),
        })
    }

    fn comparison(&self, a: Arm, b: Arm, temperature: f64) -> Result<Comparison, InterplayError> {
        let both = (&self.at(&a, temperature), &self.at(&b, temperature));
        let (mut effects, mut judgments) = (Vec::new(), Vec::new());
        if let Some((_, first)) = both.0.first() {
            let ks = outer_ks(first);
            for (group, keep) in groups_of(first, false) {
                for k in &ks {
                    effects.push(effect(both, &group, *k, &keep)?);
                }
                if ks.len() > 1 {
                    judgments.push(judgment(both, &group, &keep)?);
                }
            }
        }
        Ok(Comparison {
            a,
            b,
            effects,
            judgments,
        })
    }
}

/// The bands of an evaluation, and where it has several contexts the bands of each; with `all` also all problems, and
/// the ops.
fn groups_of(found: &Evaluation, all: bool) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    if all {
        groups.push((OVERALL.to_owned(), Box::new(|_: &ItemScore| true)));
    }
    for band in Band::ALL.map(Band::name) {
        if found.by_band.contains_key(band) {
            let holds = move |item: &ItemScore| item.band.as_deref() == Some(band);
            groups.push((band.to_owned(), Box::new(holds)));
        }
    }
    let contexts = found
        .by_context
        .keys()
        .filter(|_| found.by_context.len() > 1);
    for context in contexts {
        for band in Band::ALL.map(Band::name) {
            let own = context.clone();
            let holds = move |item: &ItemScore| {
                item.context.as_ref() == Some(&own) && item.band.as_deref() == Some(band)
            };
            if found.items.iter().any(&holds) {
                groups.push((format!("{context} {band}"), Box::new(holds)));
            }
        }
    }
    if all {
        for op in found.by_op.keys().copied() {
            let holds = move |item: &ItemScore| item.op == Some(op);
            groups.push((format!("op {op}"), Box::new(holds)));
        }
    }
    groups
}
