//! How the series of a plot are told apart.
//!
//! Six colors repeat, five shapes of markers repeat, and a line's dashes and the filling of its
//! markers change with every round of shapes. Twenty lines therefore differ without color, and
//! thirty with it. Bars repeat their colors with a hatching.
//!
//! The colors of `drawing.css` were searched for by simulated annealing in Oklab: they are as far
//! apart as possible for normal vision and under the simulated protanopia, deuteranopia and
//! tritanopia of Machado, Oliveira and Fernandes (2009), at a contrast of at least 3 to the page.

use std::fmt::{self, Write};

use crate::escape::Escaped;
use crate::pixel::Pixel;

const COLORS: usize = 6;
const DASHES: usize = 4;
/// Circle, square, triangle, diamond and inverted triangle, as paths around the current point.
const SHAPES: [&str; 5] = [
    "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "m-3.6 -3.6h7.2v7.2h-7.2z",
    "m0 -5l4.6 8h-9.2z",
    "m0 -5.2l4.8 5.2l-4.8 5.2l-4.8 -5.2z",
    "m0 5l4.6 -8h-9.2z",
];
/// Distance between the stripes of a hatching.
const STRIPES: f64 = 7.0;

/// The look of the series with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Look(pub usize);

/// What stands for a series in a legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swatch {
    /// A stretch of its line with a marker.
    Line,
    /// A piece of its bars.
    Bar,
}

impl Look {
    /// The number of its color.
    pub(crate) fn color(self) -> usize {
        self.0 % COLORS
    }

    /// The number of its dashes; 0 is a solid line.
    pub(crate) fn dash(self) -> usize {
        self.0 / SHAPES.len() % DASHES
    }

    fn shape(self) -> usize {
        self.0 % SHAPES.len()
    }

    fn hollow(self) -> bool {
        self.0 / SHAPES.len() % 2 == 1
    }

    fn hatched(self) -> bool {
        self.0 / COLORS % 2 == 1
    }

    /// Appends a marker, with a text to show on hovering unless it is empty.
    pub(crate) fn write_marker(
        self,
        (x, y): (f64, f64),
        title: &str,
        out: &mut impl Write,
    ) -> fmt::Result {
        let (kind, paint) = if self.hollow() {
            ("hollow", 's')
        } else {
            ("dot", 'f')
        };
        write!(
            out,
            "<path class=\"{kind} {paint}{}\" d=\"M{} {}{}\">",
            self.color(),
            Pixel(x),
            Pixel(y),
            SHAPES[self.shape()],
        )?;
        if !title.is_empty() {
            write!(out, "<title>{}</title>", Escaped(title))?;
        }
        out.write_str("</path>\n")
    }

    /// Appends a bar from its upper left corner, with a text to show on hovering unless it is
    /// empty.
    pub(crate) fn write_bar(
        self,
        (x, y): (f64, f64),
        (width, height): (f64, f64),
        title: &str,
        out: &mut impl Write,
    ) -> fmt::Result {
        write!(
            out,
            "<rect class=\"bar f{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">",
            self.color(),
            Pixel(x),
            Pixel(y),
            Pixel(width),
            Pixel(height),
        )?;
        if !title.is_empty() {
            write!(out, "<title>{}</title>", Escaped(title))?;
        }
        out.write_str("</rect>\n")?;
        if self.hatched() {
            write_hatching((x, y), (width, height), out)?;
        }
        Ok(())
    }
}

/// Stripes across a box, from its lower left to its upper right.
fn write_hatching(
    (x, y): (f64, f64),
    (width, height): (f64, f64),
    out: &mut impl Write,
) -> fmt::Result {
    let stripes = ((width + height) / STRIPES).clamp(0.0, 1e4) as usize;
    if stripes == 0 {
        return Ok(());
    }
    out.write_str("<path class=\"hatch\" d=\"")?;
    for stripe in 1..=stripes {
        // A stripe is where the distances from the left and from the top sum to this.
        let sum = stripe as f64 * STRIPES;
        write!(
            out,
            "M{} {}L{} {}",
            Pixel(x + (sum - height).max(0.0)),
            Pixel(y + sum.min(height)),
            Pixel(x + sum.min(width)),
            Pixel(y + (sum - width).max(0.0)),
        )?;
    }
    out.write_str("\"/>\n")
}

/// Appends a legend, which wraps where it does not fit in a line.
pub(crate) fn write_legend<'a>(
    names: impl Iterator<Item = &'a str>,
    swatch: Swatch,
    out: &mut impl Write,
) -> fmt::Result {
    out.write_str("<ul class=\"legend\">")?;
    for (number, name) in names.enumerate() {
        let look = Look(number);
        out.write_str("<li><svg width=\"34\" height=\"14\" aria-hidden=\"true\">")?;
        match swatch {
            Swatch::Line => {
                let (color, dash) = (look.color(), look.dash());
                write!(out, "<path class=\"line s{color} d{dash}\" d=\"M1 7H33\"/>")?;
                look.write_marker((17.0, 7.0), "", out)?;
            }
            Swatch::Bar => look.write_bar((3.0, 0.0), (28.0, 14.0), "", out)?,
        }
        write!(out, "</svg><span>{}</span></li>", Escaped(name))?;
    }
    out.write_str("</ul>\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn twenty_lines_differ_without_color() {
        let looks: BTreeSet<_> = (0..20)
            .map(|number| (Look(number).dash(), Look(number).shape()))
            .collect();
        assert_eq!(looks.len(), 20);
        let markers: BTreeSet<_> = (0..10)
            .map(|number| (Look(number).shape(), Look(number).hollow()))
            .collect();
        assert_eq!(markers.len(), 10);
    }

    #[test]
    fn twelve_bars_differ() {
        let looks: BTreeSet<_> = (0..12)
            .map(|number| (Look(number).color(), Look(number).hatched()))
            .collect();
        assert_eq!(looks.len(), 12);
    }

    #[test]
    fn stripes_stay_inside_their_box() {
        let mut out = String::new();
        write_hatching((100.0, 50.0), (20.0, 10.0), &mut out).unwrap();
        let path = out.split('"').nth(3).unwrap();
        let points: Vec<f64> = path
            .split(['M', 'L', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().unwrap())
            .collect();
        assert_eq!(points.len(), 16, "{path}");
        for point in points.chunks(2) {
            assert!((100.0..=120.0).contains(&point[0]), "{path}");
            assert!((50.0..=60.0).contains(&point[1]), "{path}");
        }
    }
}
