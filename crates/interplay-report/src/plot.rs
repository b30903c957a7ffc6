//! Line plots as inline SVG.
//!
//! Drawn at 880 by 360 units, which is their size in pixels on a page of full width. Colors are
//! CSS classes, so that a plot follows the page's light or dark scheme; they are darkened and
//! lightened forms of the hues of Okabe and Ito (2008), which people with a color vision deficiency can
//! tell apart. From the seventh line on, colors repeat with dashes.

use std::fmt::{self, Write};

use crate::escape::Escaped;
use crate::figure;
use crate::scale::{Axis, Scale};
use crate::thin;
use crate::ticks::readable;

const WIDTH: f64 = 880.0;
const HEIGHT: f64 = 360.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = HEIGHT - 50.0;
const LEFT: f64 = 74.0;
/// How far lines may be drawn beyond the frame, so that a line on its edge keeps its width.
const BLEED: f64 = 4.0;
/// The least distance between two line labels.
const LABEL_HEIGHT: f64 = 16.0;
/// Lines with at most this many points show each of them.
const DOTS_UP_TO: usize = 40;
/// How many pairs of points a long line keeps.
const BUCKETS: usize = 400;
/// The most letters of a line label; the legend has the whole name.
const LABEL_LETTERS: usize = 22;
const COLORS: usize = 6;
const DASHES: usize = 4;

/// A line plot.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinePlot {
    /// What the plot shows.
    pub title: String,
    /// The quantity along the horizontal axis, with its unit.
    pub x_label: String,
    /// The quantity along the vertical axis, with its unit.
    pub y_label: String,
    /// Spacing of the horizontal axis.
    pub x_scale: Scale,
    /// Range of the vertical axis, at which lines are clipped. `None` fits all lines and bands.
    pub y_range: Option<(f64, f64)>,
    /// The lines.
    pub series: Vec<Series>,
}

/// A line with an optional band.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series {
    /// Label in the legend and at the end of the line.
    pub name: String,
    /// Points from left to right. A point that is not finite breaks the line.
    pub points: Vec<(f64, f64)>,
    /// Lower and upper end of the band at each point, for example a confidence interval.
    pub band: Option<Vec<(f64, f64)>>,
}

/// A point of a line, in pixels.
#[derive(Debug, Clone, Copy)]
struct Dot {
    x: f64,
    y: f64,
    /// The point's own values.
    value: (f64, f64),
    /// Pixels of the band's ends.
    band: Option<(f64, f64)>,
}

/// A line ready to be drawn: unbroken runs of points.
struct Line<'a> {
    name: &'a str,
    runs: Vec<Vec<Dot>>,
    color: usize,
    dash: usize,
}

impl LinePlot {
    /// A plot without lines, on linear axes.
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

    /// Spaces the horizontal axis by powers of two.
    #[must_use]
    pub fn log2(mut self) -> Self {
        self.x_scale = Scale::Log2;
        self
    }

    /// Fixes the range of the vertical axis.
    #[must_use]
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y_range = Some((low, high));
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn series(self, series: Series) -> Self {
        self.all_series([series])
    }

    /// Adds several lines.
    #[must_use]
    pub fn all_series(mut self, series: impl IntoIterator<Item = Series>) -> Self {
        self.series.extend(series);
        self
    }

    /// Appends the plot as a `<figure>`.
    pub(crate) fn write(&self, out: &mut impl Write) -> fmt::Result {
        out.write_str("<figure>\n")?;
        if !self.title.is_empty() {
            writeln!(out, "<figcaption>{}</figcaption>", Escaped(&self.title))?;
        }
        if self.series.len() > 1 {
            self.write_legend(out)?;
        }
        self.write_drawing(out)?;
        out.write_str("</figure>\n")
    }

