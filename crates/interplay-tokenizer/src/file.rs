//! `tokenizer.json` on disk, and `tokenizer_config.json` beside it.
//!
//! The files are the Hugging Face format, so the Python packages `tokenizers` and `transformers`
//! read them as well. A file is replaced whole: readers see the old one or the new one.
//!
//! Source: the keys of `tokenizer_config.json` as `transformers` 5.24 reads them.

use std::path::Path;

use serde_json::json;

use crate::error::TokenizerError;
use crate::tokenizer::Tokenizer;

impl Tokenizer {
    /// Reads a `tokenizer.json`, with or without a byte order mark.
    ///
    /// # Errors
    /// If the file cannot be read, is not a `tokenizer.json`, lacks a special token of the framing
    /// or does not keep every byte of a text: it is not byte-level, has a normalizer, or a
    /// pre-tokenizer that adds or removes white space.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TokenizerError> {
        let path = path.as_ref();
        let json = interplay_files::read_text(path)?;
        let inner = json.parse().map_err(|source| TokenizerError::Malformed {
            path: path.to_owned(),
            source,
        })?;
        Self::from_inner(inner, json, path)
    }

    /// Writes `tokenizer.json`, whole or not at all.
    ///
    /// A tokenizer that was loaded is written with the bytes it was read from, without a byte order
    /// mark.
    ///
    /// # Errors
    /// When the file cannot be written; an existing one is then left as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), TokenizerError> {
        Ok(interplay_files::write(path, &self.json)?)
    }

    /// Writes `tokenizer.json` and `tokenizer_config.json` into the folder of a model, so that
    /// `AutoTokenizer.from_pretrained(folder)` of `transformers` gives the tokens of
    /// [`Tokenizer::encode_prompt`] for a framed prompt. Its chat template frames the message of a
    /// user as a question.
    ///
    /// `model_max_length` is the context of the model, in tokens. Only a folder whose `config.json`
    /// does not say `qwen2` keeps its tokenizer there: `transformers` 5 builds Qwen2's own for those.
    ///
    /// # Errors
    /// When a file cannot be written; an existing one is then left as it was.
    pub fn save_pretrained(
        &self,
        folder: impl AsRef<Path>,
        model_max_length: usize,
    ) -> Result<(), TokenizerError> {
        let folder = folder.as_ref();
        let config = json!({
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": "[BOS]",
            "eos_token": "[EOS]",
            "pad_token": "[PAD]",
            "unk_token": "[UNK]",
            "padding_side": "left",
            "model_input_names": ["input_ids", "attention_mask"],
            "model_max_length": model_max_length,
            "clean_up_tokenization_spaces": false,
            "chat_template": CHAT_TEMPLATE,
        });
        self.save(folder.join("tokenizer.json"))?;
        let text = format!("{config:#}\n");
        Ok(interplay_files::write(
            folder.join("tokenizer_config.json"),
            text,
        )?)
    }
}

/// Frames messages as a prompt, or as a whole sample where an assistant has answered.
const CHAT_TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}\
    {% if message['role'] == 'user' %} <question> {{ message['content'] | trim }} </question> <solution>\
    {% elif message['role'] == 'assistant' %} {{ message['content'] | trim }}{{ eos_token }}\
    {% endif %}{% endfor %}";
