//! Colors of nodes, refined from parents and children until they settle.

use crate::{Core, Definition, Outer, QuantityId, ReasoningGraph};

use super::numbers::Numbers;

/// How a quantity is read by another: as one of several like operands, or on one side of a
/// difference.
const LIKE: u64 = 0;
const LEFT: u64 = 1;
const RIGHT: u64 = 2;

/// A graph by index, with edges in both directions.
pub(super) struct Net {
    /// What the definition says by itself.
    own: Vec<[u64; 5]>,
    definitions: Vec<Definition>,
    /// Parents in their order, for node `n` from `first[n]` to `first[n + 1]`.
    parents: Vec<u32>,
    first: Vec<u32>,
    /// The readers of node `n`, from `first_reader[n]` to `first_reader[n + 1]`.
    readers: Vec<Reader>,
    first_reader: Vec<u32>,
}

/// One reading of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reader {
    pub(super) node: u32,
    side: u64,
    /// The other factor of a product.
    partner: Option<u32>,
}

impl Net {
    pub(super) fn new(graph: &ReasoningGraph, target: QuantityId, numbers: Numbers) -> Self {
        let mut net = Self {
            own: Vec::with_capacity(graph.len()),
            definitions: Vec::with_capacity(graph.len()),
            parents: Vec::new(),
            first: vec![0],
            readers: Vec::new(),
            first_reader: vec![0; graph.len() + 1],
        };
        for (id, quantity) in graph.quantities() {
            net.own
                .push(own_words(quantity.definition, id == target, numbers));
            net.definitions.push(quantity.definition);
            net.parents.extend(
                quantity
                    .parents()
                    .iter()
                    .map(|parent| parent.index() as u32),
            );
            net.first.push(net.parents.len() as u32);
        }
        net.index_readers();
        net
    }

