//! Stages as a person writes them: common keys, and settings that depend on the kind.
//!
//! To add a kind of stage, add it to [`StageKind`] and [`StageSettings`] here, and say how it runs
//! in `run/stages.rs`. Everything else asks [`StageKind::traits`] and [`StageSettings::needs`].

use std::fmt;

use interplay_eval::EdgeSettings;
use interplay_graph::settings::Issues;
use interplay_model::Precision;
use interplay_tasks::Counts;
use interplay_train::grpo::GrpoSpec;
use interplay_train::next_token::NextTokenSpec;
use serde::de::{DeserializeOwned, Error};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::data::DataSpec;
use crate::limits::{MANY, PROBLEMS_PER_OP};

/// The key of an experiment file that names the folder of a model to start from, and the name of the stage that it
/// stands for.
pub(crate) const INIT: &str = "init";

/// One stage of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct StageSpec {
    /// The stage's name and folder.
    pub name: String,
    /// The stage whose model it starts from. By default the last one before it that trains; `None`
    /// for kinds that start from random weights.
    pub from: Option<String>,
    /// The calibration whose ops replace those of the components of its data that follow it
    /// (`edge = true`), for kinds that can train at the edge. Where the curriculum finds the edge itself, the
    /// calibration that it finds it in.
    pub edge_from: Option<String>,
    /// What it does.
    pub settings: StageSettings,
}

/// What a stage does.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Takes over the model to start from: the key `init` of an experiment stands for it.
    Init,
    /// Next-token training from random weights.
    Pretrain,
    /// Next-token training from another stage's model.
    Midtrain,
    /// Measures where the edge of competence of a model lies.
    Calibrate,
    /// Reinforcement learning from verified rollouts.
    Grpo,
}

/// What a stage does, with its settings.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum StageSettings {
    /// Takes over the model to start from.
    Init,
    /// Next-token training from random weights.
    Pretrain(Training<NextTokenSpec>),
    /// Next-token training from another stage's model.
    Midtrain(Training<NextTokenSpec>),
    /// Measures where the edge of competence of a model lies.
    Calibrate(Calibration),
    /// Reinforcement learning from verified rollouts. The model that it starts from is also the
    /// reference.
    Grpo(Box<Training<GrpoSpec>>),
}

/// Settings of a stage that trains on data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Training<S> {
    /// The examples to train on.
    pub data: DataSpec,
    /// The settings of the trainer.
    pub training: S,
}

/// Settings of a calibration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// What is measured and what counts as the edge.
    pub edge: CalibrateSpec,
}

/// What a calibration measures and what counts as the edge of competence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrateSpec {
    /// The ops to measure.
    pub ops: Counts,
    /// Problems for each op.
    pub problems_per_op: u64,
    /// Completions for each problem.
    #[serde(alias = "samples")]
    pub completions: u32,
    /// Temperature of sampling. By default that of the rollouts of the first stage that trains at this
    /// edge, or 1 where none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// An op is mastered where verified pass@1 is, with probability `confidence`, not below this.
    pub pass_at_1_below: f64,
    /// An op is out of reach where verified pass@completions is, with probability `confidence`, not above this.
    pub pass_at_k_above: f64,
    /// How probable a place must be to be taken as sure.
    #[serde(
        default = "default_confidence",
        skip_serializing_if = "is_default_confidence"
    )]
    pub confidence: f64,
}

fn default_confidence() -> f64 {
    EdgeSettings::default().confidence
}

// Files and keys of calibrations without the key stay as they are.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_default_confidence(confidence: &f64) -> bool {
    *confidence == default_confidence()
}

/// What all stages of a kind have in common.
pub(crate) struct Traits {
    /// The name in experiment files.
    pub name: &'static str,
    /// Keys of an experiment file besides `kind`, `name`, `from` and `edge_from`.
    pub keys: &'static [&'static str],
    /// Whether it starts from another stage's model, by the key `from`.
    pub starts_from_model: bool,
    /// Whether a calibration can choose its ops, by the key `edge_from`.
    pub follows_edge: bool,
    /// Whether it leaves a model, which is evaluated.
    pub trains: bool,
    /// The metrics that the report plots.
    pub curves: &'static [&'static str],
}

