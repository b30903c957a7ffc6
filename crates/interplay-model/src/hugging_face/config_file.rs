//! `config.json` of `Qwen2ForCausalLM`.
//!
//! Fields are read as `transformers` writes them, before and after its version 5 (`rope_theta` or
//! `rope_parameters`, `torch_dtype` or `dtype`). A setting that this decoder would compute differently is refused.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::json_file::{parse, read_text};
use super::rotary_settings::rotary_base;
use super::weight_dtype::WeightDtype;
use crate::config::ModelConfig;
use crate::error::ModelError;
use crate::token_ids::TokenIds;

/// A `config.json` that `transformers` reads without a warning, before and after its version 5.
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
const FIXED: [(&str, Value); 5] = [
    ("attention_bias", Value::Bool(true)),
    ("mlp_bias", Value::Bool(false)),
    ("use_qk_norm", Value::Bool(false)),
    ("attn_logit_softcapping", Value::Null),
    ("final_logit_softcapping", Value::Null),
];

/// Reads a `config.json`; gives the configuration and the keys that were found and have no effect.
///
/// # Errors
///
/// A file that is missing or not JSON, another architecture, a model that this decoder cannot compute.
pub(super) fn read_config(path: &Path) -> Result<(ModelConfig, Vec<String>), ModelError> {
    let text = read_text(path)?;
    // Other architectures have other fields, so the architecture is checked first.
    parse::<Identity>(path, &text)?.check(path)?;
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
    let (theta, unused) = rotary_base(&map)
        .map_err(|refusal| unsupported(path, &refusal.key, refusal.found, &refusal.expected))?;
    let config = file.into_config(theta);
    config.validate()?;
    Ok((config, unused))
}

impl Identity {
    fn check(&self, path: &Path) -> Result<(), ModelError> {
        let architecture = self.architectures.iter().flatten().next();
        if let Some(name) = architecture.filter(|name| *name != "Qwen2ForCausalLM") {
            let found = format!("\"{name}\"");
            let expected = "\"Qwen2ForCausalLM\"";
            return Err(unsupported(path, "architectures", found, expected));
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

fn unsupported(path: &Path, field: &str, found: String, expected: &str) -> ModelError {
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

    fn into_config(self, rope_theta: f64) -> ModelConfig {
        ModelConfig {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.num_hidden_layers,
            num_attention_heads: self.num_attention_heads,
            num_key_value_heads: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
            // The defaults of `transformers`.
            max_position_embeddings: self.max_position_embeddings.unwrap_or(32_768),
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
