//! From text to tokens: plain text, prompts and samples.
//!
//! A sample is `[BOS] <question> {question} </question> <solution> {reasoning} </solution>
//! <answer> {answer} </answer> [EOS]`. The texts come framed; what is added here are the marks of the
//! ends of a sequence. A tokenizer of another model reads the tags as text and has its own ends.

use crate::error::TokenizerError;
use crate::marks::Absorbs;
use crate::segment::{Segment, absorb, cut};
use crate::tokenizer::Tokenizer;

/// A sample as a model sees it in training.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedSample {
    /// The tokens from `[BOS]` to `[EOS]`; without the first where the tokenizer has none.
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
        self.push(&mut cut(text, self.marks.names.iter()), &mut ids)?;
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
        ids.extend(self.bos());
        self.push(&mut self.cut_problem(prompt), &mut ids)?;
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
        if let Some(last @ Segment::Tag(..)) = self.cut_problem(prompt).pop() {
            segments.push(last);
            ids.pop();
        }
        segments.extend(self.cut_problem(target));
        let end = self.marks.of(self.eos());
        let absorbs = end.map_or_else(Absorbs::default, |mark| mark.absorbs);
        segments.push(Segment::Tag(self.eos(), absorbs));
        self.push(&mut segments, &mut ids)?;
        Ok(EncodedSample { ids, prompt_len })
    }

    /// Cuts the text of a problem or its solution at the tags.
    fn cut_problem<'a>(&self, text: &'a str) -> Vec<Segment<'a>> {
        cut(
            text,
            self.marks.names.iter().filter(|mark| mark.in_problems),
        )
    }

    /// Appends the tokens of a text that has been cut at its special tokens.
    fn push(&self, segments: &mut [Segment<'_>], ids: &mut Vec<u32>) -> Result<(), TokenizerError> {
        absorb(segments);
        for segment in segments {
            match *segment {
                Segment::Tag(id, _) => ids.push(id),
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
