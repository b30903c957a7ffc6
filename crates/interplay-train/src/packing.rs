//! Packing token sequences into the rows of a training batch.
//!
//! A row holds several sequences, one after the other, which do not attend to each other. Packing is first-fit
//! in the order of arrival. The next step starts with the first sequence that did not fit, so a stage can be
//! resumed from a single index.
//!
//! Sequences with the same prompt can share their common prefix: the prompt, and the part of the answers that is
//! equal. A row then holds a tree of tokens in depth-first order. Each token is computed once, and its loss counts
//! for every sequence that contains it, so values and gradients are those of the separate sequences.
//!
//! Deviations: the paper cuts one long stream into blocks of 2,048 tokens. Here no sequence is cut; the rest of
//! a row is padding and has no loss.

use interplay_model::Workload;
use serde::{Deserialize, Serialize};

use crate::TrainError;

/// A token sequence, and the position from which its tokens are predicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Token ids.
    pub ids: Vec<u32>,
    /// The first position whose token is predicted from those before it; at least 1.
    pub predict_from: usize,
}

impl Sequence {
    /// The tokens before the first predicted one.
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
    /// The number of rows.
    pub rows: usize,
    /// Tokens a row.
    pub row_tokens: usize,
    /// Token ids, `[rows * row_tokens]`.
    pub tokens: Vec<i32>,
    /// For every token, the end (exclusive, within the row) of the tokens that continue it,
    /// `[rows * row_tokens]`.
    pub ends: Vec<u32>,
    /// The flat positions whose next token is predicted. A position that branches occurs once for each next
    /// token.
    pub positions: Vec<i32>,
    /// The tokens to predict, one for each entry of `positions`.
    pub targets: Vec<i32>,
    /// For every predicted token, sequence by sequence, its index in `targets`; `None` if that is each target
    /// once, in order.
    pub shared: Option<Vec<i32>>,
    /// The number of predicted tokens of each sequence.
    pub targets_each: Vec<usize>,
    /// The number of tokens that are not padding.
    pub used_tokens: usize,
    /// The number of pairs of tokens in attention: for each used token those that it attends to, itself included.
    pub attended: u64,
    /// The sum of the lengths of all sequences. Exceeds `used_tokens` if sequences share tokens.
    pub sequence_tokens: usize,
    /// The sum over all sequences of the pairs that each attends by itself. Exceeds `attended` if sequences share
    /// tokens.
    pub sequence_attended: u64,
}

impl PackedBatch {
    /// The size of a forward pass as it is computed: what sequences share counts once, padding not at all.
    #[must_use]
    pub fn workload(&self) -> Workload {
        Workload {
            positions: self.used_tokens as u64,
            attended: self.attended,
            outputs: self.targets.len() as u64,
        }
    }

    /// The size of a forward pass of each sequence by itself.
    #[must_use]
    pub fn separate_workload(&self) -> Workload {
        Workload {
            positions: self.sequence_tokens as u64,
            attended: self.sequence_attended,
            outputs: self.predicted() as u64,
        }
    }

    /// The number of predicted tokens of all sequences.
    #[must_use]
    pub fn predicted(&self) -> usize {
        self.targets_each.iter().sum()
    }
}

/// A token of a tree, and its children.
#[derive(Debug)]
struct Node {
    token: u32,
    /// The number of tokens before it in its sequences.
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

    /// The nodes of the longest prefix of `ids` in the tree.
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

    /// Adds the tokens of `ids` that the tree lacks. Returns the nodes of all of them.
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

