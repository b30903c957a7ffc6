//! The tokenizer of a model folder: that of this project, or that of another model.
//!
//! Another model's tokenizer, such as that of Qwen2.5, is taken as it is: its pre-tokenizer, its NFC normalizer, its
//! added tokens and its chat template stay, and every file that belongs to it goes with it when it is saved. The tags
//! of the framing are plain text to it. Which tokens open, close and fill a sequence is read from the files beside it.
//!
//! Source: the files that `transformers` 5.24 reads and writes: `tokenizer_config.json` (`eos_token` and `pad_token`, a
//! text or an object with `content`), `config.json` and `generation_config.json` (`eos_token_id`, one or a list).
//! Deviations: what the post-processor puts before a text is taken for the token that opens a sequence; one that puts
//! anything after it, or more than one token before, is refused.

use std::collections::HashSet;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::error::TokenizerError;
use crate::marks::{Absorbs, Marks};
use crate::post_processor::Opening;

/// The name of the tokenizer's own file.
pub(crate) const TOKENIZER: &str = "tokenizer.json";

/// The name of its settings.
pub(crate) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";

/// Other files of a tokenizer, which go with it.
const CARRIED: [&str; 7] = [
    TOKENIZER_CONFIG,
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
    "chat_template.json",
];

/// What the files beside another model's `tokenizer.json` add to it.
pub(crate) struct Foreign {
    pub marks: Marks,
    pub carried: Vec<(String, Vec<u8>)>,
}

/// The keys of `tokenizer_config.json` that are read.
#[derive(Default, Deserialize)]
struct ConfigFile {
    eos_token: Option<Token>,
    pad_token: Option<Token>,
}

/// A token by its text.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a text, or an object with `content`")]
enum Token {
    Text(String),
    Added { content: String },
}

impl Token {
    fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Added { content } => content,
        }
    }
}

/// The keys of `config.json` and `generation_config.json` that are read.
#[derive(Default, Deserialize)]
struct Ids {
    eos_token_id: Option<OneOrMore>,
    pad_token_id: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "the id of a token, or a list of them")]
enum OneOrMore {
    One(u32),
    More(Vec<u32>),
}

impl Ids {
    fn ends(&self) -> &[u32] {
        match &self.eos_token_id {
            None => &[],
            Some(OneOrMore::One(id)) => std::slice::from_ref(id),
            Some(OneOrMore::More(ids)) => ids,
        }
    }
}

impl Foreign {
    pub(crate) fn read(
        folder: &Path,
        inner: &tokenizers::Tokenizer,
        opening: Opening,
    ) -> Result<Self, TokenizerError> {
        let config: ConfigFile = settings(&folder.join(TOKENIZER_CONFIG))?;
        let id = |key: &'static str, token: &Option<Token>| match token {
            None => Ok(None),
            Some(token) => match inner.token_to_id(token.text()) {
                Some(id) => Ok(Some(id)),
                None => Err(TokenizerError::UnknownToken {
                    path: folder.join(TOKENIZER_CONFIG),
                    key,
                    token: token.text().to_owned(),
                }),
            },
        };
        let (eos, pad) = (
            id("eos_token", &config.eos_token)?,
            id("pad_token", &config.pad_token)?,
        );
        let generation: Ids = settings(&folder.join("generation_config.json"))?;
        let model: Ids = settings(&folder.join("config.json"))?;
        let (mut ends, mut seen) = (Vec::new(), HashSet::new());
        for id in eos.iter().chain(generation.ends()).chain(model.ends()) {
            if inner.id_to_token(*id).is_none() {
                return Err(TokenizerError::UnknownEnd {
                    path: folder.to_owned(),
                    id: *id,
                });
            }
            if seen.insert(*id) {
                ends.push(*id);
            }
        }
        let Some(&first) = ends.first() else {
            return Err(TokenizerError::NoEnd {
                path: folder.to_owned(),
            });
        };
        let pad = pad.or(generation.pad_token_id).or(model.pad_token_id);
        let pad = pad.filter(|id| inner.id_to_token(*id).is_some());
        let bos = first_token(inner, opening, &folder.join(TOKENIZER))?;
        let added = inner.get_added_tokens_decoder().into_iter();
        let mut names: Vec<(String, u32, Absorbs)> = added
            .filter(|(_, token)| token.special)
            .map(|(id, token)| {
                let absorbs = Absorbs {
                    before: token.lstrip,
                    after: token.rstrip,
                };
                (token.content, id, absorbs)
            })
            .collect();
        names.sort_by_key(|(_, id, _)| *id);
        let marks = Marks::foreign(bos, ends, pad.unwrap_or(first), names);
        let mut carried = Vec::new();
        for name in CARRIED {
            if let Some(bytes) = bytes_of(&folder.join(name))? {
                carried.push((name.to_owned(), bytes));
            }
        }
        Ok(Self { marks, carried })
    }
}

/// The token that the post-processor puts before a text.
fn first_token(
    inner: &tokenizers::Tokenizer,
    opening: Opening,
    path: &Path,
) -> Result<Option<u32>, TokenizerError> {
    let path = path.to_owned();
    match opening {
        Opening::None => Ok(None),
        Opening::Token(id) if inner.id_to_token(id).is_some() => Ok(Some(id)),
        Opening::Token(id) => Err(TokenizerError::UnknownBeginning { path, id }),
        Opening::Other => Err(TokenizerError::SequenceMarks { path }),
    }
}

/// The settings in a JSON file; the defaults if it does not exist.
fn settings<T: Default + for<'de> Deserialize<'de>>(path: &Path) -> Result<T, TokenizerError> {
    let Some(bytes) = bytes_of(path)? else {
        return Ok(T::default());
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    // Keys that stand twice, and other oddities that a typed reader refuses, are read as other programs do.
    let value: Result<Value, _> = serde_json::from_slice(bytes);
    let settings = value.and_then(serde_json::from_value);
    settings.map_err(|source| TokenizerError::BadSettings {
        path: path.to_owned(),
        source,
    })
}

/// The content of a file, if it exists.
fn bytes_of(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(interplay_files::FileError::io("read", path)(error).into()),
    }
}
