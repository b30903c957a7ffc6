//! An experiment as a person writes it: a TOML file.
//!
//! Unknown keys are errors. Keys of the table `[tasks]` are defaults of every `data` table, so that
//! bounds and distractors are written once; a stage can be `like` one above it (`inherit.rs`), and a file can extend
//! another one (`extend.rs`).
//! [`ExperimentSpec::validate`] reports everything that is wrong at once; [`crate::Plan`] is the
//! resolved form.

use std::fs;
use std::path::{Path, PathBuf};

use interplay_eval::{Band, Bands};
use interplay_tasks::TaskSpec;
use serde::{Deserialize, Deserializer, Serialize};

use crate::budget::{BudgetSpec, leave_open};
use crate::data::DataSpec;
use crate::devices::Devices;
use crate::error::InterplayError;
use crate::extend::read_extended;
use crate::inherit::inherit;
use crate::model_spec::{ModelSpec, fill_model};
use crate::overrides::Override;
use crate::stage::{INIT, StageSettings, StageSpec};

/// A whole experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSpec {
    /// The experiment's name, also the default name of its folder.
    pub name: String,
    /// Random seed.
    #[serde(default)]
    pub seed: u64,
    /// Devices to run on: `"flex"`, or a list. The first device leads; the others, among them
    /// workers (`"tcp://HOST:PORT"`), share its training steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Devices>,
    /// The share of problem graphs that is kept from training and evaluated on, 0 to 0.5. Graphs
    /// count with their numbers and without their names; at ops with few of them, texts are held out
    /// as well. At 0 nothing is. Files of problems have a test file instead.
    #[serde(default = "default_held_out")]
    pub held_out: f64,
    /// The ops that count as in distribution, at the edge, and hard.
    pub bands: Bands,
    /// A budget that the planner splits into stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetSpec>,
    /// The folder of a model to start from, with its tokenizer, in the Hugging Face layout of Qwen2, Qwen2.5 or Llama.
    /// Relative to the working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<PathBuf>,
    /// The tokenizer to train; none where `init` gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerSpec>,
    /// The model. With `init`, the shape of the model there ([`ModelSpec::of_folder`]); files leave it out, or give
    /// `context_tokens` alone.
    pub model: ModelSpec,
    /// The evaluation after each stage that trains a model.
    pub evaluate: EvaluateSpec,
    /// The stages, in order.
    #[serde(rename = "stage")]
    pub stages: Vec<StageSpec>,
}

/// Settings of the tokenizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerSpec {
    /// Upper limit of the vocabulary.
    pub vocab_size: usize,
    /// Number of samples that it is trained on.
    pub samples: u64,
    /// The samples.
    pub data: DataSpec,
}

impl TokenizerSpec {
    /// A vocabulary of this size at most, trained on 4,000 samples.
    #[must_use]
    pub fn new(data: impl Into<DataSpec>, vocab_size: usize) -> Self {
        Self {
            vocab_size,
            samples: 4000,
            data: data.into(),
        }
    }
}

/// How models are evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateSpec {
    /// Seed of the problems, if it is not the experiment's: runs with different seeds then answer the
    /// same problems, which comparisons over seeds need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Problems for each op of the bands.
    pub problems_per_op: u64,
    /// Completions for each problem (`samples` in older files).
    #[serde(alias = "samples")]
    pub completions: u32,
    /// The values of k in pass@k, ascending.
    pub ks: Vec<u32>,
    /// Temperatures of sampling: 0 for the greedy row, one completion per problem, then ascending.
    /// Every model is evaluated at each of them. Older files have one `temperature`, which stands for
    /// itself and the greedy row.
    #[serde(
        default = "default_temperatures",
        alias = "temperature",
        deserialize_with = "one_or_more"
    )]
    pub temperatures: Vec<f64>,
    /// Longest completion, in tokens.
    pub max_new_tokens: usize,
    /// The problems, held out from training. Their ops are replaced by those of the bands.
    pub data: DataSpec,
}

impl EvaluateSpec {
    /// Verified pass@1 to pass@16 of 16 completions per problem, greedy decoding
    /// and temperatures 0.7 and 1, 100 problems per op, with completions of up to `max_new_tokens` tokens.
    #[must_use]
    pub fn new(data: impl Into<DataSpec>, max_new_tokens: usize) -> Self {
        Self {
            seed: None,
            problems_per_op: 100,
            completions: 16,
            ks: vec![1, 2, 4, 8, 16],
            temperatures: default_temperatures(),
            max_new_tokens,
            data: data.into(),
        }
    }

