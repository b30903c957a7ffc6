//! Fingerprints: equal for problems that are alike in some sense.

use std::fmt;

use interplay_graph::{CanonicalHash, Numbers};
use sha2::{Digest, Sha256};

use crate::error::TaskError;
use crate::generation::Problem;

use super::sense::Likeness;

/// 128 bits that are equal for problems that are alike in some sense. Among `n` problems, two that are
/// not alike share them with a probability of about `n * n / 7e38`.
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

/// The fingerprints of one problem in every sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prints {
    /// By [`Likeness::Text`].
    pub text: Fingerprint,
    /// By [`Likeness::Graph`] and by [`Likeness::Shape`]; `None` if the text does not tell a whole
    /// problem, or the problem is no graph at all.
    pub graph: Option<[Fingerprint; 2]>,
}

impl Prints {
    /// The fingerprints of a problem.
    ///
    /// # Errors
    /// As [`Fingerprinted::fingerprint`], except for a text that cannot be read back into a graph.
    pub fn of(problem: &impl Fingerprinted) -> Result<Self, TaskError> {
        let graph = match problem.graph_fingerprints() {
            Ok(graph) => Some(graph),
            Err(TaskError::ReadBack { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self {
            text: problem.fingerprint(Likeness::Text)?,
            graph,
        })
    }

    /// The fingerprint of a problem that is only text.
    #[must_use]
    pub fn of_text(problem: &str, question: &str) -> Self {
        Self {
            text: Fingerprint::of_texts(problem, question),
            graph: None,
        }
    }

    /// The fingerprint in one sense.
    #[must_use]
    pub fn get(&self, likeness: Likeness) -> Option<Fingerprint> {
        match likeness {
            Likeness::Text => Some(self.text),
            Likeness::Graph => self.graph.map(|[graph, _]| graph),
            Likeness::Shape => self.graph.map(|[_, shape]| shape),
        }
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
