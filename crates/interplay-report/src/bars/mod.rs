//! Bar plots as inline SVG: groups of bars with intervals, and stacked shares.
//!
//! Categories lie on the horizontal axis. Values are written at the bars that have room for them,
//! upright where they are narrow, and always in a table that unfolds below the plot. A plot with
//! more bars than its size can show scrolls within its frame.

mod columns;
mod series;
mod values;

use std::fmt::{self, Write};

pub use self::series::{Arrangement, BarSeries};

use self::columns::{Columns, LINE};
use self::series::Bar;
use self::values::{Labels, Unit, write_value, write_whisker};
use crate::escape::Escaped;
use crate::figure;
use crate::frame::{Frame, LETTER, Size};
use crate::look::{Look, Swatch, write_legend};
use crate::pixel::Pixel;
use crate::scale::{Axis, Scale};
use crate::table;

/// Height of the horizontal axis's label.
const X_LABEL: f64 = 26.0;
/// Height of a value above its bar.
const VALUE: f64 = 17.0;
/// The least width of a bar that has room for its value upright.
const UPRIGHT: f64 = 12.0;
/// The least width and height of a part of a stack that has room for its value.
const WITHIN: (f64, f64) = (28.0, 14.0);

/// A bar plot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BarPlot {
    /// What the plot shows.
    pub title: String,
    /// What the categories are.
    pub x_label: String,
    /// The quantity along the vertical axis, with its unit.
    pub y_label: String,
    /// Names of the categories, from left to right.
    pub categories: Vec<String>,
    /// The bars, one a category from each series.
    pub series: Vec<BarSeries>,
    /// Whether series stand side by side or on top of each other.
    pub arrangement: Arrangement,
    /// Whether values are shares, to be shown in percent.
    pub percent: bool,
    /// Range of the vertical axis, at which bars are cut, in percent if values are shown so. `None`
    /// fits zero, all bars and their intervals.
    pub y_range: Option<(f64, f64)>,
}

/// A plot laid out in one size.
struct Layout {
    frame: Frame,
    columns: Columns,
    y_axis: Axis,
    labels: Labels,
}

impl BarPlot {
    /// A plot of groups of bars, still without categories.
    #[must_use]
    pub fn new(
        title: impl Into<String>,
        x_label: impl Into<String>,
        y_label: impl Into<String>,
    ) -> Self {
        Self {
            title: title.into(),
            x_label: x_label.into(),
            y_label: y_label.into(),
            ..Self::default()
        }
    }

    /// Sets the names of the categories.
    #[must_use]
    pub fn categories(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.categories = names.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a series.
    #[must_use]
    pub fn series(self, series: BarSeries) -> Self {
        self.all_series([series])
    }

    /// Adds several series.
    #[must_use]
    pub fn all_series(mut self, series: impl IntoIterator<Item = BarSeries>) -> Self {
        self.series.extend(series);
        self
    }

    /// Stacks the series.
    #[must_use]
    pub fn stacked(mut self) -> Self {
        self.arrangement = Arrangement::Stacked;
        self
    }

    /// Shows values, which are shares, in percent.
    #[must_use]
    pub fn percent(mut self) -> Self {
        self.percent = true;
        self
    }

    /// Fixes the range of the vertical axis, in percent if values are shown so.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Appends the plot as a `<figure>`.
    pub(crate) fn write(&self, out: &mut impl Write) -> fmt::Result {
        out.write_str("<figure>\n")?;
        if !self.title.is_empty() {
            writeln!(out, "<figcaption>{}</figcaption>", Escaped(&self.title))?;
        }
        if self.series.len() > 1 {
            let names = self.series.iter().map(|series| series.name.as_str());
            write_legend(names, Swatch::Bar, out)?;
        }
        for size in [Size::Wide, Size::Narrow] {
            let layout = self.layout(size);
            // What is too wide scrolls in its frame, also by keyboard.
            let (scroll, focus) = match layout.frame.scrolls() {
                true => (" scroll", " tabindex=\"0\""),
                false => ("", ""),
            };
            writeln!(out, "<div class=\"{}{scroll}\"{focus}>", size.class())?;
            self.write_drawing(&layout, out)?;
            out.write_str("</div>\n")?;
        }
        if !self.bars().is_empty() {
            self.write_values(out)?;
        }
        out.write_str("</figure>\n")
    }

    /// Renders the plot with its title and the names of its series as an SVG file, which follows the
    /// light or dark scheme of its viewer.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let layout = self.layout(Size::Wide);
        let mut drawing = String::new();
        self.write_drawing(&layout, &mut drawing)
            .expect("writing to a string does not fail");
        let extent = (layout.frame.width, layout.frame.height);
        match self.series.len() {
            0 | 1 => figure::svg(&self.title, extent, &drawing),
            _ => {
                let names = self.series.iter().map(|series| series.name.as_str());
                figure::svg_with_legend(&self.title, names, extent, &drawing)
            }
        }
    }

