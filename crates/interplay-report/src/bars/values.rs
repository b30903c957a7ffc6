//! Values at bars, their intervals, and how both are written.

use std::fmt::{self, Write};

use super::series::Bar;
use crate::pixel::Pixel;
use crate::ticks::significant;

/// How values are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Plain,
    Percent,
}

/// How values are written at bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Labels {
    Level,
    Upright,
    None,
}

impl Unit {
    /// By what values are multiplied before they are drawn.
    pub(super) fn factor(self) -> f64 {
        match self {
            Self::Plain => 1.0,
            Self::Percent => 100.0,
        }
    }

    /// A value as it stands at a bar: one decimal of a percentage, or three digits.
    pub(super) fn label(self, value: f64) -> String {
        if self == Self::Plain {
            return significant(value, 3);
        }
        let tenths = (value * 10.0).round() / 10.0 + 0.0;
        significant(tenths, if tenths.abs() < 10.0 { 2 } else { 3 })
    }

    /// A value as it stands in a bar, where there is less room.
    pub(super) fn short_label(self, value: f64) -> String {
        match self {
            Self::Plain => significant(value, 2),
            Self::Percent => significant(value.round(), 3),
        }
    }

    /// A value with its interval.
    pub(super) fn with_interval(self, bar: Bar) -> String {
        let value = self.label(bar.value);
        match bar.interval {
            Some((low, high)) => format!("{value} [{}, {}]", self.label(low), self.label(high)),
            None => value,
        }
    }
}

/// An interval as a vertical line with ends, over a broader one of the page's color.
pub(super) fn write_whisker(
    x: f64,
    (low, high): (f64, f64),
    width: f64,
    out: &mut impl Write,
) -> fmt::Result {
    let (left, middle) = (Pixel(x - width / 2.0), Pixel(x));
    let (low, high, width) = (Pixel(low), Pixel(high), Pixel(width));
    for class in ["halo", "whisker"] {
        writeln!(
            out,
            "<path class=\"{class}\" d=\"M{left} {high}h{width}M{middle} {high}V{low}M{left} \
             {low}h{width}\"/>"
        )?;
    }
    Ok(())
}

/// A value that ends below the pixel `y` if it points up, or begins above it.
pub(super) fn write_value(
    labels: Labels,
    text: &str,
    (x, y): (f64, f64),
    up: bool,
    out: &mut impl Write,
) -> fmt::Result {
    match labels {
        Labels::None => Ok(()),
        Labels::Level => {
            let y = if up { y - 5.0 } else { y + 15.0 };
            let (x, y) = (Pixel(x), Pixel(y));
            writeln!(
                out,
                "<text class=\"value\" x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">{text}</text>"
            )
        }
        Labels::Upright => {
            let (y, anchor) = if up {
                (y - 5.0, "start")
            } else {
                (y + 5.0, "end")
            };
            let (x, y) = (Pixel(x), Pixel(y));
            writeln!(
                out,
                "<text class=\"value\" transform=\"translate({x} {y}) rotate(-90)\" \
                 dy=\".35em\" text-anchor=\"{anchor}\">{text}</text>"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_have_one_decimal() {
        let labels = [0.0, 0.04, 4.13, 41.26, 99.96, -6.1].map(|v| Unit::Percent.label(v));
        assert_eq!(labels, ["0", "0", "4.1", "41.3", "100", "−6.1"]);
        assert_eq!(Unit::Percent.short_label(41.26), "41");
        assert_eq!(Unit::Plain.label(0.4126), "0.413");
        assert_eq!(Unit::Plain.short_label(0.4126), "0.41");
    }

    #[test]
    fn a_value_has_its_interval_in_brackets() {
        let bar = |interval| Bar {
            value: 1.5,
            interval,
        };
        assert_eq!(
            Unit::Plain.with_interval(bar(Some((1.0, 2.25)))),
            "1.5 [1, 2.25]"
        );
        assert_eq!(Unit::Plain.with_interval(bar(None)), "1.5");
    }
}
