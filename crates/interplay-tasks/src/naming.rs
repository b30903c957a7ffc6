//! Gives the quantities of a skeleton their names in a context.
//!
//! Source: instance quantities (`adult fox in Palm Terrace`) and abstract quantities (the total
//! of a place) of iGSM and GSM-Infinite.
//!
//! Prose: a total follows from the structure, so the problem does not state it, and it sums all
//! instances of its place. So a quantity may become a total only if it is a plain sum, and its
//! operands then are exactly the instances of that place.
//!
//! Terse: every quantity gets one noun, and every definition is stated.

use interplay_graph::Core;

use crate::Context;
use crate::draw::Draw;
use crate::skeleton::Skeleton;

/// The name of a quantity, as places in the word lists of its context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    Instance { item: usize, place: usize },
    Total { place: usize },
    Noun(usize),
}

impl Label {
    pub(crate) fn text(self, context: &Context) -> String {
        match self {
            Self::Instance { item, place } => context.instance(item, place),
            Self::Total { place } => context.total(place),
            Self::Noun(noun) => context.terse()[noun].clone(),
        }
    }
}

/// How often a sum that could be the total of a place becomes one.
const TOTAL_SHARE: f64 = 0.7;

/// One noun for each quantity, from the first `nouns` of the context.
pub(crate) fn nouns(skeleton: &Skeleton, nouns: usize, draw: &mut Draw) -> Vec<Label> {
    let mut order: Vec<usize> = (0..nouns).collect();
    draw.choose_front(&mut order, skeleton.nodes.len());
    order[..skeleton.nodes.len()]
        .iter()
        .map(|noun| Label::Noun(*noun))
        .collect()
}

/// A place and an item, or the total of a place, for each quantity.
pub(crate) fn places(skeleton: &Skeleton, context: &Context, draw: &mut Draw) -> Vec<Label> {
    let nodes = &skeleton.nodes;
    let (all_items, all_places) = (context.items().len(), context.places().len());
    // Places that must stay free of totals so that all other instances find room.
    let reserved = nodes.len().div_ceil(all_items);
    let groups = Groups::draw(
        skeleton,
        all_items,
        all_places.saturating_sub(reserved),
        draw,
    );
    let free = groups
        .group
        .iter()
        .filter(|group| **group == Group::Free)
        .count();
    let left = all_places - groups.totals;
    // Few kinds of items that come back in several places, as in the published structures.
    let items = (groups.widest.max(2) + draw.below(3))
        .max(free.div_ceil(left))
        .min(all_items);
    let spare = free.div_ceil(items);
    let extra = (spare + draw.below(1 + free - spare.min(free))).min(left);
    let mut places: Vec<usize> = (0..all_places).collect();
    draw.choose_front(&mut places, groups.totals + extra);
    let mut kinds: Vec<usize> = (0..all_items).collect();
    draw.choose_front(&mut kinds, items);
    let mut seats = Seats::new(items, groups.totals + extra, draw);
    let label = |group: &Group| match group {
        Group::Total(place) => Label::Total {
            place: places[*place],
        },
        Group::Member(place) => Label::Instance {
            item: kinds[seats.take(*place)],
            place: places[*place],
        },
        Group::Free => {
            let place = seats.any_place(groups.totals, draw);
            Label::Instance {
                item: kinds[seats.take(place)],
                place: places[place],
            }
        }
    };
    groups.group.iter().map(label).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    Free,
    Member(usize),
    Total(usize),
}

/// Which quantities are totals, and which are the instances that they sum.
struct Groups {
    group: Vec<Group>,
    totals: usize,
    widest: usize,
}

impl Groups {
    fn draw(skeleton: &Skeleton, items: usize, most: usize, draw: &mut Draw) -> Self {
        let nodes = &skeleton.nodes;
        // An unnecessary total that nothing reads would not appear in the text at all.
        let mut seen: Vec<bool> = (0..nodes.len())
            .map(|node| node < skeleton.necessary)
            .collect();
        for parent in nodes.iter().flat_map(|node| &node.parents) {
            seen[*parent] = true;
        }
        let mut groups = Self {
            group: vec![Group::Free; nodes.len()],
            totals: 0,
            widest: 0,
        };
        let mut order: Vec<usize> = (0..nodes.len()).collect();
        draw.shuffle(&mut order);
        for place in order {
            let node = &nodes[place];
            let plain = node.definition.core == Core::Sum && node.definition.outer.is_none();
            let fits = plain && seen[place] && node.parents.len() <= items && groups.totals < most;
            let free = |place: &usize| groups.group[*place] == Group::Free;
            if fits && free(&place) && node.parents.iter().all(free) && draw.chance(TOTAL_SHARE) {
                groups.group[place] = Group::Total(groups.totals);
                for parent in &node.parents {
                    groups.group[*parent] = Group::Member(groups.totals);
                }
                groups.widest = groups.widest.max(node.parents.len());
                groups.totals += 1;
            }
        }
        groups
    }
}

/// Which items of which place are still without a quantity.
struct Seats {
    orders: Vec<Vec<usize>>,
}

impl Seats {
    fn new(items: usize, places: usize, draw: &mut Draw) -> Self {
        let order = |_| {
            let mut order: Vec<usize> = (0..items).collect();
            draw.shuffle(&mut order);
            order
        };
        Self {
            orders: (0..places).map(order).collect(),
        }
    }

    fn take(&mut self, place: usize) -> usize {
        self.orders[place]
            .pop()
            .expect("places are planned with room for all their instances")
    }

    /// A place with room among those from `first` on.
    fn any_place(&self, first: usize, draw: &mut Draw) -> usize {
        let count = self.orders.len() - first;
        let start = draw.below(count);
        (0..count)
            .map(|step| first + (start + step) % count)
            .find(|place| !self.orders[*place].is_empty())
            .expect("places are planned with room for all their instances")
    }
}
