//! The experiment as a person writes it: a TOML file.
//!
//! Unknown keys are errors. Keys of the table `[tasks]` are defaults of every `data` table, so
//! that bounds and distractors need to be said once. [`ExperimentSpec::problems`] reports every
//! problem at once; [`crate::Plan`] is the resolved form.

use std::fs;
use std::path::Path;

use interplay_eval::Bands;
use interplay_model::{ModelConfig, Precision};
use interplay_tasks::{Component, ContextLibrary, Counts, TaskSpec};
use interplay_train::grpo::GrpoSpec;
use interplay_train::next_token::NextTokenSpec;
use interplay_verify::Level;
use serde::{Deserialize, Serialize};

use crate::{Devices, InterplayError};

/// A whole experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentSpec {
    /// The experiment's name, also the default name of its folder.
    pub name: String,
    /// The root of all randomness.
    #[serde(default)]
    pub seed: u64,
    /// Where it computes: `"flex"`, or a list whose first device leads and whose others (also
    /// workers, as `"tcp://HOST:PORT"`) share its training steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Devices>,
    /// Which ops count as in distribution, at the edge, and hard.
    pub bands: Bands,
    /// The tokenizer.
    pub tokenizer: TokenizerSpec,
    /// The model.
    pub model: ModelSpec,
    /// How models are evaluated after each stage that trains one.
    pub evaluate: EvaluateSpec,
    /// The stages, in order.
    #[serde(rename = "stage")]
    pub stages: Vec<StageSpec>,
}

/// Settings of the tokenizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerSpec {
    /// The most entries that the vocabulary may have.
    pub vocab_size: usize,
    /// How many samples it is trained on.
    pub samples: u64,
    /// Which samples.
    pub data: TaskSpec,
}

/// The shape of the model; the vocabulary comes from the tokenizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Width.
    pub hidden_size: usize,
    /// Width of the gated layer.
    pub intermediate_size: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// The longest sequence.
    pub context_tokens: usize,
    /// Base of the rotary embedding.
    #[serde(default = "default_rope_theta")]
    pub rope_theta: f64,
}

fn default_rope_theta() -> f64 {
    1e6
}

impl ModelSpec {
    /// The model's configuration for a tokenizer.
    #[must_use]
    pub fn config(&self, tokenizer: &interplay_tokenizer::Tokenizer) -> ModelConfig {
        let special = tokenizer.special();
        ModelConfig {
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            num_key_value_heads: self.kv_heads,
            max_position_embeddings: self.context_tokens,
            rope_theta: self.rope_theta,
            bos_token_id: Some(special.bos),
            eos_token_id: special.eos.into(),
            pad_token_id: Some(special.pad),
            ..ModelConfig::tiny(tokenizer.vocab_size())
        }
    }
}

/// Which problems, and how many, a model is evaluated on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvaluateSpec {
    /// Problems for each op of each band.
    pub problems_per_op: u64,
    /// Samples a problem.
    pub samples: u32,
    /// The k of pass@k.
    pub ks: Vec<u32>,
    /// Sampling temperature.
    #[serde(default = "default_temperature")]
    pub temperature: f64,
    /// The longest completion.
    pub max_new_tokens: usize,
    /// The level at which a completion counts as verified.
    #[serde(default = "strict")]
    pub level: Level,
    /// Contexts and dialects of the problems; their op is replaced by each op of the bands.
    pub data: TaskSpec,
}

fn default_temperature() -> f64 {
    0.7
}

fn strict() -> Level {
    Level::Strict
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum StageSpec {
    /// Next-token training from random weights.
    Pretrain {
        /// The stage's name and folder.
        name: String,
        /// The samples.
        data: TaskSpec,
        /// The settings.
        training: NextTokenSpec,
    },
    /// Next-token training from another stage's model.
    Midtrain {
        /// The stage's name and folder.
        name: String,
        /// The stage whose model it starts from; the last one before it that trains, unless told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// The samples.
        data: TaskSpec,
        /// The settings.
        training: NextTokenSpec,
    },
    /// Measures where the edge of competence of a model lies.
    Calibrate {
        /// The stage's name and folder.
        name: String,
        /// The stage whose model is measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// What is measured and what counts as the edge.
        edge: CalibrateSpec,
    },
    /// Reinforcement learning from verified rollouts.
    Grpo {
        /// The stage's name and folder.
        name: String,
        /// The stage whose model it starts from, which is also the reference.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<String>,
        /// The calibration whose ops replace those of `data`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        edge_from: Option<String>,
        /// The problems.
        data: TaskSpec,
        /// The settings.
        training: GrpoSpec,
    },
}

/// What a stage does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageKind {
    /// Next-token training from random weights.
    Pretrain,
    /// Next-token training from a model.
    Midtrain,
    /// Measuring the edge of competence.
    Calibrate,
    /// Reinforcement learning.
    Grpo,
}

/// What a calibration measures and what counts as the edge of competence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrateSpec {
    /// The ops to measure.
    pub ops: Counts,
    /// Problems for each.
    pub problems_per_op: u64,
    /// Samples a problem.
    pub samples: u32,
    /// An op is past the edge where verified pass@1 is above this.
    pub pass_at_1_below: f64,
    /// An op is out of reach where verified pass@samples is below this.
    pub pass_at_k_above: f64,
}

