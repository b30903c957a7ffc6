//! `config.json` of `LlamaForCausalLM` and `Qwen2ForCausalLM`.
//!
//! Fields are read as `transformers` writes them, before and after its version 5 (`rope_theta` or
//! `rope_parameters`, `torch_dtype` or `dtype`). A setting that this decoder would compute differently is refused.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::json_file::{parse, read_text};
use super::rotary_settings::rotary_base;
use super::weight_dtype::WeightDtype;
use crate::config::{ModelConfig, ModelType};
use crate::error::ModelError;
use crate::token_ids::TokenIds;

/// A `config.json` that `transformers` reads without a warning, before and after its version 5.
pub(super) fn config_json(config: &ModelConfig, dtype: WeightDtype) -> Value {
    let mut file = json!({
        "architectures": [config.model_type.architecture()],
        "model_type": config.model_type.name(),
        "attention_dropout": 0.0,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
        "hidden_act": "silu",
        "hidden_size": config.hidden_size,
        "initializer_range": config.initializer_range,
        "intermediate_size": config.intermediate_size,
        "max_position_embeddings": config.max_position_embeddings,
        "num_attention_heads": config.num_attention_heads,
        "num_hidden_layers": config.num_hidden_layers,
        "num_key_value_heads": config.num_key_value_heads,
        "rms_norm_eps": config.rms_norm_eps,
        "rope_scaling": null,
        "rope_theta": config.rope_theta,
        "tie_word_embeddings": config.tie_word_embeddings,
        "torch_dtype": dtype.name(),
        "use_cache": true,
        "vocab_size": config.vocab_size,
    });
    match config.model_type {
        ModelType::Llama => {
            file["attention_bias"] = true.into();
            file["head_dim"] = config.head_dim().into();
            file["mlp_bias"] = false.into();
        }
        ModelType::Qwen2 => {
            file["sliding_window"] = Value::Null;
            file["use_sliding_window"] = false.into();
        }
    }
    file
}

/// The architecture that a `config.json` describes.
#[derive(Deserialize)]
struct Identity {
    architectures: Option<Vec<String>>,
    model_type: Option<String>,
}

/// The fields of a `config.json` that this decoder reads, besides the rotary settings; all others are ignored.
#[derive(Deserialize)]
struct ConfigFile {
    hidden_act: Option<String>,
    use_sliding_window: Option<bool>,
    attention_bias: Option<bool>,
    layer_types: Option<Vec<String>>,
    quantization_config: Option<Value>,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: Option<usize>,
    rms_norm_eps: Option<f64>,
    tie_word_embeddings: Option<bool>,
    initializer_range: Option<f64>,
    bos_token_id: Option<u32>,
    #[serde(default)]
    eos_token_id: TokenIds,
    pad_token_id: Option<u32>,
}

/// Keys that other architectures have for what this decoder always or never does, with the values that it computes
/// with.
const FIXED: [(&str, Value); 4] = [
    ("mlp_bias", Value::Bool(false)),
    ("use_qk_norm", Value::Bool(false)),
    ("attn_logit_softcapping", Value::Null),
    ("final_logit_softcapping", Value::Null),
];

/// What a `config.json` says.
pub(super) struct ReadConfig {
    /// The configuration of the decoder.
    pub(super) config: ModelConfig,
    /// Which biases of attention the tensor files have.
    pub(super) biases: Biases,
    /// The keys that were found and have no effect.
    pub(super) unused: Vec<String>,
}

/// The biases of attention in tensor files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Biases {
    /// Of queries, keys and values: those of this decoder.
    Inputs,
    /// Of the output too, where this decoder has none, so it must be zero.
    All,
    /// None, so those of this decoder are zero.
    None,
}

/// Reads a `config.json`.
///
/// # Errors
///
/// A file that is missing or not JSON, another architecture, a model that this decoder cannot compute.
pub(super) fn read_config(path: &Path) -> Result<ReadConfig, ModelError> {
    let text = read_text(path)?;
    // Other architectures have other fields, so the architecture is checked first.
    let model_type = parse::<Identity>(path, &text)?.model_type(path)?;
    let file: ConfigFile = parse(path, &text)?;
    file.check(path)?;
    let map: Map<String, Value> = parse(path, &text)?;
    for (key, expected) in &FIXED {
        let found = map.get(*key).filter(|found| !found.is_null());
        if let Some(found) = found.filter(|found| *found != expected) {
            let (found, expected) = (found.to_string(), expected.to_string());
            return Err(unsupported(path, key, found, &expected));
        }
    }
    let biases = match (model_type, file.attention_bias) {
        (ModelType::Qwen2, None | Some(true)) => Biases::Inputs,
        (ModelType::Qwen2, Some(false)) => {
            return Err(unsupported(
                path,
                "attention_bias",
                "false".to_owned(),
                "true",
            ));
        }
        (ModelType::Llama, Some(true)) => Biases::All,
        (ModelType::Llama, None | Some(false)) => Biases::None,
    };
    let (theta, unused) = rotary_base(&map)
        .map_err(|refusal| unsupported(path, &refusal.key, refusal.found, &refusal.expected))?;
    let config = file.into_config(model_type, theta);
    config.validate()?;
    Ok(ReadConfig {
        config,
        biases,
        unused,
    })
}

