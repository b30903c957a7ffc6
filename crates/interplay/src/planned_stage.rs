//! Stages as they will run: every reference to another stage is checked.

use std::fmt;

use interplay_graph::settings::Issues;
use serde::{Serialize, Serializer};

use crate::stage::{StageKind, StageSettings, StageSpec, write_stage};

/// A stage of a [`Plan`](crate::Plan).
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The stage's name and folder.
    pub name: String,
    /// Where its weights come from.
    pub start: Start,
    /// Which ops its problems have.
    pub ops: Ops,
    /// What it does.
    pub settings: StageSettings,
}

/// Where the first weights of a stage come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// Drawn at random.
    Random,
    /// The model of an earlier stage.
    Model(StageRef),
}

/// Which ops the problems of a stage have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ops {
    /// Those that its data name.
    OfData,
    /// In the components of its data that follow it, those that an earlier calibration finds at the
    /// edge of competence; those of its data if it finds none. Those of its data, too, where its curriculum picks
    /// among them by the results of the calibration.
    AtEdgeOf(StageRef),
}

/// An earlier stage of the same plan, which is known to exist and to be of the right kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageRef {
    index: usize,
    name: String,
}

impl StageRef {
    /// The index of the stage in its plan.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The name of the stage.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for StageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl Start {
    /// The stage whose model it is, if it is one.
    #[must_use]
    pub fn stage(&self) -> Option<&StageRef> {
        match self {
            Self::Random => None,
            Self::Model(stage) => Some(stage),
        }
    }
}

impl Stage {
    /// What the stage does.
    #[must_use]
    pub fn kind(&self) -> StageKind {
        self.settings.kind()
    }
}

impl Serialize for Stage {
    /// As experiment files hold stages.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let from = self.start.stage().map(StageRef::name);
        let edge_from = match &self.ops {
            Ops::OfData => None,
            Ops::AtEdgeOf(calibration) => Some(calibration.name()),
        };
        write_stage(&self.name, from, edge_from, &self.settings, serializer)
    }
}

/// Resolves every reference between stages.
///
/// # Errors
/// Every reference that cannot be resolved.
pub(crate) fn resolve_stages(stages: &[StageSpec]) -> Result<Vec<Stage>, Issues> {
    let mut issues = Issues::default();
    let mut resolved = Vec::with_capacity(stages.len());
    for (index, stage) in stages.iter().enumerate() {
        let earlier = &stages[..index];
        let (start, ops) = (start(stage, earlier), ops(stage, earlier));
        let written = [("from", &stage.from), ("edge_from", &stage.edge_from)];
        let expected = [start.as_ref().err(), ops.as_ref().err()];
        for ((key, written), expected) in written.into_iter().zip(expected) {
            if let Some(expected) = expected {
                let found = written.as_deref().unwrap_or("nothing");
                issues.push(format!("{}.{key}", stage.key()), found, expected);
            }
        }
        if let (Ok(start), Ok(ops)) = (start, ops) {
            resolved.push(Stage {
                name: stage.name.clone(),
                start,
                ops,
                settings: stage.settings.clone(),
            });
        }
    }
    issues.into_result().map(|()| resolved)
}

/// Where a stage starts, or what was expected instead.
fn start(stage: &StageSpec, earlier: &[StageSpec]) -> Result<Start, String> {
    let kind = stage.kind();
    if !kind.traits().starts_from_model {
        return match &stage.from {
            None => Ok(Start::Random),
            Some(_) => Err(format!(
                "nothing, since a `{kind}` stage starts from random weights"
            )),
        };
    }
    let found = match &stage.from {
        None => find(earlier, |stage| stage.kind().trains()),
        Some(from) => find(earlier, |stage| {
            stage.kind().trains() && stage.name == *from
        }),
    };
    found
        .map(Start::Model)
        .ok_or_else(|| "a stage before it that trains a model".to_owned())
}

/// Which ops a stage has, or what was expected instead.
fn ops(stage: &StageSpec, earlier: &[StageSpec]) -> Result<Ops, String> {
    let Some(wanted) = &stage.edge_from else {
        return Ok(Ops::OfData);
    };
    let kind = stage.kind();
    if !kind.traits().follows_edge {
        return Err(format!(
            "nothing, since a `{kind}` stage does not train at the edge"
        ));
    }
    let measures = |stage: &StageSpec| stage.settings.needs().measured_ops.is_some();
    find(earlier, |stage| stage.name == *wanted && measures(stage))
        .map(Ops::AtEdgeOf)
        .ok_or_else(|| "a calibration before it".to_owned())
}

/// The last of the stages that fits.
fn find(stages: &[StageSpec], fits: impl Fn(&StageSpec) -> bool) -> Option<StageRef> {
    let index = stages.iter().rposition(fits)?;
    Some(StageRef {
        index,
        name: stages[index].name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ExperimentSpec;

    fn stages() -> Vec<StageSpec> {
        ExperimentSpec::preset("quick").unwrap().stages
    }

    fn issues(stages: &[StageSpec]) -> String {
        resolve_stages(stages).unwrap_err().to_string()
    }

    #[test]
    fn stages_start_from_the_last_model() {
        let resolved = resolve_stages(&stages()).unwrap();
        let from = |stage: &Stage| stage.start.stage().map(|from| from.index());
        let from: Vec<_> = resolved.iter().map(from).collect();
        assert_eq!(from, [None, Some(0), Some(1), Some(1)]);
        let Ops::AtEdgeOf(calibration) = &resolved[3].ops else {
            panic!("{:?}", resolved[3].ops);
        };
        assert_eq!(calibration.name(), "calibrate");
    }

    #[test]
    fn references_to_stages_that_do_not_fit_are_refused() {
        let mut wrong = stages();
        wrong[1].from = Some("calibrate".into());
        wrong[3].edge_from = Some("base".into());
        let found = issues(&wrong);
        let expected = "`stage.midtrain.from`: found calibrate, expected a stage before it that";
        assert!(found.contains(expected), "{found}");
        let expected = "`stage.grpo.edge_from`: found base, expected a calibration before it";
        assert!(found.contains(expected), "{found}");
        let mut wrong = stages();
        wrong[0].from = Some("midtrain".into());
        wrong[1].edge_from = Some("calibrate".into());
        let found = issues(&wrong);
        for key in ["`stage.base.from`", "`stage.midtrain.edge_from`"] {
            assert!(found.contains(key), "{found}");
        }
        let found = issues(&stages()[1..]);
        assert!(
            found.contains("`stage.midtrain.from`: found nothing"),
            "{found}"
        );
    }
}