/// What the settings of a stage ask of the experiment around them.
pub(crate) struct Needs<'a> {
    /// Everything that is wrong with the settings alone, by key.
    pub issues: Issues,
    /// The precision of products with the weights.
    pub precision: Precision,
    /// For stages that train.
    pub training: Option<TrainingNeeds<'a>>,
    /// The ops at which a stage measures the problems of the evaluation.
    pub measured_ops: Option<&'a Counts>,
}

/// What a stage that trains asks of the experiment.
pub(crate) struct TrainingNeeds<'a> {
    /// The examples to train on.
    pub data: &'a DataSpec,
    /// The settings of the trainer, for stages that sample completions.
    pub rollouts: Option<&'a GrpoSpec>,
    /// Rows of a training pass, which devices share.
    pub rows: usize,
    /// Tokens of a row.
    pub row_tokens: usize,
    /// What a row must hold.
    pub row_holds: RowHolds,
}

/// What a row of a training pass must hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RowHolds {
    /// The longest sample.
    Sample,
    /// The longest prompt with this many tokens of completion.
    PromptAnd(usize),
}

impl StageKind {
    /// Every kind that experiments write as a stage, in the order in which they usually use them.
    pub const ALL: [Self; 4] = [Self::Pretrain, Self::Midtrain, Self::Calibrate, Self::Grpo];

    /// Whether a stage of this kind leaves a model.
    #[must_use]
    pub fn trains(self) -> bool {
        self.traits().trains
    }

    pub(crate) const fn traits(self) -> Traits {
        match self {
            Self::Init => Traits {
                name: INIT,
                keys: &[],
                starts_from_model: false,
                follows_edge: false,
                trains: true,
                curves: &[],
            },
            Self::Pretrain => Traits {
                name: "pretrain",
                keys: &["data", "training"],
                starts_from_model: false,
                follows_edge: false,
                trains: true,
                curves: &["loss_nats"],
            },
            Self::Midtrain => Traits {
                name: "midtrain",
                starts_from_model: true,
                ..Self::Pretrain.traits()
            },
            Self::Calibrate => Traits {
                name: "calibrate",
                keys: &["edge"],
                starts_from_model: true,
                follows_edge: false,
                trains: false,
                curves: &[],
            },
            Self::Grpo => Traits {
                name: "grpo",
                keys: &["data", "training"],
                starts_from_model: true,
                follows_edge: true,
                trains: true,
                curves: &["reward", "answer_correct", "kl", "entropy"],
            },
        }
    }
}

impl fmt::Display for StageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.traits().name)
    }
}

impl StageSettings {
    /// The kind of these settings.
    #[must_use]
    pub fn kind(&self) -> StageKind {
        match self {
            Self::Init => StageKind::Init,
            Self::Pretrain(_) => StageKind::Pretrain,
            Self::Midtrain(_) => StageKind::Midtrain,
            Self::Calibrate(_) => StageKind::Calibrate,
            Self::Grpo(_) => StageKind::Grpo,
        }
    }

    /// The stage's problems or samples; `None` for a calibration, which measures those of the
    /// evaluation.
    #[must_use]
    pub fn data(&self) -> Option<&DataSpec> {
        self.needs().training.map(|training| training.data)
    }

