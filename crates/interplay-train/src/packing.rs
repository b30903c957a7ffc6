//! Packing of token sequences into the rows of a training batch.
//!
//! Several sequences share a row, one after the other, and none sees another. Packing is first-fit
//! in the order of arrival, so that the next step begins with the first sequence that found no
//! room, and a stage can be resumed from one number.
//!
//! Sequences that answer the same prompt can share what they begin with: the prompt, and as much
//! of the answers as is equal. A row then holds a tree of tokens in depth-first order, each token
//! is computed once, and its loss counts for every sequence that it belongs to. Values and
//! gradients are those of the sequences one by one.
//!
//! Deviations: the paper cuts one long stream into blocks of 2,048 tokens; here no sequence is
//! cut, and the unused end of a row is padding that no loss sees.

use serde::{Deserialize, Serialize};

use crate::TrainError;

/// A token sequence and the part of it that is predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The first position whose token is predicted from what stands before it; at least 1.
    pub predict_from: usize,
}

impl Sequence {
    /// What comes before the first predicted token.
    fn prompt(&self) -> &[u32] {
        &self.ids[..self
            .predict_from
            .clamp(1, self.ids.len().max(1))
            .min(self.ids.len())]
    }
}

/// The rows of one forward pass, on the host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PackedBatch {
    /// Rows.
    pub rows: usize,
    /// Tokens a row.
    pub row_tokens: usize,
    /// Token ids, `[rows * row_tokens]`.
    pub tokens: Vec<i32>,
    /// For every token the place in its row behind the last token that goes on from it,
    /// `[rows * row_tokens]`.
    pub ends: Vec<u32>,
    /// The flat places whose next token is predicted. A place that branches stands here once for
    /// each next token.
    pub places: Vec<i32>,
    /// The tokens to predict, one for each place.
    pub targets: Vec<i32>,
    /// For every predicted token of every sequence, one after the other, which of the targets it
    /// is; `None` where that is each target once, in order.
    pub shared: Option<Vec<i32>>,
    /// How many predicted tokens each sequence has.
    pub targets_each: Vec<usize>,
    /// How many of the tokens are not padding.
    pub used_tokens: usize,
    /// The number of tokens that each used token sees, itself with them, all together.
    pub attended: u64,
    /// The lengths of all sequences together; more than the used tokens where sequences share some.
    pub sequence_tokens: usize,
}

impl PackedBatch {
    /// Predicted tokens of all sequences.
    #[must_use]
    pub fn predicted(&self) -> usize {
        self.targets_each.iter().sum()
    }
}

/// A token of a tree, and what follows it.
#[derive(Debug)]
struct Node {
    token: u32,
    /// Tokens before it in its sequences.
    depth: u32,
    next: Vec<usize>,
}

/// Sequences that begin with the same prompt.
#[derive(Debug)]
struct Tree {
    row: usize,
    nodes: Vec<Node>,
}

impl Tree {
    fn new(row: usize, first: u32) -> Self {
        let first = Node {
            token: first,
            depth: 0,
            next: Vec::new(),
        };
        Self {
            row,
            nodes: vec![first],
        }
    }

    /// The nodes of the longest beginning of `ids` that the tree has.
    fn known(&self, ids: &[u32]) -> Vec<usize> {
        let mut path: Vec<usize> = Vec::new();
        for id in ids {
            let found = match path.last() {
                None => (self.nodes[0].token == *id).then_some(0),
                Some(&last) => {
                    let mut next = self.nodes[last].next.iter().copied();
                    next.find(|&next| self.nodes[next].token == *id)
                }
            };
            match found {
                Some(node) => path.push(node),
                None => break,
            }
        }
        path
    }

    /// Adds what the tree lacks of `ids`, and gives the nodes of all of them.
    fn add(&mut self, ids: &[u32]) -> Vec<usize> {
        let mut path = self.known(ids);
        for &token in &ids[path.len()..] {
            let node = self.nodes.len();
            self.nodes.push(Node {
                token,
                depth: path.len() as u32,
                next: Vec::new(),
            });
            if let Some(&last) = path.last() {
                self.nodes[last].next.push(node);
            }
            path.push(node);
        }
        path
    }

