//! The shape of the model, as it is written or as the folder to start from has it.

use std::path::Path;

use interplay_model::{ModelConfig, load_config};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use crate::error::InterplayError;
use crate::stage::INIT;

/// The longest sequence, in tokens, where an experiment that starts from a folder names none. Published models can take
/// far longer ones, which nothing here needs.
const CONTEXT_TOKENS: usize = 2048;

/// Shape of the model. The size of its vocabulary is that of the tokenizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width of the gated feed-forward layer.
    pub intermediate_size: usize,
    /// Number of layers.
    pub layers: usize,
    /// Number of query heads.
    pub heads: usize,
    /// Number of key and value heads.
    pub kv_heads: usize,
    /// Longest sequence, in tokens.
    pub context_tokens: usize,
    /// Base of the rotary embedding.
    #[serde(default = "default_rope_theta")]
    pub rope_theta: f64,
}

fn default_rope_theta() -> f64 {
    1e6
}

impl ModelSpec {
    /// The model's configuration with this tokenizer.
    #[must_use]
    pub fn config(&self, tokenizer: &interplay_tokenizer::Tokenizer) -> ModelConfig {
        ModelConfig {
            hidden_size: self.hidden_size,
            intermediate_size: self.intermediate_size,
            num_hidden_layers: self.layers,
            num_attention_heads: self.heads,
            num_key_value_heads: self.kv_heads,
            max_position_embeddings: self.context_tokens,
            rope_theta: self.rope_theta,
            bos_token_id: tokenizer.bos(),
            eos_token_id: tokenizer.eos().into(),
            pad_token_id: Some(tokenizer.pad()),
            ..ModelConfig::tiny(tokenizer.vocab_size())
        }
    }

    /// The shape of the model in a Hugging Face folder of Qwen2, Qwen2.5 or Llama, with a context of at most 2,048
    /// tokens.
    ///
    /// # Errors
    /// A `config.json` that is missing, damaged or of a model that the decoder cannot compute.
    pub fn of_folder(folder: impl AsRef<Path>) -> Result<Self, InterplayError> {
        let config = load_config(folder.as_ref())?;
        Ok(Self {
            context_tokens: config.max_position_embeddings.min(CONTEXT_TOKENS),
            ..Self::of_config(&config)
        })
    }

    fn of_config(config: &ModelConfig) -> Self {
        Self {
            hidden_size: config.hidden_size,
            intermediate_size: config.intermediate_size,
            layers: config.num_hidden_layers,
            heads: config.num_attention_heads,
            kv_heads: config.num_key_value_heads,
            context_tokens: config.max_position_embeddings,
            rope_theta: config.rope_theta,
        }
    }
}

/// Fills the table `model` of an experiment that starts from a folder. What the table says must be so; its context
/// may be shorter.
///
/// # Errors
/// What is wrong with the key or the table, or a folder without a model.
pub(crate) fn fill_model(
    table: &mut Table,
    bad: impl Fn(String) -> InterplayError,
) -> Result<(), InterplayError> {
    let Some(init) = table.get(INIT) else {
        return Ok(());
    };
    let Value::String(folder) = init.clone() else {
        let reason =
            format!("key `{INIT}`: found {init}, expected the folder of a model as a text");
        return Err(bad(reason));
    };
    let longest = load_config(Path::new(&folder))?.max_position_embeddings;
    let found = Table::try_from(ModelSpec::of_folder(&folder)?);
    let mut model = found.map_err(|error| bad(error.to_string()))?;
    let written = match table.remove("model") {
        None => Table::new(),
        Some(Value::Table(written)) => written,
        Some(other) => {
            let found = other.type_str();
            return Err(bad(format!("key `model`: found {found}, expected a table")));
        }
    };
    for (key, value) in written {
        let number = |value: &Value| {
            value
                .as_float()
                .or(value.as_integer().map(|one| one as f64))
        };
        let same = model
            .get(&key)
            .is_some_and(|own| number(own) == number(&value));
        let shorter = key == "context_tokens"
            && number(&value).is_some_and(|tokens| tokens <= longest as f64);
        match model.get(&key) {
            Some(own) if !same && !shorter => {
                let expected = match key.as_str() {
                    "context_tokens" => format!("at most the {longest} tokens of `{folder}`"),
                    _ => format!("{own} as in `{folder}`, or no such key"),
                };
                return Err(bad(format!(
                    "key `model.{key}`: found {value}, expected {expected}"
                )));
            }
            _ => model.insert(key, value),
        };
    }
    table.insert("model".to_owned(), Value::Table(model));
    Ok(())
}
