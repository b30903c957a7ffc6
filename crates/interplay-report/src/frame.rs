//! The frame of a plot, once for wide screens and once for phones.
//!
//! A drawing that is shrunk to a phone's width cannot be read, so a plot is drawn twice, and
//! `style.css` shows the one that fits the screen. The narrow drawing has fewer marks, the label of
//! its vertical axis above it, and letters of the same size.

use std::fmt::{self, Write};

use crate::escape::Escaped;
use crate::pixel::Pixel;
use crate::scale::Axis;
use crate::wrap::shortened;

/// The usual width of a letter of 13 pixels, rounded up.
pub(crate) const LETTER: f64 = 7.6;
/// The most letters of an axis label.
const LABEL_LETTERS: usize = 46;

/// For which screens a plot is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// 880 units wide, which is the width of a page's text in pixels.
    Wide,
    /// 360 units wide.
    Narrow,
}

/// The ends of the axes in a drawing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Frame {
    pub size: Size,
    pub width: f64,
    pub height: f64,
    pub left: f64,
    pub right: f64,
    pub top: f64,
    pub bottom: f64,
}

impl Size {
    /// Width and height of a drawing.
    pub(crate) fn extent(self) -> (f64, f64) {
        match self {
            Self::Wide => (880.0, 360.0),
            Self::Narrow => (360.0, 300.0),
        }
    }

    /// Where the frame begins below the upper end of the drawing.
    pub(crate) fn top(self) -> f64 {
        match self {
            Self::Wide => 14.0,
            Self::Narrow => 36.0,
        }
    }

    /// Where the frame begins, to the right of the labels of a vertical axis.
    pub(crate) fn left(self, y_axis: &Axis) -> f64 {
        let letters = y_axis
            .ticks
            .marks
            .iter()
            .map(|(_, label)| label.chars().count());
        let labels = 12.0 + LETTER * letters.max().unwrap_or(0) as f64;
        match self {
            Self::Wide => (labels + 24.0).max(74.0),
            Self::Narrow => labels.max(34.0),
        }
    }

    /// Its class on a page.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Wide => "wide",
            Self::Narrow => "narrow",
        }
    }
}

impl Frame {
    /// Opens the drawing, with a description for those who cannot see it.
    pub(crate) fn open(&self, description: &str, out: &mut impl Write) -> fmt::Result {
        let (width, height) = (Pixel(self.width), Pixel(self.height));
        write!(
            out,
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\"",
            Escaped(description),
        )?;
        if self.scrolls() {
            write!(out, " style=\"min-width:{width}px\"")?;
        }
        out.write_str(">\n")
    }

    /// Whether the drawing is too wide for the screens it is for.
    pub(crate) fn scrolls(&self) -> bool {
        // A drawing that fills its size exactly may exceed it by rounding.
        self.width > self.size.extent().0 + 0.5
    }

    /// Appends the grid, the marks and the label of a vertical axis.
    pub(crate) fn write_y_axis(
        &self,
        axis: &Axis,
        label: &str,
        out: &mut impl Write,
    ) -> fmt::Result {
        let (left, right) = (Pixel(self.left), Pixel(self.right));
        for (value, mark) in &axis.ticks.marks {
            let Some(y) = axis.pixel(*value).map(Pixel) else {
                continue;
            };
            writeln!(
                out,
                "<path class=\"grid\" d=\"M{left} {y}H{right}\"/><text x=\"{}\" y=\"{y}\" \
                 dy=\".35em\" text-anchor=\"end\">{mark}</text>",
                Pixel(self.left - 8.0),
            )?;
        }
        let label = shortened(label, LABEL_LETTERS);
        let label = Escaped(&label);
        match self.size {
            Size::Wide => writeln!(
                out,
                "<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">{label}\
                 </text>",
                Pixel((self.top + self.bottom) / 2.0),
            ),
            Size::Narrow => writeln!(out, "<text x=\"2\" y=\"13\">{label}</text>"),
        }
    }

    /// Appends the label of the horizontal axis, at the lower end of the drawing.
    pub(crate) fn write_x_label(&self, label: &str, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            Pixel((self.left + self.right) / 2.0),
            Pixel(self.height - 8.0),
            Escaped(&shortened(label, LABEL_LETTERS)),
        )
    }

    /// Says that nothing can be shown.
    pub(crate) fn write_no_data(&self, out: &mut impl Write) -> fmt::Result {
        writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">no data</text>",
            Pixel((self.left + self.right) / 2.0),
            Pixel((self.top + self.bottom) / 2.0),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scale::Scale;

    fn axis(values: [f64; 2]) -> Axis {
        Axis::over(values.into_iter(), Scale::Linear, (1.0, 0.0), 5, true)
    }

    #[test]
    fn the_labels_of_the_vertical_axis_have_room() {
        for values in [[0.0, 1.0], [0.0, 1e-9], [-2000.0, 9000.0], [0.0, 3e12]] {
            let axis = axis(values);
            for size in [Size::Wide, Size::Narrow] {
                for (_, label) in &axis.ticks.marks {
                    let width = LETTER * label.chars().count() as f64;
                    assert!(size.left(&axis) - 8.0 >= width, "{label}");
                }
            }
        }
    }

    #[test]
    fn only_a_drawing_that_is_too_wide_scrolls() {
        let frame = |width| Frame {
            size: Size::Narrow,
            width,
            height: 300.0,
            left: 40.0,
            right: width - 10.0,
            top: 36.0,
            bottom: 250.0,
        };
        let mut out = String::new();
        frame(360.0).open("a \"b\"", &mut out).unwrap();
        assert!(out.contains("a &quot;b&quot;") && !out.contains("min-width"));
        frame(500.0).open("", &mut out).unwrap();
        assert!(out.contains("min-width:500px"));
    }
}
