//! The ten special tokens of the framing and their identifiers.
//!
//! Source: the published corpora of arXiv 2512.07783 use the same ten names.

/// `[BOS]`, `[EOS]`, `[PAD]`, `[UNK]`, then the six tags: the order of their identifiers in a
/// tokenizer trained here.
pub(crate) const NAMES: [&str; 10] = [
    "[BOS]",
    "[EOS]",
    "[PAD]",
    "[UNK]",
    "<question>",
    "</question>",
    "<solution>",
    "</solution>",
    "<answer>",
    "</answer>",
];

/// How many of [`NAMES`], from the front, never show in decoded text.
///
/// `[UNK]` stays visible: a byte-level tokenizer never writes it, so one that appears is news.
pub(crate) const SILENT: usize = 3;

/// The index of the first of the six tags in [`NAMES`]; all from it on are tags.
pub(crate) const FIRST_TAG: usize = 4;

/// The identifiers of the ten special tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// `[BOS]`: opens every prompt and sample.
    pub bos: u32,
    /// `[EOS]`: closes every sample.
    pub eos: u32,
    /// `[PAD]`: fills a batch.
    pub pad: u32,
    /// `[UNK]`: reserved; byte-level encoding never needs it.
    pub unk: u32,
    /// `<question>`.
    pub question_open: u32,
    /// `</question>`.
    pub question_close: u32,
    /// `<solution>`: a prompt ends with it.
    pub solution_open: u32,
    /// `</solution>`.
    pub solution_close: u32,
    /// `<answer>`.
    pub answer_open: u32,
    /// `</answer>`.
    pub answer_close: u32,
}

impl Special {
    /// Takes the identifiers in the order of [`NAMES`].
    pub(crate) fn from_ids(ids: [u32; 10]) -> Self {
        let [
            bos,
            eos,
            pad,
            unk,
            question_open,
            question_close,
            solution_open,
            solution_close,
            answer_open,
            answer_close,
        ] = ids;
        Self {
            bos,
            eos,
            pad,
            unk,
            question_open,
            question_close,
            solution_open,
            solution_close,
            answer_open,
            answer_close,
        }
    }

    /// The identifiers in the order of [`NAMES`].
    pub(crate) fn ids(&self) -> [u32; 10] {
        [
            self.bos,
            self.eos,
            self.pad,
            self.unk,
            self.question_open,
            self.question_close,
            self.solution_open,
            self.solution_close,
            self.answer_open,
            self.answer_close,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_the_order_of_the_names() {
        let ids = std::array::from_fn(|i| 100 + i as u32);
        let special = Special::from_ids(ids);
        assert_eq!(special.ids(), ids);
        assert_eq!(special.bos, 100);
        assert_eq!(special.answer_close, 109);
    }
}