    fn unit(&self) -> Unit {
        if self.percent {
            Unit::Percent
        } else {
            Unit::Plain
        }
    }

    fn bar(&self, category: usize, series: usize) -> Option<Bar> {
        let bar = self
            .series
            .get(series)?
            .bar(category, self.unit().factor())?;
        match self.arrangement {
            Arrangement::Grouped => Some(bar),
            Arrangement::Stacked => (bar.value > 0.0).then_some(Bar {
                interval: None,
                ..bar
            }),
        }
    }

    /// All bars, with the indices of their categories and series.
    fn bars(&self) -> Vec<(usize, usize, Bar)> {
        let categories = 0..self.categories.len();
        let pairs =
            categories.flat_map(|category| (0..self.series.len()).map(move |i| (category, i)));
        pairs
            .filter_map(|(category, i)| Some((category, i, self.bar(category, i)?)))
            .collect()
    }

    fn layout(&self, size: Size) -> Layout {
        // The labels of the axis do not depend on where it ends.
        let left = size.left(&self.y_axis((1.0, 0.0)));
        let side_by_side = match self.arrangement {
            Arrangement::Grouped => self.series.len(),
            Arrangement::Stacked => 1,
        };
        let least = match self.arrangement {
            Arrangement::Grouped => UPRIGHT,
            Arrangement::Stacked => WITHIN.0,
        };
        let columns = Columns::fit(size, left, &self.categories, side_by_side, least);
        let bars = self.bars();
        let unit = self.unit();
        let letters = |bar: &Bar| unit.label(bar.value).chars().count();
        let longest = bars.iter().map(|(_, _, bar)| letters(bar));
        let longest = LETTER * longest.max().unwrap_or(0) as f64;
        let (labels, room) = match self.arrangement {
            Arrangement::Stacked => (Labels::None, 0.0),
            Arrangement::Grouped if columns.bar >= longest => (Labels::Level, VALUE),
            Arrangement::Grouped => (Labels::Upright, longest + 6.0),
        };
        let (_, height) = size.extent();
        let more_lines = columns.lines().saturating_sub(1) as f64;
        let height = height + LINE * more_lines;
        let names = 10.0 + LINE * columns.lines() as f64;
        let (top, bottom) = (size.top(), height - X_LABEL - names);
        let (above, below) = self.headroom(room, bottom - top);
        let frame = Frame {
            size,
            width: columns.right() + Columns::margin(size),
            height,
            left,
            right: columns.right(),
            top: top + above,
            bottom: bottom - below,
        };
        Layout {
            y_axis: self.y_axis((frame.bottom, frame.top)),
            frame,
            columns,
            labels,
        }
    }

    /// Margins, in pixels, to leave above and below the frame so that values of this height fit
    /// beyond their bars.
    fn headroom(&self, value: f64, height: f64) -> (f64, f64) {
        let axis = self.y_axis((1.0, 0.0));
        let share = |value: f64| axis.pixel(value).map_or(0.0, |share| share.clamp(0.0, 1.0));
        // The frame is at least this high, whatever is taken from both ends.
        let height = (height - 2.0 * value).max(0.0);
        let (mut above, mut below) = (0.0_f64, 0.0_f64);
        for (_, _, bar) in self.bars() {
            let (low, high) = bar.interval.unwrap_or((bar.value, bar.value));
            if bar.value >= 0.0 {
                above = above.max(value - height * share(bar.value.max(high).max(low)));
            } else {
                let free = 1.0 - share(bar.value.min(low).min(high));
                below = below.max(value - height * free);
            }
        }
        (above, below)
    }

