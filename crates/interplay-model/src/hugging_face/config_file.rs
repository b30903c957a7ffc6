//! `config.json` and `generation_config.json` of `Qwen2ForCausalLM`.
//!
//! Fields are read as `transformers` writes them, before and after its version 5 (`rope_theta` or
//! `rope_parameters`, `torch_dtype` or `dtype`). What this decoder would compute differently is refused.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{WeightDtype, io};
use crate::config::ModelConfig;
use crate::error::ModelError;

/// A `config.json` that `transformers` reads without a word, before and after its version 5.
pub(super) fn config_json(config: &ModelConfig, dtype: WeightDtype) -> Value {
    json!({
        "architectures": ["Qwen2ForCausalLM"],
        "model_type": "qwen2",
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
        "sliding_window": null,
        "tie_word_embeddings": config.tie_word_embeddings,
        "torch_dtype": dtype.name(),
        "use_cache": true,
        "use_sliding_window": false,
        "vocab_size": config.vocab_size,
    })
}

pub(super) fn generation_json(config: &ModelConfig) -> Value {
    json!({
        "_from_model_config": true,
        "bos_token_id": config.bos_token_id,
        "eos_token_id": config.eos_token_id,
        "pad_token_id": config.pad_token_id,
    })
}

/// What a `config.json` is of.
#[derive(Deserialize)]
struct Identity {
    architectures: Option<Vec<String>>,
    model_type: Option<String>,
}

/// The fields of a `config.json` that mean something to this decoder; all others are passed over.
#[derive(Deserialize)]
struct ConfigFile {
    hidden_act: Option<String>,
    #[serde(default)]
    use_sliding_window: bool,
    layer_types: Option<Vec<String>>,
    quantization_config: Option<Value>,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    rope_theta: Option<f64>,
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
    eos_token_id: Option<Value>,
    pad_token_id: Option<u32>,
}

/// Reads a `config.json`.
///
/// # Errors
///
/// A file that is missing or no JSON, another architecture, a model that this decoder cannot be.
pub(super) fn read_config(path: &Path) -> Result<ModelConfig, ModelError> {
    let text = std::fs::read(path).map_err(io("read", path))?;
    let json = |source| ModelError::Json {
        path: path.to_owned(),
        source,
    };
    // Other architectures have other fields, so what it is comes before what it says.
    let identity: Identity = serde_json::from_slice(&text).map_err(json)?;
    identity.check(path)?;
    let file: ConfigFile = serde_json::from_slice(&text).map_err(json)?;
    file.check(path)?;
    let config = file.into_config();
    config.validate()?;
    Ok(config)
}

impl Identity {
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let architecture = self.architectures.iter().flatten().next();
        if let Some(name) = architecture.filter(|name| *name != "Qwen2ForCausalLM") {
            let found = format!("\"{name}\"");
            return Err(unsupported(
                path,
                "architectures",
                found,
                "\"Qwen2ForCausalLM\"",
            ));
        }
        let found = match self.model_type.as_deref() {
            Some("qwen2") => return Ok(()),
            None if architecture.is_some() => return Ok(()),
            Some(other) => format!("\"{other}\""),
            None => "absent".to_owned(),
        };
        Err(unsupported(path, "model_type", found, "\"qwen2\""))
    }
}

fn unsupported(
    path: &Path,
    field: &'static str,
    found: String,
    expected: &'static str,
) -> ModelError {
    ModelError::Unsupported {
        path: path.to_owned(),
        field,
        found,
        expected,
    }
}

impl ConfigFile {
    /// Refuses what this decoder would compute differently.
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let refuse = |field, found, expected| Err(unsupported(path, field, found, expected));
        if let Some(act) = self.hidden_act.as_deref().filter(|act| *act != "silu") {
            return refuse("hidden_act", format!("\"{act}\""), "\"silu\"");
        }
        if self.use_sliding_window {
            return refuse("use_sliding_window", "true".to_owned(), "false");
        }
        let layers = self.layer_types.iter().flatten();
        if let Some(kind) = layers.into_iter().find(|kind| *kind != "full_attention") {
            return refuse("layer_types", format!("\"{kind}\""), "\"full_attention\"");
        }
        if let Some(how) = self
            .quantization_config
            .as_ref()
            .filter(|how| !how.is_null())
        {
            return refuse("quantization_config", how.to_string(), "null");
        }
        if let Some(scaling) = self
            .rope_scaling
            .as_ref()
            .filter(|value| !is_plain_rope(value))
        {
            return refuse("rope_scaling", scaling.to_string(), "null");
        }
        if let Some(rope) = self
            .rope_parameters
            .as_ref()
            .filter(|value| !is_plain_rope(value))
        {
            return refuse("rope_parameters", rope.to_string(), "rope_type \"default\"");
        }
        let derived = self.hidden_size / self.num_attention_heads.max(1);
        if let Some(head_dim) = self.head_dim.filter(|&head_dim| head_dim != derived) {
            let expected = "hidden_size / num_attention_heads";
            return refuse("head_dim", head_dim.to_string(), expected);
        }
        Ok(())
    }

    fn into_config(self) -> ModelConfig {
        let nested = self
            .rope_parameters
            .as_ref()
            .and_then(|rope| rope["rope_theta"].as_f64());
        let eos = self.eos_token_id.as_ref();
        let eos = eos.and_then(|eos| eos.get(0).unwrap_or(eos).as_u64());
        ModelConfig {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
            // What `transformers` assumes where a field is absent.
            max_position_embeddings: self.max_position_embeddings.unwrap_or(32_768),
            rope_theta: nested.or(self.rope_theta).unwrap_or(10_000.0),
            rms_norm_eps: self.rms_norm_eps.unwrap_or(1e-6),
            tie_word_embeddings: self.tie_word_embeddings.unwrap_or(false),
            initializer_range: self.initializer_range.unwrap_or(0.02),
            bos_token_id: self.bos_token_id,
            eos_token_id: eos.and_then(|eos| u32::try_from(eos).ok()),
            pad_token_id: self.pad_token_id,
        }
    }
}

fn is_plain_rope(value: &Value) -> bool {
    let kind = value.get("rope_type").or(value.get("type"));
    value.is_null() || kind.is_none_or(|kind| kind == "default")
}