    /// The nodes in depth-first order, and for each node the end (exclusive) of its subtree in that order.
    fn depth_first(&self) -> (Vec<usize>, Vec<usize>) {
        let (mut order, mut ends) = (Vec::new(), vec![0; self.nodes.len()]);
        // A node is visited twice: before and after its subtree.
        let mut open = vec![(0, false)];
        while let Some((node, after)) = open.pop() {
            if after {
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

/// A sequence as a path in its tree.
#[derive(Debug)]
struct Packed {
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
    sequences: Vec<Packed>,
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
            sequences: Vec::new(),
        }
    }

    /// Lets consecutive sequences share their common prefix, provided that it covers the whole prompt.
    #[must_use]
    pub fn sharing(self) -> Self {
        Self {
            sharing: true,
            ..self
        }
    }

    /// Adds a sequence: into the tree of the one before, if they share a prompt and the row has room for the
    /// rest, otherwise into the first row that has room. Returns the sequence if no row has.
    ///
    /// # Errors
    /// [`TrainError::SequenceTooLong`] if it is longer than a row.
    pub fn add(&mut self, sequence: Sequence) -> Result<Option<Sequence>, TrainError> {
        let length = sequence.ids.len();
        if length > self.row_tokens {
            return Err(TrainError::SequenceTooLong {
                length,
                row_tokens: self.row_tokens,
            });
        }
        let Some(&first) = sequence.ids.first() else {
            self.push(0, Vec::new(), &sequence);
            return Ok(None);
        };
        if let Some(tree) = self.sharing.then(|| self.trees.last_mut()).flatten() {
            let known = tree.known(&sequence.ids).len();
            let (new, free) = (length - known, &mut self.free[tree.row]);
            if known >= sequence.prompt().len() && new <= *free {
                *free -= new;
                let path = tree.add(&sequence.ids);
                self.push(self.trees.len() - 1, path, &sequence);
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
        self.push(self.trees.len() - 1, path, &sequence);
        Ok(None)
    }

    fn push(&mut self, tree: usize, path: Vec<usize>, sequence: &Sequence) {
        let predict_from = sequence.predict_from.max(1);
        self.sequences.push(Packed {
            tree,
            path,
            predict_from,
        });
    }

    /// The number of sequences.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sequences.len()
    }

    /// Whether there is no sequence.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sequences.is_empty()
    }

    /// The batch, without empty rows.
    #[must_use]
    pub fn finish(self) -> PackedBatch {
        let (rows, row_tokens) = (self.free.len(), self.row_tokens);
        let mut batch = PackedBatch {
            rows,
            row_tokens,
            tokens: vec![id(self.pad); rows * row_tokens],
            // A padding token is a sequence of its own, which attends to itself only.
            ends: (0..rows * row_tokens)
                .map(|position| (position % row_tokens + 1) as u32)
                .collect(),
            ..PackedBatch::default()
        };
        let positions = self.write_tokens(&mut batch);
        self.write_targets(&mut batch, &positions);
        batch
    }

    /// Writes every tree into its row, after the trees before it. Returns the flat position of every node.
    fn write_tokens(&self, batch: &mut PackedBatch) -> Vec<Vec<usize>> {
        let mut filled = vec![0; batch.rows];
        let write = |tree: &Tree| {
            let (start, row) = (filled[tree.row], tree.row * batch.row_tokens);
            let (order, ends) = tree.depth_first();
            let mut positions = vec![0; order.len()];
            for (offset, &node) in order.iter().enumerate() {
                let position = row + start + offset;
                batch.tokens[position] = id(tree.nodes[node].token);
                batch.ends[position] = (start + ends[node]) as u32;
                positions[node] = position;
            }
            batch.attended += order
                .iter()
                .map(|&node| u64::from(tree.nodes[node].depth) + 1)
                .sum::<u64>();
            filled[tree.row] += order.len();
            batch.used_tokens += order.len();
            positions
        };
        self.trees.iter().map(write).collect()
    }

    /// Writes every target once, and the indices of each sequence's targets.
    fn write_targets(&self, batch: &mut PackedBatch, positions: &[Vec<usize>]) {
        const NONE: i32 = -1;
        let mut known: Vec<Vec<i32>> = positions
            .iter()
            .map(|nodes| vec![NONE; nodes.len()])
            .collect();
        let mut shared = Vec::new();
        for Packed {
            tree,
            path,
            predict_from,
        } in &self.sequences
        {
            let alone = Workload::sequence(path.len(), 0);
            batch.sequence_tokens += path.len();
            batch.sequence_attended += alone.attended;
            let steps = path.windows(2).skip(predict_from - 1);
            batch.targets_each.push(steps.len());
            for step in steps {
                let target = &mut known[*tree][step[1]];
                if *target == NONE {
                    *target = batch.targets.len() as i32;
                    batch.positions.push(positions[*tree][step[0]] as i32);
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
        assert_eq!(batch.positions, [0, 1, 6, 3]);
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
        assert_eq!(batch.positions, [1, 2, 2, 4, 8, 9, 12]);
        assert_eq!(batch.targets, [3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(batch.targets_each, [2, 3, 2, 2, 1]);
        assert_eq!(batch.shared.unwrap(), [0, 1, 0, 2, 3, 0, 1, 4, 5, 6]);
        assert_eq!((batch.used_tokens, batch.sequence_tokens), (13, 20));
        // Depths 1 to 4, 4 and 5 below the second token, 1 to 4, and 1 to 3.
        assert_eq!(batch.attended, 10 + 9 + 10 + 6);
        assert_eq!(batch.sequence_attended, 10 + 15 + 10 + 10 + 6);
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
