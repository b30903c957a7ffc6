//! Chooses the quantities of a problem: places with their items, and the totals that the answer needs.
//!
//! Source: the structure graph and necessary graph 1 of iGSM. The number of edges that totals
//! take is drawn as there, as the larger of two draws from half of op; so are the instances beyond
//! the items of those totals. Sizes of totals follow the published data: one third sum one item,
//! half sum two, the rest three or four.
//!
//! Op is exact because a total of k items takes k edges, an instance takes at least one, and there are
//! enough instances for the remaining edges to fit into their definitions in any order.

use std::ops::Range;

use crate::contexts::Context;
use crate::generation::draw::Draw;
use crate::generation::naming::Label;

use super::rules::{Request, StructuredRules};
use super::seats::Seats;
use super::words::Words;

/// How often a total sums one, two, three or four items.
const SIZES: [f64; 4] = [0.33, 0.47, 0.17, 0.03];

/// How often a total of the third layer sums products, where it may.
const PRODUCT_SHARE: f64 = 0.4;

/// How many totals of a problem may sum products. What they sum has to be small, which leaves
/// little room in a long problem.
const MOST_PRODUCTS: usize = 2;

/// The needed quantities of a problem; places and items do not have their words yet.
pub(super) struct Plan {
    pub labels: Vec<Label>,
    /// What a total sums; empty for instances. The parents of products come in pairs.
    pub members: Vec<Range<usize>>,
    /// The total that sums an instance.
    pub total_of: Vec<Option<usize>>,
    /// How many edges instances take beyond one each.
    pub spare: usize,
    pub seats: Seats,
    pub words: Words,
    items: usize,
}

impl Plan {
    pub(super) fn draw(
        rules: &StructuredRules<'_>,
        request: Request,
        context: &Context,
        draw: &mut Draw,
    ) -> Self {
        let op = request.op;
        let (all_items, all_places) = (context.items().len(), context.places().len());
        let totals = Totals::draw(rules, request, all_items, all_places / 2, draw);
        let left = op - totals.edges;
        let least = rules.fewest(totals.edges, left);
        let most = least.max(op.div_ceil(2)).min(left);
        let span = most - least + 1;
        let instances = least + draw.below(span).min(draw.below(span));
        let loose = instances - totals.edges;
        let free = loose + request.distractors;
        // Few kinds of items that come back in several places, as in the published structures.
        let items = (totals.widest().max(2) + draw.below(3))
            .max(free.div_ceil(all_places - totals.sizes.len()))
            .min(all_items);
        let mut plan = Self {
            labels: Vec::with_capacity(instances + totals.sizes.len() + request.distractors),
            members: Vec::with_capacity(instances + totals.sizes.len()),
            total_of: Vec::with_capacity(instances + totals.sizes.len()),
            spare: left - instances,
            seats: Seats::new(request, totals.sizes.len()),
            words: Words::new(context, request.min_tokens.is_some()),
            items,
        };
        for (place, total) in totals.sizes.iter().enumerate() {
            plan.total(place, *total, request.third_layer, draw);
        }
        let spread = free.div_ceil(items);
        let most = all_places - totals.sizes.len();
        let places = (spread + draw.below(1 + free - spread)).min(most);
        plan.seats.open(places, items, draw);
        plan.words.take(plan.seats.places(), items, draw);
        for _ in 0..loose {
            if let Some(label) = plan.seats.take(draw) {
                plan.push(label, 0..0, None);
            }
        }
        plan
    }

    fn push(&mut self, label: Label, members: Range<usize>, total_of: Option<usize>) {
        self.labels.push(label);
        self.members.push(members);
        self.total_of.push(total_of);
    }

    /// Adds a place with its items and its total.
    fn total(&mut self, place: usize, total: Size, third_layer: bool, draw: &mut Draw) {
        let mut kinds: Vec<usize> = (0..self.items).collect();
        draw.choose_front(&mut kinds, total.items);
        let first = self.labels.len();
        let last = first + total.edges();
        for item in kinds.into_iter().take(total.items) {
            self.push(Label::Instance { item, place }, 0..0, Some(last));
            let average = Label::Average { item, place };
            if total.products {
                self.push(average, 0..0, Some(last));
            } else if third_layer {
                self.seats.offer(average);
            }
        }
        let label = if total.products {
            Label::WeightedTotal { place }
        } else {
            Label::Total { place }
        };
        self.push(label, first..last, None);
    }
}

/// How large a total is.
#[derive(Debug, Clone, Copy)]
struct Size {
    items: usize,
    products: bool,
}

impl Size {
    fn edges(self) -> usize {
        if self.products {
            2 * self.items
        } else {
            self.items
        }
    }
}

/// The totals that the answer needs.
struct Totals {
    sizes: Vec<Size>,
    edges: usize,
}

impl Totals {
    fn draw(
        rules: &StructuredRules<'_>,
        request: Request,
        items: usize,
        most: usize,
        draw: &mut Draw,
    ) -> Self {
        // Every item of a total is an instance that takes an edge of its own.
        let half = request.op / 2;
        let mut budget = draw.below(half) + 1;
        if !request.third_layer {
            budget = budget.max(draw.below(half) + 1);
        }
        let budget = budget.min(half);
        // Many edges take larger totals, since places are limited; small values smaller ones.
        let scale = half.div_ceil(2 * most.max(1)).max(1);
        let widest = items.min(usize::try_from(rules.max_value / 4).unwrap_or(items));
        let mut totals = Self {
            sizes: Vec::new(),
            edges: 0,
        };
        let mut products = if request.third_layer && request.products {
            MOST_PRODUCTS
        } else {
            0
        };
        while totals.edges < budget && totals.sizes.len() < most {
            let base = 1 + draw.weighted(&SIZES).unwrap_or(0);
            let mut size = Size {
                items: (base * scale - draw.below(scale)).min(widest),
                products: products > 0 && draw.chance(PRODUCT_SHARE),
            };
            let left = budget - totals.edges;
            size.products &= left >= 2;
            if size.edges() > left {
                size.items = if size.products { left / 2 } else { left };
            }
            products -= usize::from(size.products);
            totals.edges += size.edges();
            totals.sizes.push(size);
        }
        totals
    }

    fn widest(&self) -> usize {
        self.sizes.iter().map(|size| size.items).max().unwrap_or(0)
    }
}
