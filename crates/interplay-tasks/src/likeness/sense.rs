//! In which sense two problems are the same, and the fingerprints that say so.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// In which sense two problems are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The texts of problem and question are the same but for white space.
    Text,
    /// The answer needs the same graph but for names and order, with the same numbers.
    Graph,
    /// The answer needs the same graph but for names, order and numbers: the same kinds of
    /// definitions read the same quantities. Few problems of a small op differ in this sense.
    Shape,
}

named!(Likeness, "likeness": Text = "text", Graph = "graph", Shape = "shape");

impl Likeness {
    /// What exactly is compared, in one sentence.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Self::Text => {
                "problem and question, each run of white space as one blank, by the first 128 bits \
                 of SHA-256"
            }
            Self::Graph => {
                "the graph of all that the answer needs, up to names and order, numbers included, \
                 with what is asked, by 128 bits of SHA-256 of a canonical form"
            }
            Self::Shape => {
                "the graph of all that the answer needs, up to names, order and numbers, with what \
                 is asked, by 128 bits of SHA-256 of a canonical form"
            }
        }
    }
}