impl StageSpec {
    /// The stage's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Pretrain { name, .. }
            | Self::Midtrain { name, .. }
            | Self::Calibrate { name, .. }
            | Self::Grpo { name, .. } => name,
        }
    }

    /// What the stage does.
    #[must_use]
    pub fn kind(&self) -> StageKind {
        match self {
            Self::Pretrain { .. } => StageKind::Pretrain,
            Self::Midtrain { .. } => StageKind::Midtrain,
            Self::Calibrate { .. } => StageKind::Calibrate,
            Self::Grpo { .. } => StageKind::Grpo,
        }
    }

    /// What its products with the weights are computed in.
    #[must_use]
    pub fn precision(&self) -> Precision {
        match self {
            Self::Pretrain { training, .. } | Self::Midtrain { training, .. } => training.precision,
            Self::Calibrate { .. } => Precision::Float32,
            Self::Grpo { training, .. } => training.precision,
        }
    }

    /// The stage whose model it starts from, where the spec says it.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        match self {
            Self::Pretrain { .. } => None,
            Self::Midtrain { from, .. }
            | Self::Calibrate { from, .. }
            | Self::Grpo { from, .. } => from.as_deref(),
        }
    }

    pub(crate) fn parent_mut(&mut self) -> Option<&mut Option<String>> {
        match self {
            Self::Pretrain { .. } => None,
            Self::Midtrain { from, .. }
            | Self::Calibrate { from, .. }
            | Self::Grpo { from, .. } => Some(from),
        }
    }

    /// The stage's problems or samples.
    #[must_use]
    pub fn data(&self) -> Option<&TaskSpec> {
        match self {
            Self::Pretrain { data, .. } | Self::Midtrain { data, .. } | Self::Grpo { data, .. } => {
                Some(data)
            }
            Self::Calibrate { .. } => None,
        }
    }

    /// Whether the stage leaves a model.
    #[must_use]
    pub fn trains(&self) -> bool {
        self.kind() != StageKind::Calibrate
    }
}

impl ExperimentSpec {
    /// The experiments that come with the crate, by name.
    pub const PRESETS: [(&'static str, &'static str); 3] = [
        ("staged", include_str!("../presets/staged.toml")),
        ("quick", include_str!("../presets/quick.toml")),
        ("paper", include_str!("../presets/paper.toml")),
    ];

    /// A preset by name.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] where there is none of this name.
    pub fn preset(name: &str) -> Result<Self, InterplayError> {
        let Some((name, text)) = Self::PRESETS.iter().find(|(known, _)| *known == name) else {
            let known = Self::PRESETS.map(|(name, _)| name).join(", ");
            let reason = format!("there is no preset of this name; expected one of {known}");
            return Err(InterplayError::BadSpec {
                path: name.into(),
                reason,
            });
        };
        Self::from_toml(text, Path::new(name))
    }

    /// Reads an experiment file.
    ///
    /// # Errors
    /// Where the file cannot be read or is not an experiment.
    pub fn load(path: &Path) -> Result<Self, InterplayError> {
        let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
        Self::from_toml(&text, path)
    }

    /// Reads an experiment from text; `origin` is named in errors.
    ///
    /// # Errors
    /// [`InterplayError::BadSpec`] for anything that is not an experiment: unknown keys, wrong
    /// types, missing keys.
    pub fn from_toml(text: &str, origin: &Path) -> Result<Self, InterplayError> {
        let bad = |reason: String| InterplayError::BadSpec {
            path: origin.to_owned(),
            reason,
        };
        let mut table: toml::Table =
            toml::from_str(text).map_err(|error| bad(error.to_string()))?;
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
        // Defaults are spread over values, so messages name keys: lines would be those of a text
        // that nobody wrote. Inside a stage the parser names no key, so the stage is named here.
        for (place, stage) in (1..).zip(stages(&table)) {
            if let Err(error) = stage.clone().try_into::<StageSpec>() {
                let name = stage
                    .get("name")
                    .and_then(toml::Value::as_str)
                    .unwrap_or("no name");
                return Err(bad(format!("stage {place} ({name}): {}", error.message())));
            }
        }
        toml::Value::Table(table)
            .try_into()
            .map_err(|error: toml::de::Error| bad(error.to_string().trim_end().replace('\n', " ")))
    }

    /// Everything about the experiment that cannot work, one line each.
    #[must_use]
    pub fn problems(&self, library: &ContextLibrary) -> Vec<String> {
        crate::check::problems(self, library)
    }
}

/// The stages of an experiment that is not yet read.
fn stages(table: &toml::Table) -> &[toml::Value] {
    table
        .get("stage")
        .and_then(toml::Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// The same data with every component at one op.
pub(crate) fn at_op(data: &TaskSpec, op: u32) -> TaskSpec {
    at_counts(data, &Counts::one(op))
}

/// The same data with every component drawing uniformly from these ops.
pub(crate) fn at_counts(data: &TaskSpec, ops: &Counts) -> TaskSpec {
    let component = |component: &Component| Component {
        op: ops.clone(),
        ..component.clone()
    };
    TaskSpec {
        mixture: data.mixture.iter().map(component).collect(),
        ..data.clone()
    }
}

/// Gives every `data` table the keys of `defaults` that it does not have.
fn spread(table: &mut toml::Table, defaults: &toml::Table) {
    for (key, value) in table.iter_mut() {
        match value {
            toml::Value::Table(inner) if key == "data" => {
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