    /// Renders the plot with its title as an SVG file, which follows the light or dark scheme of
    /// its viewer. Each line is named where it ends.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut drawing = String::new();
        let inner = self.write_drawing(&mut drawing);
        inner.expect("writing to a string does not fail");
        figure::svg(&self.title, (WIDTH, HEIGHT), &drawing)
    }

    /// Appends the coordinate system with its lines as an `<svg>`.
    fn write_drawing(&self, out: &mut impl Write) -> fmt::Result {
        let named = self.series.len() > 1;
        let right = WIDTH - if named { self.label_width() } else { 16.0 };
        let (x_axis, y_axis) = self.axes(right);
        let lines = self.lines(&x_axis, &y_axis);
        writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
             role=\"img\" aria-label=\"{}: {} over {}\">",
            Escaped(&self.title),
            Escaped(&self.y_label),
            Escaped(&self.x_label),
        )?;
        self.write_axes(&x_axis, &y_axis, right, out)?;
        if lines.iter().all(|line| line.runs.is_empty()) {
            let (x, y) = ((LEFT + right) / 2.0, (TOP + BOTTOM) / 2.0);
            writeln!(
                out,
                "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">no data</text>"
            )?;
        }
        write_lines(&lines, right, out)?;
        self.write_dots(&lines, &y_axis, out)?;
        if named {
            write_labels(&lines, right, out)?;
        }
        out.write_str("</svg>\n")
    }

    /// The room that line labels need to the right of the frame.
    fn label_width(&self) -> f64 {
        let letters = self
            .series
            .iter()
            .map(|line| short(&line.name).chars().count());
        24.0 + 7.6 * letters.max().unwrap_or(0) as f64
    }

    fn axes(&self, right: f64) -> (Axis, Axis) {
        let x_values = self
            .series
            .iter()
            .flat_map(|line| line.points.iter().map(|point| point.0));
        let x_axis = Axis::over(x_values, self.x_scale, (LEFT, right), 8, false);
        let pixels = (BOTTOM, TOP);
        let y_axis = match self.y_range {
            Some((low, high)) if low < high && (high - low).is_finite() => {
                Axis::between((low, high), Scale::Linear, pixels, 5)
            }
            _ => {
                let y_values = self.series.iter().flat_map(|line| {
                    let bands = line
                        .band
                        .iter()
                        .flatten()
                        .flat_map(|&(low, high)| [low, high]);
                    line.points.iter().map(|point| point.1).chain(bands)
                });
                Axis::over(y_values, Scale::Linear, pixels, 5, true)
            }
        };
        (x_axis, y_axis)
    }

    fn lines(&self, x_axis: &Axis, y_axis: &Axis) -> Vec<Line<'_>> {
        let numbered = self.series.iter().enumerate();
        numbered
            .map(|(number, series)| Line {
                name: &series.name,
                runs: series.runs(x_axis, y_axis),
                color: number % COLORS,
                dash: number / COLORS % DASHES,
            })
            .collect()
    }

    fn write_legend(&self, out: &mut impl Write) -> fmt::Result {
        out.write_str("<ul class=\"legend\">")?;
        for (number, series) in self.series.iter().enumerate() {
            let (color, dash) = (number % COLORS, number / COLORS % DASHES);
            write!(
                out,
                "<li><svg width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\"line \
                 s{color} d{dash}\" d=\"M1 5H25\"/></svg>{}</li>",
                Escaped(&series.name)
            )?;
        }
        out.write_str("</ul>\n")
    }

    fn write_axes(
        &self,
        x_axis: &Axis,
        y_axis: &Axis,
        right: f64,
        out: &mut impl Write,
    ) -> fmt::Result {
        for (value, label) in &y_axis.ticks.marks {
            let Some(y) = y_axis.pixel(*value).map(Pixel) else {
                continue;
            };
            writeln!(
                out,
                "<path class=\"grid\" d=\"M{LEFT} {y}H{}\"/><text x=\"{}\" y=\"{y}\" dy=\".35em\" \
                 text-anchor=\"end\">{label}</text>",
                Pixel(right),
                LEFT - 10.0,
            )?;
        }
        for (value, label) in &x_axis.ticks.marks {
            let Some(x) = x_axis.pixel(*value).map(Pixel) else {
                continue;
            };
            writeln!(
                out,
                "<path class=\"axis\" d=\"M{x} {BOTTOM}v5\"/><text x=\"{x}\" y=\"{}\" \
                 text-anchor=\"middle\">{label}</text>",
                BOTTOM + 20.0,
            )?;
        }
        let middle = (TOP + BOTTOM) / 2.0;
        writeln!(
            out,
            "<path class=\"axis\" d=\"M{LEFT} {BOTTOM}H{}\"/>\n\
             <text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n\
             <text transform=\"translate(16 {middle}) rotate(-90)\" \
             text-anchor=\"middle\">{}</text>",
            Pixel(right),
            Pixel((LEFT + right) / 2.0),
            HEIGHT - 8.0,
            Escaped(&self.x_label),
            Escaped(&self.y_label),
        )
    }

    /// Points that say their value on hovering: all of a short line, else only lone ones.
    fn write_dots(&self, lines: &[Line<'_>], y_axis: &Axis, out: &mut impl Write) -> fmt::Result {
        for line in lines {
            let points: usize = line.runs.iter().map(Vec::len).sum();
            let shown = line
                .runs
                .iter()
                .filter(|run| points <= DOTS_UP_TO || run.len() == 1);
            for dot in shown.flatten().filter(|dot| y_axis.contains(dot.value.1)) {
                let name = if self.series.len() > 1 {
                    line.name
                } else {
                    &self.y_label
                };
                writeln!(
                    out,
                    "<circle class=\"dot f{}\" cx=\"{}\" cy=\"{}\" r=\"3.5\"><title>{}: {} at \
                     {}</title></circle>",
                    line.color,
                    Pixel(dot.x),
                    Pixel(dot.y),
                    Escaped(name),
                    readable(dot.value.1),
                    readable(dot.value.0),
                )?;
            }
        }
        Ok(())
    }
}

