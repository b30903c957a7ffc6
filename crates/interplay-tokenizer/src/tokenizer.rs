//! The tokenizer: a vocabulary, its file and its special tokens.

use std::path::Path;

use sha2::{Digest, Sha256};
use tokenizers::{DecoderWrapper, PreTokenizerWrapper, SplitDelimiterBehavior};

use crate::byte_alphabet::bytes_of;
use crate::error::TokenizerError;
use crate::segment::Absorbs;
use crate::special::{NAMES, Special};

/// A byte-level BPE tokenizer with the ten special tokens of the framing.
///
/// Any text can be encoded, byte for byte, and the same text always gives the same tokens. It is
/// `Send` and `Sync`; a reference can be shared between threads.
#[derive(Debug)]
pub struct Tokenizer {
    /// Encodes plain text; special tokens written in it are plain text too.
    pub(crate) inner: tokenizers::Tokenizer,
    /// What `tokenizer.json` holds.
    pub(crate) json: String,
    /// SHA-256 of `json`, in hexadecimal.
    hash: String,
    special: Special,
    /// Which white space the special tokens absorb, in the order of their names.
    pub(crate) absorbs: [Absorbs; NAMES.len()],
    /// The bytes of each token, by identifier; empty where an identifier is unused.
    pub(crate) bytes: Vec<Vec<u8>>,
}

impl Tokenizer {
    /// The identifiers of the special tokens.
    pub fn special(&self) -> Special {
        self.special
    }

    /// How many identifiers there are: one more than the largest.
    pub fn vocab_size(&self) -> usize {
        self.bytes.len()
    }

    /// SHA-256 of the bytes of `tokenizer.json`, in hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The content of `tokenizer.json`.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Takes over a tokenizer of the crate `tokenizers` and derives what this one adds to it.
    ///
    /// `path` names the tokenizer in errors.
    pub(crate) fn from_inner(
        mut inner: tokenizers::Tokenizer,
        json: String,
        path: &Path,
    ) -> Result<Self, TokenizerError> {
        if !matches!(inner.get_decoder(), Some(DecoderWrapper::ByteLevel(_))) {
            return Err(TokenizerError::NotByteLevel {
                path: path.to_owned(),
                found: "its decoder is another".into(),
                expected: "a decoder of type `ByteLevel`",
            });
        }
        if let Err((found, expected)) = keeps_bytes(&inner) {
            return Err(TokenizerError::NotByteLevel {
                path: path.to_owned(),
                found,
                expected,
            });
        }
        let special = special_ids(&inner, path)?;
        let bytes = token_bytes(&inner, path)?;
        let added = inner.get_added_tokens_decoder();
        let absorbs = special.ids().map(|id| {
            added
                .get(&id)
                .map_or_else(Absorbs::default, |token| Absorbs {
                    before: token.lstrip,
                    after: token.rstrip,
                })
        });

        // A problem is encoded whole or not at all, and its text is data, not markup.
        let _ = inner.with_truncation(None);
        inner.with_padding(None);
        inner.set_encode_special_tokens(true);

        let hash = Sha256::digest(json.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            inner,
            json,
            hash,
            special,
            absorbs,
            bytes,
        })
    }
}

/// Whether encoding keeps every byte of a text; else what changes some and what would not.
fn keeps_bytes(inner: &tokenizers::Tokenizer) -> Result<(), (String, &'static str)> {
    if inner.get_normalizer().is_some() {
        let found = "it has a normalizer, which rewrites texts".into();
        return Err((found, "`\"normalizer\": null`"));
    }
    let steps = match inner.get_pre_tokenizer() {
        Some(PreTokenizerWrapper::Sequence(sequence)) => sequence.as_ref(),
        Some(step) => std::slice::from_ref(step),
        None => &[],
    };
    // The byte alphabet comes last: what is cut before it is text, what is cut after it is not.
    let Some((PreTokenizerWrapper::ByteLevel(bytes), cuts)) = steps.split_last() else {
        let found = "its pre-tokenizer does not end in the byte alphabet".into();
        return Err((
            found,
            "a pre-tokenizer whose last step is of type `ByteLevel`",
        ));
    };
    if bytes.add_prefix_space {
        let found = "its pre-tokenizer has `add_prefix_space`, which adds spaces to texts".into();
        return Err((found, "`\"add_prefix_space\": false`"));
    }
    let only_cuts = |step: &PreTokenizerWrapper| match step {
        PreTokenizerWrapper::Digits(_) => true,
        PreTokenizerWrapper::Split(split) => split.behavior != SplitDelimiterBehavior::Removed,
        _ => false,
    };
    match cuts.iter().position(|step| !only_cuts(step)) {
        None => Ok(()),
        Some(step) => Err((
            format!("step {} of its pre-tokenizer may change texts", step + 1),
            "steps of type `Digits` or `Split` that remove nothing before `ByteLevel`",
        )),
    }
}

/// Looks up the special tokens, naming all that are missing.
fn special_ids(inner: &tokenizers::Tokenizer, path: &Path) -> Result<Special, TokenizerError> {
    let ids = NAMES.map(|name| inner.token_to_id(name));
    let missing: Vec<_> = NAMES
        .into_iter()
        .zip(ids)
        .filter_map(|(name, id)| id.is_none().then_some(name))
        .collect();
    if missing.is_empty() {
        Ok(Special::from_ids(ids.map(Option::unwrap_or_default)))
    } else {
        Err(TokenizerError::MissingSpecialTokens {
            path: path.to_owned(),
            missing,
        })
    }
}

/// The bytes of every token: an added token is its own text, any other is written in the byte
/// alphabet.
fn token_bytes(inner: &tokenizers::Tokenizer, path: &Path) -> Result<Vec<Vec<u8>>, TokenizerError> {
    let added = inner.get_added_tokens_decoder();
    let vocabulary = inner.get_vocab(true);
    let size = vocabulary.values().max().map_or(0, |&id| id as usize + 1);
    let mut bytes = vec![Vec::new(); size];
    for (entry, id) in vocabulary {
        bytes[id as usize] = if added.contains_key(&id) {
            entry.into_bytes()
        } else {
            bytes_of(&entry).map_err(|letter| TokenizerError::NotByteLevel {
                path: path.to_owned(),
                found: format!("token {id}, `{entry}`, has the letter `{letter}`"),
                expected: "tokens written in the byte alphabet of GPT-2",
            })?
        };
    }
    Ok(bytes)
}
