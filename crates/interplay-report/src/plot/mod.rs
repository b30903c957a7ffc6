//! Line plots as inline SVG.
//!
//! Drawn once for wide screens, with the name of each line at its end, and once for phones, where
//! the legend has to do. Colors are CSS classes, so that a plot follows the page's light or dark
//! scheme.

mod labels;
mod lines;
mod series;

use std::fmt::{self, Write};

pub use self::series::Series;

use self::lines::Line;
use crate::escape::Escaped;
use crate::figure;
use crate::frame::{Frame, Size};
use crate::look::{Look, Swatch, write_legend};
use crate::pixel::Pixel;
use crate::scale::{Axis, Scale};

/// The room for the marks and the label of the horizontal axis.
const FOOT: f64 = 50.0;

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
        if self.is_named() {
            let names = self.series.iter().map(|series| series.name.as_str());
            write_legend(names, Swatch::Line, out)?;
        }
        for size in [Size::Wide, Size::Narrow] {
            writeln!(out, "<div class=\"{}\">", size.class())?;
            self.write_drawing(size, out)?;
            out.write_str("</div>\n")?;
        }
        out.write_str("</figure>\n")
    }

    /// Renders the plot with its title as an SVG file, which follows the light or dark scheme of
    /// its viewer. Each line is named where it ends.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let mut drawing = String::new();
        let inner = self.write_drawing(Size::Wide, &mut drawing);
        inner.expect("writing to a string does not fail");
        figure::svg(&self.title, Size::Wide.extent(), &drawing)
    }

    /// Whether there is more than one line, so that they need names.
    fn is_named(&self) -> bool {
        self.series.len() > 1
    }

    /// Appends the coordinate system with its lines as an `<svg>`.
    fn write_drawing(&self, size: Size, out: &mut impl Write) -> fmt::Result {
        let (width, height) = size.extent();
        let (top, bottom) = (size.top(), height - FOOT);
        let y_axis = self.y_axis((bottom, top));
        let margin = match size {
            Size::Wide if self.is_named() => {
                labels::width(self.series.iter().map(|series| series.name.as_str()))
            }
            Size::Wide => 20.0,
            Size::Narrow => 18.0,
        };
        let (left, right) = (size.left(&y_axis), width - margin);
        let frame = Frame {
            size,
            width,
            height,
            left,
            right,
            top,
            bottom,
        };
        let x_axis = self.x_axis(&frame);
        let lines = self.lines(&x_axis, &y_axis, size);
        let description = format!("{}: {} over {}", self.title, self.y_label, self.x_label);
        frame.open(&description, out)?;
        frame.write_y_axis(&y_axis, &self.y_label, out)?;
        write_x_axis(&x_axis, &frame, out)?;
        frame.write_x_label(&self.x_label, out)?;
        if lines.iter().all(|line| line.runs.is_empty()) {
            frame.write_no_data(out)?;
        }
        lines::write_lines(&lines, &frame, out)?;
        lines::write_markers(&lines, &y_axis, &self.y_label, &frame, out)?;
        if self.is_named() && size == Size::Wide {
            labels::write_labels(&lines, &frame, out)?;
        }
        out.write_str("</svg>\n")
    }

    fn x_axis(&self, frame: &Frame) -> Axis {
        let points = self.series.iter().flat_map(|line| &line.points);
        let marks = match frame.size {
            Size::Wide => 8,
            Size::Narrow => 4,
        };
        let pixels = (frame.left, frame.right);
        Axis::over(
            points.map(|point| point.0),
            self.x_scale,
            pixels,
            marks,
            false,
        )
    }

    fn y_axis(&self, pixels: (f64, f64)) -> Axis {
        match self.y_range {
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
        }
    }

    fn lines(&self, x_axis: &Axis, y_axis: &Axis, size: Size) -> Vec<Line<'_>> {
        // How many pairs of points a long line keeps.
        let buckets = match size {
            Size::Wide => 400,
            Size::Narrow => 150,
        };
        let numbered = self.series.iter().enumerate();
        numbered
            .map(|(number, series)| Line {
                name: &series.name,
                runs: series.runs(x_axis, y_axis, buckets),
                look: Look(number),
            })
            .collect()
    }
}

fn write_x_axis(axis: &Axis, frame: &Frame, out: &mut impl Write) -> fmt::Result {
    let bottom = Pixel(frame.bottom);
    for (value, label) in &axis.ticks.marks {
        let Some(x) = axis.pixel(*value).map(Pixel) else {
            continue;
        };
        writeln!(
            out,
            "<path class=\"axis\" d=\"M{x} {bottom}v5\"/><text x=\"{x}\" y=\"{}\" \
             text-anchor=\"middle\">{label}</text>",
            Pixel(frame.bottom + 20.0),
        )?;
    }
    let (left, right) = (Pixel(frame.left), Pixel(frame.right));
    writeln!(out, "<path class=\"axis\" d=\"M{left} {bottom}H{right}\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The legend and the drawing for wide screens.
    fn svg(plot: &LinePlot) -> String {
        let mut out = String::new();
        plot.write(&mut out).unwrap();
        let (wide, _) = out.split_once("<div class=\"narrow\">").unwrap();
        wide.to_owned()
    }

    /// How many markers a drawing has.
    fn markers(svg: &str) -> usize {
        svg.matches("<path class=\"dot").count() + svg.matches("<path class=\"hollow").count()
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
        assert_eq!(markers(&svg), 3);
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
        assert_eq!(markers(&svg(&plot)), 2);
    }

    #[test]
    fn a_long_line_among_others_has_few_markers() {
        let points =
            |phase: f64| (0..500).map(move |i| (f64::from(i), (f64::from(i) + phase).sin()));
        let many = LinePlot::new("", "", "")
            .all_series((0..10).map(|n| Series::new(format!("arm {n}"), points(f64::from(n)))));
        let drawing = svg(&many);
        let (legend, drawing) = drawing.split_once("</ul>").unwrap();
        assert_eq!(markers(legend), 10);
        // Five along each line and one at its label.
        assert_eq!(markers(drawing), 60);
        let alone = LinePlot::new("", "", "").series(Series::new("one", points(0.0)));
        assert_eq!(markers(&svg(&alone)), 0);
    }

    #[test]
    fn phones_have_a_drawing_of_their_own() {
        let plot = LinePlot {
            series: vec![
                series("a", &[(1.0, 0.5), (1000.0, 0.2)]),
                series("b", &[(1.0, 0.5)]),
            ],
            y_label: "share < 1".into(),
            ..LinePlot::default()
        };
        let mut out = String::new();
        plot.write(&mut out).unwrap();
        let (wide, narrow) = out.split_once("<div class=\"narrow\">").unwrap();
        assert!(wide.contains("viewBox=\"0 0 880 360\"") && wide.contains("class=\"label\""));
        assert!(narrow.contains("viewBox=\"0 0 360 300\"") && !narrow.contains("class=\"label\""));
        assert_eq!(out.matches("share &lt; 1").count(), 4);
        // Three markers of points, and two at labels.
        assert_eq!(markers(wide.split_once("</ul>").unwrap().1), 5);
        assert_eq!(markers(narrow), 3);
    }
}
