//! What a person chooses about a tokenizer before it is trained.

use serde::{Deserialize, Serialize};

use crate::error::TokenizerError;
use crate::special::NAMES;

/// How many letters the byte alphabet has.
pub(crate) const BYTES: usize = 256;

/// How numbers are cut before merges are learned.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Digits {
    /// A number is one word: a frequent one becomes a single token.
    #[default]
    Whole,
    /// Every digit is a token of its own.
    Single,
}

/// The settings of [`Tokenizer::train`](crate::Tokenizer::train).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainerSpec {
    /// The most tokens the vocabulary may hold, special tokens and bytes included. Training
    /// stops earlier when nothing is left to merge. Default: 2,200, about the published size.
    pub vocab_size: usize,
    /// How often a pair must occur to be merged. Default: 2.
    pub min_frequency: u64,
    /// How numbers are cut. Default: whole.
    pub digits: Digits,
}

impl Default for TrainerSpec {
    fn default() -> Self {
        Self {
            vocab_size: 2200,
            min_frequency: 2,
            digits: Digits::default(),
        }
    }
}

impl TrainerSpec {
    /// Checks that the vocabulary has room for what every tokenizer holds.
    ///
    /// # Errors
    /// [`TokenizerError::VocabularyTooSmall`].
    pub fn validate(&self) -> Result<(), TokenizerError> {
        if self.vocab_size < NAMES.len() + BYTES {
            return Err(TokenizerError::VocabularyTooSmall {
                found: self.vocab_size,
                special: NAMES.len(),
                bytes: BYTES,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_how_large_the_smallest_vocabulary_is() {
        let spec = TrainerSpec {
            vocab_size: 265,
            ..TrainerSpec::default()
        };
        let message = spec.validate().unwrap_err().to_string();
        assert!(
            message.contains("265") && message.contains("266"),
            "{message}"
        );
        assert!(
            TrainerSpec {
                vocab_size: 266,
                ..spec
            }
            .validate()
            .is_ok()
        );
    }

    #[test]
    fn refuses_an_unknown_key() {
        let error = serde_json::from_str::<TrainerSpec>(r#"{"vocab": 300}"#).unwrap_err();
        assert!(error.to_string().contains("vocab"), "{error}");
        let spec: TrainerSpec = serde_json::from_str(r#"{"digits": "single"}"#).unwrap();
        assert_eq!(spec.digits, Digits::Single);
        assert_eq!(spec.vocab_size, 2200);
    }
}
