//! Quantities that the answer does not need.
//!
//! Source: the unnecessary graph of iGSM. A distractor reads one to four others, each further one
//! with half probability. It reads either whatever there is, totals that the answer does not need
//! among it, or only distractors that do so as well.
//!
//! Deviations: how many there are and how many may read what the answer needs (one half there) are
//! settings. A total that nothing needs counts as a distractor too, and is drawn only together
//! with one that reads it, since the text would not show it otherwise.

use interplay_graph::Definition;

use crate::contexts::Context;
use crate::generation::draw::Draw;
use crate::generation::naming::Label;
use crate::generation::skeleton::Node;

use super::definitions::{Definitions, Wanted};
use super::padding::Lengths;
use super::seats::Seats;
use super::words::Words;

/// How often a distractor that may read anything reads a total that the answer does not need,
/// where there is one.
const TOTAL_SHARE: f64 = 0.2;

/// The most edges of a distractor.
const MOST_EDGES: usize = 4;

/// How many definitions are drawn for a distractor before it becomes a given number.
const PROPOSALS: usize = 8;

/// How many places are opened at once for padding.
const OPENED: usize = 8;

pub(super) struct Distractors<'a, 'b> {
    definitions: &'b mut Definitions<'a>,
    seats: &'b mut Seats,
    /// The names of the quantities so far.
    labels: &'b mut Vec<Label>,
    /// Those that read nothing that the answer needs.
    apart: Vec<usize>,
}

impl<'a, 'b> Distractors<'a, 'b> {
    pub(super) fn new(
        definitions: &'b mut Definitions<'a>,
        seats: &'b mut Seats,
        labels: &'b mut Vec<Label>,
    ) -> Self {
        for (at, label) in labels.iter().enumerate() {
            seats.seat(*label, at);
        }
        Self {
            definitions,
            seats,
            labels,
            apart: Vec::new(),
        }
    }

    /// Adds this many.
    pub(super) fn add(&mut self, count: usize, draw: &mut Draw) {
        let mut left = count;
        while left > 0 {
            let added = self.step(left, draw);
            if added == 0 {
                return;
            }
            left -= added;
        }
    }

    /// Adds distractors until all sentences together have this many tokens; fewer only
    /// where the words of the context run out.
    pub(super) fn pad(
        &mut self,
        tokens: usize,
        words: &mut Words,
        context: &Context,
        draw: &mut Draw,
    ) {
        let lengths = Lengths::new(context);
        let (mut length, mut counted) = (0, 0);
        loop {
            let names = &self.labels;
            for at in counted..names.len() {
                let name = |at: usize| words.name(names[at]);
                length += lengths.sentence(&self.definitions.nodes()[at], at, name);
            }
            counted = self.labels.len();
            if length >= tokens {
                return;
            }
            if self.seats.left() < 2 {
                let places = words.places_left().min(OPENED);
                let items = words.items();
                self.seats.open(places, items, draw);
                words.take(self.seats.places(), items, draw);
            }
            if self.step(self.seats.left().min(2), draw) == 0 {
                return;
            }
        }
    }

    /// Adds one or two of the `left` ones and says how many.
    fn step(&mut self, left: usize, draw: &mut Draw) -> usize {
        let entangled = draw.chance(self.definitions.rules.entanglement);
        if entangled && left >= 2 && draw.chance(TOTAL_SHARE) && self.total(left, draw) {
            return 2;
        }
        let node = self.node((!entangled).then_some(&self.apart), draw);
        if !entangled {
            self.apart.push(self.labels.len());
        }
        usize::from(self.seat(node, draw))
    }

    /// A distractor over all quantities, or over these.
    fn node(&self, among: Option<&Vec<usize>>, draw: &mut Draw) -> Node {
        let rules = self.definitions.rules;
        let pool = among.map_or(self.labels.len(), Vec::len);
        for _ in 0..PROPOSALS {
            let most = MOST_EDGES.min(1 + pool);
            let mut edges = 1;
            while edges < most && draw.chance(0.5) {
                edges += 1;
            }
            let constant = edges > pool || draw.chance(0.5);
            let read = (edges - usize::from(constant)).min(rules.joined);
            if read == 0 {
                break;
            }
            let parents = Definitions::distinct(read, pool, draw);
            let parents = match among {
                None => parents,
                Some(among) => parents.into_iter().map(|place| among[place]).collect(),
            };
            let around = constant && rules.constant_around;
            let node = self
                .definitions
                .combine(parents, around, rules.max_value, draw);
            if let Some(node) = node {
                return node;
            }
        }
        self.definitions.leaf(rules.max_value, draw)
    }

    /// Gives a distractor its place and item; there is none only where a context is too small.
    fn seat(&mut self, node: Node, draw: &mut Draw) -> bool {
        let Some(label) = self.seats.take(draw) else {
            return false;
        };
        self.seats.seat(label, self.labels.len());
        self.push(node, label);
        true
    }

    fn push(&mut self, node: Node, label: Label) {
        self.definitions.push(node);
        self.labels.push(label);
    }

    /// Adds a total of quantities that are there already, and a distractor that reads it.
    fn total(&mut self, left: usize, draw: &mut Draw) -> bool {
        let Some(place) = self.seats.close(left - 1, draw) else {
            return false;
        };
        let mut parents = self.seats.numbers(place).to_vec();
        draw.shuffle(&mut parents);
        let nodes = self.definitions.nodes();
        let total = Node {
            definition: Definition::sum(),
            value: parents.iter().map(|parent| nodes[*parent].value).sum(),
            parents,
        };
        let max_value = self.definitions.rules.max_value;
        if total.value <= max_value {
            let wanted = Wanted {
                edges: 1 + draw.below(2),
                reads: Some(nodes.len()),
                bound: max_value,
            };
            self.push(total, self.seats.total(place));
            let reader = self.definitions.define(wanted, draw);
            if reader.is_some_and(|reader| self.seat(reader, draw)) {
                return true;
            }
            self.definitions.pop();
            self.labels.pop();
        }
        self.seats.reopen(place);
        false
    }
}
