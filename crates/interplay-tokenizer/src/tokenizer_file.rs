//! `tokenizer.json`, read and checked before the crate `tokenizers` gets anything of it.
//!
//! That crate builds whatever a file describes, and some files make it panic, fill the memory, or encode the same
//! text in several ways. So the file is read here, every part is checked, and only a byte-level BPE model, the
//! pre-tokenizers that keep every byte, and NFC are built.
//!
//! Source: the JSON of `tokenizers` 0.22, with merges as pairs or, as before 0.20, as texts.
//! Deviations: settings for truncation and padding are read and have no effect, because a problem is encoded whole or
//! not at all. The post-processor is read for the token before a text, and not built. A key or a token that stands
//! twice is refused, where that crate takes the last.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::NFC;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, PreTokenizerWrapper, SplitDelimiterBehavior};

use crate::byte_alphabet::{byte_of, bytes_of};
use crate::error::TokenizerError;
use crate::post_processor::{Opening, opening};
use crate::split_pattern;

/// The most bytes of a file; the largest published ones have 35 million.
const MOST_BYTES: u64 = 1 << 28;

/// The most steps of a pre-tokenizer.
const MOST_STEPS: usize = 64;

/// A file that has been read.
pub(crate) struct TokenizerFile {
    /// The tokenizer, without a post-processor, truncation and padding.
    pub inner: tokenizers::Tokenizer,
    /// Its text, without a byte order mark.
    pub json: String,
    /// What the post-processor puts around a text.
    pub opening: Opening,
}

#[derive(Deserialize)]
struct File {
    version: Option<String>,
    #[serde(default)]
    added_tokens: Vec<Added>,
    #[serde(default)]
    normalizer: Value,
    #[serde(default)]
    pre_tokenizer: Value,
    #[serde(default)]
    post_processor: Value,
    #[serde(default)]
    decoder: Value,
    model: Model,
    // Read for their form alone.
    #[serde(default, rename = "truncation")]
    _truncation: Option<tokenizers::TruncationParams>,
    #[serde(default, rename = "padding")]
    _padding: Option<tokenizers::PaddingParams>,
}

#[derive(Deserialize)]
struct Added {
    #[serde(rename = "id")]
    _id: u32,
    content: String,
    single_word: bool,
    lstrip: bool,
    rstrip: bool,
    normalized: bool,
    special: bool,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    vocab: Entries,
    #[serde(default)]
    merges: Merges,
    dropout: Option<f64>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
    ignore_merges: Option<bool>,
}

/// A vocabulary, or `None` if it has the form of another kind of model.
#[derive(Default)]
struct Entries(Option<HashMap<String, u32>>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Entries;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vocabulary that maps tokens to identifiers")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = HashMap::new();
                while let Some((token, id)) = map.next_entry::<String, u32>()? {
                    if entries.contains_key(&token) {
                        let message = format!("the token `{token}` is listed twice");
                        return Err(A::Error::custom(message));
                    }
                    entries.insert(token, id);
                }
                Ok(Entries(Some(entries)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Entries(None))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// The merges, first to last.
#[derive(Default)]
struct Merges(Option<Vec<(String, String)>>);

impl<'de> Deserialize<'de> for Merges {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Merges;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of merges")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Merges, A::Error> {
                let mut merges = Vec::new();
                while let Some(merge) = list.next_element()? {
                    match merge {
                        Merge::Pair(left, right) => merges.push((left, right)),
                        Merge::Text(line) if line.starts_with("#version") => {}
                        Merge::Text(line) => match line.split_once(' ') {
                            Some((left, right)) if !right.contains(' ') => {
                                merges.push((left.to_owned(), right.to_owned()));
                            }
                            _ => {
                                let message = format!("the merge `{line}` is not of two tokens");
                                return Err(A::Error::custom(message));
                            }
                        },
                    }
                }
                Ok(Merges(Some(merges)))
            }
        }
        deserializer.deserialize_seq(Reader)
    }
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "a merge: a pair of tokens, or a text of two")]
enum Merge {
    Pair(String, String),
    Text(String),
}

/// A step of a pre-tokenizer that keeps every byte.
#[derive(Deserialize)]
#[serde(tag = "type")]
enum Step {
    ByteLevel(Bytes),
    Digits {
        individual_digits: bool,
    },
    Split {
        pattern: SplitPattern,
        behavior: SplitDelimiterBehavior,
        invert: bool,
    },
}

#[derive(Deserialize)]
struct Bytes {
    add_prefix_space: bool,
    trim_offsets: bool,
    #[serde(default = "yes")]
    use_regex: bool,
}

fn yes() -> bool {
    true
}

/// Makes the errors of one file.
#[derive(Clone, Copy)]
struct At<'p>(&'p Path);

