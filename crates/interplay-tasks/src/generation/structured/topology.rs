//! The order of the needed quantities, and what each must read so that all lead to the target.
//!
//! Source: necessary graph 2 of iGSM. Quantities are put in front of one another, the target last
//! of all: next comes one that something behind it reads, with all its readers placed. Where there
//! is none, the instance just placed is made to read one; now and then it is anyway.
//!
//! Deviations: totals are preferred by a fixed factor instead of a random one of the same mean.

use crate::generation::draw::Draw;

use super::plan::Plan;

/// How often an instance is taken where a total would be.
const INSTANCE_SHARE: f64 = 0.36;

pub(super) struct Topology {
    /// Quantities of the plan, each after what it reads; the target is the last.
    pub order: Vec<usize>,
    /// What an instance must read.
    pub reads: Vec<Option<usize>>,
}

impl Topology {
    pub(super) fn draw(plan: &Plan, draw: &mut Draw) -> Self {
        let count = plan.labels.len();
        let mut front = Front::new(plan);
        let mut topology = Self {
            order: Vec::with_capacity(count),
            reads: vec![None; count],
        };
        let mut next = front.unread.any(draw);
        while let Some(node) = next {
            front.place(node, &plan.members[node]);
            topology.order.push(node);
            let instance = plan.members[node].is_empty();
            let read = if front.unplaced.is_empty() {
                None
            } else if front.read.is_empty() {
                // A total has just made its items read, so this is an instance.
                front.unread.prefer_totals(plan, draw)
            } else if instance && draw.unit() < draw.unit() {
                front.unplaced.prefer_totals(plan, draw)
            } else {
                None
            };
            if let Some(read) = read {
                front.link(read);
                topology.reads[node] = Some(read);
            }
            next = front.read.any(draw);
        }
        topology.order.reverse();
        topology
    }
}

/// What may be placed next.
struct Front {
    unplaced: Bag,
    /// Unplaced, all readers placed, at least one.
    read: Bag,
    /// Unplaced, without readers.
    unread: Bag,
}

impl Front {
    fn new(plan: &Plan) -> Self {
        let count = plan.labels.len();
        let mut front = Self {
            unplaced: Bag::new(count),
            read: Bag::new(count),
            unread: Bag::new(count),
        };
        for node in 0..count {
            front.unplaced.put(node);
            if plan.total_of[node].is_none() {
                front.unread.put(node);
            }
        }
        front
    }

    fn place(&mut self, node: usize, members: &std::ops::Range<usize>) {
        for bag in [&mut self.unplaced, &mut self.read, &mut self.unread] {
            bag.remove(node);
        }
        for member in members.clone() {
            self.read.put(member);
        }
    }

    /// Notes that something placed reads the quantity. An item of an unplaced total has to wait
    /// for that total.
    fn link(&mut self, node: usize) {
        if self.unread.remove(node) {
            self.read.put(node);
        }
    }
}

/// A set with random draws and removal, both in constant time.
struct Bag {
    items: Vec<usize>,
    positions: Vec<usize>,
}

/// The position of an item that is not in the bag.
const OUTSIDE: usize = usize::MAX;

impl Bag {
    fn new(count: usize) -> Self {
        Self {
            items: Vec::with_capacity(count),
            positions: vec![OUTSIDE; count],
        }
    }

    fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    fn put(&mut self, item: usize) {
        self.positions[item] = self.items.len();
        self.items.push(item);
    }

    /// Whether it was there.
    fn remove(&mut self, item: usize) -> bool {
        let position = std::mem::replace(&mut self.positions[item], OUTSIDE);
        if position == OUTSIDE {
            return false;
        }
        self.items.swap_remove(position);
        if let Some(moved) = self.items.get(position) {
            self.positions[*moved] = position;
        }
        true
    }

    fn any(&self, draw: &mut Draw) -> Option<usize> {
        (!self.is_empty()).then(|| self.items[draw.below(self.items.len())])
    }

    fn prefer_totals(&self, plan: &Plan, draw: &mut Draw) -> Option<usize> {
        let mut taken = self.any(draw)?;
        for _ in 0..3 {
            if !plan.members[taken].is_empty() || draw.chance(INSTANCE_SHARE) {
                break;
            }
            taken = self.any(draw)?;
        }
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{draw, request, spec};
    use super::*;
    use crate::contexts::ContextLibrary;
    use crate::generation::structured::rules::StructuredRules;

    #[test]
    fn every_quantity_but_the_target_has_a_later_reader() {
        let context = ContextLibrary::embedded().get("school").unwrap();
        let spec = spec();
        let rules = StructuredRules::new(&spec);
        for index in 0..300 {
            let mut draw = draw(index);
            let request = request(1 + index as usize % 50, index % 3 == 0);
            let plan = Plan::draw(&rules, request, &context, &mut draw);
            let topology = Topology::draw(&plan, &mut draw);
            let mut place = vec![None; plan.labels.len()];
            for (at, quantity) in topology.order.iter().enumerate() {
                assert!(place[*quantity].replace(at).is_none());
            }
            let mut read = vec![false; plan.labels.len()];
            for quantity in &topology.order {
                let members = plan.members[*quantity].clone();
                for parent in members.chain(topology.reads[*quantity]) {
                    assert!(place[parent] < place[*quantity]);
                    read[parent] = true;
                }
            }
            let unread = read.iter().filter(|read| !**read).count();
            assert_eq!(unread, 1);
        }
    }

    #[test]
    fn a_bag_forgets_what_is_removed() {
        let mut bag = Bag::new(4);
        (0..4).for_each(|item| bag.put(item));
        assert!(bag.remove(1) && bag.remove(3) && !bag.remove(1));
        let mut draw = draw(0);
        for _ in 0..50 {
            assert!(matches!(bag.any(&mut draw), Some(0 | 2)));
        }
        assert!(bag.remove(0) && bag.remove(2));
        assert_eq!(bag.any(&mut draw), None);
    }
}
