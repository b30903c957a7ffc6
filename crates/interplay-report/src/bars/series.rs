//! The bars of one series.

/// How the bars of several series share a category.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Arrangement {
    /// Side by side, each from zero.
    #[default]
    Grouped,
    /// On top of each other. Only values above zero are drawn, and no intervals.
    Stacked,
}

/// One bar in each category, with optional intervals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BarSeries {
    /// Name in the legend.
    pub name: String,
    /// Values in the order of the categories. One that is absent or not finite has no bar.
    pub values: Vec<f64>,
    /// Lower and upper end of the interval around each value. Ends that are not finite are not
    /// drawn.
    pub intervals: Option<Vec<(f64, f64)>>,
}

/// A value to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Bar {
    pub(super) value: f64,
    pub(super) interval: Option<(f64, f64)>,
}

impl BarSeries {
    /// Bars without intervals.
    #[must_use]
    pub fn new(name: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        Self {
            name: name.into(),
            values: values.into_iter().collect(),
            intervals: None,
        }
    }

    /// Sets the lower and upper end of the interval around each value.
    #[must_use]
    pub fn intervals(mut self, ends: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.intervals = Some(ends.into_iter().collect());
        self
    }

    /// The bar of a category, if it has one, with its values multiplied by `factor`.
    pub(super) fn bar(&self, category: usize, factor: f64) -> Option<Bar> {
        let value = self.values.get(category)? * factor;
        let ends = self.intervals.as_ref().and_then(|ends| ends.get(category));
        let interval = ends
            .map(|(low, high)| (low * factor, high * factor))
            .filter(|(low, high)| low.is_finite() && high.is_finite());
        value.is_finite().then_some(Bar { value, interval })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_is_no_bar_and_no_interval() {
        let series = BarSeries::new("a", [0.5, f64::NAN, 0.25]).intervals([
            (0.4, 0.6),
            (0.0, 1.0),
            (f64::NAN, 0.3),
        ]);
        let interval = Some((40.0, 60.0));
        assert_eq!(
            series.bar(0, 100.0),
            Some(Bar {
                value: 50.0,
                interval
            })
        );
        assert_eq!(series.bar(1, 1.0), None);
        assert_eq!(series.bar(2, 1.0).unwrap().interval, None);
        assert_eq!(series.bar(3, 1.0), None);
    }
}
