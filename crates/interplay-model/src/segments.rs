//! Where each packed document begins, so that attention stays inside it.

use std::sync::Arc;

use crate::error::ModelError;

/// For each token of a batch the place, within its row, of the first token of its document.
///
/// Token `i` of a row attends the tokens `j` with `start(i) <= j <= i`. Rotary positions are relative, so
/// they need no reset at a document's start. Cloning is cheap.
///
/// # Example
///
/// ```
/// use interplay_model::Segments;
/// // One row of five tokens that packs a document of two and one of three.
/// let segments = Segments::from_lengths(&[vec![2, 3]], 5).unwrap();
/// assert_eq!(segments.starts(), [0, 0, 2, 2, 2]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    starts: Arc<[u32]>,
    batch: usize,
    seq: usize,
}

impl Segments {
    /// Takes the starts of all tokens, row after row.
    ///
    /// # Errors
    ///
    /// A length other than `batch * seq`, a start behind its own token, or starts that go back within a row.
    pub fn new(starts: Vec<u32>, batch: usize, seq: usize) -> Result<Self, ModelError> {
        if starts.len() != batch * seq {
            let (found, expected) = (starts.len(), batch * seq);
            return Err(ModelError::WrongLength {
                what: "document starts",
                found,
                expected,
            });
        }
        for row in 0..batch {
            let mut floor = 0;
            for (token, &found) in starts[row * seq..(row + 1) * seq].iter().enumerate() {
                if found as usize > token || found < floor {
                    return Err(ModelError::InvalidSegments { row, token, found });
                }
                floor = found;
            }
        }
        Ok(Self {
            starts: starts.into(),
            batch,
            seq,
        })
    }

    /// Builds the starts from the lengths of the documents in each row; what is left of a row (padding)
    /// counts as one more document.
    ///
    /// # Errors
    ///
    /// A row whose documents are longer than `seq` together.
    pub fn from_lengths(rows: &[Vec<usize>], seq: usize) -> Result<Self, ModelError> {
        let mut starts = Vec::with_capacity(rows.len() * seq);
        for lengths in rows {
            let total: usize = lengths.iter().sum();
            if total > seq {
                let what = "tokens in a packed row";
                return Err(ModelError::WrongLength {
                    what,
                    found: total,
                    expected: seq,
                });
            }
            let mut start = 0;
            for length in lengths.iter().copied().chain([seq - total]) {
                starts.extend(std::iter::repeat_n(start as u32, length));
                start += length;
            }
        }
        Ok(Self {
            starts: starts.into(),
            batch: rows.len(),
            seq,
        })
    }

    /// The start of every token's document, row after row.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// Number of rows.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Tokens in a row.
    pub fn seq(&self) -> usize {
        self.seq
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_start_behind_its_token() {
        let error = Segments::new(vec![0, 2, 2], 1, 3).unwrap_err();
        assert!(matches!(
            error,
            ModelError::InvalidSegments {
                row: 0,
                token: 1,
                found: 2
            }
        ));
    }

    #[test]
    fn refuses_starts_that_go_back() {
        assert!(Segments::new(vec![0, 1, 0], 1, 3).is_err());
    }

    #[test]
    fn padding_is_a_document_of_its_own() {
        let segments = Segments::from_lengths(&[vec![1], vec![]], 3).unwrap();
        assert_eq!(segments.starts(), [0, 1, 1, 0, 0, 0]);
    }
}
