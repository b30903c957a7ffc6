//! A drawing as an SVG file.

use crate::escape::Escaped;

/// Height of the title above the drawing.
const TITLE: f64 = 34.0;
/// Space around everything.
const MARGIN: f64 = 12.0;

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
