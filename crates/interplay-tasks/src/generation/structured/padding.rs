//! Lengths of sentences, to pad a problem to a requested length.
//!
//! Source: the long contexts of GSM-Infinite (arXiv 2502.05252), which pad a prompt to a
//! number of tokens with quantities that the answer does not need.
//!
//! Deviations: tokens are estimated by [`token_estimate`], since
//! this crate knows no tokenizer; padding is drawn like any distractor, so the share of it that reads
//! needed quantities is a setting.

use interplay_graph::{Core, Outer};

use crate::contexts::Context;
use crate::generation::naming::Label;
use crate::generation::skeleton::Node;
use crate::length::token_estimate;

/// The lengths of the words of a context.
pub(super) struct Lengths<'a> {
    context: &'a Context,
    items: Vec<usize>,
    total: usize,
    unit: usize,
}

impl<'a> Lengths<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        let items = context.items().iter();
        Self {
            context,
            items: items.map(|item| token_estimate(item)).collect(),
            total: token_estimate(context.total_noun()),
            unit: context.unit().map_or(0, token_estimate),
        }
    }

    /// The tokens of the sentence that states the quantity at `at`; none for a total.
    pub(super) fn sentence(&self, node: &Node, at: usize, name: impl Fn(usize) -> Label) -> usize {
        let own = name(at);
        if own.is_total() {
            return 0;
        }
        let operands: usize = node
            .parents
            .iter()
            .map(|parent| self.operand(name(*parent)))
            .sum();
        let outer = match node.definition.outer {
            None => 0,
            Some(Outer::Plus(_) | Outer::Times(_)) => 2,
        };
        let joining = match (node.definition.core, node.parents.len()) {
            (Core::Constant(_), _) => 1,
            // "the difference between A and B"
            (Core::Difference, _) => 4,
            (_, 0 | 1) => 0,
            // "the sum of A and B", "the sum of A, B, and C"
            (_, 2) => 4,
            (_, parents) => 3 + parents,
        };
        // "The ... equals ... ."
        self.operand(own) + 2 + outer + joining + operands
    }

    /// The tokens of a quantity where it is read, with its article.
    fn operand(&self, label: Label) -> usize {
        let place = |place: usize| token_estimate(&self.context.place(place));
        1 + match label {
            // "number of ITEM in PLACE"
            Label::Instance { item, place: at } => 3 + self.items[item] + place(at),
            // "average number of UNIT per ITEM in PLACE"
            Label::Average { item, place: at } => 5 + self.unit + self.items[item] + place(at),
            Label::Total { place: at } => self.total + 1 + place(at),
            // "total number of UNIT in PLACE"
            Label::WeightedTotal { place: at } => 4 + self.unit + place(at),
            Label::Noun(_) => 0,
        }
    }
}