    pub(crate) fn needs(&self) -> Needs<'_> {
        match self {
            Self::Init => Needs {
                issues: Issues::default(),
                precision: Precision::Float32,
                training: None,
                measured_ops: None,
            },
            Self::Pretrain(stage) | Self::Midtrain(stage) => Needs {
                issues: below("training", stage.training.validate()),
                precision: stage.training.precision,
                training: Some(TrainingNeeds {
                    data: &stage.data,
                    rollouts: None,
                    rows: stage.training.rows,
                    row_tokens: stage.training.row_tokens,
                    row_holds: RowHolds::Sample,
                }),
                measured_ops: None,
            },
            Self::Calibrate(stage) => Needs {
                issues: below("edge", stage.edge.validate()),
                precision: Precision::Float32,
                training: None,
                measured_ops: Some(&stage.edge.ops),
            },
            Self::Grpo(stage) => Needs {
                issues: below("training", stage.training.validate()),
                precision: stage.training.precision,
                training: Some(TrainingNeeds {
                    data: &stage.data,
                    rollouts: Some(&stage.training),
                    rows: stage.training.rows,
                    row_tokens: stage.training.row_tokens,
                    row_holds: RowHolds::PromptAnd(stage.training.max_new_tokens),
                }),
                measured_ops: None,
            },
        }
    }

    /// Whether its curriculum finds the edge in the results of a calibration. Then `edge_from` names that
    /// calibration, and the data keep their ops, among which the curriculum picks.
    pub(crate) fn starts_from_calibration(&self) -> bool {
        match self {
            Self::Grpo(stage) => stage.training.curriculum.needs_calibration(),
            _ => false,
        }
    }

    /// Settings of a kind from the keys that are its own.
    fn from_table(kind: StageKind, table: toml::Table) -> Result<Self, toml::de::Error> {
        Ok(match kind {
            StageKind::Init => Self::Init,
            StageKind::Pretrain => Self::Pretrain(table.try_into()?),
            StageKind::Midtrain => Self::Midtrain(table.try_into()?),
            StageKind::Calibrate => Self::Calibrate(table.try_into()?),
            StageKind::Grpo => Self::Grpo(Box::new(table.try_into()?)),
        })
    }

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Init => Ok(()),
            Self::Pretrain(stage) | Self::Midtrain(stage) => stage.write(map),
            Self::Calibrate(stage) => map.serialize_entry("edge", &stage.edge),
            Self::Grpo(stage) => stage.write(map),
        }
    }
}

fn below(table: &str, part: Issues) -> Issues {
    let mut issues = Issues::default();
    issues.nest(table, part);
    issues
}

impl<S: Serialize> Training<S> {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("data", &self.data)?;
        map.serialize_entry("training", &self.training)
    }
}

impl CalibrateSpec {
    /// 32 problems per op, 32 completions per problem, and an edge where verified pass@1
    /// is below 0.7 and pass@32 above 0.1.
    #[must_use]
    pub fn new(ops: Counts) -> Self {
        Self {
            ops,
            problems_per_op: 32,
            completions: 32,
            temperature: None,
            pass_at_1_below: 0.7,
            pass_at_k_above: 0.1,
            confidence: default_confidence(),
        }
    }

    /// Everything that is wrong with the settings.
    #[must_use]
    pub fn validate(&self) -> Issues {
        let mut issues = Issues::default();
        issues.range("problems_per_op", self.problems_per_op, 1..=PROBLEMS_PER_OP);
        issues.range("completions", u64::from(self.completions), 2..=MANY);
        if let Some(temperature) = self.temperature {
            let right = temperature > 0.0 && temperature.is_finite();
            issues.expect(right, "temperature", temperature, "above 0");
        }
        issues.range("pass_at_1_below", self.pass_at_1_below, 0.0..=1.0);
        issues.range("pass_at_k_above", self.pass_at_k_above, 0.0..=1.0);
        let sure = (0.5..1.0).contains(&self.confidence);
        issues.expect(sure, "confidence", self.confidence, "from 0.5 to below 1");
        issues
    }
}

impl StageSpec {
    /// A stage that starts from the last model before it, if its kind starts from one.
    #[must_use]
    pub fn new(name: impl Into<String>, settings: StageSettings) -> Self {
        Self {
            name: name.into(),
            from: None,
            edge_from: None,
            settings,
        }
    }

    /// What the stage does.
    #[must_use]
    pub fn kind(&self) -> StageKind {
        self.settings.kind()
    }

    /// The stage's table in messages about its keys.
    pub(crate) fn key(&self) -> String {
        format!("stage.{}", self.name)
    }
}

/// Writes a stage as experiment files hold it.
pub(crate) fn write_stage<S: Serializer>(
    name: &str,
    from: Option<&str>,
    edge_from: Option<&str>,
    settings: &StageSettings,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    // The order of the keys is part of the keys of finished stages.
    let mut map = serializer.serialize_map(None)?;
    map.serialize_entry("kind", &settings.kind())?;
    map.serialize_entry("name", name)?;
    for (key, stage) in [("from", from), ("edge_from", edge_from)] {
        if let Some(stage) = stage {
            map.serialize_entry(key, stage)?;
        }
    }
    settings.write(&mut map)?;
    map.end()
}

