//! The documents of packed rows, and the branches of documents that share a prefix: attention stays within them.

use std::sync::Arc;

use crate::error::ModelError;

/// For each token of a batch, the index within its row of the first token of its document; and for documents with
/// branches, the extent of the tokens that continue each token.
///
/// Token `i` of a row attends the tokens `j` with `start(i) <= j <= i`; with branches, only those of them that it
/// continues. Without branches, rotary positions need no reset at the start of a document, since they are relative.
/// With branches, the position of a token is the number of tokens that it continues. Cloning is cheap.
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
    branches: Option<Branches>,
    batch: usize,
    seq: usize,
}

/// Documents that share prefixes, as trees of tokens in depth-first order.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Branches {
    /// For each token, the index after the last token that continues it.
    ends: Arc<[u32]>,
    /// For each token, the number of tokens that it continues.
    depths: Arc<[u32]>,
}

impl Segments {
    /// Creates segments from the document start of every token, row after row.
    ///
    /// # Errors
    ///
    /// A length other than `batch * seq`, a start after its own token, or starts that decrease within a row.
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
            branches: None,
            batch,
            seq,
        })
    }

    /// Creates segments from trees of tokens in depth-first order, row after row: token `j` is followed by all tokens
    /// that continue it, up to the index `ends[j]` (exclusive) within its row. Token `i` attends itself and the tokens
    /// `j < i` with `i < ends[j]`. A document without branches is a tree whose tokens all have the same end.
    ///
    /// ```
    /// use interplay_model::Segments;
    /// // A prompt of two tokens with two continuations of two and of one token.
    /// let segments = Segments::from_trees(&[5, 5, 4, 4, 5], 1, 5).unwrap();
    /// assert_eq!(segments.starts(), [0; 5]);
    /// assert_eq!(segments.depths().unwrap(), [0, 1, 2, 3, 2]);
    /// ```
    ///
    /// # Errors
    ///
    /// A length other than `batch * seq`, or an end that is not after its token, or beyond the end of the row or of a
    /// token that this one continues.
    pub fn from_trees(ends: &[u32], batch: usize, seq: usize) -> Result<Self, ModelError> {
        if ends.len() != batch * seq {
            return Err(ModelError::WrongLength {
                what: "subtree ends",
                found: ends.len(),
                expected: batch * seq,
            });
        }
        let (mut starts, mut depths) = (Vec::new(), Vec::new());
        let mut branched = false;
        for row in 0..batch {
            // The start of the current document, and the ends of all tokens that the next one continues.
            let (mut start, mut open) = (0, Vec::new());
            for (token, &end) in ends[row * seq..(row + 1) * seq].iter().enumerate() {
                while open.last().is_some_and(|&last| last as usize <= token) {
                    open.pop();
                }
                if open.is_empty() {
                    start = token as u32;
                }
                let limit = open.last().copied().unwrap_or(seq as u32);
                if end as usize <= token || end > limit {
                    let found = end;
                    return Err(ModelError::InvalidBranches {
                        row,
                        token,
                        found,
                        limit,
                    });
                }
                branched |= !open.is_empty() && end < limit;
                starts.push(start);
                depths.push(open.len() as u32);
                open.push(end);
            }
        }
        let branches = branched.then(|| Branches {
            ends: ends.into(),
            depths: depths.into(),
        });
        Ok(Self {
            starts: starts.into(),
            branches,
            batch,
            seq,
        })
    }

    /// Creates segments from the lengths of the documents in each row; the rest of a row (padding) counts as one more
    /// document.
    ///
    /// # Errors
    ///
    /// A row whose documents have more than `seq` tokens in total.
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
            branches: None,
            batch: rows.len(),
            seq,
        })
    }

    /// The document start of every token, row after row.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// For each token, the index after the last token that continues it, row after row; `None` if no document has
    /// branches.
    pub fn ends(&self) -> Option<&[u32]> {
        self.branches.as_ref().map(|branches| &*branches.ends)
    }

    /// For each token, the number of tokens that it continues, row after row; `None` if no document has branches.
    pub fn depths(&self) -> Option<&[u32]> {
        self.branches.as_ref().map(|branches| &*branches.depths)
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
    fn documents_are_trees_without_branches() {
        let trees = Segments::from_trees(&[2, 2, 5, 5, 5, 1, 5, 5, 5, 5], 2, 5).unwrap();
        let lengths = Segments::from_lengths(&[vec![2, 3], vec![1, 4]], 5).unwrap();
        assert_eq!(trees, lengths);
    }

    #[test]
    fn refuses_branches_that_cross() {
        for (ends, token) in [([2, 3, 3], 1), ([0, 2, 3], 0), ([3, 3, 4], 2)] {
            let error = Segments::from_trees(&ends, 1, 3).unwrap_err();
            let ModelError::InvalidBranches { token: found, .. } = error else {
                panic!("{error}");
            };
            assert_eq!(found, token, "{ends:?}");
        }
    }

    #[test]
    fn padding_is_a_document_of_its_own() {
        let segments = Segments::from_lengths(&[vec![1], vec![]], 3).unwrap();
        assert_eq!(segments.starts(), [0, 1, 1, 0, 0, 0]);
    }
}
