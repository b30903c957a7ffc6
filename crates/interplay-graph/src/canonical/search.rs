//! The smallest listing of a graph over all ways to distinguish nodes of one color.

use super::refine::{Net, mix};

/// The most listings of one graph that are compared; beyond it, its colors are hashed.
const MAX_LISTINGS: usize = 2_000;

/// Marks the color of a node that is singled out.
const SINGLED_OUT: u64 = 0x5173_1e0d;

/// The smallest listing under refined colors, or none if there are too many.
pub(super) fn smallest_listing(net: &Net, colors: &[u64]) -> Option<Vec<u64>> {
    let mut open = vec![colors.to_vec()];
    let mut smallest: Option<Vec<u64>> = None;
    let mut work = 0;
    while let Some(colors) = open.pop() {
        // Twins are singled out one after the other, so steps are counted by listings only.
        let cell = smallest_cell(&colors);
        if cell.is_empty() {
            work += 1;
            let listing = net.listing(&colors);
            if smallest.as_ref().is_none_or(|known| listing < *known) {
                smallest = Some(listing);
            }
        } else {
            for node in one_of_each_twins(net, &cell) {
                let mut next = colors.clone();
                next[node] = mix(next[node], SINGLED_OUT);
                net.refine(&mut next);
                open.push(next);
            }
        }
        // Every open branch gives at least one listing.
        if work + open.len() > MAX_LISTINGS {
            return None;
        }
    }
    smallest
}

/// The nodes of the color that the fewest nodes share, but more than one; the smallest of several
/// such colors. Empty if all colors differ.
fn smallest_cell(colors: &[u64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..colors.len()).collect();
    order.sort_unstable_by_key(|node| (colors[*node], *node));
    order
        .chunk_by(|left, right| colors[*left] == colors[*right])
        .filter(|cell| cell.len() > 1)
        .min_by_key(|cell| cell.len())
        .map(<[usize]>::to_vec)
        .unwrap_or_default()
}

/// One node for each class of nodes that can be exchanged freely.
fn one_of_each_twins(net: &Net, cell: &[usize]) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    for node in cell {
        if !kept.iter().any(|known| net.are_twins(*known, *node)) {
            kept.push(*node);
        }
    }
    kept
}
