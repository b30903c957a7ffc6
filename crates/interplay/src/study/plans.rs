//! A study with every run that it consists of, planned and checked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use interplay_graph::settings::Issues;
use interplay_tasks::ContextLibrary;
use toml::{Table, Value};

use super::arm::Arm;
use super::spec::{StudySpec, Variant};
use crate::devices::Devices;
use crate::error::InterplayError;
use crate::extend::read_extended;
use crate::overrides::Override;
use crate::plan::Plan;
use crate::spec::ExperimentSpec;

/// A study: what it asks, and its runs.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct Study {
    /// The experiment's name.
    pub name: String,
    /// The table `[study]`, with the seeds that are asked for.
    pub spec: StudySpec,
    /// The runs: every variant with the first seed, then with the next.
    pub runs: Vec<StudyRun>,
}

/// One run of a study.
#[non_exhaustive]
#[derive(Debug, Clone)]
pub struct StudyRun {
    /// The variant; none in a study without variants.
    pub variant: Option<String>,
    /// What will run.
    pub plan: Plan,
}

/// What a command line changes in a study.
#[derive(Debug, Clone, Default)]
pub struct StudyChanges {
    /// Other seeds than those of the file.
    pub seeds: Option<Vec<u64>>,
    /// Other devices than those of the file.
    pub devices: Option<Devices>,
    /// Keys with other values, in every variant.
    pub set: Vec<Override>,
}

impl Study {
    /// Studies that come with the crate, as names and TOML texts.
    pub const PRESETS: [(&'static str, &'static str); 13] = [
        ("edge", include_str!("../../presets/studies/edge.toml")),
        (
            "seeding",
            include_str!("../../presets/studies/seeding.toml"),
        ),
        ("budget", include_str!("../../presets/studies/budget.toml")),
        (
            "rewards",
            include_str!("../../presets/studies/rewards.toml"),
        ),
        (
            "curriculum",
            include_str!("../../presets/studies/curriculum.toml"),
        ),
        ("noise", include_str!("../../presets/studies/noise.toml")),
        ("sizes", include_str!("../../presets/studies/sizes.toml")),
        (
            "mid-data",
            include_str!("../../presets/studies/mid-data.toml"),
        ),
        (
            "objectives",
            include_str!("../../presets/studies/objectives.toml"),
        ),
        (
            "paper-edge",
            include_str!("../../presets/studies/paper-edge.toml"),
        ),
        (
            "paper-seeding",
            include_str!("../../presets/studies/paper-seeding.toml"),
        ),
        (
            "paper-budget",
            include_str!("../../presets/studies/paper-budget.toml"),
        ),
        (
            "paper-rewards",
            include_str!("../../presets/studies/paper-rewards.toml"),
        ),
    ];

    /// A study that comes with the crate.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] if there is none of this name, and as [`load`](Self::load).
    pub fn preset(name: &str, changes: &StudyChanges) -> Result<Self, InterplayError> {
        let Some((name, text)) = Self::PRESETS.iter().find(|(known, _)| *known == name) else {
            let known = Self::PRESETS.map(|(name, _)| name).join(", ");
            return Err(InterplayError::BadSpec {
                path: name.into(),
                reason: format!("unknown study; expected one of {known}, or a file with --config"),
            });
        };
        Self::from_toml(text, Path::new(name), changes)
    }

    /// Reads a study file.
    ///
    /// # Errors
    /// A file that cannot be read or is no study, and [`InterplayError::InvalidSpec`] with everything that cannot
    /// work.
    pub fn load(path: &Path, changes: &StudyChanges) -> Result<Self, InterplayError> {
        let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
        Self::from_toml(&text, path, changes)
    }