impl At<'_> {
    fn malformed(self, source: impl Into<tokenizers::Error>) -> TokenizerError {
        TokenizerError::Malformed {
            path: self.0.to_owned(),
            source: source.into(),
        }
    }

    /// A part of the file that is not of its form.
    fn part(self, key: &str, source: &serde_json::Error) -> TokenizerError {
        self.malformed(format!("`{key}`: {source}"))
    }

    fn not_byte_level(self, found: impl Into<String>, expected: &'static str) -> TokenizerError {
        TokenizerError::NotByteLevel {
            path: self.0.to_owned(),
            found: found.into(),
            expected,
        }
    }
}

impl TokenizerFile {
    /// Reads a file, with or without a byte order mark.
    ///
    /// # Errors
    /// A file that cannot be read or is no `tokenizer.json`, or a tokenizer that does not keep every byte.
    pub(crate) fn read(path: &Path) -> Result<Self, TokenizerError> {
        let at = At(path);
        let bytes = fs::metadata(path).map_or(0, |file| file.len());
        if bytes > MOST_BYTES {
            return Err(TokenizerError::TooLarge {
                path: path.to_owned(),
                bytes,
                limit: MOST_BYTES,
            });
        }
        let json = interplay_files::read_text(path)?;
        let file: File = serde_json::from_str(&json).map_err(|error| at.malformed(error))?;
        if let Some(version) = file.version.filter(|version| version != "1.0") {
            return Err(at.malformed(format!("its version is `{version}`, expected `1.0`")));
        }
        let opening =
            opening(file.post_processor).map_err(|error| at.part("post_processor", &error))?;
        if kind(&file.decoder) != Some("ByteLevel") {
            let expected = "a decoder of type `ByteLevel`";
            return Err(at.not_byte_level("its decoder is another", expected));
        }
        let normalizes = normalizes(&file.normalizer, at)?;
        let pre_tokenizer = pre_tokenizer(file.pre_tokenizer, at)?;
        check_added(&file.added_tokens, &file.model, at)?;
        let mut inner = tokenizers::Tokenizer::new(model(file.model, at)?);
        inner.with_pre_tokenizer(Some(pre_tokenizer));
        inner.with_decoder(Some(ByteLevel::default()));
        if normalizes {
            inner.with_normalizer(Some(NFC));
        }
        let added = file.added_tokens.into_iter().map(|token| AddedToken {
            content: token.content,
            single_word: token.single_word,
            lstrip: token.lstrip,
            rstrip: token.rstrip,
            normalized: token.normalized,
            special: token.special,
        });
        inner.add_tokens(&added.collect::<Vec<_>>());
        Ok(Self {
            inner,
            json,
            opening,
        })
    }
}

/// The `type` of a part of the file.
fn kind(part: &Value) -> Option<&str> {
    part.get("type")?.as_str()
}

/// Whether texts are normalized to NFC.
fn normalizes(normalizer: &Value, at: At<'_>) -> Result<bool, TokenizerError> {
    match kind(normalizer) {
        Some("NFC") => Ok(true),
        None if normalizer.is_null() => Ok(false),
        _ => Err(at.not_byte_level(
            "it has a normalizer other than NFC, which rewrites texts",
            "`\"normalizer\": null` or one of type `NFC`",
        )),
    }
}

/// The pre-tokenizer, if it keeps every byte of a text.
fn pre_tokenizer(value: Value, at: At<'_>) -> Result<PreTokenizerWrapper, TokenizerError> {
    let is_sequence = kind(&value) == Some("Sequence");
    let steps = match value {
        Value::Null => Vec::new(),
        Value::Object(mut sequence) if is_sequence => match sequence.remove("pretokenizers") {
            Some(Value::Array(steps)) => steps,
            _ => return Err(at.malformed("`pre_tokenizer`: expected a list of `pretokenizers`")),
        },
        step => vec![step],
    };
    if steps.len() > MOST_STEPS {
        let found = format!("its pre-tokenizer has {} steps", steps.len());
        return Err(at.not_byte_level(found, "at most 64 steps"));
    }
    // The byte alphabet comes last: what is cut before it is text, what is cut after it is not.
    let last = steps.len().saturating_sub(1);
    if steps.last().and_then(kind) != Some("ByteLevel") {
        return Err(at.not_byte_level(
            "its pre-tokenizer does not end in the byte alphabet",
            "a pre-tokenizer whose last step is of type `ByteLevel`",
        ));
    }
    let mut built = Vec::new();
    for (index, step) in steps.into_iter().enumerate() {
        let number = index + 1;
        let changes = || {
            at.not_byte_level(
                format!("step {number} of its pre-tokenizer may change texts"),
                "steps of type `Digits` or `Split` that remove nothing before `ByteLevel`",
            )
        };
        if !matches!(kind(&step), Some("Digits" | "Split" | "ByteLevel")) {
            return Err(changes());
        }
        let step = serde_json::from_value(step)
            .map_err(|error| at.part(&format!("pre_tokenizer, step {number}"), &error))?;
        built.push(match step {
            Step::ByteLevel(bytes) if index == last => byte_level(&bytes, at)?,
            Step::Digits { individual_digits } => Digits::new(individual_digits).into(),
            Step::Split {
                pattern,
                behavior,
                invert,
            } if behavior != SplitDelimiterBehavior::Removed => {
                split(pattern, behavior, invert, number, at)?
            }
            _ => return Err(changes()),
        });
    }
    Ok(match is_sequence {
        true => Sequence::new(built).into(),
        false => built.remove(0),
    })
}

