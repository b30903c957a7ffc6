//! Where categories and their bars lie along the horizontal axis.

use std::fmt::{self, Write};

use crate::escape::Escaped;
use crate::frame::{LETTER, Size};
use crate::pixel::Pixel;
use crate::wrap::{longest_part, wrapped};

/// Height of a line of a category's name.
pub(super) const LINE: f64 = 15.0;
/// The most letters of a line of a category's name.
const NAME_LETTERS: usize = 18;
/// The share of a category's width that its bars fill.
const FILLED: f64 = 0.84;
/// The widest bar.
const WIDEST: f64 = 64.0;

/// Slots of equal width, one a category, each with bars in its middle.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    /// The pixel at which the first slot begins.
    left: f64,
    /// Width of a slot.
    slot: f64,
    /// Width of a bar.
    pub(super) bar: f64,
    /// Bars side by side in a slot.
    bars: usize,
    /// The names of the categories in lines.
    names: Vec<Vec<String>>,
}

impl Columns {
    /// Columns from the pixel `left` that fill a drawing of this size, or more than that if bars
    /// would be narrower than `least`.
    pub(super) fn fit(
        size: Size,
        left: f64,
        categories: &[String],
        bars: usize,
        least: f64,
    ) -> Self {
        let bars = bars.max(1);
        let room = size.extent().0 - Self::margin(size) - left;
        let longest = categories.iter().map(|name| longest_part(name)).max();
        let longest = longest.unwrap_or(0).min(NAME_LETTERS);
        let (letter, gap) = Self::letter(size);
        let slot = (room / categories.len().max(1) as f64)
            .max(bars as f64 * least / FILLED)
            .max(longest as f64 * letter + gap);
        // Rounding must not break a name that was just given its room.
        let letters = ((slot - gap) / letter + 1e-6).floor().max(1.0) as usize;
        let names = categories.iter().map(|name| wrapped(name, letters));
        Self {
            left,
            slot,
            bar: (slot * FILLED / bars as f64).min(WIDEST),
            bars,
            names: names.collect(),
        }
    }

    /// The width of a letter of a category's name, and the least gap between two names.
    fn letter(size: Size) -> (f64, f64) {
        match size {
            Size::Wide => (LETTER, 8.0),
            // `style.css` makes the letters smaller.
            Size::Narrow => (7.0, 4.0),
        }
    }

    /// The room to the right of the last slot.
    pub(super) fn margin(size: Size) -> f64 {
        match size {
            Size::Wide => 20.0,
            Size::Narrow => 6.0,
        }
    }

    /// The pixel at which the last slot ends.
    pub(super) fn right(&self) -> f64 {
        self.left + self.slot * self.names.len().max(1) as f64
    }

    /// The pixel in the middle of a category.
    pub(super) fn middle(&self, category: usize) -> f64 {
        self.left + (category as f64 + 0.5) * self.slot
    }

    /// The pixel at which a bar of a category begins.
    pub(super) fn start(&self, category: usize, bar: usize) -> f64 {
        self.middle(category) + (bar as f64 - self.bars as f64 / 2.0) * self.bar
    }

    /// Appends the names of the categories, which end above the pixel `bottom`.
    pub(super) fn write_names(&self, bottom: f64, out: &mut impl Write) -> fmt::Result {
        let first = bottom - LINE * self.lines() as f64 + LINE * 0.7;
        for (category, lines) in self.names.iter().enumerate() {
            let x = Pixel(self.middle(category));
            for (number, line) in lines.iter().enumerate() {
                writeln!(
                    out,
                    "<text class=\"category\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                    Pixel(first + LINE * number as f64),
                    Escaped(line),
                )?;
            }
        }
        Ok(())
    }

    /// The most lines of a name.
    pub(super) fn lines(&self) -> usize {
        self.names.iter().map(Vec::len).max().unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn bars_lie_in_order_inside_their_slots() {
        for size in [Size::Wide, Size::Narrow] {
            for bars in [1, 3, 12] {
                let columns = Columns::fit(size, 50.0, &names(&["a", "b", "c"]), bars, 14.0);
                let mut end = 50.0;
                for category in 0..3 {
                    for bar in 0..bars {
                        let start = columns.start(category, bar);
                        assert!(start >= end - 1e-9, "{columns:?}");
                        end = start + columns.bar;
                    }
                    assert!(columns.bar >= 14.0 - 1e-9);
                }
                assert!(end <= columns.right());
            }
        }
    }

    #[test]
    fn few_bars_fill_the_drawing_and_many_widen_it() {
        let few = Columns::fit(Size::Narrow, 50.0, &names(&["a", "b"]), 2, 14.0);
        assert!((few.right() - 354.0).abs() < 1e-9);
        let many = Columns::fit(Size::Narrow, 50.0, &names(&["a"; 20]), 2, 14.0);
        assert!(many.right() > 360.0);
    }

    #[test]
    fn a_long_name_is_broken_and_has_room() {
        let name = "process_and_outcome of a reward";
        let columns = Columns::fit(Size::Narrow, 50.0, &names(&[name; 6]), 1, 14.0);
        assert!(columns.lines() > 1);
        for line in &columns.names[0] {
            assert!(line.chars().count() as f64 * 7.0 <= columns.slot);
            assert!(!line.contains('…'), "{line}");
        }
    }
}