    /// Reads a study from text; `origin` is named in errors.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn from_toml(
        text: &str,
        origin: &Path,
        changes: &StudyChanges,
    ) -> Result<Self, InterplayError> {
        let presets = [&ExperimentSpec::PRESETS[..], &Self::PRESETS].concat();
        let mut table = read_extended(text, origin, &presets)?;
        let mut spec = StudySpec::take(&mut table, origin)?;
        if let Some(seeds) = &changes.seeds {
            spec.seeds.clone_from(seeds);
        }
        let experiment = Experiment {
            table,
            origin,
            changes,
        };
        let variants = match &spec.variants[..] {
            [] => vec![None],
            several => several.iter().map(Some).collect(),
        };
        let mut issues = spec.issues();
        let (mut runs, mut name) = (Vec::new(), origin.display().to_string());
        for (number, seed) in spec.seeds.iter().enumerate() {
            for (place, variant) in variants.iter().enumerate() {
                match experiment.plan(*variant, *seed) {
                    Ok(plan) => {
                        name.clone_from(&plan.name);
                        runs.push(StudyRun {
                            variant: variant.map(|variant| variant.name.clone()),
                            plan,
                        });
                    }
                    // The other seeds have the same faults.
                    Err(InterplayError::InvalidSpec { issues: wrong, .. }) if number == 0 => {
                        let later = variant.filter(|_| place > 0);
                        take_new(&mut issues, later.map(|one| one.name.as_str()), wrong);
                    }
                    Err(InterplayError::InvalidSpec { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        let planned = runs.len() == spec.seeds.len() * variants.len();
        let study = Self { name, spec, runs };
        // Without all plans the arms are not known.
        if planned {
            study.check(&mut issues);
        }
        match issues.is_empty() {
            true => Ok(study),
            false => Err(InterplayError::InvalidSpec {
                name: study.name,
                issues,
            }),
        }
    }

    /// All arms, in the order of variants and stages.
    #[must_use]
    pub fn arms(&self) -> Vec<Arm> {
        let first = self.spec.seeds.first();
        let of_first = self.runs.iter().filter(|run| Some(&run.plan.seed) == first);
        let arms = of_first.flat_map(|run| {
            let stages = run.plan.stages.iter().filter(|stage| stage.kind().trains());
            stages.map(|stage| Arm {
                variant: run.variant.clone(),
                stage: stage.name.clone(),
            })
        });
        arms.collect()
    }

    /// Adds what is wrong with the arms, and with evaluations that cannot be compared.
    fn check(&self, issues: &mut Issues) {
        let arms = self.arms();
        let known: Vec<String> = arms.iter().map(Arm::to_string).collect();
        for (number, pair) in self.spec.compare.iter().enumerate() {
            for (key, arm) in [("a", &pair.a)]
                .into_iter()
                .chain(pair.b.iter().map(|b| ("b", b)))
            {
                if !known.contains(arm) {
                    let expected = format!("one of the arms: {}", known.join(", "));
                    issues.push(format!("study.compare[{number}].{key}"), arm, expected);
                }
            }
        }
        let Some(first) = self.runs.first() else {
            return;
        };
        if first.plan.evaluate.seed.is_none() {
            let expected = "a seed, so that all seeds of the study answer the same problems";
            issues.push("evaluate.seed", "nothing", expected);
        }
        for run in &self.runs {
            let same =
                run.plan.evaluate == first.plan.evaluate && run.plan.bands == first.plan.bands;
            if let (false, Some(variant)) = (same, &run.variant) {
                let key = format!("study.variant.{variant}.set");
                let expected = "`evaluate` and `bands` as in the other variants";
                issues.push(key, "another evaluation", expected);
                break;
            }
        }
    }
}

impl StudySpec {
    /// What is wrong whatever the experiment.
    fn issues(&self) -> Issues {
        let mut issues = Issues::default();
        let distinct: BTreeSet<u64> = self.seeds.iter().copied().collect();
        if distinct.len() < self.seeds.len() || distinct.is_empty() {
            let found = format!("{:?}", self.seeds);
            issues.push("study.seeds", found, "one seed or more, each once");
        }
        let mut names = BTreeSet::new();
        for variant in &self.variants {
            let name = &variant.name;
            let plain = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
            if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
                let expected = "letters, digits, `.`, `_` and `-`, not beginning with `.`";
                issues.push("study.variant.name", name, expected);
            }
            if !names.insert(name) {
                issues.push("study.variant.name", name, "each name once");
            }
        }
        issues
    }
}

impl StudyRun {
    /// The run's folder in that of its study.
    #[must_use]
    pub fn folder(&self, study: &Path) -> PathBuf {
        let seed = format!("seed-{}", self.plan.seed);
        match &self.variant {
            Some(variant) => study.join(variant).join(seed),
            None => study.join(seed),
        }
    }
}

/// Adds the issues of a variant that an earlier one does not have; those of the first are mostly the experiment's own.
fn take_new(issues: &mut Issues, variant: Option<&str>, mut wrong: Issues) {
    wrong.0.retain(|issue| !issues.0.contains(issue));
    let prefix = variant.map(|name| format!("variant {name}"));
    issues.nest(prefix.as_deref().unwrap_or_default(), wrong);
}

/// The experiment of a study before variants and seeds.
struct Experiment<'a> {
    table: Table,
    origin: &'a Path,
    changes: &'a StudyChanges,
}

impl Experiment<'_> {
    fn plan(&self, variant: Option<&Variant>, seed: u64) -> Result<Plan, InterplayError> {
        let bad = |reason: String| InterplayError::BadSpec {
            path: self.origin.to_owned(),
            reason,
        };
        let mut table = self.table.clone();
        let own = variant
            .map_or(Ok(Vec::new()), Variant::overrides)
            .map_err(bad)?;
        for change in own.iter().chain(&self.changes.set) {
            change.apply(&mut table).map_err(bad)?;
        }
        let seed = i64::try_from(seed).map_err(|_| {
            bad(format!(
                "seed {seed}; expected at most {}, the largest of TOML",
                i64::MAX
            ))
        })?;
        table.insert("seed".into(), Value::Integer(seed));
        let experiment = ExperimentSpec::from_table(table, self.origin)?;
        Plan::resolve(
            experiment,
            self.changes.devices.clone(),
            &ContextLibrary::embedded(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_study_that_comes_with_the_crate_is_planned() {
        for (name, _) in Study::PRESETS {
            let study = Study::preset(name, &StudyChanges::default()).unwrap();
            assert_eq!(study.name, name);
            assert!(
                study.spec.seeds.len() >= 3 && !study.spec.compare.is_empty(),
                "{name}"
            );
        }
    }

    #[test]
    fn the_study_of_the_edge_is_of_the_default_experiment() {
        let study = Study::preset("edge", &StudyChanges::default()).unwrap();
        let default = ExperimentSpec::preset("staged").unwrap();
        let default = Plan::resolve(default, None, &ContextLibrary::embedded()).unwrap();
        let stages = &study.runs[0].plan.stages;
        assert_eq!(stages[..default.stages.len()], default.stages);
    }
}
