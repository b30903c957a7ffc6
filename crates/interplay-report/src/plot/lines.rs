//! Bands, lines and markers inside the frame of a plot.

use std::fmt::{self, Write};

use super::series::Dot;
use crate::frame::Frame;
use crate::look::Look;
use crate::pixel::Pixel;
use crate::scale::Axis;
use crate::ticks::readable;

/// How far lines may be drawn beyond the frame, so that a line on its edge keeps its width.
const BLEED: f64 = 4.0;
/// Lines with at most this many points have a marker at each of them.
const DOTS_UP_TO: usize = 40;
/// How many markers a longer line has, to tell it from others.
const SPARSE_MARKERS: usize = 5;
/// Among more lines than this, long ones are thinner.
const BROAD_UP_TO: usize = 4;

/// A line ready to be drawn: unbroken runs of points.
pub(super) struct Line<'a> {
    pub(super) name: &'a str,
    pub(super) runs: Vec<Vec<Dot>>,
    pub(super) look: Look,
}

impl Line<'_> {
    fn points(&self) -> usize {
        self.runs.iter().map(Vec::len).sum()
    }
}

/// Bands first, then lines, all cut at the frame by an inner drawing of its size.
pub(super) fn write_lines(lines: &[Line<'_>], frame: &Frame, out: &mut impl Write) -> fmt::Result {
    let (x, y) = (Pixel(frame.left - BLEED), Pixel(frame.top - BLEED));
    let width = Pixel(frame.right - frame.left + 2.0 * BLEED);
    let height = Pixel(frame.bottom - frame.top + 2.0 * BLEED);
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
                write!(out, "<path class=\"band f{}\" d=\"", line.look.color())?;
                write_path(high.chain(low), out)?;
                out.write_str("Z\"/>\n")?;
            }
        }
    }
    for line in lines {
        let fine = if lines.len() > BROAD_UP_TO && line.points() > DOTS_UP_TO {
            " fine"
        } else {
            ""
        };
        for run in line.runs.iter().filter(|run| run.len() > 1) {
            write!(
                out,
                "<path class=\"line{fine} s{} d{}\" d=\"",
                line.look.color(),
                line.look.dash()
            )?;
            write_path(run.iter().map(|dot| (dot.x, dot.y)), out)?;
            out.write_str("\"/>\n")?;
        }
    }
    out.write_str("</svg>\n")
}

fn write_path(points: impl Iterator<Item = (f64, f64)>, out: &mut impl Write) -> fmt::Result {
    for (i, (x, y)) in points.enumerate() {
        let command = if i == 0 { "M" } else { "L" };
        write!(out, "{command}{} {}", Pixel(x), Pixel(y))?;
    }
    Ok(())
}

/// Markers that say their value on hovering: at all points of a short line, else at lone points
/// and, where there are several lines, at a few others.
pub(super) fn write_markers(
    lines: &[Line<'_>],
    y_axis: &Axis,
    y_label: &str,
    frame: &Frame,
    out: &mut impl Write,
) -> fmt::Result {
    for (number, line) in lines.iter().enumerate() {
        let every = line.points() <= DOTS_UP_TO;
        let runs = line.runs.iter().filter(|run| every || run.len() == 1);
        let mut dots: Vec<Dot> = runs.flatten().copied().collect();
        if !every && lines.len() > 1 {
            // Lines take turns, so that markers of neighbors do not cover each other.
            let offset = (number as f64 + 0.5) / lines.len() as f64;
            dots.extend(sparse(line, offset, frame));
        }
        let name = if lines.len() > 1 { line.name } else { y_label };
        for dot in dots.iter().filter(|dot| y_axis.contains(dot.value.1)) {
            let (x, y) = dot.value;
            let title = format!("{name}: {} at {}", readable(y), readable(x));
            line.look.write_marker((dot.x, dot.y), &title, out)?;
        }
    }
    Ok(())
}

/// The points of a line nearest to equal steps along the frame, each at most half a step away.
fn sparse(line: &Line<'_>, offset: f64, frame: &Frame) -> Vec<Dot> {
    let step = (frame.right - frame.left) / SPARSE_MARKERS as f64;
    let wanted = |mark: usize| frame.left + (mark as f64 + offset) * step;
    let nearest = |x: f64| {
        let dots = line.runs.iter().filter(|run| run.len() > 1).flatten();
        let away = |dot: &&Dot| (dot.x - x).abs();
        dots.min_by(|a, b| away(a).total_cmp(&away(b)))
            .filter(|dot| away(dot) <= step / 2.0)
            .copied()
    };
    (0..SPARSE_MARKERS)
        .filter_map(|mark| nearest(wanted(mark)))
        .collect()
}
