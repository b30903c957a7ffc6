//! In which sense two problems are the same, and the fingerprints that say so.

use std::fmt;

use interplay_graph::{CanonicalHash, Numbers, TextProblem};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Problem, Sample, TaskError};

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

impl Likeness {
    /// From the strictest to the loosest; problems that are alike in one sense are alike in the
    /// later ones, except that texts say nothing of graphs that cannot be read.
    pub const ALL: [Self; 3] = [Self::Text, Self::Graph, Self::Shape];

    /// The word for it in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Graph => "graph",
            Self::Shape => "shape",
        }
    }

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

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// 128 bits that are the same for problems that are the same in some sense, and differ for all
/// others but for a chance of about `n * n / 7e38` among `n` problems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u128);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl From<CanonicalHash> for Fingerprint {
    fn from(hash: CanonicalHash) -> Self {
        Self(u128::from_be_bytes(hash.0))
    }
}

impl Fingerprint {
    /// The fingerprint of texts, in [`Likeness::Text`].
    #[must_use]
    pub fn of_texts(problem: &str, question: &str) -> Self {
        let mut hash = Sha256::new();
        for text in [problem, question] {
            for word in text.split_whitespace() {
                hash.update(word);
                hash.update(b" ");
            }
            hash.update(b"\n");
        }
        let full: [u8; 32] = hash.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&full[..16]);
        Self(u128::from_be_bytes(first))
    }
}

/// Something that can be compared in every sense of [`Likeness`].
pub trait Fingerprinted {
    /// Its fingerprint in this sense.
    ///
    /// # Errors
    /// A text that cannot be read back into a graph, where the sense asks for one.
    fn fingerprint(&self, likeness: Likeness) -> Result<Fingerprint, TaskError>;

    /// Its fingerprints by [`Likeness::Graph`] and by [`Likeness::Shape`].
    ///
    /// # Errors
    /// A text that cannot be read back into a graph.
    fn graph_fingerprints(&self) -> Result<[Fingerprint; 2], TaskError> {
        Ok([
            self.fingerprint(Likeness::Graph)?,
            self.fingerprint(Likeness::Shape)?,
        ])
    }
}

impl Fingerprinted for Problem {
    fn fingerprint(&self, likeness: Likeness) -> Result<Fingerprint, TaskError> {
        Ok(match likeness {
            Likeness::Text => Fingerprint::of_texts(&self.problem_text(), &self.question_text()),
            Likeness::Graph => self.canonical_hash(Numbers::Distinct).into(),
            Likeness::Shape => self.canonical_hash(Numbers::Ignored).into(),
        })
    }
}

impl Fingerprinted for Sample {
    fn fingerprint(&self, likeness: Likeness) -> Result<Fingerprint, TaskError> {
        Ok(match likeness {
            Likeness::Text => Fingerprint::of_texts(&self.problem, &self.question),
            Likeness::Graph => self.graph_fingerprints()?[0],
            Likeness::Shape => self.graph_fingerprints()?[1],
        })
    }

    fn graph_fingerprints(&self) -> Result<[Fingerprint; 2], TaskError> {
        let told = self.read_back()?;
        Ok(
            [Numbers::Distinct, Numbers::Ignored]
                .map(|numbers| told.canonical_hash(numbers).into()),
        )
    }
}

impl Sample {
    /// The problem that the texts tell: its graph, what is asked, and in reverse mode its equation.
    ///
    /// # Errors
    /// [`TaskError::ReadBack`] with what the text lacks.
    pub fn read_back(&self) -> Result<TextProblem, TaskError> {
        interplay_graph::Statements::read(&self.problem, &self.question)
            .problem()
            .map_err(|source| TaskError::ReadBack {
                id: self.id,
                source,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_differ_in_words_and_not_in_white_space() {
        let print = |problem: &str, question: &str| Fingerprint::of_texts(problem, question);
        assert_eq!(print("a b. ", "c?"), print(" a  b.", "c?\n"));
        assert_ne!(print("a b.", "c?"), print("ab.", "c?"));
        assert_ne!(print("a b", "c"), print("a", "b c"));
    }
}