    /// The nodes in depth-first order, and for each node the number of nodes before the end of its
    /// subtree.
    fn depth_first(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut order, mut ends) = (Vec::new(), vec![0; self.nodes.len()]);
        // A node is met twice: before and behind what follows it.
        let mut open = vec![(0, false)];
        while let Some((node, behind)) = open.pop() {
            if behind {
                ends[node] = order.len();
                continue;
            }
            order.push(node);
            open.push((node, true));
            open.extend(
                self.nodes[node]
                    .next
                    .iter()
                    .rev()
                    .map(|&next| (next, false)),
            );
        }
        (order, ends)
    }
}

/// A sequence in its tree.
#[derive(Debug)]
struct Placed {
    tree: usize,
    path: Vec<usize>,
    predict_from: usize,
}

/// Fills rows with sequences.
#[derive(Debug)]
pub struct Packer {
    row_tokens: usize,
    max_rows: usize,
    pad: u32,
    sharing: bool,
    free: Vec<usize>,
    trees: Vec<Tree>,
    placed: Vec<Placed>,
}

impl Packer {
    /// A packer for at most `max_rows` rows of `row_tokens` tokens, padded with `pad`.
    #[must_use]
    pub fn new(row_tokens: usize, max_rows: usize, pad: u32) -> Self {
        Self {
            row_tokens,
            max_rows,
            pad,
            sharing: false,
            free: Vec::new(),
            trees: Vec::new(),
            placed: Vec::new(),
        }
    }

    /// The same packer, which lets sequences that follow each other share what they begin with,
    /// where that is at least the whole prompt.
    #[must_use]
    pub fn sharing(self) -> Self {
        Self {
            sharing: true,
            ..self
        }
    }

