//! A line of a plot, and its points in pixels.

use crate::scale::Axis;
use crate::thin;

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
pub(super) struct Dot {
    pub(super) x: f64,
    pub(super) y: f64,
    /// The point's own values.
    pub(super) value: (f64, f64),
    /// Pixels of the band's ends.
    pub(super) band: Option<(f64, f64)>,
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

    /// The points in pixels, split where one cannot be drawn. Of many points, about two for each of
    /// `buckets` are kept.
    pub(super) fn runs(&self, x_axis: &Axis, y_axis: &Axis, buckets: usize) -> Vec<Vec<Dot>> {
        let heights: Vec<f64> = self.points.iter().map(|point| point.1).collect();
        let mut runs = vec![Vec::new()];
        for i in thin::extremes(&heights, buckets) {
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