    /// Sorts all readings by what is read (a counting sort).
    fn index_readers(&mut self) {
        for parent in &self.parents {
            self.first_reader[*parent as usize + 1] += 1;
        }
        for node in 1..self.first_reader.len() {
            self.first_reader[node] += self.first_reader[node - 1];
        }
        let none = Reader {
            node: 0,
            side: 0,
            partner: None,
        };
        self.readers = vec![none; self.parents.len()];
        let mut next = self.first_reader.clone();
        for node in 0..self.len() {
            let core = self.definitions[node].core;
            let from = self.first[node] as usize;
            let parents = &self.parents[from..self.first[node + 1] as usize];
            for (slot, parent) in parents.iter().enumerate() {
                let index = &mut next[*parent as usize];
                self.readers[*index as usize] = Reader {
                    node: node as u32,
                    side: match (core, slot) {
                        (Core::Difference, 0) => LEFT,
                        (Core::Difference, _) => RIGHT,
                        _ => LIKE,
                    },
                    partner: (core == Core::Products).then(|| parents[slot ^ 1]),
                };
                *index += 1;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.own.len()
    }

    fn parents(&self, node: usize) -> &[u32] {
        &self.parents[self.first[node] as usize..self.first[node + 1] as usize]
    }

    fn readers(&self, node: usize) -> &[Reader] {
        &self.readers[self.first_reader[node] as usize..self.first_reader[node + 1] as usize]
    }

    pub(super) fn first_colors(&self) -> Vec<u64> {
        self.own.iter().map(|own| mix_all(0, own)).collect()
    }

    /// Refines colors until none is divided further: down the graph, then up again. A color
    /// takes its old one in, so nodes that differ keep differing.
    pub(super) fn refine(&self, colors: &mut [u64]) {
        let mut sorted = Vec::with_capacity(colors.len());
        let mut around = Vec::new();
        let mut before = Vec::new();
        let mut distinct = count(colors, &mut sorted);
        while distinct < colors.len() {
            for node in 0..self.len() {
                self.look_at_parents(node, colors, &mut around);
                colors[node] = mix_all(colors[node], &around);
            }
            // Readers come later in every order and are settled; a partner may come earlier or
            // later, so its color is taken from before.
            before.clear();
            before.extend_from_slice(colors);
            for node in (0..self.len()).rev() {
                around.clear();
                around.extend(self.readers(node).iter().map(|reader| {
                    let partner = reader.partner.map_or(0, |node| before[node as usize]);
                    mix(mix(colors[reader.node as usize], reader.side), partner)
                }));
                around.sort_unstable();
                colors[node] = mix_all(colors[node], &around);
            }
            let now = count(colors, &mut sorted);
            if now == distinct {
                break;
            }
            distinct = now;
        }
    }

    /// The parents' colors, in order where the order counts.
    fn look_at_parents(&self, node: usize, colors: &[u64], around: &mut Vec<u64>) {
        around.clear();
        let parents = self.parents(node).iter();
        around.extend(parents.map(|parent| colors[*parent as usize]));
        self.normalize(node, around);
    }

    /// Sorts what stands for the parents of a node as far as its definition leaves their order
    /// free.
    fn normalize(&self, node: usize, around: &mut [u64]) {
        match self.definitions[node].core {
            Core::Constant(_) | Core::Difference => {}
            Core::Sum => around.sort_unstable(),
            Core::Products => {
                let (pairs, _) = around.as_chunks_mut::<2>();
                for pair in pairs.iter_mut() {
                    pair.sort_unstable();
                }
                pairs.sort_unstable();
            }
        }
    }

    /// The whole graph, node by node, under a numbering by color; all colors differ.
    pub(super) fn listing(&self, colors: &[u64]) -> Vec<u64> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_unstable_by_key(|node| colors[*node]);
        let mut numbers = vec![0_u64; self.len()];
        for (number, node) in order.iter().enumerate() {
            numbers[*node] = number as u64;
        }
        let mut listing = Vec::with_capacity(6 * self.len() + self.parents.len());
        let mut around = Vec::new();
        for node in order {
            self.look_at_parents(node, &numbers, &mut around);
            listing.extend(self.own[node]);
            listing.push(around.len() as u64);
            listing.extend(&around);
        }
        listing
    }

    /// Whether exchanging two nodes of one color leaves the graph as it is.
    pub(super) fn are_twins(&self, left: usize, right: usize) -> bool {
        let surroundings = |node: usize| {
            let mut around: Vec<u64> = self.parents(node).iter().map(|p| u64::from(*p)).collect();
            self.normalize(node, &mut around);
            let mut readers = self.readers(node).to_vec();
            readers.sort_unstable();
            (around, readers)
        };
        // Two factors of one product are each other's partners and are told apart by that, which
        // costs a needless comparison and no more.
        self.own[left] == self.own[right] && surroundings(left) == surroundings(right)
    }
}

fn own_words(definition: Definition, asked: bool, numbers: Numbers) -> [u64; 5] {
    let (core, number) = match definition.core {
        Core::Constant(value) => (0, value),
        Core::Sum => (1, 0),
        Core::Difference => (2, 0),
        Core::Products => (3, 0),
    };
    let (outer, k) = match definition.outer {
        None => (0, 0),
        Some(Outer::Plus(k)) => (1, k),
        Some(Outer::Times(k)) => (2, k),
    };
    let (number, k) = match numbers {
        Numbers::Distinct => (number.cast_unsigned(), k.cast_unsigned()),
        Numbers::Ignored => (0, 0),
    };
    [u64::from(asked), core, outer, number, k]
}

/// Mixes a word into a hash. That two colors fall together by chance does no harm: their nodes
/// are then told apart by the search.
pub(super) fn mix(hash: u64, word: u64) -> u64 {
    // The finalizer of MurmurHash3 over a sum that keeps the order.
    let mut x = hash.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ word;
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

fn mix_all(hash: u64, words: &[u64]) -> u64 {
    let start = mix(hash, words.len() as u64);
    words.iter().fold(start, |hash, word| mix(hash, *word))
}

fn count(colors: &[u64], sorted: &mut Vec<u64>) -> usize {
    sorted.clear();
    sorted.extend(colors);
    sorted.sort_unstable();
    sorted.dedup();
    sorted.len()
}