impl Identity {
    /// The kind of model: the class and the type must not contradict each other, and one may be missing.
    fn model_type(&self, path: &Path) -> Result<ModelType, ModelError> {
        let known = [ModelType::Llama, ModelType::Qwen2];
        let class = self.architectures.iter().flatten().next();
        let of_class = class
            .map(|name| {
                let found = known.into_iter().find(|known| known.architecture() == name);
                found.ok_or_else(|| {
                    let expected = "\"LlamaForCausalLM\" or \"Qwen2ForCausalLM\"";
                    unsupported(path, "architectures", format!("\"{name}\""), expected)
                })
            })
            .transpose()?;
        let expected = of_class.map_or_else(
            || "\"llama\" or \"qwen2\"".to_owned(),
            |known| format!("\"{}\"", known.name()),
        );
        let found = match (self.model_type.as_deref(), of_class) {
            (None, Some(of_class)) => return Ok(of_class),
            (None, None) => "absent".to_owned(),
            (Some(name), _) => {
                let found = known.into_iter().find(|known| known.name() == name);
                match found.filter(|found| of_class.is_none_or(|of_class| of_class == *found)) {
                    Some(found) => return Ok(found),
                    None => format!("\"{name}\""),
                }
            }
        };
        Err(unsupported(path, "model_type", found, &expected))
    }
}

pub(super) fn unsupported(path: &Path, field: &str, found: String, expected: &str) -> ModelError {
    ModelError::Unsupported {
        path: path.to_owned(),
        field: field.to_owned(),
        found,
        expected: expected.to_owned(),
    }
}

impl ConfigFile {
    /// Refuses settings that this decoder would compute differently.
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let refuse = |field, found, expected| Err(unsupported(path, field, found, expected));
        let act = self.hidden_act.as_deref();
        if let Some(act) = act.filter(|act| !["silu", "swish"].contains(act)) {
            return refuse("hidden_act", format!("\"{act}\""), "\"silu\"");
        }
        if self.use_sliding_window == Some(true) {
            return refuse("use_sliding_window", "true".to_owned(), "false");
        }
        if let Some(layers) = &self.layer_types {
            if let Some(kind) = layers.iter().find(|kind| *kind != "full_attention") {
                return refuse("layer_types", format!("\"{kind}\""), "\"full_attention\"");
            }
            if layers.len() != self.num_hidden_layers {
                let found = format!("a list of {}", layers.len());
                return refuse("layer_types", found, "num_hidden_layers entries");
            }
        }
        if let Some(how) = self
            .quantization_config
            .as_ref()
            .filter(|how| !how.is_null())
        {
            return refuse("quantization_config", how.to_string(), "null");
        }
        let derived = self.hidden_size / self.num_attention_heads.max(1);
        if let Some(head_dim) = self.head_dim.filter(|&head_dim| head_dim != derived) {
            let expected = "hidden_size / num_attention_heads";
            return refuse("head_dim", head_dim.to_string(), expected);
        }
        Ok(())
    }

    fn into_config(self, model_type: ModelType, rope_theta: f64) -> ModelConfig {
        // The defaults of `transformers`.
        let context = match model_type {
            ModelType::Llama => 2048,
            ModelType::Qwen2 => 32_768,
        };
        ModelConfig {
            model_type,
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
            max_position_embeddings: self.max_position_embeddings.unwrap_or(context),
            rope_theta,
            rms_norm_eps: self.rms_norm_eps.unwrap_or(1e-6),
            tie_word_embeddings: self.tie_word_embeddings.unwrap_or(false),
            initializer_range: self.initializer_range.unwrap_or(0.02),
            bos_token_id: self.bos_token_id,
            eos_token_id: self.eos_token_id,
            pad_token_id: self.pad_token_id,
        }
    }
}
