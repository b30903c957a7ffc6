//! Where the evaluations come from: run folders, results and single evaluations.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use interplay::eval::Evaluation;
use interplay::{EvaluationFile, Results};
use serde::Deserialize;

/// What stands for a seed in a source.
pub(super) const SEED: &str = "{seed}";

/// The evaluations of a model, one for each temperature.
pub(super) struct Source {
    pub(super) name: String,
    /// The file that it was read from.
    pub(super) path: PathBuf,
    /// The stage, where the evaluations are those of a run.
    pub(super) stage: Option<String>,
    pub(super) evaluations: Vec<Evaluation>,
}

/// The file `eval/STAGE.json` of a run; other fields are ignored.
#[derive(Deserialize)]
struct StageFile {
    value: StageValue,
}

#[derive(Deserialize)]
struct StageValue {
    evaluation: Evaluation,
}

impl Source {
    /// Reads `PATH` or `PATH@STAGE`.
    pub(super) fn read(source: &str) -> Result<Self> {
        let (path, stage) = match source.rsplit_once('@') {
            Some((path, stage)) if !Path::new(source).exists() => (path, Some(stage)),
            _ => (source, None),
        };
        let mut path = PathBuf::from(path);
        if path.is_dir() {
            let evaluated = path.join("evaluation.json");
            path = match evaluated.exists() {
                true => evaluated,
                false => path.join("results.json"),
            };
        }
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let single = |evaluations| Self {
            name: source.to_owned(),
            path: path.clone(),
            stage: None,
            evaluations,
        };
        if stage.is_none() {
            if let Ok(file) = serde_json::from_str::<StageFile>(&text) {
                return Ok(single(vec![file.value.evaluation]));
            }
            if let Ok(file) = serde_json::from_str::<EvaluationFile>(&text) {
                return Ok(single(file.evaluations));
            }
        }
        let results: Results = serde_json::from_str(&text).with_context(|| {
            let path = path.display();
            format!("{path} is neither the results of a run nor an evaluation")
        })?;
        Self::of_stage(&results, stage, &path)
    }

    fn of_stage(results: &Results, stage: Option<&str>, path: &Path) -> Result<Self> {
        let wanted = |name: &str| stage.is_none_or(|stage| stage == name);
        let mut evaluated = results.stages.iter().rev();
        let found = evaluated.find(|stage| wanted(&stage.name) && stage.evaluation.is_some());
        let Some(found) = found else {
            let evaluated = results.stages.iter().filter(|one| one.evaluation.is_some());
            let names: Vec<&str> = evaluated.map(|one| one.name.as_str()).collect();
            let (path, stage) = (path.display(), stage.unwrap_or("any stage"));
            bail!(
                "{path}: found no evaluation of {stage}; it has those of: {}",
                names.join(", ")
            );
        };
        let all = found.other_temperatures.iter().chain(&found.evaluation);
        Ok(Self {
            name: format!("{}@{}", path.display(), found.name),
            path: path.to_owned(),
            stage: Some(found.name.clone()),
            evaluations: all.cloned().collect(),
        })
    }

    /// The temperatures, as in tables.
    pub(super) fn temperatures(&self) -> String {
        let all = self.evaluations.iter().map(Evaluation::temperature_name);
        all.collect::<Vec<_>>().join(", ")
    }

    /// The evaluation at a temperature.
    pub(super) fn at(&self, temperature: Option<f64>) -> Option<&Evaluation> {
        let mut all = self.evaluations.iter();
        all.find(|one| one.temperature == temperature)
    }

    /// The temperatures from the greedy row up.
    pub(super) fn ascending(&self) -> Vec<Option<f64>> {
        let mut all: Vec<Option<f64>> =
            self.evaluations.iter().map(|one| one.temperature).collect();
        let warmth = |temperature: &Option<f64>| temperature.unwrap_or(f64::INFINITY);
        all.sort_by(|a, b| warmth(a).total_cmp(&warmth(b)));
        all
    }
}
