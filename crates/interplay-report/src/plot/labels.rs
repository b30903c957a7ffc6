//! The names of lines beside their ends.

use std::fmt::{self, Write};

use super::lines::Line;
use super::series::Dot;
use crate::escape::Escaped;
use crate::frame::{Frame, LETTER};
use crate::pixel::Pixel;
use crate::wrap::shortened;

/// The least distance between two line labels.
const LABEL_HEIGHT: f64 = 16.0;
/// The most letters of a line label; the legend has the whole name.
const LABEL_LETTERS: usize = 22;
/// From the frame to the marker of a label, and to its text.
const MARKER: f64 = 20.0;
const TEXT: f64 = 30.0;

/// The room that labels need to the right of the frame.
pub(super) fn width<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let letters = names.map(|name| name.chars().count().min(LABEL_LETTERS));
    TEXT + 6.0 + LETTER * letters.max().unwrap_or(0) as f64
}

/// The name of each line beside its end, moved apart where they would overlap.
pub(super) fn write_labels(lines: &[Line<'_>], frame: &Frame, out: &mut impl Write) -> fmt::Result {
    let (top, bottom, right) = (frame.top, frame.bottom, frame.right);
    let mut ends: Vec<(&Line<'_>, Dot)> = lines
        .iter()
        .filter_map(|line| Some((line, *line.runs.last()?.last()?)))
        .collect();
    ends.sort_by(|a, b| a.1.y.total_cmp(&b.1.y));
    let wanted: Vec<f64> = ends
        .iter()
        .map(|(_, dot)| dot.y.clamp(top, bottom))
        .collect();
    for ((line, dot), y) in ends.iter().zip(spread(&wanted, top, bottom)) {
        write!(
            out,
            "<path class=\"lead s{}\" d=\"M{} {}L{} {}\"/>",
            line.look.color(),
            Pixel(dot.x + 6.0),
            Pixel(dot.y.clamp(top, bottom)),
            Pixel(right + MARKER - 6.0),
            Pixel(y),
        )?;
        line.look
            .write_marker((right + MARKER, y), line.name, out)?;
        writeln!(
            out,
            "<text class=\"label\" x=\"{}\" y=\"{}\" dy=\".35em\">{}</text>",
            Pixel(right + TEXT),
            Pixel(y),
            Escaped(&shortened(line.name, LABEL_LETTERS)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_keep_their_distance_and_stay_inside() {
        assert_eq!(spread(&[50.0, 51.0, 52.0], 0.0, 100.0), [50.0, 66.0, 82.0]);
        assert_eq!(spread(&[95.0, 96.0], 0.0, 100.0), [84.0, 100.0]);
        let crowded = spread(&[50.0; 30], 0.0, 100.0);
        assert!(crowded[0] >= -1e-9 && crowded[29] <= 100.0);
    }
}
