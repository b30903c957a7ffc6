//! A resolved experiment: what will run, with every default and derived choice filled in.

use std::fs;
use std::path::{Path, PathBuf};

use interplay_eval::Bands;
use interplay_graph::SeedStreams;
use interplay_tasks::ContextLibrary;
use serde::{Serialize, Serializer};

use crate::budget::{Applied, BudgetSpec, PlannedBudget, apply};
use crate::check::validate_devices;
use crate::data::Supply;
use crate::devices::Devices;
use crate::error::InterplayError;
use crate::model_spec::ModelSpec;
use crate::planned_stage::{Stage, resolve_stages};
use crate::run_file::write_whole;
use crate::spec::{EvaluateSpec, ExperimentSpec, TokenizerSpec};

/// Version of the format of plan files. Format 1 held the experiment as it was written.
const FORMAT: i64 = 2;
/// Key of the format in a plan file.
const FORMAT_KEY: &str = "format";
/// Key of the version that wrote a plan file.
const WRITER_KEY: &str = "interplay";

/// What will run. The run folder keeps it as `plan.toml`.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The experiment's name.
    pub name: String,
    /// Random seed.
    pub seed: u64,
    /// The devices to run on.
    pub device: Devices,
    /// The share of problem graphs that is kept from training.
    pub held_out: f64,
    /// The ops that count as in distribution, at the edge, and hard.
    pub bands: Bands,
    /// The budget that the stages were planned from, as it was written.
    pub budget: Option<BudgetSpec>,
    /// What the budget gave to the stages.
    pub planned: Option<PlannedBudget>,
    /// The folder of the model to start from.
    pub init: Option<PathBuf>,
    /// The tokenizer to train; none where `init` gives one.
    pub tokenizer: Option<TokenizerSpec>,
    /// The model.
    pub model: ModelSpec,
    /// The evaluation after each stage that trains a model.
    pub evaluate: EvaluateSpec,
    /// The stages, in order; with `init`, the one that takes over the model first.
    pub stages: Vec<Stage>,
}

/// The file of a plan: the keys of an experiment file, with a format and a version.
#[derive(Serialize)]
struct PlanFile<'a> {
    format: i64,
    interplay: &'a str,
    name: &'a str,
    seed: u64,
    device: &'a Devices,
    held_out: f64,
    bands: &'a Bands,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<&'a BudgetSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    init: Option<&'a PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokenizer: Option<&'a TokenizerSpec>,
    model: &'a ModelSpec,
    evaluate: &'a EvaluateSpec,
    stage: &'a [Stage],
}

impl Serialize for Plan {
    /// As `plan.toml` holds it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let file = PlanFile {
            format: FORMAT,
            interplay: env!("CARGO_PKG_VERSION"),
            name: &self.name,
            seed: self.seed,
            device: &self.device,
            held_out: self.held_out,
            bands: &self.bands,
            budget: self.budget.as_ref(),
            init: self.init.as_ref(),
            tokenizer: self.tokenizer.as_ref(),
            model: &self.model,
            evaluate: &self.evaluate,
            // `init` stands for its stage.
            stage: &self.stages[usize::from(self.init.is_some())..],
        };
        file.serialize(serializer)
    }
}

impl Plan {
    /// Resolves an experiment. `devices` take precedence over those that the experiment names.
    ///
    /// # Errors
    /// [`InterplayError::InvalidSpec`] with everything that cannot work.
    pub fn resolve(
        experiment: ExperimentSpec,
        devices: impl Into<Option<Devices>>,
        library: &ContextLibrary,
    ) -> Result<Self, InterplayError> {
        let mut issues = experiment.validate(library);
        let Applied {
            experiment,
            planned,
            ..
        } = apply(experiment);
        let named = experiment.device.clone();
        let device = devices.into().or(named).unwrap_or_default();
        issues.nest("", validate_devices(&experiment, device.count()));
        // Stages that do not resolve are among the issues already.
        let stages = resolve_stages(&experiment.with_init()).ok();
        let Some(stages) = stages.filter(|_| issues.is_empty()) else {
            return Err(InterplayError::InvalidSpec {
                name: experiment.name,
                issues,
            });
        };
        Ok(Self {
            name: experiment.name,
            seed: experiment.seed,
            device,
            held_out: experiment.held_out,
            bands: experiment.bands,
            budget: experiment.budget,
            planned,
            init: experiment.init,
            tokenizer: experiment.tokenizer,
            model: experiment.model,
            evaluate: experiment.evaluate,
            stages,
        })
    }

