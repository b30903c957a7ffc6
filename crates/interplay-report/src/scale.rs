//! From values to pixels on an axis.

use crate::ticks::{self, Ticks};

/// How an axis spaces its values.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scale {
    /// Equal steps.
    #[default]
    Linear,
    /// Equal ratios, with marks at powers of two. Values of zero or less are not drawn.
    Log2,
}

/// An axis: a range of values laid on a range of pixels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
    start: f64,
    end: f64,
    pub ticks: Ticks,
}

impl Axis {
    /// An axis over the given values, from pixel `start` to pixel `end`.
    ///
    /// With `whole_steps` a linear axis begins and ends at a mark.
    pub(crate) fn over(
        values: impl Iterator<Item = f64>,
        scale: Scale,
        pixels: (f64, f64),
        marks: usize,
        whole_steps: bool,
    ) -> Self {
        let (mut low, mut high) = values
            .filter(|&value| scale.holds(value))
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
                (low.min(value), high.max(value))
            });
        if low > high {
            (low, high) = (1.0, 2.0);
            if scale == Scale::Linear {
                (low, high) = (0.0, 1.0);
            }
        }
        match scale {
            Scale::Linear => {
                // A range too narrow for its size would ask for marks that all look alike.
                let least = low.abs().max(high.abs()) * 1e-9;
                if high - low <= least {
                    let margin = (low.abs() * 0.1).max(0.5);
                    (low, high) = (low - margin, high + margin);
                }
                if whole_steps {
                    (low, high) = ticks::widen(low, high, marks);
                }
            }
            Scale::Log2 if high / low < 2.0 => (low, high) = (low / 2.0, high * 2.0),
            Scale::Log2 => {}
        }
        Self::between((low, high), scale, pixels, marks)
    }

    /// An axis over exactly the range given, which must not be empty.
    pub(crate) fn between(
        (low, high): (f64, f64),
        scale: Scale,
        (start, end): (f64, f64),
        marks: usize,
    ) -> Self {
        let ticks = match scale {
            Scale::Linear => ticks::linear(low, high, marks),
            Scale::Log2 => ticks::log2(low, high, marks * 2),
        };
        Self {
            scale,
            low,
            high,
            start,
            end,
            ticks,
        }
    }

    /// The pixel of a value, unless the axis cannot show it.
    pub(crate) fn pixel(&self, value: f64) -> Option<f64> {
        if !self.scale.holds(value) {
            return None;
        }
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Log2 => (value / self.low).log2() / (self.high / self.low).log2(),
        };
        Some(self.start + share * (self.end - self.start))
    }

    /// Whether a value lies between the ends.
    pub(crate) fn contains(&self, value: f64) -> bool {
        let slack = 1e-9 * (self.high - self.low);
        value >= self.low - slack && value <= self.high + slack
    }
}

impl Scale {
    /// Whether an axis can show a value. Differences of the largest numbers are not finite.
    fn holds(self, value: f64) -> bool {
        value.abs() <= 1e300 && (self == Self::Linear || value > 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linear_axis_maps_its_ends_and_middle() {
        let axis = Axis::over([0.0, 1.0].into_iter(), Scale::Linear, (100.0, 0.0), 5, true);
        assert_eq!(axis.pixel(0.0), Some(100.0));
        assert_eq!(axis.pixel(0.5), Some(50.0));
        assert_eq!(axis.pixel(1.0), Some(0.0));
        assert_eq!(axis.pixel(f64::NAN), None);
    }

    #[test]
    fn a_base_two_axis_gives_every_doubling_the_same_width() {
        let axis = Axis::over([1.0, 16.0].into_iter(), Scale::Log2, (0.0, 80.0), 5, false);
        assert_eq!(axis.pixel(2.0), Some(20.0));
        assert_eq!(axis.pixel(8.0), Some(60.0));
        assert_eq!(axis.pixel(0.0), None);
    }

    #[test]
    fn one_value_or_none_still_make_an_axis() {
        for scale in [Scale::Linear, Scale::Log2] {
            let one = Axis::over([3.0].into_iter(), scale, (0.0, 1.0), 5, true);
            assert!(
                one.pixel(3.0)
                    .is_some_and(|pixel| pixel > 0.0 && pixel < 1.0)
            );
            let none = Axis::over([f64::NAN].into_iter(), scale, (0.0, 1.0), 5, true);
            assert!(!none.ticks.marks.is_empty());
        }
    }

    #[test]
    fn extreme_values_do_not_flood_the_axis() {
        let values = [1e15, 1e15 + 1.0];
        let axis = Axis::over(values.into_iter(), Scale::Linear, (0.0, 1.0), 5, true);
        assert!(axis.ticks.marks.len() < 20);
        let wide = Axis::over(
            [1e-300, 1e300].into_iter(),
            Scale::Log2,
            (0.0, 1.0),
            5,
            true,
        );
        assert!(wide.ticks.marks.len() < 20);
        let widest = [f64::MIN, 0.5, f64::MAX].into_iter();
        let widest = Axis::over(widest, Scale::Linear, (0.0, 1.0), 5, true);
        assert!(widest.contains(0.5) && widest.ticks.marks.len() < 20);
        assert_eq!(widest.pixel(f64::MAX), None);
    }
}