    /// The temperature of the tables that show one: the lowest above 0, or 0 if there is no other.
    #[must_use]
    pub fn main_temperature(&self) -> f64 {
        let sampled = self.temperatures.iter().find(|one| **one > 0.0);
        sampled.copied().unwrap_or(0.0)
    }
}

/// Every op of every band, in order.
pub(crate) fn band_ops(bands: &Bands) -> Vec<u32> {
    let bands = Band::ALL.into_iter().map(|band| bands.range(band));
    bands.flatten().collect()
}

fn default_temperatures() -> Vec<f64> {
    vec![0.0, 0.7, 1.0]
}

/// A list of temperatures, or a single one, to which the greedy row is added.
fn one_or_more<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a temperature or a list of temperatures")]
    enum Written {
        One(f64),
        More(Vec<f64>),
    }
    Ok(match Written::deserialize(deserializer)? {
        Written::One(0.0) => vec![0.0],
        Written::One(one) => vec![0.0, one],
        Written::More(more) => more,
    })
}

fn default_held_out() -> f64 {
    0.1
}

impl ExperimentSpec {
    /// The stages that will run: those that are written, after the one that takes over the model to start from.
    pub(crate) fn with_init(&self) -> Vec<StageSpec> {
        let init = self.init.iter();
        let init = init.map(|_| StageSpec::new(INIT, StageSettings::Init));
        init.chain(self.stages.iter().cloned()).collect()
    }

    /// Experiments that come with the crate, as names and TOML texts.
    pub const PRESETS: [(&'static str, &'static str); 4] = [
        ("staged", include_str!("../presets/staged.toml")),
        ("quick", include_str!("../presets/quick.toml")),
        ("paper", include_str!("../presets/paper.toml")),
        ("paper-576", include_str!("../presets/paper-576.toml")),
    ];

    /// A preset by name.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] if there is none of this name.
    pub fn preset(name: &str) -> Result<Self, InterplayError> {
        Self::preset_with(name, &[])
    }

    /// A preset by name, with some of its keys set to other values.
    ///
    /// # Errors
    /// As [`preset`](Self::preset), and [`InterplayError::BadSpec`] for a key that cannot be set.
    pub fn preset_with(name: &str, overrides: &[Override]) -> Result<Self, InterplayError> {
        let Some((name, text)) = Self::PRESETS.iter().find(|(known, _)| *known == name) else {
            let known = Self::PRESETS.map(|(name, _)| name).join(", ");
            let reason = format!("unknown preset; expected one of {known}");
            return Err(InterplayError::BadSpec {
                path: name.into(),
                reason,
            });
        };
        Self::from_toml_with(text, Path::new(name), overrides)
    }

    /// Reads an experiment file.
    ///
    /// # Errors
    /// If the file cannot be read or is not an experiment.
    pub fn load(path: &Path) -> Result<Self, InterplayError> {
        Self::load_with(path, &[])
    }

    /// Reads an experiment file and sets some of its keys to other values.
    ///
    /// # Errors
    /// As [`load`](Self::load), and [`InterplayError::BadSpec`] for a key that cannot be set.
    pub fn load_with(path: &Path, overrides: &[Override]) -> Result<Self, InterplayError> {
        let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
        Self::from_toml_with(&text, path, overrides)
    }

