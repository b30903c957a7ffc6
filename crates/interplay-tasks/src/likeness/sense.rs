//! In which sense two problems are the same.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// In which sense two problems are the same, from the strictest to the loosest.
///
/// Problems that are alike in one sense are alike in the looser ones, except that texts that cannot
/// be read have no graph.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The texts of problem and question are equal up to white space.
    Text,
    /// The answer needs the same graph up to names and order, with the same numbers.
    Graph,
    /// The answer needs the same graph up to names, order and numbers: the same kinds of
    /// definitions read the same quantities. Few problems of a small op differ in this sense.
    Shape,
}

named!(Likeness, "likeness": Text = "text", Graph = "graph", Shape = "shape");

impl Likeness {
    /// What exactly is compared, for certificates.
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
