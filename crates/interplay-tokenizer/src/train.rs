//! Learning a vocabulary from the texts of a corpus.
//!
//! Source: byte-pair encoding of words (Sennrich et al. 2016, arXiv 1508.07909) over bytes, with the
//! word boundaries of GPT-2 (Radford et al. 2019): a word takes its leading space with it.
//! The crate `tokenizers` counts the words and learns the merges.
//!
//! Deviations: special tokens in a text cut it and are never learned from. The six tags absorb the
//! white space before them, which saves six tokens per sample over a space token each.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{
    AddedToken, OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer,
    PreTokenizerWrapper, Trainer,
};

use crate::error::TokenizerError;
use crate::marks::{Absorbs, Mark, Marks};
use crate::segment::{Segment, absorb, cut};
use crate::spec::{Digits, TrainerSpec};
use crate::special::{FIRST_TAG, NAMES, Special};
use crate::tokenizer::Tokenizer;

impl Tokenizer {
    /// Learns a vocabulary from texts, whole model texts or parts of them.
    ///
    /// The same texts in any order give the same bytes of `tokenizer.json`, whatever the number
    /// of threads.
    ///
    /// # Errors
    /// When the specification is wrong or the corpus empty.
    pub fn train<I>(texts: I, spec: &TrainerSpec) -> Result<Self, TokenizerError>
    where
        I: Iterator + Send,
        I::Item: AsRef<str> + Send,
    {
        spec.validate()?;
        let backend = |action| move |source| TokenizerError::Backend { action, source };
        let splitter = splitter(spec.digits);
        let marks = marks();

        let mut trainer = BpeTrainer::builder()
            .show_progress(false)
            .vocab_size(spec.vocab_size)
            .min_frequency(spec.min_frequency)
            .special_tokens(added_tokens())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        let any_word = AtomicBool::new(false);
        trainer
            .feed(texts, |text| {
                let words = words(text, &splitter, &marks)?;
                any_word.fetch_or(!words.is_empty(), Ordering::Relaxed);
                Ok(words)
            })
            .map_err(backend("cutting the corpus into words"))?;
        if !any_word.into_inner() {
            return Err(TokenizerError::EmptyCorpus);
        }
        let mut model = BPE::default();
        trainer
            .train(&mut model)
            .map_err(backend("learning merges"))?;

        let mut inner = tokenizers::Tokenizer::new(model);
        inner.with_pre_tokenizer(Some(splitter));
        inner.with_decoder(Some(ByteLevel::default().add_prefix_space(false)));
        inner.add_special_tokens(&added_tokens());
        let first = begins_with_bos(&inner).map_err(backend("naming the first token"))?;
        inner.with_post_processor(Some(first));
        let json = inner
            .to_string(true)
            .map_err(backend("writing the tokenizer as JSON"))?;
        Self::from_inner(inner, json, Path::new("the trained tokenizer"))
    }
}

/// The special tokens as the file states them. The six tags are part of the text and are not marked special, so that
/// other programs do not drop them where they skip special tokens.
fn added_tokens() -> Vec<AddedToken> {
    NAMES
        .iter()
        .enumerate()
        .map(|(index, name)| {
            AddedToken::from(*name, index < FIRST_TAG)
                .lstrip(absorbs(index).before)
                .normalized(false)
        })
        .collect()
}

/// Lets other programs put `[BOS]` before every text, as [`Tokenizer::encode_prompt`] does.
fn begins_with_bos(inner: &tokenizers::Tokenizer) -> Result<TemplateProcessing, tokenizers::Error> {
    let name = NAMES[0];
    let id = inner
        .token_to_id(name)
        .ok_or("no beginning of a sequence")?;
    let mut builder = TemplateProcessing::builder();
    builder.try_single(format!("{name} $A"))?;
    builder.try_pair(format!("{name} $A $B"))?;
    builder.special_tokens(vec![(name.to_owned(), id)]);
    Ok(builder.build()?)
}

/// The six tags take the space before them; the bracketed names stand without any.
fn absorbs(index: usize) -> Absorbs {
    Absorbs {
        before: index >= FIRST_TAG,
        after: false,
    }
}

/// The special tokens as they cut a text; their identifiers are those of a trained tokenizer.
fn marks() -> Vec<Mark> {
    let special = Special::from_ids(std::array::from_fn(|index| index as u32));
    Marks::own(special, std::array::from_fn(absorbs)).names
}

/// What cuts text into the words that merges stay inside of.
fn splitter(digits: Digits) -> PreTokenizerWrapper {
    let bytes = ByteLevel::new(false, true, true);
    match digits {
        Digits::Whole => bytes.into(),
        Digits::Single => {
            Sequence::new(vec![digits::Digits::new(true).into(), bytes.into()]).into()
        }
    }
}

/// The words of a text, written in the byte alphabet.
fn words(
    text: &str,
    splitter: &PreTokenizerWrapper,
    marks: &[Mark],
) -> Result<Vec<String>, tokenizers::Error> {
    let mut segments = cut(text, marks.iter());
    absorb(&mut segments);
    let mut words = Vec::new();
    for segment in segments {
        let Segment::Text(text) = segment else {
            continue;
        };
        let mut split = PreTokenizedString::from(text);
        splitter.pre_tokenize(&mut split)?;
        words.extend(
            split
                .get_splits(OffsetReferential::Original, OffsetType::Byte)
                .into_iter()
                .map(|(word, _, _)| word.to_owned()),
        );
    }
    Ok(words)
}
