//! What a model's folder says about sampling: `generation_config.json`.
//!
//! Source: `GenerationConfig` of `transformers` 5.24.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::ModelConfig;
use crate::token_ids::TokenIds;

/// The sampling defaults of a Hugging Face folder. Keys that this crate does not use are kept, so that reading
/// and writing loses nothing.
///
/// [`SamplingSettings::from_generation`](crate::SamplingSettings::from_generation) turns them into settings.
///
/// # Example
///
/// ```
/// use interplay_model::GenerationConfig;
/// let read: GenerationConfig =
///     serde_json::from_str(r#"{"eos_token_id": [7, 5], "temperature": 0.7, "repetition_penalty": 1.05}"#)?;
/// assert_eq!(read.eos_token_id, vec![7, 5].into());
/// assert_eq!(read.other["repetition_penalty"], 1.05);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GenerationConfig {
    /// Token that opens a sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bos_token_id: Option<u32>,
    /// Tokens that end a sequence.
    #[serde(default, skip_serializing_if = "none")]
    pub eos_token_id: TokenIds,
    /// Token that fills rows up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pad_token_id: Option<u32>,
    /// Whether tokens are drawn; the most likely token is taken unless this is `Some(true)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub do_sample: Option<bool>,
    /// Divides the logits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Draw among the most likely tokens that together reach this probability.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Draw among this many most likely tokens; 0 is all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Maximum number of new tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_new_tokens: Option<usize>,
    /// All other keys, as they were read.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn none(ids: &TokenIds) -> bool {
    ids.is_empty()
}

/// Keys that change what `transformers` generates and that sampling here does not implement, with the values that
/// leave them without effect.
static WITHOUT_EFFECT: [(&str, &[f64]); 14] = [
    ("repetition_penalty", &[1.0]),
    ("encoder_repetition_penalty", &[1.0]),
    ("no_repeat_ngram_size", &[0.0]),
    ("min_p", &[0.0]),
    ("typical_p", &[1.0]),
    ("epsilon_cutoff", &[0.0]),
    ("eta_cutoff", &[0.0]),
    ("top_h", &[1.0]),
    ("num_beams", &[1.0]),
    ("min_length", &[0.0]),
    ("min_new_tokens", &[0.0]),
    ("penalty_alpha", &[0.0]),
    ("bad_words_ids", &[]),
    ("suppress_tokens", &[]),
];

impl GenerationConfig {
    /// What `transformers` assumes for a folder without `generation_config.json`: the special tokens of the
    /// model, greedy decoding.
    pub fn from_model(config: &ModelConfig) -> Self {
        let derived = ("_from_model_config".to_owned(), Value::Bool(true));
        Self {
            bos_token_id: config.bos_token_id,
            eos_token_id: config.eos_token_id.clone(),
            pad_token_id: config.pad_token_id,
            other: Map::from_iter([derived]),
            ..Self::default()
        }
    }

    /// The defaults of a model that was trained here: it is sampled as it was in RL and in evaluations, from its whole
    /// distribution at temperature 1.
    pub fn sampling(config: &ModelConfig) -> Self {
        Self {
            do_sample: Some(true),
            temperature: Some(1.0),
            top_p: Some(1.0),
            // `transformers` keeps the 50 likeliest unless it is told otherwise.
            top_k: Some(0),
            other: Map::new(),
            ..Self::from_model(config)
        }
    }

    /// Takes the special tokens that are not given from the model's configuration, as `transformers` does.
    #[must_use]
    pub fn or_tokens_of(self, config: &ModelConfig) -> Self {
        let eos_token_id = match self.eos_token_id.is_empty() {
            true => config.eos_token_id.clone(),
            false => self.eos_token_id,
        };
        Self {
            bos_token_id: self.bos_token_id.or(config.bos_token_id),
            eos_token_id,
            pad_token_id: self.pad_token_id.or(config.pad_token_id),
            ..self
        }
    }

    /// The keys that would change what `transformers` generates, but that sampling here does not implement.
    pub fn unsupported(&self) -> impl Iterator<Item = (&str, &Value)> {
        WITHOUT_EFFECT.iter().filter_map(|(key, neutral)| {
            let value = self.other.get(*key)?;
            let no_effect = match value {
                Value::Null => true,
                Value::Array(list) => list.is_empty(),
                value => value.as_f64().is_some_and(|value| neutral.contains(&value)),
            };
            (!no_effect).then_some((*key, value))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_back_what_was_read() {
        let text = serde_json::json!({
            "bos_token_id": 0,
            "eos_token_id": [7, 5],
            "pad_token_id": 2,
            "do_sample": true,
            "temperature": 0.7,
            "top_p": 0.8,
            "top_k": 20,
            "max_new_tokens": 99,
            "repetition_penalty": 1.05,
            "transformers_version": "5.24.0",
            "a_key_of_tomorrow": { "nested": [1, null] },
        });
        let read: GenerationConfig = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), text);
    }

    #[test]
    fn special_tokens_come_from_the_model_where_they_are_not_given() {
        let config = ModelConfig {
            bos_token_id: Some(1),
            eos_token_id: 2.into(),
            ..ModelConfig::tiny(9)
        };
        let bare: GenerationConfig = serde_json::from_str(r#"{"top_k": 3}"#).unwrap();
        let filled = bare.or_tokens_of(&config);
        assert_eq!((filled.bos_token_id, filled.top_k), (Some(1), Some(3)));
        assert_eq!(filled.eos_token_id, 2.into());
        let own: GenerationConfig = serde_json::from_str(r#"{"eos_token_id": [7, 5]}"#).unwrap();
        assert_eq!(own.or_tokens_of(&config).eos_token_id, vec![7, 5].into());
    }

    #[test]
    fn keys_that_are_not_implemented_are_named_where_they_matter() {
        let text = r#"{"repetition_penalty": 1.05, "num_beams": 1, "min_p": null, "suppress_tokens": [],
            "bad_words_ids": [[3]], "transformers_version": "5.24.0"}"#;
        let read: GenerationConfig = serde_json::from_str(text).unwrap();
        let keys: Vec<&str> = read.unsupported().map(|(key, _)| key).collect();
        assert_eq!(keys, ["repetition_penalty", "bad_words_ids"]);
    }
}
