//! The marks of a text that are tokens: the ends of a sequence, and the names that cut it.

use crate::special::{FIRST_TAG, NAMES, SILENT, Special};

/// Which white space beside a special token belongs to the token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Absorbs {
    /// White space before it.
    pub before: bool,
    /// White space after it.
    pub after: bool,
}

/// A token that cuts a text where its name stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mark {
    pub name: String,
    pub id: u32,
    /// Which white space beside it belongs to it.
    pub absorbs: Absorbs,
    /// Whether it stays out of text that is decoded to be read.
    pub silent: bool,
    /// Whether it is recognized in the text of a problem, which holds no ends of a sequence.
    pub in_problems: bool,
}

/// The marks of a tokenizer.
#[derive(Debug, Clone)]
pub(crate) struct Marks {
    /// The token that opens a sequence.
    pub bos: Option<u32>,
    /// The token that closes a sequence.
    pub eos: u32,
    /// The tokens that end a completion, `eos` first.
    pub ends: Vec<u32>,
    /// The token that fills a batch.
    pub pad: u32,
    /// The names that cut a text.
    pub names: Vec<Mark>,
    special: Option<Special>,
}

impl Marks {
    /// Those of a tokenizer with the ten special tokens; `absorbs` is in the order of their names.
    pub(crate) fn own(special: Special, absorbs: [Absorbs; NAMES.len()]) -> Self {
        let marks = NAMES.iter().zip(special.ids()).zip(absorbs);
        let names = marks
            .enumerate()
            .map(|(index, ((name, id), absorbs))| Mark {
                name: (*name).to_owned(),
                id,
                absorbs,
                silent: index < SILENT,
                in_problems: index >= FIRST_TAG,
            });
        Self {
            bos: Some(special.bos),
            eos: special.eos,
            ends: vec![special.eos],
            pad: special.pad,
            names: names.collect(),
            special: Some(special),
        }
    }

    /// Those of another model's tokenizer, in which no name is recognized in the text of a problem. The first of
    /// `ends` closes a sequence.
    ///
    /// # Panics
    /// Without an end.
    pub(crate) fn foreign(
        bos: Option<u32>,
        ends: Vec<u32>,
        pad: u32,
        names: Vec<(String, u32, Absorbs)>,
    ) -> Self {
        let eos = *ends.first().expect("a tokenizer has an end of a sequence");
        let silent = |id| Some(id) == bos || id == pad || ends.contains(&id);
        let names = names.into_iter().map(|(name, id, absorbs)| Mark {
            name,
            id,
            absorbs,
            silent: silent(id),
            in_problems: false,
        });
        Self {
            bos,
            eos,
            names: names.collect(),
            ends,
            pad,
            special: None,
        }
    }

    /// The ten special tokens of the framing.
    pub(crate) fn special(&self) -> Option<Special> {
        self.special
    }

    /// The mark with this identifier.
    pub(crate) fn of(&self, id: u32) -> Option<&Mark> {
        self.names.iter().find(|mark| mark.id == id)
    }
}
