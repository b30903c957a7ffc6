//! A drawing as an SVG file.

use crate::escape::Escaped;
use crate::frame::LETTER;
use crate::look::Look;
use crate::pixel::Pixel;

/// Height of the title above the drawing.
const TITLE: f64 = 34.0;
/// Space around everything.
const MARGIN: f64 = 12.0;

/// Height of a line of the legend.
const LEGEND: f64 = 24.0;
/// Width of what stands for a series in the legend, with the space to its name.
const SWATCH: f64 = 36.0;
/// Space behind a name in the legend.
const GAP: f64 = 18.0;

/// As [`svg`], with a legend of bars between title and drawing.
pub(crate) fn svg_with_legend<'a>(
    title: &str,
    names: impl Iterator<Item = &'a str>,
    (width, height): (f64, f64),
    drawing: &str,
) -> String {
    let mut legend = String::new();
    let (mut x, mut line) = (4.0, 0);
    for (number, name) in names.enumerate() {
        let needed = SWATCH + LETTER * name.chars().count() as f64 + GAP;
        if x > 4.0 && x + needed - GAP > width {
            (x, line) = (4.0, line + 1);
        }
        let y = LEGEND * f64::from(line) + 4.0;
        let bar = Look(number).write_bar((x, y), (28.0, 14.0), "", &mut legend);
        bar.expect("writing to a string does not fail");
        legend.push_str(&format!(
            "<text class=\"label\" x=\"{}\" y=\"{}\">{}</text>\n",
            Pixel(x + SWATCH),
            Pixel(y + 12.0),
            Escaped(name),
        ));
        x += needed;
    }
    let above = LEGEND * f64::from(line + 1);
    let placed = drawing.replacen("<svg ", &format!("<svg y=\"{above}\" "), 1);
    let both = format!(
        "<svg width=\"{width}\" height=\"{}\">\n{legend}{placed}</svg>\n",
        height + above
    );
    svg(title, (width, height + above), &both)
}

/// An SVG file with a title above a drawing, itself an `<svg>` of this width and height.
pub(crate) fn svg(title: &str, (width, height): (f64, f64), drawing: &str) -> String {
    let (whole_width, whole_height) = (width + 2.0 * MARGIN, height + TITLE + 2.0 * MARGIN);
    let inner_y = TITLE + MARGIN;
    let placed = drawing.replacen("<svg ", &format!("<svg x=\"{MARGIN}\" y=\"{inner_y}\" "), 1);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {whole_width} {whole_height}\" \
         width=\"{whole_width}\" height=\"{whole_height}\" font-family=\"system-ui, sans-serif\">\n\
         <style>\n{}</style>\n\
         <rect width=\"100%\" height=\"100%\" style=\"fill:var(--page)\"/>\n\
         <text x=\"{}\" y=\"{}\" class=\"title\">{}</text>\n{placed}</svg>\n",
        include_str!("drawing.css"),
        MARGIN + 4.0,
        MARGIN + 16.0,
        Escaped(title),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_legend_wraps_above_the_drawing() {
        let names = ["accepted", "a wrong value", "a missing step"];
        let drawing = "<svg width=\"300\" height=\"50\"></svg>\n";
        let text = svg_with_legend("A", names.into_iter(), (300.0, 50.0), drawing);
        let lines: Vec<&str> = text.lines().filter(|line| line.contains("label")).collect();
        let heights: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.split("y=\"").nth(1)?.split('"').next())
            .collect();
        assert_eq!(heights, ["16", "16", "40"], "{text}");
        assert!(
            text.contains("<svg y=\"48\" width=\"300\" height=\"50\""),
            "{text}"
        );
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
    }

    #[test]
    fn the_drawing_is_below_its_title() {
        let text = svg(
            "A < B",
            (100.0, 50.0),
            "<svg width=\"100\" height=\"50\"></svg>\n",
        );
        assert!(
            text.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 124 108\"")
        );
        assert!(text.contains("A &lt; B"));
        assert!(text.contains("<svg x=\"12\" y=\"46\" width=\"100\""));
        assert_eq!(text.matches("<svg").count(), text.matches("</svg>").count());
    }
}