    fn y_axis(&self, pixels: (f64, f64)) -> Axis {
        if let Some((low, high)) = self.y_range
            && low < high
            && (high - low).is_finite()
        {
            return Axis::between((low, high), Scale::Linear, pixels, 5);
        }
        let bars = self.bars();
        let values: Vec<f64> = match self.arrangement {
            Arrangement::Grouped => bars
                .iter()
                .flat_map(|(_, _, bar)| {
                    let (low, high) = bar.interval.unwrap_or((bar.value, bar.value));
                    [bar.value, low, high]
                })
                .collect(),
            Arrangement::Stacked => (0..self.categories.len())
                .map(|category| {
                    let of_category = bars.iter().filter(|(of, _, _)| *of == category);
                    let sum: f64 = of_category.map(|(_, _, bar)| bar.value).sum();
                    // Shares that sum to one up to rounding must not ask for a mark above it.
                    (sum * 1e9).round() / 1e9
                })
                .collect(),
        };
        let values = values.into_iter().filter(|value| value.is_finite());
        Axis::over(values.chain([0.0]), Scale::Linear, pixels, 5, true)
    }

    /// Appends the coordinate system with its bars as an `<svg>`.
    fn write_drawing(&self, layout: &Layout, out: &mut impl Write) -> fmt::Result {
        let Layout { frame, y_axis, .. } = layout;
        let description = format!("{}: {} by {}", self.title, self.y_label, self.x_label);
        frame.open(&description, out)?;
        frame.write_y_axis(y_axis, &self.y_label, out)?;
        if self.bars().is_empty() {
            frame.write_no_data(out)?;
        }
        match self.arrangement {
            Arrangement::Grouped => self.write_groups(layout, out)?,
            Arrangement::Stacked => self.write_stacks(layout, out)?,
        }
        let zero = layout.height_of(0.0);
        let (left, right) = (Pixel(frame.left), Pixel(frame.right));
        writeln!(
            out,
            "<path class=\"axis\" d=\"M{left} {}H{right}\"/>",
            Pixel(zero)
        )?;
        layout.columns.write_names(frame.height - X_LABEL, out)?;
        frame.write_x_label(&self.x_label, out)?;
        out.write_str("</svg>\n")
    }

    /// Bars side by side, then intervals and values on top of them.
    fn write_groups(&self, layout: &Layout, out: &mut impl Write) -> fmt::Result {
        let columns = &layout.columns;
        // Neighbors are set apart.
        let width = if self.series.len() > 1 {
            columns.bar - 2.0
        } else {
            columns.bar
        };
        let zero = layout.height_of(0.0);
        let bars = self.bars();
        for (category, i, bar) in &bars {
            let (x, y) = (columns.start(*category, *i), layout.height_of(bar.value));
            let title = self.title_of(*category, *i, *bar);
            let corner = (x + (columns.bar - width) / 2.0, y.min(zero));
            Look(*i).write_bar(corner, (width, (y - zero).abs()), &title, out)?;
        }
        for (category, i, bar) in &bars {
            let x = columns.start(*category, *i) + columns.bar / 2.0;
            let value = layout.height_of(bar.value);
            let ends = bar
                .interval
                .map(|(low, high)| (layout.height_of(low), layout.height_of(high)));
            if let Some(ends) = ends {
                write_whisker(x, ends, (width * 0.5).min(10.0), out)?;
            }
            // A value stands beyond both its bar and its interval.
            let (low, high) = ends.unwrap_or((value, value));
            let up = bar.value >= 0.0;
            let y = if up {
                value.min(low).min(high)
            } else {
                value.max(low).max(high)
            };
            write_value(
                layout.labels,
                &self.unit().label(bar.value),
                (x, y),
                up,
                out,
            )?;
        }
        Ok(())
    }

    /// Bars on top of each other, with the values for which there is room in them.
    fn write_stacks(&self, layout: &Layout, out: &mut impl Write) -> fmt::Result {
        let columns = &layout.columns;
        let mut values = String::new();
        for category in 0..self.categories.len() {
            let x = columns.start(category, 0);
            let mut sum = 0.0;
            for i in 0..self.series.len() {
                let Some(bar) = self.bar(category, i) else {
                    continue;
                };
                let (low, high) = (layout.height_of(sum), layout.height_of(sum + bar.value));
                sum += bar.value;
                let title = self.title_of(category, i, bar);
                Look(i).write_bar((x, high), (columns.bar, low - high), &title, out)?;
                let text = self.unit().short_label(bar.value);
                let color = Look(i).color();
                let width = LETTER * text.chars().count() as f64 + 4.0;
                if low - high >= WITHIN.1 && columns.bar >= width {
                    writeln!(
                        values,
                        "<text class=\"within s{color} t{color}\" x=\"{}\" y=\"{}\" dy=\".35em\" \
                         text-anchor=\"middle\">{text}</text>",
                        Pixel(columns.middle(category)),
                        Pixel((low + high) / 2.0),
                    )?;
                }
            }
        }
        out.write_str(&values)
    }

