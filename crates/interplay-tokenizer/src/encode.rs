//! From text to tokens: plain text, prompts and samples.
//!
//! The framing is `[BOS] <question> {problem} {question} </question> <solution> {reasoning}
//! </solution> <answer> {answer} </answer> [EOS]`, the parts joined by single spaces.

use crate::error::TokenizerError;
use crate::segment::{Segment, absorb, cut};
use crate::special::NAMES;
use crate::tokenizer::Tokenizer;

// Places of the special tokens in `NAMES`.
const BOS: usize = 0;
const EOS: usize = 1;
const QUESTION: usize = 4;
const SOLUTION: usize = 6;
const ANSWER: usize = 8;

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
    /// Encodes a text, in which special tokens are recognised.
    ///
    /// # Errors
    /// [`TokenizerError::Backend`], which no byte-level tokenizer is known to give.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let mut ids = Vec::with_capacity(text.len() / 3);
        self.push(&mut cut(text), &mut ids)?;
        Ok(ids)
    }

    /// Encodes the prompt of a problem: `[BOS] <question> {problem} {question} </question>
    /// <solution>`.
    ///
    /// White space around the parts is dropped. A tag written inside a part is plain text: a
    /// problem cannot forge the framing.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_prompt(&self, problem: &str, question: &str) -> Result<Vec<u32>, TokenizerError> {
        let body = format!(" {} {} ", problem.trim(), question.trim());
        let mut ids = Vec::with_capacity(body.len() / 3);
        self.push(
            &mut [
                Segment::Tag(BOS),
                Segment::Tag(QUESTION),
                Segment::Text(&body),
                Segment::Tag(QUESTION + 1),
                Segment::Text(" "),
                Segment::Tag(SOLUTION),
            ],
            &mut ids,
        )?;
        Ok(ids)
    }

    /// Encodes a whole sample; the prompt of the same problem is an exact prefix of it.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`].
    pub fn encode_sample(
        &self,
        problem: &str,
        question: &str,
        reasoning: &str,
        answer: &str,
    ) -> Result<EncodedSample, TokenizerError> {
        let mut ids = self.encode_prompt(problem, question)?;
        let prompt_len = ids.len();
        let reasoning = format!(" {} ", reasoning.trim());
        let answer = format!(" {} ", answer.trim());
        let mut completion = [
            // Stands for the end of the prompt, so that it absorbs what it absorbs.
            Segment::Tag(SOLUTION),
            Segment::Text(&reasoning),
            Segment::Tag(SOLUTION + 1),
            Segment::Text(" "),
            Segment::Tag(ANSWER),
            Segment::Text(&answer),
            Segment::Tag(ANSWER + 1),
            Segment::Tag(EOS),
        ];
        ids.pop();
        self.push(&mut completion, &mut ids)?;
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
