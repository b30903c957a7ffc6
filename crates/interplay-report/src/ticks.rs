//! The marks of an axis and their labels.
//!
//! The steps of a linear axis are 1, 2 or 5 times a power of ten. A base-2 axis is marked at powers
//! of two.

/// The marks of an axis, ascending, with their labels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ticks {
    /// Values and labels.
    pub marks: Vec<(f64, String)>,
}

/// A step of 1, 2 or 5 times a power of ten, and that power.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    size: f64,
    exponent: i32,
}

/// The round step that divides `span` into about `wanted` parts: the nearest one by ratio.
fn nice_step(span: f64, wanted: usize) -> Step {
    let raw = span / wanted.max(1) as f64;
    let mut exponent = raw.log10().floor() as i32;
    let lead = raw / 10f64.powi(exponent);
    let digit = match lead {
        lead if lead < 2f64.sqrt() => 1.0,
        lead if lead < 10f64.sqrt() => 2.0,
        lead if lead < 50f64.sqrt() => 5.0,
        _ => {
            exponent += 1;
            1.0
        }
    };
    Step {
        size: digit * 10f64.powi(exponent),
        exponent,
    }
}

/// The range widened to whole steps, so that it begins and ends at a mark.
pub(crate) fn widen(low: f64, high: f64, wanted: usize) -> (f64, f64) {
    let step = nice_step(high - low, wanted).size;
    let slack = 1e-9;
    (
        (low / step + slack).floor() * step,
        (high / step - slack).ceil() * step,
    )
}

/// Marks of a linear axis inside a range with `low < high`.
pub(crate) fn linear(low: f64, high: f64, wanted: usize) -> Ticks {
    let step = nice_step(high - low, wanted);
    let slack = 1e-9;
    let first = (low / step.size - slack).ceil() as i64;
    let last = (high / step.size + slack).floor() as i64;
    let marks = (first..=last)
        .map(|i| {
            let value = i as f64 * step.size;
            (value, label(value, step.exponent))
        })
        .collect();
    Ticks { marks }
}

/// Marks of a base-2 axis inside a positive range, at most `wanted` of them.
pub(crate) fn log2(low: f64, high: f64, wanted: usize) -> Ticks {
    let slack = 1e-9;
    let first = (low.log2() - slack).ceil() as i32;
    let last = (high.log2() + slack).floor() as i32;
    let octaves = usize::try_from(last - first).unwrap_or(0) + 1;
    let marks = (first..=last)
        .step_by(octaves.div_ceil(wanted.max(1)))
        .map(|exponent| {
            let value = 2f64.powi(exponent);
            let text = if exponent < 0 && exponent > -20 {
                format!("1/{}", 1u32 << exponent.unsigned_abs())
            } else {
                grouped(value)
            };
            (value, text)
        })
        .collect();
    Ticks { marks }
}

/// The label of a mark, with as many digits as its step needs: `0.25`, `40`, `1.5M`, `2e-5`.
fn label(value: f64, exponent: i32) -> String {
    let magnitude = value.abs();
    if magnitude == 0.0 {
        return "0".into();
    }
    if exponent < -4 {
        return format!("{}e{exponent}", (value / 10f64.powi(exponent)).round());
    }
    if magnitude >= 1e15 {
        let lead = magnitude.log10().floor() as i32;
        let decimals = usize::try_from(lead - exponent).unwrap_or(0).min(3);
        return minus_sign(&format!("{value:.decimals$e}"));
    }
    let (unit, name, power) = match magnitude {
        magnitude if magnitude >= 1e9 => (1e9, "G", 9),
        magnitude if magnitude >= 1e6 => (1e6, "M", 6),
        magnitude if magnitude >= 1e4 => (1e3, "k", 3),
        _ => (1.0, "", 0),
    };
    let decimals = usize::try_from(power - exponent).unwrap_or(0);
    let text = format!("{:.decimals$}", value / unit);
    // Marks of one axis may have different units; within a unit they keep their decimals.
    let text = match name {
        "" => text,
        _ if text.contains('.') => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        _ => text,
    };
    format!("{}{name}", minus_sign(&text))
}

