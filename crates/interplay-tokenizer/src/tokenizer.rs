//! The tokenizer: a vocabulary, its file and its special tokens.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::byte_alphabet::bytes_of;
use crate::error::TokenizerError;
use crate::marks::{Absorbs, Marks};
use crate::pretrained::Foreign;
use crate::special::{NAMES, Special};

/// The most identifiers of a vocabulary, unused ones included, so that a damaged file does not fill the memory.
const MOST_IDS: usize = 1 << 24;

/// A byte-level BPE tokenizer: one with the ten special tokens of the framing, or that of another model.
///
/// Any text can be encoded, and the same text always gives the same tokens. It is `Send` and `Sync`; a reference can
/// be shared between threads.
#[derive(Debug)]
pub struct Tokenizer {
    /// Encodes plain text; special tokens written in it are plain text too.
    pub(crate) inner: tokenizers::Tokenizer,
    /// What `tokenizer.json` holds.
    pub(crate) json: String,
    /// SHA-256 of `json`, and of the ends where other files tell them, in hexadecimal.
    hash: String,
    /// The ends of a sequence and the tags.
    pub(crate) marks: Marks,
    /// The bytes of each token, by identifier; empty where an identifier is unused.
    pub(crate) bytes: Vec<Vec<u8>>,
    /// Files of another model's tokenizer, which go with it.
    pub(crate) carried: Vec<(String, Vec<u8>)>,
}

impl Tokenizer {
    /// The identifiers of the ten special tokens of the framing; `None` for the tokenizer of another model, to which
    /// the tags are text.
    pub fn special(&self) -> Option<Special> {
        self.marks.special()
    }

    /// The token that opens every prompt and sample, if there is one.
    pub fn bos(&self) -> Option<u32> {
        self.marks.bos
    }

    /// The token that closes every sample.
    pub fn eos(&self) -> u32 {
        self.marks.eos
    }

    /// The tokens that end a completion, [`Tokenizer::eos`] first.
    pub fn ends(&self) -> &[u32] {
        &self.marks.ends
    }

    /// The token that fills a batch.
    pub fn pad(&self) -> u32 {
        self.marks.pad
    }

    /// How many identifiers there are: one more than the largest.
    pub fn vocab_size(&self) -> usize {
        self.bytes.len()
    }

    /// SHA-256 of the bytes of `tokenizer.json`, in hexadecimal; for another model's tokenizer, also of the tokens
    /// that end a sequence.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The content of `tokenizer.json`.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// Takes over a tokenizer of the crate `tokenizers` that has the ten special tokens.
    ///
    /// `path` names the tokenizer in errors.
    pub(crate) fn from_inner(
        inner: tokenizers::Tokenizer,
        json: String,
        path: &Path,
    ) -> Result<Self, TokenizerError> {
        let special = special_ids(&inner, path)?;
        let added = inner.get_added_tokens_decoder();
        let absorbs = special.ids().map(|id| {
            added
                .get(&id)
                .map_or_else(Absorbs::default, |token| Absorbs {
                    before: token.lstrip,
                    after: token.rstrip,
                })
        });
        if inner.get_normalizer().is_some() {
            let found = "it has a normalizer, which rewrites texts".into();
            return Err(not_byte_level(path, found, "`\"normalizer\": null`"));
        }
        let hash = hash(&[json.as_bytes()]);
        let marks = Marks::own(special, absorbs);
        Self::assemble(inner, json, hash, marks, Vec::new(), path)
    }

    /// Takes over the tokenizer of another model.
    pub(crate) fn from_foreign(
        inner: tokenizers::Tokenizer,
        json: String,
        foreign: Foreign,
        path: &Path,
    ) -> Result<Self, TokenizerError> {
        let Foreign { marks, carried } = foreign;
        let ends = format!("{:?} {:?} {}", marks.bos, marks.ends, marks.pad);
        let hash = hash(&[json.as_bytes(), ends.as_bytes()]);
        Self::assemble(inner, json, hash, marks, carried, path)
    }

    fn assemble(
        mut inner: tokenizers::Tokenizer,
        json: String,
        hash: String,
        marks: Marks,
        carried: Vec<(String, Vec<u8>)>,
        path: &Path,
    ) -> Result<Self, TokenizerError> {
        require_no_lost_space(&inner, &marks, path)?;
        let bytes = token_bytes(&inner, path)?;
        // A problem is encoded whole or not at all, and its text is data, not markup.
        let _ = inner.with_truncation(None);
        inner.with_padding(None);
        inner.set_encode_special_tokens(true);
        Ok(Self {
            inner,
            json,
            hash,
            marks,
            bytes,
            carried,
        })
    }
}

fn hash(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn not_byte_level(path: &Path, found: String, expected: &'static str) -> TokenizerError {
    let path = path.to_owned();
    TokenizerError::NotByteLevel {
        path,
        found,
        expected,
    }
}

/// An added token that is found in plain text must not take the white space beside it. Those of `marks` are cut out
/// of a text before, and special ones are text there.
fn require_no_lost_space(
    inner: &tokenizers::Tokenizer,
    marks: &Marks,
    path: &Path,
) -> Result<(), TokenizerError> {
    let added = inner.get_added_tokens_decoder();
    let mut takes = added.iter().filter(|(id, token)| {
        (token.lstrip || token.rstrip) && !token.special && marks.of(**id).is_none()
    });
    match takes.next() {
        None => Ok(()),
        Some((_, token)) => Err(not_byte_level(
            path,
            format!(
                "its added token `{}` takes the white space beside it",
                token.content
            ),
            "`\"lstrip\": false` and `\"rstrip\": false`",
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
    let mut vocabulary: Vec<(u32, String)> = inner
        .get_vocab(true)
        .into_iter()
        .map(|(entry, id)| (id, entry))
        .collect();
    vocabulary.sort_unstable();
    // Which of two tokens stands for an identifier would be left to chance.
    let twice = vocabulary.windows(2).find(|pair| pair[0].0 == pair[1].0);
    if let Some([(id, one), (_, other)]) = twice {
        let found = format!("its tokens `{one}` and `{other}` have the same identifier {id}");
        return Err(not_byte_level(
            path,
            found,
            "another identifier for each token",
        ));
    }
    let size = vocabulary.last().map_or(0, |(id, _)| *id as usize + 1);
    if size > MOST_IDS {
        let found = format!("its largest identifier is {}", size - 1);
        return Err(not_byte_level(path, found, "identifiers below 2^24"));
    }
    let mut bytes = vec![Vec::new(); size];
    for (id, entry) in vocabulary {
        bytes[id as usize] = if added.contains_key(&id) {
            entry.into_bytes()
        } else {
            bytes_of(&entry).map_err(|letter| {
                let found = format!("token {id}, `{entry}`, has the letter `{letter}`");
                let expected = "tokens written in the byte alphabet of GPT-2";
                not_byte_level(path, found, expected)
            })?
        };
    }
    Ok(bytes)
}
