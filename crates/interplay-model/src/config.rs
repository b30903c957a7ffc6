//! The configuration of a decoder, with the field names of a Hugging Face `config.json`.
//!
//! Source: Qwen2 technical report (arXiv 2407.10671); the two published sizes of arXiv 2512.07783.
//! Deviations: features that this decoder lacks (dropout, sliding windows) have no field here; reading a folder
//! checks that they are off.

use serde::{Deserialize, Serialize};

use crate::error::{ConfigProblem, ModelError};
use crate::token_ids::TokenIds;

/// The `model_type` of a folder: under which of two names for the same computation a decoder is stored.
///
/// Qwen2 is Llama with biases where queries, keys and values are projected. `transformers` 5 gives every `qwen2`
/// folder Qwen2's pre-tokenizer, so a folder with another tokenizer is stored as `llama` with `attention_bias`, and
/// with an output bias of zeros, which Llama has and this decoder does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelType {
    /// `LlamaForCausalLM`, whose tokenizer is read as it is stored.
    #[default]
    Llama,
    /// `Qwen2ForCausalLM`, for models with Qwen2's tokenizer.
    Qwen2,
}

impl ModelType {
    /// The name in `config.json`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Llama => "llama",
            Self::Qwen2 => "qwen2",
        }
    }

    /// The name of the class in `config.json`.
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Llama => "LlamaForCausalLM",
            Self::Qwen2 => "Qwen2ForCausalLM",
        }
    }
}

/// Sizes and constants of a Qwen2-style decoder.
///
/// # Example
///
/// ```
/// use interplay_model::ModelConfig;
/// let config = ModelConfig::tiny(600);
/// config.validate().unwrap();
/// assert_eq!(config.head_dim(), 32);
/// assert!((800_000..900_000).contains(&config.parameters()));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// How a folder stores the model.
    #[serde(default)]
    pub model_type: ModelType,
    /// Number of tokens in the vocabulary.
    pub vocab_size: usize,
    /// Width of the residual stream.
    pub hidden_size: usize,
    /// Width inside the gated feed-forward block.
    pub intermediate_size: usize,
    /// Number of decoder layers.
    pub num_hidden_layers: usize,
    /// Number of query heads.
    pub num_attention_heads: usize,
    /// Number of key and value heads; each serves `num_attention_heads / num_key_value_heads` query heads.
    pub num_key_value_heads: usize,
    /// Length of the context in tokens.
    #[serde(default = "default_context")]
    pub max_position_embeddings: usize,
    /// Base of the rotary embedding's wavelengths.
    #[serde(default = "default_theta")]
    pub rope_theta: f64,
    /// Added to the mean square before the root in RMSNorm.
    #[serde(default = "default_eps")]
    pub rms_norm_eps: f64,
    /// Whether the output layer is the token embedding itself.
    #[serde(default = "default_tie")]
    pub tie_word_embeddings: bool,
    /// Standard deviation of the initial weights.
    #[serde(default = "default_init")]
    pub initializer_range: f64,
    /// Token that opens a sequence.
    #[serde(default)]
    pub bos_token_id: Option<u32>,
    /// Tokens that end a sequence: none, one, or several.
    #[serde(default)]
    pub eos_token_id: TokenIds,
    /// Token that fills rows up.
    #[serde(default)]
    pub pad_token_id: Option<u32>,
}

fn default_context() -> usize {
    2048
}
fn default_theta() -> f64 {
    1e6
}
fn default_eps() -> f64 {
    1e-6
}
fn default_tie() -> bool {
    true
}
fn default_init() -> f64 {
    0.02
}

impl ModelConfig {
    /// A configuration of the given sizes, with the paper's value for everything else.
    fn sized(
        vocab_size: usize,
        hidden_size: usize,
        intermediate_size: usize,
        num_hidden_layers: usize,
        num_attention_heads: usize,
    ) -> Self {
        Self {
            model_type: ModelType::default(),
            vocab_size,
            hidden_size,
            intermediate_size,
            num_hidden_layers,
            num_attention_heads,
            num_key_value_heads: 2,
            max_position_embeddings: default_context(),
            rope_theta: default_theta(),
            rms_norm_eps: default_eps(),
            tie_word_embeddings: default_tie(),
            initializer_range: default_init(),
            bos_token_id: None,
            eos_token_id: TokenIds::default(),
            pad_token_id: None,
        }
    }

    /// The size of the default experiment: 4 layers of width 128, about 0.8 M parameters.
    pub fn tiny(vocab_size: usize) -> Self {
        Self::sized(vocab_size, 128, 344, 4, 4)
    }

    /// The larger published size: 12 layers of width 768, about 103 M parameters.
    pub fn paper_103m(vocab_size: usize) -> Self {
        Self::sized(vocab_size, 768, 3072, 12, 12)
    }

    /// The smaller published size: 12 layers of width 576, about 43 M parameters.
    ///
    /// The paper states width and feed-forward width; layers and heads are taken from the larger size.
    pub fn paper_45m(vocab_size: usize) -> Self {
        Self::sized(vocab_size, 576, 1536, 12, 12)
    }

    /// Width of one attention head.
    pub fn head_dim(&self) -> usize {
        self.hidden_size / self.num_attention_heads.max(1)
    }

    /// Width of all key heads together, equal to that of all value heads.
    pub fn kv_size(&self) -> usize {
        self.num_key_value_heads * self.head_dim()
    }