    /// Reads a plan file and checks it again; `origin` is named in errors.
    ///
    /// # Errors
    /// [`InterplayError::PlanFormat`] for a file of another format, [`InterplayError::BadSpec`] for
    /// anything that is not a plan, and [`InterplayError::InvalidSpec`] for a plan that cannot run.
    pub fn from_toml(
        text: &str,
        origin: &Path,
        library: &ContextLibrary,
    ) -> Result<Self, InterplayError> {
        check_format(text, origin)?;
        let mut table = parse(text, origin)?;
        table.remove(FORMAT_KEY);
        table.remove(WRITER_KEY);
        Self::resolve(ExperimentSpec::from_table(table, origin)?, None, library)
    }

    /// The plan as `plan.toml` holds it.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] if it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, InterplayError> {
        toml::to_string(self).map_err(|error| InterplayError::BadSpec {
            path: self.name.clone().into(),
            reason: error.to_string(),
        })
    }

    /// What data tables are opened with.
    pub(crate) fn supply<'a>(&self, library: &'a ContextLibrary) -> Supply<'a> {
        Supply {
            library,
            streams: SeedStreams::new(self.seed),
            held_out: self.held_out,
        }
    }

    /// Claims a run folder for this plan: writes `plan.toml` if there is none, and compares it with
    /// the plan if there is one.
    ///
    /// # Errors
    /// [`InterplayError::OtherExperiment`] if the folder belongs to another plan, and
    /// [`InterplayError::PlanFormat`] if its plan has another format. Nothing is changed then.
    pub fn claim(&self, folder: &Path) -> Result<(), InterplayError> {
        let path = folder.join("plan.toml");
        let text = self.to_toml()?;
        if path.exists() {
            let found = fs::read_to_string(&path).map_err(InterplayError::io("read", &path))?;
            check_format(&found, &path)?;
            return match first_difference(&found, &text) {
                None => Ok(()),
                Some(difference) => Err(InterplayError::OtherExperiment {
                    folder: folder.to_owned(),
                    difference,
                }),
            };
        }
        let occupied = folder.exists() && holds_files(folder)?;
        if occupied {
            let difference = "it is not empty and has no plan.toml".to_owned();
            return Err(InterplayError::OtherExperiment {
                folder: folder.to_owned(),
                difference,
            });
        }
        fs::create_dir_all(folder).map_err(InterplayError::io("create", folder))?;
        write_whole(&path, text.as_bytes())
    }
}

fn parse(text: &str, origin: &Path) -> Result<toml::Table, InterplayError> {
    toml::from_str(text).map_err(|error| InterplayError::BadSpec {
        path: origin.to_owned(),
        reason: error.to_string(),
    })
}

/// Refuses a plan file of another format. A file that is no TOML is left to the caller.
fn check_format(text: &str, path: &Path) -> Result<(), InterplayError> {
    let Ok(table) = parse(text, path) else {
        return Ok(());
    };
    // Plan files of format 1 said neither their format nor what wrote them.
    let found = table.get(FORMAT_KEY).and_then(toml::Value::as_integer);
    let found = found.unwrap_or(1);
    if found == FORMAT {
        return Ok(());
    }
    let named = table.get(WRITER_KEY).and_then(toml::Value::as_str);
    let version = named.map(str::to_owned).or_else(|| version_of_run(path));
    let writer = version.map_or("another version".to_owned(), |version| {
        format!("version {version}")
    });
    Err(InterplayError::PlanFormat {
        path: path.to_owned(),
        writer,
        found,
        expected: FORMAT,
    })
}