/// A value for readers: four significant digits, or all digits of a whole number.
pub(crate) fn readable(value: f64) -> String {
    significant(value, 4)
}

/// A value with this many significant digits, at least one, or all digits of a whole number.
pub(crate) fn significant(value: f64, digits: usize) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return grouped(value);
    }
    let digits = i32::try_from(digits.clamp(1, 15)).unwrap_or(15);
    let exponent = value.abs().log10().floor() as i32;
    if !(-4..15).contains(&exponent) {
        let decimals = usize::try_from(digits - 1).unwrap_or(0);
        return minus_sign(&format!("{value:.decimals$e}"));
    }
    let decimals = usize::try_from(digits - 1 - exponent).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    let text = match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => &text,
    };
    minus_sign(text)
}

/// A whole number with commas between its thousands.
fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if value < 0.0 {
        text.push('\u{2212}');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The typographic minus, which is as wide as a digit.
fn minus_sign(text: &str) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("\u{2212}{rest}"),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks
            .marks
            .iter()
            .map(|(_, label)| label.as_str())
            .collect()
    }

    #[test]
    fn steps_are_one_two_or_five() {
        assert_eq!(
            labels(&linear(0.0, 1.0, 5)),
            ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&linear(0.0, 100.0, 5)),
            ["0", "20", "40", "60", "80", "100"]
        );
        assert_eq!(
            labels(&linear(2.0, 10.0, 8)),
            ["2", "3", "4", "5", "6", "7", "8", "9", "10"]
        );
        assert_eq!(
            labels(&linear(-1.0, 1.0, 4)),
            ["−1.0", "−0.5", "0", "0.5", "1.0"]
        );
    }

    #[test]
    fn large_and_small_values_stay_short() {
        assert_eq!(
            labels(&linear(0.0, 5e6, 5)),
            ["0", "1M", "2M", "3M", "4M", "5M"]
        );
        assert_eq!(labels(&linear(0.0, 1.5e6, 3)), ["0", "500k", "1M", "1.5M"]);
        assert_eq!(labels(&linear(0.0, 6e-5, 3)), ["0", "2e-5", "4e-5", "6e-5"]);
        assert_eq!(
            labels(&linear(0.0, 1.5e20, 3)),
            ["0", "5e19", "1.0e20", "1.5e20"]
        );
        assert_eq!(
            labels(&linear(0.0, 2000.0, 4)),
            ["0", "500", "1000", "1500", "2000"]
        );
    }

    #[test]
    fn a_range_is_widened_to_whole_steps() {
        assert_eq!(widen(0.13, 0.87, 5), (0.0, 1.0));
        assert_eq!(widen(0.0, 1.0, 5), (0.0, 1.0));
        assert_eq!(widen(-3.2, 7.0, 5), (-4.0, 8.0));
    }

    #[test]
    fn base_two_marks_are_powers_of_two() {
        assert_eq!(
            labels(&log2(1.0, 32.0, 10)),
            ["1", "2", "4", "8", "16", "32"]
        );
        assert_eq!(labels(&log2(0.3, 3.0, 10)), ["1/2", "1", "2"]);
        assert_eq!(
            labels(&log2(1.0, 1024.0, 6)),
            ["1", "4", "16", "64", "256", "1,024"]
        );
    }

    #[test]
    fn values_are_readable() {
        assert_eq!(readable(1234567.0), "1,234,567");
        assert_eq!(readable(-0.51239), "−0.5124");
        assert_eq!(readable(0.5), "0.5");
        assert_eq!(readable(123.456), "123.5");
        assert_eq!(readable(0.0000123), "1.230e-5");
        assert_eq!(significant(0.51239, 2), "0.51");
        assert_eq!(significant(41.26, 3), "41.3");
    }
}