impl Series {
    /// A line without a band.
    #[must_use]
    pub fn new(name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points: points.into_iter().collect(),
            band: None,
        }
    }

    /// Sets the lower and upper end of the band at each point.
    #[must_use]
    pub fn band(mut self, ends: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.band = Some(ends.into_iter().collect());
        self
    }

    /// The points in pixels, split where one cannot be drawn, thinned where there are many.
    fn runs(&self, x_axis: &Axis, y_axis: &Axis) -> Vec<Vec<Dot>> {
        let heights: Vec<f64> = self.points.iter().map(|point| point.1).collect();
        let mut runs = vec![Vec::new()];
        for i in thin::extremes(&heights, BUCKETS) {
            let value = self.points[i];
            match (x_axis.pixel(value.0), y_axis.pixel(value.1)) {
                (Some(x), Some(y)) => {
                    let ends = self.band.as_ref().and_then(|band| band.get(i));
                    let band = ends
                        .and_then(|&(low, high)| Some((y_axis.pixel(low)?, y_axis.pixel(high)?)));
                    if let Some(run) = runs.last_mut() {
                        run.push(Dot { x, y, value, band });
                    }
                }
                _ => runs.push(Vec::new()),
            }
        }
        runs.retain(|run| !run.is_empty());
        runs
    }
}