    /// What a bar says on hovering.
    fn title_of(&self, category: usize, series: usize, bar: Bar) -> String {
        let name = &self.series[series].name;
        let value = self.unit().with_interval(bar);
        format!("{name}, {}: {value}", self.categories[category])
    }

    /// All values as a table that unfolds.
    fn write_values(&self, out: &mut impl Write) -> fmt::Result {
        let first = match self.x_label.as_str() {
            "" => "category",
            label => label,
        };
        let names = self.series.iter().map(|series| series.name.clone());
        let columns: Vec<String> = [first.to_owned()].into_iter().chain(names).collect();
        let row = |category: usize| {
            let cell = |i| {
                self.bar(category, i)
                    .map(|bar| self.unit().with_interval(bar))
            };
            let cells = (0..self.series.len()).map(|i| cell(i).unwrap_or_default());
            [self.categories[category].clone()]
                .into_iter()
                .chain(cells)
                .collect()
        };
        let rows: Vec<Vec<String>> = (0..self.categories.len()).map(row).collect();
        out.write_str("<details><summary>Values</summary>\n")?;
        table::write(&columns, &rows, out)?;
        out.write_str("</details>\n")
    }
}

impl Layout {
    /// The pixel of a value, cut at the frame.
    fn height_of(&self, value: f64) -> f64 {
        let Frame { top, bottom, .. } = self.frame;
        let y = self.y_axis.pixel(value.clamp(-1e300, 1e300));
        y.map_or(bottom, |y| y.clamp(top, bottom))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The drawing for wide screens, without its legend, and the rest.
    fn html(plot: &BarPlot) -> (String, String) {
        let mut out = String::new();
        plot.write(&mut out).unwrap();
        let (_, after) = out.split_once("<div class=\"wide").unwrap();
        let (wide, rest) = after.split_once("<div class=\"narrow").unwrap();
        (wide.to_owned(), rest.to_owned())
    }

    fn attribute(element: &str, name: &str) -> f64 {
        let (_, after) = element.split_once(&format!(" {name}=\"")).unwrap();
        after.split('"').next().unwrap().parse().unwrap()
    }

    fn bars(svg: &str) -> Vec<&str> {
        let parts = svg.split("<rect class=\"bar").skip(1);
        parts
            .map(|part| part.split("</rect>").next().unwrap())
            .collect()
    }

    fn accuracy() -> BarPlot {
        let split = |name: &str, values: [f64; 3]| {
            BarSeries::new(name, values).intervals(values.map(|v| (v - 0.05, v + 0.05)))
        };
        BarPlot::new("Accuracy <by> beta", "beta", "verified")
            .categories(["0", "0.5", "1"])
            .all_series([
                split("id", [0.8, 0.7, 0.6]),
                split("edge & co", [0.1, 0.4, 0.2]),
            ])
            .percent()
    }

    #[test]
    fn bars_stand_on_the_axis_with_whiskers_and_values() {
        let (wide, rest) = html(&accuracy());
        let bars = bars(&wide);
        assert_eq!(bars.len(), 6);
        assert_eq!(wide.matches("class=\"whisker\"").count(), 6);
        let ends: Vec<f64> = bars
            .iter()
            .map(|bar| attribute(bar, "y") + attribute(bar, "height"))
            .collect();
        assert!(
            ends.iter().all(|end| (end - ends[0]).abs() < 0.11),
            "{ends:?}"
        );
        let heights: Vec<f64> = bars.iter().map(|bar| attribute(bar, "height")).collect();
        assert!((heights[0] / heights[1] - 8.0).abs() < 0.1, "{heights:?}");
        for value in ["80", "70", "60", "10", "40", "20"] {
            assert!(
                wide.contains(&format!("text-anchor=\"middle\">{value}</text>")),
                "{value}"
            );
        }
        assert!(bars[1].contains("<title>edge &amp; co, 0: 10 [5, 15]</title>"));
        assert!(
            rest.contains("<summary>Values</summary>")
                && rest.contains("<td class=\"n\">40 [35, 45]")
        );
    }

    #[test]
    fn stacked_shares_fill_the_axis() {
        let share = |name: &str, share: f64| BarSeries::new(name, [share, 1.0 - share]);
        let plot = BarPlot::new("Errors", "reward", "share")
            .categories(["strict", "outcome"])
            .all_series([share("wrong value", 0.7), share("missing", 0.3)])
            .stacked();
        let (wide, _) = html(&plot);
        let bars = bars(&wide);
        assert_eq!(bars.len(), 4);
        for stack in bars.chunks(2) {
            let (lower, upper) = (stack[0], stack[1]);
            let end = attribute(upper, "y") + attribute(upper, "height");
            assert!((attribute(lower, "y") - end).abs() < 0.11);
            assert!((attribute(upper, "y") - Size::Wide.top()).abs() < 0.11);
        }
        assert!(wide.contains(">0.7</text>") && !wide.contains("whisker"));
    }

    #[test]
    fn narrow_bars_have_upright_values_and_too_many_scroll() {
        let names: Vec<String> = (0..12).map(|i| format!("0.{i}")).collect();
        let series = (0..3).map(|i| BarSeries::new(format!("{i}"), [0.123; 12]));
        let plot = BarPlot::new("", "", "")
            .categories(names)
            .all_series(series);
        let (wide, rest) = html(&plot);
        assert!(wide.starts_with("\">"));
        assert_eq!(wide.matches("rotate(-90)\" dy").count(), 36);
        assert!(rest.starts_with(" scroll\" tabindex=\"0\">") && rest.contains("min-width:"));
    }

    #[test]
    fn odd_values_never_reach_the_output() {
        let odd = [f64::NAN, f64::INFINITY, -0.5, 1e300, -1e300];
        let ends = odd.map(|value| (value, -value));
        for arrangement in [Arrangement::Grouped, Arrangement::Stacked] {
            let plot = BarPlot {
                categories: vec![String::new(); 7],
                series: vec![BarSeries::new("a", odd).intervals(ends); 2],
                arrangement,
                ..BarPlot::default()
            };
            let (wide, rest) = html(&plot);
            let all = wide + &rest;
            assert!(!all.contains("NaN") && !all.contains("inf"), "{all}");
        }
        let empty = html(&BarPlot::default());
        assert!(empty.0.contains("no data") && !empty.1.contains("<details>"));
    }

    #[test]
    fn negative_bars_hang_from_zero() {
        let plot = BarPlot::new("", "", "points")
            .categories(["a", "b"])
            .series(BarSeries::new("gain", [2.0, -1.0]));
        let (wide, _) = html(&plot);
        let bars = bars(&wide);
        let zero = attribute(bars[0], "y") + attribute(bars[0], "height");
        assert!((attribute(bars[1], "y") - zero).abs() < 0.11);
        assert!(wide.contains(">−1</text>"));
    }

    #[test]
    fn values_stay_inside_the_drawing() {
        for (values, letters) in [([1.0, -1.0], 2.0), ([0.31, 0.0], 4.0), ([-0.9, -0.2], 4.0)] {
            for count in [1, 12] {
                let series = (0..count).map(|i| BarSeries::new(format!("{i}"), values));
                let plot = BarPlot::new("", "", "")
                    .categories(["a", "b"])
                    .all_series(series);
                let layout = plot.layout(Size::Narrow);
                let label = match layout.labels {
                    Labels::Upright => 5.0 + letters * LETTER,
                    _ => VALUE,
                };
                let ends = values.map(|value| layout.height_of(value));
                let top = ends.into_iter().fold(f64::INFINITY, f64::min);
                let bottom = ends.into_iter().fold(0.0, f64::max);
                assert!(
                    values[0] < 0.0 || top - label >= Size::Narrow.top() - 0.1,
                    "{values:?}"
                );
                let names = layout.frame.height - X_LABEL - LINE - 10.0;
                assert!(
                    values[1] >= 0.0 || bottom + label <= names + 0.1,
                    "{values:?}"
                );
            }
        }
    }

    #[test]
    fn a_fixed_range_cuts_bars() {
        let plot = BarPlot::new("", "", "")
            .categories(["a"])
            .series(BarSeries::new("b", [0.9]))
            .percent()
            .y_range(0.0, 50.0);
        let (wide, _) = html(&plot);
        let bar = bars(&wide)[0];
        let frame = plot.layout(Size::Wide).frame;
        assert!((attribute(bar, "height") - (frame.bottom - frame.top)).abs() < 0.11);
        assert!(wide.contains(">90</text>"));
    }
}
