//! Room for quantities in the places whose total the answer does not need.
//!
//! Deviations: the published structures define every item of every place; here the items that are
//! not taken stay out of the problem. So that a total is always the sum of what the text says of
//! its place, a place gets no further items once its total is read, and an average stands without
//! its number only in places without a total.

use crate::generation::draw::Draw;
use crate::generation::naming::Label;

use super::rules::Request;

/// The items of places whose total is not needed: room for loose instances and distractors.
pub(super) struct Seats {
    third_layer: bool,
    /// How many places have needed totals; the others follow.
    totals: usize,
    /// The items of each other place that are still without a quantity.
    orders: Vec<Vec<usize>>,
    /// The numbers in each other place, as indices of nodes.
    numbers: Vec<Vec<usize>>,
    /// The other places whose total is read, so that no item may be added.
    closed: Vec<bool>,
    /// Quantities whose counterpart, number or average of the same item, is taken already.
    halves: Vec<Label>,
}

impl Seats {
    pub(super) fn new(request: Request, totals: usize) -> Self {
        Self {
            third_layer: request.third_layer,
            totals,
            orders: Vec::new(),
            numbers: Vec::new(),
            closed: Vec::new(),
            halves: Vec::new(),
        }
    }

    /// Opens `places` more places, each with the first `items` items free.
    pub(super) fn open(&mut self, places: usize, items: usize, draw: &mut Draw) {
        for _ in 0..places {
            let mut order: Vec<usize> = (0..items).collect();
            draw.shuffle(&mut order);
            self.orders.push(order);
            self.numbers.push(Vec::new());
            self.closed.push(false);
        }
    }

    /// The number of places, including those of needed totals.
    pub(super) fn places(&self) -> usize {
        self.totals + self.orders.len()
    }

    /// Makes room for a quantity whose item has its number.
    pub(super) fn offer(&mut self, average: Label) {
        self.halves.push(average);
    }

    /// How many more quantities there is room for.
    pub(super) fn left(&self) -> usize {
        let orders = self.orders.iter().zip(&self.closed);
        let free: usize = orders
            .filter(|(_, closed)| !**closed)
            .map(|(order, _)| order.len())
            .sum();
        free + self.halves.len()
    }

    /// The next quantity, in some place with room.
    pub(super) fn take(&mut self, draw: &mut Draw) -> Option<Label> {
        let count = self.orders.len();
        let start = draw.below(count);
        let room = (0..count)
            .map(|step| (start + step) % count)
            .find(|place| !self.closed[*place] && !self.orders[*place].is_empty());
        let half = self.third_layer && !self.halves.is_empty();
        if half && (room.is_none() || draw.chance(0.5)) {
            let place = draw.below(self.halves.len());
            return Some(self.halves.swap_remove(place));
        }
        let at = room?;
        let item = self.orders[at].pop()?;
        let place = self.totals + at;
        let number = Label::Instance { item, place };
        if !self.third_layer {
            return Some(number);
        }
        let average = Label::Average { item, place };
        let (taken, other) = if draw.chance(0.5) {
            (number, average)
        } else {
            (average, number)
        };
        self.halves.push(other);
        Some(taken)
    }

    /// The numbers in a place.
    pub(super) fn numbers(&self, at: usize) -> &[usize] {
        &self.numbers[at]
    }

    /// Records that the quantity with this label is node `at`.
    pub(super) fn seat(&mut self, label: Label, at: usize) {
        if let Label::Instance { place, .. } = label
            && let Some(numbers) = place
                .checked_sub(self.totals)
                .and_then(|free| self.numbers.get_mut(free))
        {
            numbers.push(at);
        }
    }

    /// Closes a place, so that its total may be read, if `needed` more quantities find room elsewhere.
    /// Every average in it must have its number, so that the total is well defined.
    pub(super) fn close(&mut self, needed: usize, draw: &mut Draw) -> Option<usize> {
        let count = self.orders.len();
        let start = draw.below(count);
        let at = (0..count)
            .map(|step| (start + step) % count)
            .find(|at| self.may_close(*at))?;
        self.closed[at] = true;
        if self.left() < needed {
            self.closed[at] = false;
            return None;
        }
        Some(at)
    }

    fn may_close(&self, at: usize) -> bool {
        let waits = |half: &Label| matches!(half, Label::Instance { place, .. } if *place == self.totals + at);
        !self.closed[at] && !self.numbers[at].is_empty() && !self.halves.iter().any(waits)
    }

    /// Undoes [`Seats::close`].
    pub(super) fn reopen(&mut self, at: usize) {
        self.closed[at] = false;
    }

    /// The name of the total of a place.
    pub(super) fn total(&self, at: usize) -> Label {
        Label::Total {
            place: self.totals + at,
        }
    }
}