fn byte_level(bytes: &Bytes, at: At<'_>) -> Result<PreTokenizerWrapper, TokenizerError> {
    if bytes.add_prefix_space {
        return Err(at.not_byte_level(
            "its pre-tokenizer has `add_prefix_space`, which adds spaces to texts",
            "`\"add_prefix_space\": false`",
        ));
    }
    Ok(ByteLevel::new(false, bytes.trim_offsets, bytes.use_regex).into())
}

fn split(
    pattern: SplitPattern,
    behavior: SplitDelimiterBehavior,
    invert: bool,
    step: usize,
    at: At<'_>,
) -> Result<PreTokenizerWrapper, TokenizerError> {
    let wrong = |problem| TokenizerError::Pattern {
        path: at.0.to_owned(),
        step,
        problem,
    };
    match &pattern {
        SplitPattern::Regex(pattern) => split_pattern::check(pattern).map_err(wrong)?,
        SplitPattern::String(text) => split_pattern::check_text(text).map_err(wrong)?,
    }
    let split = Split::new(pattern, behavior, invert);
    let split = split.map_err(|error| wrong(format!("is no regular expression ({error})")))?;
    Ok(split.into())
}

/// The model, if it is of bytes and encodes a text in one way only.
fn model(model: Model, at: At<'_>) -> Result<BPE, TokenizerError> {
    let expected = "a model of type `BPE`";
    // Files of the first versions do not tell the type.
    if let Some(kind) = model.kind.filter(|kind| kind != "BPE") {
        return Err(at.not_byte_level(format!("its model is of type `{kind}`"), expected));
    }
    let (Entries(Some(vocab)), Merges(Some(merges))) = (model.vocab, model.merges) else {
        return Err(at.malformed("`model`: expected `vocab`, an object, and `merges`, a list"));
    };
    if let Some(dropout) = model.dropout.filter(|dropout| *dropout != 0.0) {
        return Err(at.not_byte_level(
            format!("its model has the `dropout` {dropout}, which encodes a text in many ways"),
            "`\"dropout\": null`",
        ));
    }
    for (key, affix) in [
        ("continuing_subword_prefix", model.continuing_subword_prefix),
        ("end_of_word_suffix", model.end_of_word_suffix),
    ] {
        if affix.is_some_and(|affix| !affix.is_empty()) {
            let found = format!("its model has a `{key}`, which is no part of a text");
            return Err(at.not_byte_level(found, "`null` there"));
        }
    }
    check_letters(&vocab, at)?;
    let vocab: Vocab = vocab.into_iter().collect();
    BPE::builder()
        .vocab_and_merges(vocab, merges)
        .ignore_merges(model.ignore_merges.unwrap_or(false))
        .build()
        .map_err(|error| at.malformed(error))
}

/// Every byte of a text needs a token of its own: without one, it would vanish.
fn check_letters(vocab: &HashMap<String, u32>, at: At<'_>) -> Result<(), TokenizerError> {
    let mut known = [false; 256];
    for entry in vocab.keys() {
        let mut letters = entry.chars();
        if let (Some(letter), None) = (letters.next(), letters.next())
            && let Some(byte) = byte_of(letter)
        {
            known[usize::from(byte)] = true;
        }
    }
    match (0..=u8::MAX).find(|&byte| is_in_text(byte) && !known[usize::from(byte)]) {
        None => Ok(()),
        Some(byte) => Err(at.not_byte_level(
            format!("its vocabulary has no token for the byte 0x{byte:02X}"),
            "a vocabulary with a token for every byte of UTF-8",
        )),
    }
}

/// Whether UTF-8 has this byte.
fn is_in_text(byte: u8) -> bool {
    !matches!(byte, 0xC0 | 0xC1 | 0xF5..=0xFF)
}

/// An added token must not be one text for the model and another for itself.
fn check_added(added: &[Added], model: &Model, at: At<'_>) -> Result<(), TokenizerError> {
    for token in added {
        let content = &token.content;
        let (Some(vocab), Ok(bytes)) = (&model.vocab.0, bytes_of(content)) else {
            continue;
        };
        let differs = bytes != content.as_bytes() && bytes.iter().all(|byte| is_in_text(*byte));
        if differs && vocab.contains_key(content) {
            let found = format!("its added token `{content}` is also written in the byte alphabet");
            let expected = "added tokens that no text is encoded with";
            return Err(at.not_byte_level(found, expected));
        }
    }
    Ok(())
}
