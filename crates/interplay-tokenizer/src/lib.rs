//! Byte-level BPE tokenizers for reasoning problems.
//!
//! A [`Tokenizer`] is trained on the texts of a corpus ([`Tokenizer::train`]), lives on disk as a
//! Hugging Face `tokenizer.json` ([`Tokenizer::save`], [`Tokenizer::load`]) and knows the special
//! tokens of the project's framing: `[BOS] <question> … </question> <solution> … </solution>
//! <answer> … </answer> [EOS]`. The tokens of [`Tokenizer::encode_prompt`] are an exact prefix of
//! those of [`Tokenizer::encode_sample`], so a model samples from the very tokens that it was trained
//! on.
//!
//! ```
//! use interplay_tokenizer::{Tokenizer, TrainerSpec};
//!
//! let corpus = ["fox = 3. elk = fox + 2. owl = 2 * elk."; 8];
//! let spec = TrainerSpec { vocab_size: 300, ..TrainerSpec::default() };
//! let tokenizer = Tokenizer::train(corpus.iter(), &spec)?;
//!
//! let prompt = "<question> fox = 3. elk = fox + 2. elk? </question> <solution>";
//! let target = " fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>";
//! let sample = tokenizer.encode_sample(prompt, target)?;
//! assert_eq!(sample.prompt(), tokenizer.encode_prompt(prompt)?);
//! assert_eq!(tokenizer.decode(sample.completion()), target);
//! # Ok::<(), interplay_tokenizer::TokenizerError>(())
//! ```
#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod byte_alphabet;
mod decode;
mod encode;
mod error;
mod file;
mod marks;
mod post_processor;
mod pretrained;
mod segment;
mod spec;
mod special;
mod split_pattern;
mod tokenizer;
mod tokenizer_file;
mod train;

pub use decode::Decoded;
pub use encode::EncodedSample;
pub use error::TokenizerError;
pub use spec::{Digits, TrainerSpec};
pub use special::Special;
pub use tokenizer::Tokenizer;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
