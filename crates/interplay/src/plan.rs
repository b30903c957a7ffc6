//! A resolved experiment: what will run, with every default and derived choice filled in.

use std::fs;
use std::path::Path;

use interplay_tasks::ContextLibrary;
use serde::{Deserialize, Serialize};

use crate::{Devices, ExperimentSpec, InterplayError};

/// What will run. The run folder keeps it as `plan.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Where it computes.
    pub device: Devices,
    /// The experiment; every stage names the stage that it starts from.
    pub experiment: ExperimentSpec,
}

impl Plan {
    /// Resolves an experiment for devices, which count more than those that it names itself.
    ///
    /// # Errors
    /// [`InterplayError::InvalidSpec`] with everything that cannot work.
    pub fn resolve(
        mut experiment: ExperimentSpec,
        devices: impl Into<Option<Devices>>,
        library: &ContextLibrary,
    ) -> Result<Self, InterplayError> {
        // The plan names them once.
        let named = experiment.device.take();
        let device = devices.into().or(named).unwrap_or_default();
        let mut problems = experiment.problems(library);
        problems.extend(crate::check::rows_for(&experiment, device.count()));
        if !problems.is_empty() {
            return Err(InterplayError::InvalidSpec {
                name: experiment.name,
                problems,
            });
        }
        let mut last: Option<String> = None;
        for stage in &mut experiment.stages {
            if let Some(from) = stage.parent_mut()
                && from.is_none()
            {
                from.clone_from(&last);
            }
            if stage.trains() {
                last = Some(stage.name().to_owned());
            }
        }
        Ok(Self { device, experiment })
    }

    /// The plan as `plan.toml` holds it.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] where it cannot be written as TOML.
    pub fn to_toml(&self) -> Result<String, InterplayError> {
        toml::to_string(self).map_err(|error| InterplayError::BadSpec {
            path: self.experiment.name.clone().into(),
            reason: error.to_string(),
        })
    }

    /// Claims a run folder for this plan: writes `plan.toml` where there is none, and checks it
    /// where there is one.
    ///
    /// # Errors
    /// [`InterplayError::OtherExperiment`] where the folder belongs to another plan; nothing is
    /// changed then.
    pub fn claim(&self, folder: &Path) -> Result<(), InterplayError> {
        let path = folder.join("plan.toml");
        let text = self.to_toml()?;
        if path.exists() {
            let found = fs::read_to_string(&path).map_err(InterplayError::io("read", &path))?;
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
        crate::run::write_whole(&path, text.as_bytes())
    }
}

/// Whether the folder holds more than what a run leaves that is killed while it claims it.
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

    use crate::device::Device;

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

    #[test]
    fn a_plan_is_its_own_spec() {
        let plan = plan(3);
        let back: Plan = toml::from_str(&plan.to_toml().unwrap()).unwrap();
        assert_eq!(back, plan);
    }

    #[test]
    fn the_plan_names_the_devices_of_the_command_line_before_those_of_the_experiment() {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        spec.device = Some("flex,flex".parse().unwrap());
        let library = ContextLibrary::embedded();
        let named = Plan::resolve(spec.clone(), None, &library).unwrap();
        assert_eq!(named.device.to_string(), "flex,flex");
        let back: Plan = toml::from_str(&named.to_toml().unwrap()).unwrap();
        assert_eq!(back, named);
        let chosen = Plan::resolve(spec, Device::Flex, &library).unwrap();
        assert_eq!(chosen, plan(7));
    }

    #[test]
    fn more_devices_than_rows_are_refused() {
        let spec = ExperimentSpec::preset("quick").unwrap();
        let devices: Devices = vec!["flex"; 33].join(",").parse().unwrap();
        let error = Plan::resolve(spec, devices, &ContextLibrary::embedded()).unwrap_err();
        let message = error.to_string();
        assert!(message.contains("stage `base`: training.rows"), "{message}");
        assert!(message.contains("stage `grpo`: training.rows"), "{message}");
    }

    #[test]
    fn stages_start_from_the_last_model() {
        let plan = plan(3);
        let from: Vec<_> = plan
            .experiment
            .stages
            .iter()
            .map(|stage| stage.from())
            .collect();
        assert_eq!(
            from,
            [None, Some("base"), Some("midtrain"), Some("midtrain")]
        );
    }

    #[test]
    fn a_folder_of_another_plan_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("run");
        plan(3).claim(&place).unwrap();
        plan(3).claim(&place).unwrap();
        let before = fs::read_to_string(place.join("plan.toml")).unwrap();
        let error = plan(4).claim(&place).unwrap_err().to_string();
        assert!(
            error.contains("seed = 3") && error.contains("seed = 4"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(place.join("plan.toml")).unwrap(), before);
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