    /// Reads an experiment from text; `origin` is named in errors.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] for anything that is not an experiment: unknown keys, wrong
    /// types, missing keys.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self, InterplayError> {
        Self::from_toml_with(text, origin, &[])
    }

    fn from_toml_with(
        text: &str,
        origin: &Path,
        overrides: &[Override],
    ) -> Result<Self, InterplayError> {
        let bad = |reason: String| InterplayError::BadSpec {
            path: origin.to_owned(),
            reason,
        };
        let mut table = read_extended(text, origin, &Self::PRESETS)?;
        for change in overrides {
            change.apply(&mut table).map_err(bad)?;
        }
        // A study's experiment runs by itself as well.
        table.remove("study");
        Self::from_table(table, origin)
    }

    /// Reads an experiment from a TOML table; `origin` is named in errors.
    pub(crate) fn from_table(
        mut table: toml::Table,
        origin: &Path,
    ) -> Result<Self, InterplayError> {
        let bad = |reason: String| InterplayError::BadSpec {
            path: origin.to_owned(),
            reason,
        };
        inherit(&mut table).map_err(bad)?;
        if let Some(defaults) = table.remove("tasks") {
            let toml::Value::Table(defaults) = defaults else {
                return Err(bad(
                    "key `tasks`: expected a table of defaults for `data`".into()
                ));
            };
            let mut alone = defaults.clone();
            alone.insert("mixture".into(), toml::Value::Array(Vec::new()));
            if let Err(error) = alone.try_into::<TaskSpec>() {
                return Err(bad(format!("table `tasks`: {}", error.message())));
            }
            spread(&mut table, &defaults);
        }
        fill_model(&mut table, bad)?;
        move_supervision(&mut table);
        move_scale(&mut table);
        leave_open(&mut table);
        // Defaults are spread over values, so messages name keys: lines would be those of a text
        // that nobody wrote. The parser does not know which stage it is in, so it is named here.
        for (number, stage) in (1..).zip(stages(&table)) {
            if let Err(error) = stage.clone().try_into::<StageSpec>() {
                let name = stage
                    .get("name")
                    .and_then(toml::Value::as_str)
                    .unwrap_or("no name");
                let reason = format!("stage {number} ({name}): {}", error.message());
                return Err(bad(reason));
            }
        }
        toml::Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| bad(error.to_string().trim_end().replace('\n', " ")))
    }
}

/// The stages of an experiment that is not parsed yet.
fn stages(table: &toml::Table) -> &[toml::Value] {
    table
        .get("stage")
        .and_then(toml::Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Takes `advantage_scale`, the only setting of advantages in older files, into their table.
fn move_scale(table: &mut toml::Table) {
    let stages = table.get_mut("stage").and_then(toml::Value::as_array_mut);
    for stage in stages.into_iter().flatten() {
        let training = stage
            .get_mut("training")
            .and_then(toml::Value::as_table_mut);
        let Some(training) = training else {
            continue;
        };
        let Some(scale) = training.remove("advantage_scale") else {
            continue;
        };
        let empty = || toml::Value::Table(toml::Table::new());
        let advantage = training.entry("advantage").or_insert_with(empty);
        if let Some(advantage) = advantage.as_table_mut() {
            advantage.entry("scale_rewards").or_insert(scale);
        }
    }
}

/// Takes the keys of the verifier, `level` and `noise`, into the data tables, whose environment has the
/// verifier. Older files have them beside the data.
fn move_supervision(table: &mut toml::Table) {
    if let Some(toml::Value::Table(evaluate)) = table.get_mut("evaluate") {
        let level = evaluate.remove("level");
        give(evaluate, "level", level);
    }
    let stages = table.get_mut("stage").and_then(toml::Value::as_array_mut);
    for stage in stages.into_iter().flatten() {
        let Some(stage) = stage.as_table_mut() else {
            continue;
        };
        for key in ["level", "noise"] {
            let training = stage.get_mut("training");
            let training = training.and_then(toml::Value::as_table_mut);
            let value = training.and_then(|training| training.remove(key));
            give(stage, key, value);
        }
    }
}

/// Puts a key into the `data` table of a table, unless that has it.
fn give(table: &mut toml::Table, key: &str, value: Option<toml::Value>) {
    let data = table.get_mut("data").and_then(toml::Value::as_table_mut);
    if let (Some(value), Some(data)) = (value, data) {
        data.entry(key.to_owned()).or_insert(value);
    }
}

/// Gives every `data` table of DAG problems the keys of `defaults` that it does not have.
fn spread(table: &mut toml::Table, defaults: &toml::Table) {
    for (key, value) in table.iter_mut() {
        match value {
            toml::Value::Table(inner) if key == "data" => {
                let kind = inner.get("kind").and_then(toml::Value::as_str);
                if kind.is_some_and(|kind| kind != "dag") {
                    continue;
                }
                for (key, value) in defaults {
                    inner.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            toml::Value::Table(inner) => spread(inner, defaults),
            toml::Value::Array(items) => {
                for item in items {
                    if let toml::Value::Table(inner) = item {
                        spread(inner, defaults);
                    }
                }
            }
            _ => {}
        }
    }
}