impl Serialize for StageSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (from, edge_from) = (self.from.as_deref(), self.edge_from.as_deref());
        write_stage(&self.name, from, edge_from, &self.settings, serializer)
    }
}

impl<'de> Deserialize<'de> for StageSpec {
    /// Takes the common keys first, so that the kind decides which others there may be.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut table = toml::Table::deserialize(deserializer)?;
        let missing = D::Error::missing_field;
        let kind: StageKind = take(&mut table, "kind")?.ok_or_else(|| missing("kind"))?;
        if kind == StageKind::Init {
            let expected = "the key `init` above all tables: `init = \"models/Qwen2.5-0.5B\"`";
            return Err(D::Error::custom(format!(
                "key `kind`: found `{INIT}`, expected {expected}"
            )));
        }
        let name = take(&mut table, "name")?.ok_or_else(|| missing("name"))?;
        let traits = kind.traits();
        let mut known = vec!["kind", "name"];
        let mut reference = |key: &'static str, allowed: bool| match allowed {
            true => {
                known.push(key);
                take(&mut table, key)
            }
            false => Ok(None),
        };
        let from = reference("from", traits.starts_from_model)?;
        let edge_from = reference("edge_from", traits.follows_edge)?;
        known.extend(traits.keys);
        if let Some(key) = table.keys().find(|key| !known.contains(&key.as_str())) {
            let known = known.join("`, `");
            return Err(D::Error::custom(format!(
                "unknown key `{key}`; a `{kind}` stage has `{known}`"
            )));
        }
        let settings = StageSettings::from_table(kind, table);
        Ok(Self {
            name,
            from,
            edge_from,
            settings: settings.map_err(|error| told::<D>(&error))?,
        })
    }
}

/// Takes a key out of a table, if it is there.
fn take<T: DeserializeOwned, E: Error>(table: &mut toml::Table, key: &str) -> Result<Option<T>, E> {
    let Some(value) = table.remove(key) else {
        return Ok(None);
    };
    let wrong = |error: toml::de::Error| E::custom(format!("key `{key}`: {}", error.message()));
    value.try_into().map(Some).map_err(wrong)
}

/// The error with the keys in which it was found.
fn told<'de, D: Deserializer<'de>>(error: &toml::de::Error) -> D::Error {
    D::Error::custom(error.to_string().trim_end().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<StageSpec, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    const CALIBRATION: &str = "kind = \"calibrate\"\nname = \"edge\"\nedge = { ops = \"4-10\", \
        problems_per_op = 2, completions = 4, pass_at_1_below = 0.7, pass_at_k_above = 0.2 }\n";

    #[test]
    fn common_keys_and_settings_are_read_and_written() {
        let stage = read(&format!("from = \"base\"\n{CALIBRATION}")).unwrap();
        assert_eq!(stage.kind(), StageKind::Calibrate);
        assert_eq!(stage.from.as_deref(), Some("base"));
        assert_eq!(read(&toml::to_string(&stage).unwrap()).unwrap(), stage);
        let json = serde_json::to_string(&stage).unwrap();
        let start = "{\"kind\":\"calibrate\",\"name\":\"edge\",\"from\":\"base\",\"edge\":{";
        assert!(json.starts_with(start), "{json}");
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        let error = read(&format!("edge_from = \"x\"\n{CALIBRATION}")).unwrap_err();
        assert!(error.contains("unknown key `edge_from`"), "{error}");
        assert!(error.contains("`kind`, `name`, `from`, `edge`"), "{error}");
        let error = read("kind = \"pretrain\"\nname = \"a\"\nfrom = \"b\"").unwrap_err();
        assert!(error.contains("unknown key `from`"), "{error}");
    }

    #[test]
    fn missing_and_mistyped_keys_are_named() {
        for (text, named) in [
            ("name = \"a\"", "`kind`"),
            ("kind = \"grpo\"", "`name`"),
            ("kind = \"grpo\"\nname = 3", "`name`"),
            ("kind = \"grpo\"\nname = \"a\"", "`data`"),
            ("kind = \"sft\"\nname = \"a\"", "`midtrain`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn names_of_kinds_are_those_of_experiment_files() {
        for kind in StageKind::ALL {
            let written = toml::Value::try_from(kind).unwrap();
            assert_eq!(written.as_str(), Some(kind.traits().name));
        }
    }
}
