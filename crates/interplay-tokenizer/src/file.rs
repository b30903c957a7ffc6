//! `tokenizer.json` on disk, and `tokenizer_config.json` beside it.
//!
//! The files are the Hugging Face format, so the Python packages `tokenizers` and `transformers`
//! read them as well. A file is replaced whole: readers see the old one or the new one.
//!
//! Source: the keys of `tokenizer_config.json` as `transformers` 5.24 reads them.

use std::path::Path;

use serde_json::json;

use crate::error::TokenizerError;
use crate::pretrained::{Foreign, TOKENIZER, TOKENIZER_CONFIG};
use crate::special::NAMES;
use crate::tokenizer::Tokenizer;
use crate::tokenizer_file::TokenizerFile;

impl Tokenizer {
    /// Reads a `tokenizer.json` with the ten special tokens of the framing, with or without a byte order mark.
    /// [`Tokenizer::from_pretrained`] reads those of other models, too.
    ///
    /// # Errors
    /// If the file cannot be read, is not a `tokenizer.json`, lacks a special token of the framing
    /// or does not keep every byte of a text: it is not byte-level, lacks a byte, has a normalizer, or a
    /// pre-tokenizer that adds or removes white space. A file that is damaged or made to do harm is
    /// refused, and takes neither much time nor memory.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, TokenizerError> {
        let path = path.as_ref();
        let TokenizerFile { inner, json, .. } = TokenizerFile::read(path)?;
        Self::from_inner(inner, json, path)
    }

    /// Reads the tokenizer of a model folder in the Hugging Face layout: one of this project, or that of another model
    /// with a byte-level `tokenizer.json`, such as Qwen2 and Qwen2.5.
    ///
    /// To another model's tokenizer the tags of the framing are text. `tokenizer_config.json`, `generation_config.json`
    /// and `config.json` tell the tokens that end a sequence, the first of them in this order the one that
    /// [`Tokenizer::encode_sample`] writes, and the one that fills a batch, which is the end where none is named.
    ///
    /// # Errors
    /// A file that cannot be read or is not of its format, a tokenizer that does not keep every byte of a text (NFC
    /// apart), or one of which no file tells the end of a sequence.
    pub fn from_pretrained(folder: impl AsRef<Path>) -> Result<Self, TokenizerError> {
        let folder = folder.as_ref();
        let path = folder.join(TOKENIZER);
        let TokenizerFile {
            inner,
            json,
            opening,
        } = TokenizerFile::read(&path)?;
        if NAMES.iter().all(|name| inner.token_to_id(name).is_some()) {
            return Self::from_inner(inner, json, &path);
        }
        let foreign = Foreign::read(folder, &inner, opening)?;
        Self::from_foreign(inner, json, foreign, &path)
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
    /// user as a question. Another model's tokenizer is written as it was read, with all files that came with it.
    ///
    /// `model_max_length` is the context of the model, in tokens; another model's tokenizer keeps its own. Only a folder whose `config.json`
    /// does not say `qwen2` keeps a tokenizer of this project there: `transformers` 5 builds Qwen2's own for those.
    ///
    /// # Errors
    /// When a file cannot be written; an existing one is then left as it was.
    pub fn save_pretrained(
        &self,
        folder: impl AsRef<Path>,
        model_max_length: usize,
    ) -> Result<(), TokenizerError> {
        let folder = folder.as_ref();
        if self.special().is_none() {
            for (name, bytes) in &self.carried {
                interplay_files::write(folder.join(name), bytes)?;
            }
            return self.save(folder.join(TOKENIZER));
        }
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
        self.save(folder.join(TOKENIZER))?;
        let text = format!("{config:#}\n");
        Ok(interplay_files::write(folder.join(TOKENIZER_CONFIG), text)?)
    }
}

/// Frames messages as a prompt, or as a whole sample where an assistant has answered.
const CHAT_TEMPLATE: &str = "{{ bos_token }}{% for message in messages %}\
    {% if message['role'] == 'user' %} <question> {{ message['content'] | trim }} </question> <solution>\
    {% elif message['role'] == 'assistant' %} {{ message['content'] | trim }}{{ eos_token }}\
    {% endif %}{% endfor %}";
