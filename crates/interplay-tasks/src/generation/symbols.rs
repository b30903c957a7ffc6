//! The symbols of prose solutions: random single letters, then pairs of letters.
//!
//! Source: the published solutions use one letter a symbol. Deviations: beyond 52 symbols, pairs
//! such as `Qa` follow, where the published generator stops.

use std::fmt;

use interplay_graph::{Core, Quantity};

use super::draw::Draw;
use crate::spec::MAX_OP;

/// One or two letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Symbol([u8; 2]);

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Write::write_char(f, char::from(self.0[0]))?;
        if self.0[1] == 0 {
            Ok(())
        } else {
            fmt::Write::write_char(f, char::from(self.0[1]))
        }
    }
}

/// How many symbols there are. Every edge needs at most one.
pub(crate) const AVAILABLE: usize = 52 + 26 * 26;
const _: () = assert!(MAX_OP as usize <= AVAILABLE);

/// `count` different symbols in random order, single letters first; at most [`AVAILABLE`].
pub(crate) fn draw_symbols(count: usize, draw: &mut Draw) -> Vec<Symbol> {
    let mut letters: Vec<Symbol> = (b'a'..=b'z')
        .chain(b'A'..=b'Z')
        .map(|letter| Symbol([letter, 0]))
        .collect();
    draw.choose_front(&mut letters, count);
    if count > letters.len() {
        // An upper-case first letter keeps pairs apart from words such as `so` and `as`.
        let mut pairs: Vec<Symbol> = (b'A'..=b'Z')
            .flat_map(|first| (b'a'..=b'z').map(move |second| Symbol([first, second])))
            .collect();
        draw.choose_front(&mut pairs, count - letters.len());
        letters.extend(pairs);
    }
    letters.truncate(count);
    letters
}

/// As [`draw_symbols`], with `x` for the quantity at `unknown` and for nothing else.
pub(crate) fn draw_symbols_around(unknown: usize, count: usize, draw: &mut Draw) -> Vec<Symbol> {
    const X: Symbol = Symbol([b'x', 0]);
    let mut symbols = draw_symbols(AVAILABLE.min(count + 1), draw);
    symbols.retain(|symbol| *symbol != X);
    symbols.truncate(count - 1);
    symbols.insert(unknown, X);
    symbols
}

/// How many symbols of intermediate results a step needs.
pub(crate) fn intermediates(quantity: &Quantity) -> usize {
    let outer = usize::from(quantity.definition.outer.is_some());
    let operands = match (quantity.definition.core, quantity.parents().len()) {
        (Core::Products, 2) => return outer,
        (Core::Products, parents) => return parents - 2 + outer,
        (_, parents) => parents,
    };
    match operands {
        0 => 0,
        1 => outer,
        parents => parents - 2 + outer,
    }
}

/// The letters from `a` on, for texts written by hand.
#[cfg(test)]
pub(crate) fn letters(count: u8) -> Vec<Symbol> {
    (0..count)
        .map(|letter| Symbol([b'a' + letter, 0]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use interplay_graph::SeedStreams;

    #[test]
    fn symbols_differ_and_start_with_single_letters() {
        let mut draw = Draw::new(SeedStreams::new(1).stream("symbols").rng(0));
        let symbols = draw_symbols(AVAILABLE, &mut draw);
        let distinct: std::collections::BTreeSet<_> = symbols.iter().collect();
        assert_eq!(distinct.len(), AVAILABLE);
        assert!(
            symbols[..52]
                .iter()
                .all(|symbol| symbol.to_string().len() == 1)
        );
        assert_eq!(draw_symbols(3, &mut draw).len(), 3);
    }

    #[test]
    fn x_is_the_unknown_and_nothing_else() {
        let mut draw = Draw::new(SeedStreams::new(1).stream("symbols").rng(0));
        for count in [2, 30, 52, 60, AVAILABLE] {
            let symbols = draw_symbols_around(1, count, &mut draw);
            let distinct: std::collections::BTreeSet<_> = symbols.iter().collect();
            assert_eq!((symbols.len(), distinct.len()), (count, count));
            assert_eq!(symbols[1].to_string(), "x");
        }
    }
}
