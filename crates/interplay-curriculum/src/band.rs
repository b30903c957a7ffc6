//! The band: which cells are practiced, given where each lies.
//!
//! Source: arXiv 2512.07783, section 5. By op, the band moves: cells enter when they are at the edge
//! and leave when they are known not to be.

use std::collections::{BTreeMap, BTreeSet};

use crate::Competence;
use crate::state::Cell;

type Cells = BTreeMap<u64, Cell>;
type Band = BTreeSet<u64>;

/// The problems at the edge; possibly none.
pub(crate) fn problems(cells: &Cells) -> Band {
    at(cells, Competence::Edge).collect()
}

/// The ops at the edge and those of the last band about which nothing is known for sure; where there
/// are none, the op that is nearest to the edge.
pub(crate) fn ops(cells: &Cells, last: &Band) -> Band {
    let undecided = last
        .iter()
        .copied()
        .filter(|op| competence(cells, *op) == Competence::Uncertain);
    let band: Band = at(cells, Competence::Edge).chain(undecided).collect();
    match band.is_empty() {
        true => nearest(cells, last).into_iter().collect(),
        false => band,
    }
}

/// The op just above the mastered ones, unless it is out of reach; then the hardest mastered one.
/// Where none is mastered, the next easier op than the last band.
fn nearest(cells: &Cells, last: &Band) -> Option<u64> {
    let within_reach = |op: &u64| competence(cells, *op) != Competence::Beyond;
    if let Some(top) = at(cells, Competence::Mastered).max() {
        return above(cells, top).filter(within_reach).or(Some(top));
    }
    let lowest = last.first().copied();
    let easier = lowest.and_then(|lowest| {
        let below = cells.range(..lowest).rev().map(|(op, _)| *op);
        below.into_iter().find(within_reach)
    });
    easier.or_else(|| cells.keys().next().copied()).or(lowest)
}

/// The ops beside the band that show whether it should move: the next harder one that is not
/// mastered, and the next easier one if it is uncertain.
pub(crate) fn explorers(cells: &Cells, band: &Band) -> Band {
    let outside = |op: &u64| !band.contains(op);
    let mut explorers = Band::new();
    for op in band {
        let mut harder = cells.range(op + 1..);
        let next = harder.find(|(_, cell)| cell.competence != Competence::Mastered);
        explorers.extend(next.map(|(op, _)| *op).filter(outside));
        let easier = cells.range(..op).next_back();
        let uncertain = easier.filter(|(_, cell)| cell.competence == Competence::Uncertain);
        explorers.extend(uncertain.map(|(op, _)| *op).filter(outside));
    }
    explorers
}

fn above(cells: &Cells, op: u64) -> Option<u64> {
    cells.range(op + 1..).next().map(|(op, _)| *op)
}

fn at(cells: &Cells, competence: Competence) -> impl Iterator<Item = u64> + '_ {
    let there = cells
        .iter()
        .filter(move |(_, cell)| cell.competence == competence);
    there.map(|(op, _)| *op)
}

fn competence(cells: &Cells, op: u64) -> Competence {
    cells
        .get(&op)
        .map_or(Competence::Uncertain, |cell| cell.competence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Competence::{Beyond, Edge, Mastered, Uncertain};

    fn cells(classes: &[(u64, Competence)]) -> Cells {
        let cell = |competence| Cell {
            competence,
            ..Cell::default()
        };
        classes
            .iter()
            .map(|(op, competence)| (*op, cell(*competence)))
            .collect()
    }

    fn band(classes: &[(u64, Competence)], last: &[u64]) -> Vec<u64> {
        let last = last.iter().copied().collect();
        ops(&cells(classes), &last).into_iter().collect()
    }

    #[test]
    fn the_band_is_the_edge_and_what_is_undecided_of_the_last_one() {
        let classes = [
            (2, Mastered),
            (3, Uncertain),
            (4, Edge),
            (5, Uncertain),
            (6, Beyond),
        ];
        assert_eq!(band(&classes, &[3, 4]), [3, 4]);
        assert_eq!(band(&classes, &[2, 6]), [4]);
    }

    #[test]
    fn without_an_edge_the_nearest_op_is_practiced() {
        assert_eq!(
            band(&[(4, Mastered), (5, Uncertain), (6, Uncertain)], &[4]),
            [5]
        );
        assert_eq!(band(&[(4, Mastered), (5, Beyond)], &[4]), [4]);
        assert_eq!(band(&[(4, Mastered), (5, Mastered)], &[4]), [5]);
        assert_eq!(
            band(&[(4, Uncertain), (5, Uncertain), (6, Beyond)], &[6]),
            [5]
        );
        assert_eq!(band(&[(4, Beyond), (5, Beyond)], &[5]), [4]);
    }

    #[test]
    fn neighbors_of_the_band_are_explored() {
        let explored = |classes: &[(u64, Competence)], last: &[u64]| {
            let last = last.iter().copied().collect();
            Vec::from_iter(explorers(&cells(classes), &last))
        };
        let classes = [
            (3, Uncertain),
            (4, Uncertain),
            (5, Edge),
            (6, Beyond),
            (7, Uncertain),
        ];
        assert_eq!(explored(&classes, &[5]), [4, 6]);
        let classes = [(4, Mastered), (5, Edge), (6, Mastered), (7, Beyond)];
        assert_eq!(explored(&classes, &[5]), [7]);
        assert!(explored(&[(4, Mastered), (5, Edge)], &[5]).is_empty());
    }
}
