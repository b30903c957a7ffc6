//! The problem that the texts of a sample tell, and its fingerprints.

use interplay_graph::{Numbers, Statements, TextProblem};

use crate::error::TaskError;
use crate::likeness::{Fingerprint, Fingerprinted, Likeness};

use super::sample::Sample;

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
        Statements::read(&self.problem, &self.question)
            .problem()
            .map_err(|source| TaskError::ReadBack {
                id: self.id,
                source,
            })
    }
}