/// The version in the manifest beside a plan file, if there is one.
fn version_of_run(plan: &Path) -> Option<String> {
    let manifest = fs::read_to_string(plan.with_file_name("manifest.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_str(&manifest).ok()?;
    Some(manifest.get("interplay")?.as_str()?.to_owned())
}

/// Whether the folder holds more than a run leaves that was killed while it claimed the folder.
fn holds_files(folder: &Path) -> Result<bool, InterplayError> {
    for entry in fs::read_dir(folder).map_err(InterplayError::io("read", folder))? {
        let entry = entry.map_err(InterplayError::io("read", folder))?;
        if entry.file_name() != "plan.toml.partial" && entry.file_name() != "lock" {
            return Ok(true);
        }
    }
    Ok(false)
}

fn first_difference(found: &str, expected: &str) -> Option<String> {
    if found == expected {
        return None;
    }
    let (mut left, mut right) = (found.lines(), expected.lines());
    loop {
        match (left.next(), right.next()) {
            (Some(one), Some(other)) if one == other => {}
            (None, None) => return Some("its plan.toml differs in line ends".into()),
            (one, other) => {
                let quote =
                    |line: Option<&str>| line.map_or("nothing".into(), |l| format!("`{l}`"));
                return Some(format!(
                    "its plan.toml has {}, expected {}",
                    quote(one),
                    quote(other)
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::local_device::Device;

    fn plan(seed: u64) -> Plan {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        spec.seed = seed;
        Plan::resolve(spec, Device::Flex, &ContextLibrary::embedded()).unwrap()
    }

    #[test]
    fn every_preset_resolves() {
        for (name, _) in ExperimentSpec::PRESETS {
            let spec = ExperimentSpec::preset(name).unwrap();
            assert_eq!(spec.name, name);
            Plan::resolve(spec, Device::Flex, &ContextLibrary::embedded()).unwrap();
        }
    }

    fn read_back(plan: &Plan) -> Plan {
        let text = plan.to_toml().unwrap();
        Plan::from_toml(&text, Path::new("plan.toml"), &ContextLibrary::embedded()).unwrap()
    }

    #[test]
    fn a_plan_file_gives_the_plan() {
        let plan = plan(3);
        assert_eq!(read_back(&plan), plan);
    }

    #[test]
    fn plan_files_of_other_formats_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.toml");
        let old = "device = \"flex\"\n[experiment]\nname = \"quick\"\n";
        fs::write(&path, old).unwrap();
        let message = |error: InterplayError| error.to_string();
        let error = message(plan(3).claim(folder.path()).unwrap_err());
        assert!(
            error.contains("another version, format 1; expected format 2"),
            "{error}"
        );
        fs::write(
            folder.path().join("manifest.json"),
            "{\"interplay\": \"0.0.9\"}",
        )
        .unwrap();
        let error = message(plan(3).claim(folder.path()).unwrap_err());
        assert!(
            error.contains("plan.toml was written by version 0.0.9, format 1"),
            "{error}"
        );
        let later = plan(3)
            .to_toml()
            .unwrap()
            .replace("format = 2", "format = 3");
        let library = ContextLibrary::embedded();
        let error = message(Plan::from_toml(&later, &path, &library).unwrap_err());
        let version = env!("CARGO_PKG_VERSION");
        let expected = format!("was written by version {version}, format 3; expected format 2");
        assert!(error.contains(&expected), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), old);
    }

    #[test]
    fn devices_of_the_command_line_take_precedence_over_those_of_the_experiment() {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        spec.device = Some("flex,flex".parse().unwrap());
        let library = ContextLibrary::embedded();
        let named = Plan::resolve(spec.clone(), None, &library).unwrap();
        assert_eq!(named.device.to_string(), "flex,flex");
        assert_eq!(read_back(&named), named);
        let chosen = Plan::resolve(spec, Device::Flex, &library).unwrap();
        assert_eq!(chosen, plan(7));
    }

    #[test]
    fn more_devices_than_rows_are_refused() {
        let spec = ExperimentSpec::preset("quick").unwrap();
        let devices: Devices = vec!["flex"; 33].join(",").parse().unwrap();
        let error = Plan::resolve(spec, devices, &ContextLibrary::embedded()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("`stage.base.training.rows`"), "{message}");
        assert!(message.contains("`stage.grpo.training.rows`"), "{message}");
    }

    #[test]
    fn a_folder_of_another_plan_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        plan(3).claim(&run).unwrap();
        plan(3).claim(&run).unwrap();
        let before = fs::read_to_string(run.join("plan.toml")).unwrap();
        let error = plan(4).claim(&run).unwrap_err().to_string();
        assert!(
            error.contains("seed = 3") && error.contains("seed = 4"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(run.join("plan.toml")).unwrap(), before);
    }

    #[test]
    fn a_claim_that_was_cut_off_can_be_made_again() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("plan.toml.partial"), "name = ").unwrap();
        plan(3).claim(folder.path()).unwrap();
        assert!(folder.path().join("plan.toml").exists());
    }

    #[test]
    fn a_folder_with_other_files_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("thesis.tex"), "x").unwrap();
        let error = plan(3).claim(folder.path()).unwrap_err();
        assert!(matches!(error, InterplayError::OtherExperiment { .. }));
    }
}
