//! Assigns words of the context to the places and items of a problem.

use crate::contexts::Context;
use crate::generation::draw::Draw;
use crate::generation::naming::Label;

/// Places and items of a problem, as indices into the word lists of its context.
pub(super) struct Words {
    places: Vec<usize>,
    items: Vec<usize>,
    /// How many of each are drawn.
    taken: (usize, usize),
    /// How many places have a word of their own; those with a district prefix follow.
    plain: usize,
}

impl Words {
    /// The words of a context; with districts only if problems are `long`.
    pub(super) fn new(context: &Context, long: bool) -> Self {
        let places = if long {
            context.all_places()
        } else {
            context.places().len()
        };
        Self {
            places: (0..places).collect(),
            items: (0..context.items().len()).collect(),
            taken: (0, 0),
            plain: context.places().len(),
        }
    }

    /// Draws words until there are this many places and items, or the context has no more. Earlier words
    /// are kept.
    pub(super) fn take(&mut self, places: usize, items: usize, draw: &mut Draw) {
        let plain = places.min(self.plain);
        if self.taken.0 < plain {
            let rest = &mut self.places[self.taken.0..self.plain];
            draw.choose_front(rest, plain - self.taken.0);
        }
        let first = self.taken.0.max(plain);
        if first < places {
            draw.choose_front(&mut self.places[first..], places - first);
        }
        let rest = &mut self.items[self.taken.1..];
        draw.choose_front(rest, items.saturating_sub(self.taken.1));
        self.taken = (places.max(self.taken.0), items.max(self.taken.1));
    }

    /// How many places are left.
    pub(super) fn places_left(&self) -> usize {
        self.places.len() - self.taken.0
    }

    pub(super) fn items(&self) -> usize {
        self.items.len()
    }

    /// A name of the problem in the words of the context.
    pub(super) fn name(&self, label: Label) -> Label {
        match label {
            Label::Instance { item, place } => Label::Instance {
                item: self.items[item],
                place: self.places[place],
            },
            Label::Average { item, place } => Label::Average {
                item: self.items[item],
                place: self.places[place],
            },
            Label::Total { place } => Label::Total {
                place: self.places[place],
            },
            Label::WeightedTotal { place } => Label::WeightedTotal {
                place: self.places[place],
            },
            Label::Noun(noun) => Label::Noun(noun),
        }
    }
}