    /// Checks that a tokenizer with this many entries fits the model, and returns the
    /// [`vocab_limit`](crate::SamplingSettings::vocab_limit) to sample with: `None` where every row of the
    /// vocabulary has an entry, else the number of entries. The rows beyond it are padding, which models get to
    /// make matrix products faster.
    ///
    /// # Errors
    ///
    /// [`ModelError::VocabularyMismatch`] if the tokenizer can produce a token that the model does not know, or
    /// has no entries.
    pub fn check_tokenizer(&self, entries: usize) -> Result<Option<usize>, ModelError> {
        if (1..=self.vocab_size).contains(&entries) {
            return Ok((entries < self.vocab_size).then_some(entries));
        }
        Err(ModelError::VocabularyMismatch {
            tokenizer: entries,
            model: self.vocab_size,
        })
    }

    /// Checks every field and reports all problems at once.
    ///
    /// # Errors
    ///
    /// [`ModelError::InvalidConfig`] with every problem that was found.
    pub fn validate(&self) -> Result<(), ModelError> {
        let mut problems = Vec::new();
        let mut check = |field, fine: bool, found: String, expected: String| {
            if !fine {
                problems.push(ConfigProblem {
                    field,
                    found,
                    expected,
                });
            }
        };
        for (field, value) in [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("num_key_value_heads", self.num_key_value_heads),
            ("max_position_embeddings", self.max_position_embeddings),
        ] {
            // Tokens and positions are 32-bit numbers on every backend.
            let fine = (1..=i32::MAX as usize).contains(&value);
            let expected = format!("between 1 and {}", i32::MAX);
            check(field, fine, value.to_string(), expected);
        }
        let (heads, kv_heads) = (
            self.num_attention_heads.clamp(1, i32::MAX as usize),
            self.num_key_value_heads.max(1),
        );
        check(
            "hidden_size",
            self.hidden_size.is_multiple_of(2 * heads),
            self.hidden_size.to_string(),
            format!("a multiple of {} (heads of an even width)", 2 * heads),
        );
        check(
            "num_key_value_heads",
            heads.is_multiple_of(kv_heads),
            kv_heads.to_string(),
            format!("a divisor of num_attention_heads = {heads}"),
        );
        for (field, value) in [
            ("rope_theta", self.rope_theta),
            ("rms_norm_eps", self.rms_norm_eps),
            ("initializer_range", self.initializer_range),
        ] {
            // The decoder computes with them in single precision.
            let single = value as f32;
            let fine = single.is_finite() && single > 0.0;
            check(
                field,
                fine,
                value.to_string(),
                "a finite number above 0".to_owned(),
            );
        }
        let ids = self.eos_token_id.iter().map(|&id| ("eos_token_id", id));
        let bos = self.bos_token_id.map(|id| ("bos_token_id", id));
        let pad = self.pad_token_id.map(|id| ("pad_token_id", id));
        for (field, id) in bos.into_iter().chain(ids).chain(pad) {
            let fine = (id as usize) < self.vocab_size;
            check(
                field,
                fine,
                id.to_string(),
                format!("below vocab_size = {}", self.vocab_size),
            );
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ModelError::InvalidConfig { problems })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_every_problem_at_once() {
        let mut config = ModelConfig::tiny(100);
        config.num_key_value_heads = 3;
        config.rope_theta = f64::NAN;
        config.eos_token_id = vec![7, 100].into();
        let Err(ModelError::InvalidConfig { problems }) = config.validate() else {
            panic!("accepted {config:?}");
        };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field).collect();
        assert_eq!(
            fields,
            ["num_key_value_heads", "rope_theta", "eos_token_id"]
        );
    }

    #[test]
    fn sizes_beyond_32_bits_are_problems_and_not_overflows() {
        for size in [0, usize::MAX] {
            let config = ModelConfig {
                num_attention_heads: size,
                hidden_size: size,
                ..ModelConfig::tiny(100)
            };
            assert!(config.validate().is_err(), "{size}");
        }
    }

    #[test]
    fn a_tokenizer_may_be_smaller_than_the_vocabulary_but_not_larger() {
        let config = ModelConfig::tiny(100);
        assert_eq!(config.check_tokenizer(100).unwrap(), None);
        assert_eq!(config.check_tokenizer(99).unwrap(), Some(99));
        for entries in [0, 101] {
            let message = config.check_tokenizer(entries).unwrap_err().to_string();
            let numbers = [
                format!("{entries} entries"),
                "`vocab_size` of the model is 100".into(),
            ];
            assert!(
                numbers.iter().all(|part| message.contains(part)),
                "{message}"
            );
        }
    }

    #[test]
    fn a_single_end_token_is_read_as_ever() {
        let mut json = serde_json::to_value(ModelConfig::tiny(100)).unwrap();
        assert!(json["eos_token_id"].is_null());
        json["eos_token_id"] = 7.into();
        let config: ModelConfig = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(config.eos_token_id, 7.into());
        assert_eq!(serde_json::to_value(config).unwrap(), json);
    }

    #[test]
    fn the_default_sizes_are_valid() {
        for config in [
            ModelConfig::tiny(600),
            ModelConfig::paper_103m(2200),
            ModelConfig::paper_45m(2200),
        ] {
            config.validate().unwrap();
        }
    }
}