    /// Places the sequence beside the one before, where they share a prompt and the row has room
    /// for the rest, or in the first row that has room; gives it back where none has.
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
        let Some(&first) = sequence.ids.first() else {
            self.place(0, Vec::new(), &sequence);
            return Ok(None);
        };
        if let Some(tree) = self.sharing.then(|| self.trees.last_mut()).flatten() {
            let known = tree.known(&sequence.ids).len();
            let (new, free) = (length - known, &mut self.free[tree.row]);
            if known >= sequence.prompt().len() && new <= *free {
                *free -= new;
                let path = tree.add(&sequence.ids);
                self.place(self.trees.len() - 1, path, &sequence);
                return Ok(None);
            }
        }
        let row = match self.free.iter().position(|free| *free >= length) {
            Some(row) => row,
            None if self.free.len() < self.max_rows => {
                self.free.push(self.row_tokens);
                self.free.len() - 1
            }
            None => return Ok(Some(sequence)),
        };
        self.free[row] -= length;
        let mut tree = Tree::new(row, first);
        let path = tree.add(&sequence.ids);
        self.trees.push(tree);
        self.place(self.trees.len() - 1, path, &sequence);
        Ok(None)
    }

    fn place(&mut self, tree: usize, path: Vec<usize>, sequence: &Sequence) {
        let predict_from = sequence.predict_from.max(1);
        self.placed.push(Placed {
            tree,
            path,
            predict_from,
        });
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
            ends: (0..rows * row_tokens)
                .map(|place| (place % row_tokens + 1) as u32)
                .collect(),
            ..PackedBatch::default()
        };
        let places = self.write_tokens(&mut batch);
        self.write_targets(&mut batch, &places);
        batch
    }

    /// Writes every tree into its row, behind those before; gives the flat place of every node.
    fn write_tokens(&self, batch: &mut PackedBatch) -> Vec<Vec<usize>> {
        let mut filled = vec![0; batch.rows];
        let write = |tree: &Tree| {
            let (start, row) = (filled[tree.row], tree.row * batch.row_tokens);
            let (order, ends) = tree.depth_first();
            let mut places = vec![0; order.len()];
            for (offset, &node) in order.iter().enumerate() {
                let place = row + start + offset;
                batch.tokens[place] = id(tree.nodes[node].token);
                batch.ends[place] = (start + ends[node]) as u32;
                places[node] = place;
            }
            batch.attended += order
                .iter()
                .map(|&node| u64::from(tree.nodes[node].depth) + 1)
                .sum::<u64>();
            filled[tree.row] += order.len();
            batch.used_tokens += order.len();
            places
        };
        self.trees.iter().map(write).collect()
    }

    /// Writes every predicted token once, and which of them each sequence has.
    fn write_targets(&self, batch: &mut PackedBatch, places: &[Vec<usize>]) {
        const NONE: i32 = -1;
        let mut known: Vec<Vec<i32>> = places.iter().map(|nodes| vec![NONE; nodes.len()]).collect();
        let mut shared = Vec::new();
        for Placed {
            tree,
            path,
            predict_from,
        } in &self.placed
        {
            batch.sequence_tokens += path.len();
            let steps = path.windows(2).skip(predict_from - 1);
            batch.targets_each.push(steps.len());
            for step in steps {
                let target = &mut known[*tree][step[1]];
                if *target == NONE {
                    *target = batch.targets.len() as i32;
                    batch.places.push(places[*tree][step[0]] as i32);
                    batch
                        .targets
                        .push(id(self.trees[*tree].nodes[step[1]].token));
                }
                shared.push(*target);
            }
        }
        if shared.len() > batch.targets.len() {
            batch.shared = Some(shared);
        }
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
        assert_eq!(batch.ends, [3, 3, 3, 5, 5, 3, 3, 3, 4, 5]);
        assert_eq!(batch.shared, None);
        assert_eq!(batch.places, [0, 1, 6, 3]);
        assert_eq!(batch.targets, [2, 3, 6, 8]);
        assert_eq!(batch.targets_each, [2, 1, 1]);
        assert_eq!(batch.used_tokens, 8);
    }

    #[test]
    fn answers_to_one_prompt_share_what_they_begin_with() {
        let mut packer = Packer::new(7, 2, 0).sharing();
        for ids in [
            &[1, 2, 3, 4][..],
            &[1, 2, 3, 5, 6],
            &[1, 2, 3, 4],
            // Has no room beside the others, though it has the prompt.
            &[1, 2, 7, 8],
            // Another prompt.
            &[1, 9, 9],
        ] {
            assert_eq!(packer.add(sequence(ids, 2)).unwrap(), None);
        }
        let batch = packer.finish();
        assert_eq!(batch.tokens, [1, 2, 3, 4, 5, 6, 0, 1, 2, 7, 8, 1, 9, 9]);
        assert_eq!(batch.ends, [6, 6, 6, 4, 6, 6, 7, 4, 4, 4, 4, 7, 7, 7]);
        assert_eq!(batch.places, [1, 2, 2, 4, 8, 9, 12]);
        assert_eq!(batch.targets, [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(batch.targets_each, [2, 3, 2, 2, 1]);
        assert_eq!(batch.shared.unwrap(), [0, 1, 0, 2, 3, 0, 1, 4, 5, 6]);
        assert_eq!((batch.used_tokens, batch.sequence_tokens), (13, 20));
        // Depths 1 to 4, 4 and 5 below the second token, 1 to 4, and 1 to 3.
        assert_eq!(batch.attended, 10 + 9 + 10 + 6);
    }

    #[test]
    fn an_answer_inside_another_ends_within_it() {
        let mut packer = Packer::new(9, 1, 0).sharing();
        packer.add(sequence(&[1, 2, 3, 4], 1)).unwrap();
        packer.add(sequence(&[1, 2, 3], 1)).unwrap();
        let batch = packer.finish();
        assert_eq!(batch.used_tokens, 4);
        assert_eq!(batch.targets, [2, 3, 4]);
        assert_eq!(batch.shared.unwrap(), [0, 1, 2, 0, 1]);
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
