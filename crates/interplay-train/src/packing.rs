//! Packing of token sequences into the rows of a training batch.
//!
//! Several sequences share a row, one after the other, and none sees another: attention is cut
//! at the start of each (`segments`). Packing is first-fit in the order of arrival, so that the
//! next step begins with the first sequence that found no room, and a stage can be resumed from
//! one number.
//!
//! Deviations: the paper cuts one long stream into blocks of 2,048 tokens; here no sequence is
//! cut, and the unused end of a row is padding that no loss sees.

use crate::TrainError;

/// A token sequence and the part of it that is predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The first position whose token is predicted from what stands before it; at least 1.
    pub predict_from: usize,
}

/// The rows of one forward pass, on the host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackedBatch {
    /// Rows.
    pub rows: usize,
    /// Tokens a row.
    pub row_tokens: usize,
    /// Token ids, `[rows * row_tokens]`.
    pub tokens: Vec<i32>,
    /// For every token the place in its row where its sequence starts, `[rows * row_tokens]`.
    pub segments: Vec<u32>,
    /// The flat places whose next token is predicted, sequence after sequence.
    pub places: Vec<i32>,
    /// The tokens to predict, one for each place.
    pub targets: Vec<i32>,
    /// How many targets each sequence has.
    pub targets_each: Vec<usize>,
    /// How many of the tokens are not padding.
    pub used_tokens: usize,
}

/// Fills rows with sequences.
#[derive(Debug)]
pub struct Packer {
    row_tokens: usize,
    max_rows: usize,
    pad: u32,
    free: Vec<usize>,
    placed: Vec<(usize, usize, Sequence)>,
}

impl Packer {
    /// A packer for at most `max_rows` rows of `row_tokens` tokens, padded with `pad`.
    #[must_use]
    pub fn new(row_tokens: usize, max_rows: usize, pad: u32) -> Self {
        Self {
            row_tokens,
            max_rows,
            pad,
            free: Vec::new(),
            placed: Vec::new(),
        }
    }

    /// Places the sequence in the first row that has room; gives it back where none has.
    ///
    /// # Errors
    /// [`TrainError::SequenceTooLong`] where no row could ever hold it.
    pub fn add(&mut self, sequence: Sequence) -> Result<Option<Sequence>, TrainError> {
        let length = sequence.ids.len();
        if length > self.row_tokens {
            return Err(TrainError::SequenceTooLong {
                length,
                row_tokens: self.row_tokens,
            });
        }
        let row = match self.free.iter().position(|free| *free >= length) {
            Some(row) => row,
            None if self.free.len() < self.max_rows => {
                self.free.push(self.row_tokens);
                self.free.len() - 1
            }
            None => return Ok(Some(sequence)),
        };
        let start = self.row_tokens - self.free[row];
        self.free[row] -= length;
        self.placed.push((row, start, sequence));
        Ok(None)
    }

    /// How many sequences are placed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.placed.len()
    }

    /// Whether no sequence is placed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.placed.is_empty()
    }

    /// The batch; rows that hold nothing are left out.
    #[must_use]
    pub fn finish(self) -> PackedBatch {
        let (rows, row_tokens) = (self.free.len(), self.row_tokens);
        let mut batch = PackedBatch {
            rows,
            row_tokens,
            tokens: vec![id(self.pad); rows * row_tokens],
            // A padding token is a sequence of its own, so that it sees itself alone.
            segments: (0..rows * row_tokens)
                .map(|place| (place % row_tokens) as u32)
                .collect(),
            ..PackedBatch::default()
        };
        for (row, start, sequence) in &self.placed {
            let offset = row * row_tokens + start;
            for (place, token) in sequence.ids.iter().enumerate() {
                batch.tokens[offset + place] = id(*token);
                batch.segments[offset + place] = *start as u32;
            }
            let first = sequence.predict_from.max(1);
            for (place, token) in sequence.ids.iter().enumerate().skip(first) {
                batch.places.push((offset + place - 1) as i32);
                batch.targets.push(id(*token));
            }
            batch
                .targets_each
                .push(sequence.ids.len().saturating_sub(first));
            batch.used_tokens += sequence.ids.len();
        }
        batch
    }
}

/// Burn's integer tensors are signed; token ids are far below the limit.
fn id(token: u32) -> i32 {
    i32::try_from(token).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(ids: &[u32], predict_from: usize) -> Sequence {
        Sequence {
            ids: ids.to_vec(),
            predict_from,
        }
    }

    #[test]
    fn first_fit_by_hand() {
        let mut packer = Packer::new(5, 2, 0);
        assert_eq!(packer.add(sequence(&[1, 2, 3], 1)).unwrap(), None);
        assert_eq!(packer.add(sequence(&[4, 5, 6], 2)).unwrap(), None);
        assert_eq!(packer.add(sequence(&[7, 8], 1)).unwrap(), None);
        let refused = sequence(&[9, 9, 9], 1);
        assert_eq!(packer.add(refused.clone()).unwrap(), Some(refused));
        let batch = packer.finish();
        assert_eq!(batch.tokens, [1, 2, 3, 7, 8, 4, 5, 6, 0, 0]);
        assert_eq!(batch.segments, [0, 0, 0, 3, 3, 0, 0, 0, 3, 4]);
        assert_eq!(batch.places, [0, 1, 6, 3]);
        assert_eq!(batch.targets, [2, 3, 6, 8]);
        assert_eq!(batch.targets_each, [2, 1, 1]);
        assert_eq!(batch.used_tokens, 8);
    }

    #[test]
    fn a_sequence_longer_than_a_row_is_an_error() {
        let error = Packer::new(2, 1, 0)
            .add(sequence(&[1, 2, 3], 1))
            .unwrap_err();
        assert!(matches!(
            error,
            TrainError::SequenceTooLong {
                length: 3,
                row_tokens: 2
            }
        ));
    }
}
