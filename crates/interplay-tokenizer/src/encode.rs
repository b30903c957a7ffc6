//! From text to tokens: plain text, prompts and samples.
//!
//! A sample is `[BOS] <question> {question} </question> <solution> {reasoning} </solution>
//! <answer> {answer} </answer> [EOS]`. The texts come framed; what is added here are the marks of the
//! ends of a sequence.

use crate::error::TokenizerError;
use crate::segment::{Segment, absorb, cut, cut_at};
use crate::special::NAMES;
use crate::tokenizer::Tokenizer;

// Positions of special tokens in `NAMES`.
const BOS: usize = 0;
const EOS: usize = 1;
/// The first of the six tags; the names before it mark the ends of a sequence.
const FIRST_TAG: usize = 4;

/// A sample as a model sees it in training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedSample {
    /// The tokens from `[BOS]` to `[EOS]`.
    pub ids: Vec<u32>,
    /// How many of them are the prompt, which ends with `<solution>`.
    pub prompt_len: usize,
}

impl EncodedSample {
    /// What a model is given.
    pub fn prompt(&self) -> &[u32] {
        &self.ids[..self.prompt_len]
    }

    /// What a model is to write, up to and including `[EOS]`.
    pub fn completion(&self) -> &[u32] {
        &self.ids[self.prompt_len..]
    }
}

impl Tokenizer {
    /// Encodes a text, in which special tokens are recognized.
    ///
    /// # Errors
    /// [`TokenizerError::Backend`], which no byte-level tokenizer is known to give.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.push(&mut cut(text), &mut ids)?;
        Ok(ids)
    }

    /// Encodes a prompt: `[BOS]`, then the text, in which the six tags are recognized.
    ///
    /// Framing a question is the task's job (`interplay_environment::framing`); a mark of the ends of
    /// a sequence, such as `[EOS]`, is plain text here.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompt(&self, prompt: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut ids = Vec::with_capacity(prompt.len() / 3);
        let mut segments = vec![Segment::Tag(BOS)];
        segments.extend(cut_at(prompt, FIRST_TAG));
        self.push(&mut segments, &mut ids)?;
        Ok(ids)
    }

    /// Encodes a whole sample, a prompt and what follows it, up to and including `[EOS]`. The tokens
    /// of the prompt are those of [`Tokenizer::encode_prompt`], whatever follows.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_sample(
        &self,
        prompt: &str,
        target: &str,
    ) -> Result<EncodedSample, TokenizerError> {
        let mut ids = self.encode_prompt(prompt)?;
        let prompt_len = ids.len();
        let mut segments = Vec::with_capacity(8);
        // Stands for the end of the prompt, so that it absorbs what it absorbs.
        if let Some(Segment::Tag(last)) = cut_at(prompt, FIRST_TAG).pop() {
            segments.push(Segment::Tag(last));
            ids.pop();
        }
        segments.extend(cut_at(target, FIRST_TAG));
        segments.push(Segment::Tag(EOS));
        self.push(&mut segments, &mut ids)?;
        Ok(EncodedSample { ids, prompt_len })
    }

    /// Appends the tokens of a text that has been cut at its special tokens.
    fn push(&self, segments: &mut [Segment<'_>], ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        absorb(segments, &self.absorbs);
        let special: [u32; NAMES.len()] = self.special().ids();
        for segment in segments {
            match *segment {
                Segment::Tag(tag) => ids.push(special[tag]),
                Segment::Text("") => {}
                Segment::Text(text) => {
                    let encoding = self.inner.encode_fast(text, false).map_err(|source| {
                        TokenizerError::Backend {
                            action: "encoding a text",
                            source,
                        }
                    })?;
                    ids.extend_from_slice(encoding.get_ids());
                }
            }
        }
        Ok(())
    }
}