/// Bands first, then lines, all cut at the frame by an inner drawing of its size.
fn write_lines(lines: &[Line<'_>], right: f64, out: &mut impl Write) -> fmt::Result {
    let (x, y) = (LEFT - BLEED, TOP - BLEED);
    let (width, height) = (right - LEFT + 2.0 * BLEED, BOTTOM - TOP + 2.0 * BLEED);
    let (width, height) = (Pixel(width), Pixel(height));
    writeln!(
        out,
        "<svg x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"{x} {y} {width} {height}\" style=\"overflow:hidden\">"
    )?;
    for line in lines {
        for run in &line.runs {
            // Neighbors that both have a band are joined; one without ends a stretch.
            for stretch in run
                .split(|dot| dot.band.is_none())
                .filter(|part| part.len() > 1)
            {
                let high = stretch
                    .iter()
                    .map(|dot| (dot.x, dot.band.map_or(dot.y, |b| b.1)));
                let low = stretch
                    .iter()
                    .rev()
                    .map(|dot| (dot.x, dot.band.map_or(dot.y, |b| b.0)));
                write!(out, "<path class=\"band f{}\" d=\"", line.color)?;
                write_path(high.chain(low), out)?;
                out.write_str("Z\"/>\n")?;
            }
        }
    }
    for line in lines {
        for run in line.runs.iter().filter(|run| run.len() > 1) {
            write!(
                out,
                "<path class=\"line s{} d{}\" d=\"",
                line.color, line.dash
            )?;
            write_path(run.iter().map(|dot| (dot.x, dot.y)), out)?;
            out.write_str("\"/>\n")?;
        }
    }
    out.write_str("</svg>\n")
}

fn write_path(points: impl Iterator<Item = (f64, f64)>, out: &mut impl Write) -> fmt::Result {
    for (i, (x, y)) in points.enumerate() {
        write!(
            out,
            "{}{} {}",
            if i == 0 { "M" } else { "L" },
            Pixel(x),
            Pixel(y)
        )?;
    }
    Ok(())
}

/// The name of each line beside its end, moved apart where they would overlap.
fn write_labels(lines: &[Line<'_>], right: f64, out: &mut impl Write) -> fmt::Result {
    let mut ends: Vec<(&Line<'_>, Dot)> = lines
        .iter()
        .filter_map(|line| Some((line, *line.runs.last()?.last()?)))
        .collect();
    ends.sort_by(|a, b| a.1.y.total_cmp(&b.1.y));
    let wanted: Vec<f64> = ends
        .iter()
        .map(|(_, dot)| dot.y.clamp(TOP, BOTTOM))
        .collect();
    for ((line, dot), y) in ends.iter().zip(spread(&wanted, TOP, BOTTOM)) {
        let end = dot.y.clamp(TOP, BOTTOM);
        if (y - end).abs() > 3.0 || right - dot.x > 12.0 {
            write!(
                out,
                "<path class=\"lead s{}\" d=\"M{} {}L{} {}\"/>",
                line.color,
                Pixel(dot.x + 5.0),
                Pixel(end),
                Pixel(right + 12.0),
                Pixel(y),
            )?;
        }
        writeln!(
            out,
            "<text class=\"name f{}\" x=\"{}\" y=\"{}\" dy=\".35em\">{}</text>",
            line.color,
            Pixel(right + 15.0),
            Pixel(y),
            Escaped(&short(line.name)),
        )?;
    }
    Ok(())
}

/// Ascending positions at least a label's height apart, near those wanted and within the ends.
fn spread(wanted: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let gaps = wanted.len().saturating_sub(1).max(1) as f64;
    let distance = LABEL_HEIGHT.min((bottom - top) / gaps);
    let mut positions = wanted.to_vec();
    for i in 1..positions.len() {
        positions[i] = positions[i].max(positions[i - 1] + distance);
    }
    let mut limit = bottom;
    for position in positions.iter_mut().rev() {
        *position = position.min(limit);
        limit = *position - distance;
    }
    positions
}

/// A name cut to the length of a line label.
fn short(name: &str) -> String {
    if name.chars().count() <= LABEL_LETTERS {
        return name.to_owned();
    }
    let kept: String = name.chars().take(LABEL_LETTERS - 1).collect();
    format!("{}…", kept.trim_end())
}

/// A coordinate with one decimal, and none where it is whole.
struct Pixel(f64);

impl fmt::Display for Pixel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Adding zero turns a negative zero into a plain one.
        let tenths = (self.0.clamp(-1e6, 1e6) * 10.0).round() + 0.0;
        write!(out, "{}", tenths / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(plot: &LinePlot) -> String {
        let mut out = String::new();
        plot.write(&mut out).unwrap();
        out
    }

    fn series(name: &str, points: &[(f64, f64)]) -> Series {
        Series {
            name: name.into(),
            points: points.to_vec(),
            band: None,
        }
    }

    #[test]
    fn no_series_and_empty_series_say_so() {
        assert!(svg(&LinePlot::default()).contains("no data"));
        let plot = LinePlot {
            series: vec![
                series("a", &[]),
                series("b", &[(f64::NAN, 1.0), (1.0, f64::INFINITY)]),
            ],
            ..LinePlot::default()
        };
        let svg = svg(&plot);
        assert!(svg.contains("no data"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }

    #[test]
    fn a_missing_value_breaks_the_line_and_a_lone_point_shows() {
        let points = [(0.0, 0.0), (1.0, 1.0), (2.0, f64::NAN), (3.0, 1.0)];
        let plot = LinePlot {
            series: vec![series("a", &points)],
            ..LinePlot::default()
        };
        let svg = svg(&plot);
        assert_eq!(svg.matches("class=\"line").count(), 1);
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn a_band_is_drawn_where_it_is_known() {
        let mut line = series("a", &[(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]);
        line.band = Some(vec![(0.5, 1.5), (1.5, 2.5), (f64::NAN, 3.5)]);
        let plot = LinePlot {
            series: vec![line],
            ..LinePlot::default()
        };
        let svg = svg(&plot);
        assert_eq!(svg.matches("class=\"band").count(), 1);
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn the_legend_appears_with_the_second_line() {
        let one = LinePlot {
            series: vec![series("base & co", &[(1.0, 0.5)])],
            ..LinePlot::default()
        };
        assert!(!svg(&one).contains("legend"));
        let mut two = one.clone();
        two.series.push(series("grpo", &[(1.0, 0.7)]));
        let svg = svg(&two);
        assert!(svg.contains("legend") && svg.contains("base &amp; co"));
    }

    #[test]
    fn a_zero_on_a_base_two_axis_is_left_out() {
        let plot = LinePlot {
            x_scale: Scale::Log2,
            series: vec![series("a", &[(0.0, 0.1), (1.0, 0.2), (2.0, 0.3)])],
            ..LinePlot::default()
        };
        assert_eq!(svg(&plot).matches("<circle").count(), 2);
    }

    #[test]
    fn labels_keep_their_distance_and_stay_inside() {
        assert_eq!(spread(&[50.0, 51.0, 52.0], 0.0, 100.0), [50.0, 66.0, 82.0]);
        assert_eq!(spread(&[95.0, 96.0], 0.0, 100.0), [84.0, 100.0]);
        let crowded = spread(&[50.0; 30], 0.0, 100.0);
        assert!(crowded[0] >= -1e-9 && crowded[29] <= 100.0);
    }

    #[test]
    fn coordinates_are_short() {
        assert_eq!(Pixel(12.345).to_string(), "12.3");
        assert_eq!(Pixel(-0.01).to_string(), "0");
        assert_eq!(Pixel(880.0).to_string(), "880");
    }
}
