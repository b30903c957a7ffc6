//! The names of quantities in a context.
//!
//! Source: instance quantities (`adult fox in Palm Terrace`, and with a third layer `average
//! number of cubs per adult fox in Palm Terrace`) and abstract quantities (the totals of a place)
//! of iGSM and GSM-Infinite. Terse: every quantity is one noun.

use crate::contexts::Context;
use crate::generation::draw::Draw;

/// The name of a quantity, as indices into the word lists of its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    /// The number of an item in a place.
    Instance { item: usize, place: usize },
    /// The average number of the unit per item, in a third layer.
    Average { item: usize, place: usize },
    /// The number of items in a place.
    Total { place: usize },
    /// The number of the unit in a place: the sum over its items of number times average.
    WeightedTotal { place: usize },
    /// A noun of the terse dialect.
    Noun(usize),
}

impl Label {
    pub(crate) fn text(self, context: &Context) -> String {
        match self {
            Self::Instance { item, place } => context.instance(item, place),
            Self::Average { item, place } => context.average(item, place),
            Self::Total { place } => context.total(place),
            Self::WeightedTotal { place } => context.weighted_total(place),
            Self::Noun(noun) => context.terse()[noun].clone(),
        }
    }

    /// The place it is about.
    pub(crate) fn place(self) -> Option<usize> {
        match self {
            Self::Instance { place, .. }
            | Self::Average { place, .. }
            | Self::Total { place }
            | Self::WeightedTotal { place } => Some(place),
            Self::Noun(_) => None,
        }
    }

    /// Whether its definition follows from the structure and is not stated.
    pub(crate) fn is_total(self) -> bool {
        matches!(self, Self::Total { .. } | Self::WeightedTotal { .. })
    }
}

/// A noun for each of `quantities` quantities, among the first `nouns` of the context.
pub(crate) fn nouns(quantities: usize, nouns: usize, draw: &mut Draw) -> Vec<Label> {
    let mut order: Vec<usize> = (0..nouns).collect();
    draw.choose_front(&mut order, quantities);
    order.truncate(quantities);
    order.into_iter().map(Label::Noun).collect()
}
