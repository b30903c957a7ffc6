//! What runs of a study have in common is computed once: a stage that another run of the same seed has finished is
//! taken over, with its evaluation.
//!
//! Files are linked, or copied where the file system has no links. The trainer compares the key of what it finds with
//! the one that it expects, so a stage is never taken for another.

use std::fs;
use std::io;
use std::path::Path;

use crate::error::InterplayError;
use crate::plan::Plan;
use crate::planned_stage::{Ops, Stage, StageRef};
use crate::stage::StageSettings;

/// A run that may have finished some stages.
#[derive(Clone, Copy)]
pub(super) struct Donor<'a> {
    pub plan: &'a Plan,
    pub folder: &'a Path,
}

/// Takes over every finished stage of the donor that is also one of this plan. Gives their names.
pub(super) fn share(
    plan: &Plan,
    folder: &Path,
    donor: Donor<'_>,
) -> Result<Vec<String>, InterplayError> {
    if !same_base(plan, donor.plan) {
        return Ok(Vec::new());
    }
    if donor.folder.join("tokenizer/source.json").exists() {
        take(donor.folder, folder, "tokenizer")?;
    }
    let mut taken = Vec::new();
    for stage in &plan.stages {
        let name = stage.name.as_str();
        if !is_finished(donor.folder, name) || !same_stage(plan, donor.plan, name) {
            continue;
        }
        if take(donor.folder, folder, name)? {
            taken.push(name.to_owned());
        }
        if plan.evaluate == donor.plan.evaluate && plan.bands == donor.plan.bands {
            take_evaluation(donor.folder, folder, name)?;
        }
    }
    Ok(taken)
}

/// Whether a run has finished a stage.
pub(super) fn is_finished(run: &Path, stage: &str) -> bool {
    let files = ["stage.json", "edge.json"];
    files.iter().any(|file| run.join(stage).join(file).exists())
}

/// Whether the stages of two plans can have the same weights at all.
fn same_base(one: &Plan, other: &Plan) -> bool {
    (one.seed, one.held_out) == (other.seed, other.held_out)
        && one.device == other.device
        && one.init == other.init
        && one.tokenizer == other.tokenizer
        && one.model == other.model
}

/// Whether both plans have this stage, with the same stages before it.
pub(super) fn same_stage(one: &Plan, other: &Plan, name: &str) -> bool {
    let (Some(one_stage), Some(other_stage)) = (stage(one, name), stage(other, name)) else {
        return false;
    };
    let names = before(one_stage);
    // A calibration samples at the temperature of the stage that follows it.
    same_base(one, other)
        && one_stage.settings == other_stage.settings
        && names == before(other_stage)
        && names
            .iter()
            .flatten()
            .all(|name| same_stage(one, other, name))
        && follower(one, name) == follower(other, name)
}

fn stage<'a>(plan: &'a Plan, name: &str) -> Option<&'a Stage> {
    plan.stages.iter().find(|stage| stage.name == name)
}

/// The stages that a stage depends on: the one that it starts from, and the calibration that it follows.
fn before(stage: &Stage) -> [Option<&str>; 2] {
    let calibration = match &stage.ops {
        Ops::AtEdgeOf(calibration) => Some(calibration),
        Ops::OfData => None,
    };
    [stage.start.stage(), calibration].map(|stage| stage.map(StageRef::name))
}

/// The settings of the first stage that trains at the edge of this calibration.
fn follower<'a>(plan: &'a Plan, calibration: &str) -> Option<&'a StageSettings> {
    let follows = |stage: &&Stage| match &stage.ops {
        Ops::AtEdgeOf(edge) => edge.name() == calibration,
        Ops::OfData => false,
    };
    plan.stages
        .iter()
        .find(follows)
        .map(|stage| &stage.settings)
}

/// Takes over a folder that is not there yet, as a whole. Whether it did.
fn take(from: &Path, to: &Path, name: &str) -> Result<bool, InterplayError> {
    let target = to.join(name);
    if target.exists() {
        return Ok(false);
    }
    let partial = to.join(format!("{name}.partial"));
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(InterplayError::io("remove", &partial)(error));
        }
        _ => {}
    }
    link_folder(&from.join(name), &partial)?;
    fs::rename(&partial, &target).map_err(InterplayError::io("rename", &partial))?;
    Ok(true)
}

/// Takes over the files of a stage's evaluation that are not there yet.
fn take_evaluation(from: &Path, to: &Path, stage: &str) -> Result<(), InterplayError> {
    let (from, to) = (from.join("eval"), to.join("eval"));
    let Some(entries) = entries(&from)? else {
        return Ok(());
    };
    fs::create_dir_all(&to).map_err(InterplayError::io("create", &to))?;
    for name in entries {
        let belongs = name
            .strip_prefix(stage)
            .is_some_and(|rest| rest.starts_with('.'));
        // What is under way in the donor is its own.
        let whole = !name.ends_with(".journal") && !name.ends_with(".partial");
        let target = to.join(&name);
        if belongs && whole && !target.exists() {
            link_file(&from.join(&name), &target)?;
        }
    }
    Ok(())
}

/// The sorted names in a folder; none where there is no folder.
fn entries(folder: &Path) -> Result<Option<Vec<String>>, InterplayError> {
    let wrong = || InterplayError::io("read", folder);
    let read = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read.map_err(wrong())?,
    };
    let mut names = Vec::new();
    for entry in read {
        let name = entry.map_err(wrong())?.file_name();
        names.extend(name.into_string().ok());
    }
    names.sort();
    Ok(Some(names))
}

fn link_folder(from: &Path, to: &Path) -> Result<(), InterplayError> {
    fs::create_dir_all(to).map_err(InterplayError::io("create", to))?;
    for name in entries(from)?.unwrap_or_default() {
        let (from, to) = (from.join(&name), to.join(&name));
        match from.is_dir() {
            true => link_folder(&from, &to)?,
            false => link_file(&from, &to)?,
        }
    }
    Ok(())
}

fn link_file(from: &Path, to: &Path) -> Result<(), InterplayError> {
    if fs::hard_link(from, to).is_ok() {
        return Ok(());
    }
    let copied = fs::copy(from, to).map_err(InterplayError::io("copy", from));
    copied.map(|_| ())
}

#[cfg(test)]
mod tests {
    use interplay_tasks::ContextLibrary;

    use super::*;
    use crate::local_device::Device;
    use crate::spec::ExperimentSpec;

    fn plan(change: impl Fn(&mut ExperimentSpec)) -> Plan {
        let mut spec = ExperimentSpec::preset("quick").unwrap();
        change(&mut spec);
        Plan::resolve(spec, Device::Flex, &ContextLibrary::embedded()).unwrap()
    }

    #[test]
    fn stages_are_common_where_nothing_before_them_differs() {
        let whole = plan(|_| {});
        let common = |change: fn(&mut ExperimentSpec)| {
            let other = plan(change);
            let names = ["base", "midtrain", "calibrate", "grpo"];
            names.map(|name| same_stage(&whole, &other, name))
        };
        assert_eq!(common(|spec| spec.evaluate.problems_per_op += 1), [true; 4]);
        assert_eq!(common(|spec| spec.seed += 1), [false; 4]);
        assert_eq!(common(|spec| spec.model.layers += 1), [false; 4]);
        // A calibration samples at the temperature of the stage that follows it.
        let cut = common(|spec| drop(spec.stages.pop()));
        assert_eq!(cut, [true, true, false, false]);
    }
}
