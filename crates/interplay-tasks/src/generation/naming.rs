//! The names of quantities in a context.
//!
//! Source: instance quantities (`adult fox in Palm Terrace`, and with a third layer `average
//! number of cubs per adult fox in Palm Terrace`) and abstract quantities (the totals of a place)
//! of iGSM and GSM-Infinite. Terse: every quantity is one noun.

use crate::contexts::Context;
use crate::generation::draw::Draw;

/// The name of a quantity, as places in the word lists of its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    /// How many of an item a place has.
    Instance { item: usize, place: usize },
    /// How many of the unit each of these items has, in a third layer.
    Average { item: usize, place: usize },
    /// How many items a place has.
    Total { place: usize },
    /// How many of the unit a place has: the sum over its items of number times average.
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

    /// The place that it is about.
    pub(crate) fn place(self) -> Option<usize> {
        match self {
            Self::Instance { place, .. }
            | Self::Average { place, .. }
            | Self::Total { place }
            | Self::WeightedTotal { place } => Some(place),
            Self::Noun(_) => None,
        }
    }

    /// Whether the problem leaves its definition to the structure.
    pub(crate) fn is_total(self) -> bool {
        matches!(self, Self::Total { .. } | Self::WeightedTotal { .. })
    }
}

/// One noun for each of so many quantities, from the first `nouns` of the context.
pub(crate) fn nouns(quantities: usize, nouns: usize, draw: &mut Draw) -> Vec<Label> {
    let mut order: Vec<usize> = (0..nouns).collect();
    draw.choose_front(&mut order, quantities);
    order.truncate(quantities);
    order.into_iter().map(Label::Noun).collect()
}
