//! A drawing of an acyclic graph in layers, as SVG.
//!
//! A node stands in the row behind the last of those that it reads, and inside its row near their
//! middle (the barycentre heuristic of Sugiyama, Tagawa and Toda 1981, one pass).

use std::fmt::Write;

use super::escape::Escaped;
use super::figure;

const BOX_WIDTH: f64 = 176.0;
const LINE_HEIGHT: f64 = 15.0;
const GAP_X: f64 = 22.0;
const GAP_Y: f64 = 46.0;
const PADDING: f64 = 8.0;
/// The most letters of a line in a box.
const LETTERS: usize = 22;
/// The least width of a drawing for each letter of its title.
const TITLE_LETTER: f64 = 8.2;

/// What a node is to the problem.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// The answer needs it.
    #[default]
    Needed,
    /// It is asked for.
    Asked,
    /// Its value is given beside its definition.
    Given,
    /// The answer does not need it.
    Unneeded,
}

/// A node with what is written in its box.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// The text; long ones are broken at blanks.
    pub name: String,
    /// A line below it.
    pub detail: String,
    /// What it is to the problem.
    pub role: Role,
    /// Whom it reads: earlier nodes, by place, each with a sign for its arrow or none.
    pub reads: Vec<(usize, String)>,
}

/// A graph to draw; every node stands after those that it reads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GraphDrawing {
    /// What stands above it.
    pub title: String,
    /// The nodes.
    pub nodes: Vec<Node>,
}

/// Where a box stands.
#[derive(Clone, Copy)]
struct Place {
    x: f64,
    y: f64,
    height: f64,
}

impl GraphDrawing {
    /// The drawing as an SVG file of its own.
    ///
    /// # Panics
    /// Where a node reads itself or one that comes after it.
    #[must_use]
    pub fn to_svg(&self) -> String {
        let lines: Vec<Vec<String>> = self.nodes.iter().map(lines).collect();
        let rows = self.rows();
        let least = TITLE_LETTER * self.title.chars().count() as f64;
        let (places, width, height) = layout(&rows, &lines, least);
        let mut drawing = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\">\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
             markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" \
             style=\"fill:var(--soft)\"/></marker></defs>\n"
        );
        for (node, place) in self.nodes.iter().zip(&places) {
            for (from, sign) in &node.reads {
                arrow(&mut drawing, places[*from], *place, sign);
            }
        }
        for ((node, place), lines) in self.nodes.iter().zip(&places).zip(&lines) {
            draw_box(&mut drawing, *place, node.role, lines);
        }
        drawing.push_str("</svg>\n");
        figure::svg(&self.title, (width, height), &drawing)
    }

    /// The nodes of each row from left to right.
    fn rows(&self) -> Vec<Vec<usize>> {
        let mut row_of: Vec<usize> = Vec::with_capacity(self.nodes.len());
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for (place, node) in self.nodes.iter().enumerate() {
            let above = node.reads.iter().map(|(from, _)| row_of[*from] + 1).max();
            let row = above.unwrap_or(0);
            row_of.push(row);
            rows.resize(rows.len().max(row + 1), Vec::new());
            rows[row].push(place);
        }
        let mut across = vec![0.0; self.nodes.len()];
        for row in &mut rows {
            let middle = |place: &usize| {
                let reads = &self.nodes[*place].reads;
                let sum: f64 = reads.iter().map(|(from, _)| across[*from]).sum();
                sum / reads.len().max(1) as f64
            };
            row.sort_by(|left, right| middle(left).total_cmp(&middle(right)));
            let width = row.len() as f64;
            for (slot, place) in row.iter().enumerate() {
                across[*place] = (slot as f64 + 0.5) / width;
            }
        }
        rows
    }
}

/// The lines in a node's box.
fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in node.name.split_whitespace() {
        let last = lines.len() - 1;
        let letters = lines[last].chars().count() + 1 + word.chars().count();
        if lines[last].is_empty() {
            lines[last].push_str(word);
        } else if letters <= LETTERS {
            lines[last].push(' ');
            lines[last].push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines.push(node.detail.clone());
    lines
}

fn layout(rows: &[Vec<usize>], lines: &[Vec<String>], least: f64) -> (Vec<Place>, f64, f64) {
    let nothing = Place {
        x: 0.0,
        y: 0.0,
        height: 0.0,
    };
    let mut places = vec![nothing; lines.len()];
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let width = (widest * (BOX_WIDTH + GAP_X) + GAP_X).max(least);
    let mut y = PADDING;
    for row in rows {
        let row_width = row.len() as f64 * (BOX_WIDTH + GAP_X) - GAP_X;
        let height = |place: &usize| lines[*place].len() as f64 * LINE_HEIGHT + 2.0 * PADDING;
        let highest = row.iter().map(height).fold(0.0, f64::max);
        for (slot, place) in row.iter().enumerate() {
            places[*place] = Place {
                x: (width - row_width) / 2.0 + slot as f64 * (BOX_WIDTH + GAP_X),
                y,
                height: height(place),
            };
        }
        y += highest + GAP_Y;
    }
    (places, width, (y - GAP_Y + PADDING).max(PADDING))
}

fn arrow(out: &mut String, from: Place, to: Place, sign: &str) {
    let (x1, y1) = (from.x + BOX_WIDTH / 2.0, from.y + from.height);
    let (x2, y2) = (to.x + BOX_WIDTH / 2.0, to.y);
    let bend = (y2 - y1) / 2.0;
    let _ = writeln!(
        out,
        "<path d=\"M{x1:.1} {y1:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {x2:.1} {y2:.1}\" \
         class=\"axis\" style=\"fill:none\" marker-end=\"url(#tip)\"/>",
        y1 + bend,
        y2 - bend,
    );
    if !sign.is_empty() {
        let (x, y) = ((x1 + x2) / 2.0 + 6.0, (y1 + y2) / 2.0);
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>",
            Escaped(sign)
        );
    }
}

fn draw_box(out: &mut String, place: Place, role: Role, lines: &[String]) {
    let style = match role {
        Role::Needed => "stroke:var(--c0)",
        Role::Asked => "stroke:var(--c1);stroke-width:3",
        Role::Given => "stroke:var(--c2);stroke-width:3",
        Role::Unneeded => "stroke:var(--soft);stroke-dasharray:5 4",
    };
    let Place { x, y, height } = place;
    let _ = writeln!(
        out,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BOX_WIDTH}\" height=\"{height:.1}\" rx=\"6\" \
         style=\"fill:var(--tint);{style}\"/>"
    );
    let middle = x + BOX_WIDTH / 2.0;
    for (number, line) in lines.iter().enumerate() {
        let baseline = y + PADDING + (number as f64 + 0.8) * LINE_HEIGHT;
        let class = if number + 1 < lines.len() {
            " class=\"name\""
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{baseline:.1}\" text-anchor=\"middle\"{class}>{}</text>",
            Escaped(line)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, reads: &[usize]) -> Node {
        Node {
            name: name.to_owned(),
            detail: "= 3".to_owned(),
            role: Role::Needed,
            reads: reads.iter().map(|from| (*from, String::new())).collect(),
        }
    }

    #[test]
    fn nodes_stand_below_all_that_they_read() {
        let drawing = GraphDrawing {
            title: "graph".to_owned(),
            nodes: vec![
                node("a", &[]),
                node("b", &[]),
                node("c", &[0, 1]),
                node("d", &[0, 2]),
                node("e", &[1]),
            ],
        };
        assert_eq!(drawing.rows(), [vec![0, 1], vec![2, 4], vec![3]]);
        let svg = drawing.to_svg();
        assert_eq!(svg.matches("marker-end").count(), 5);
        assert_eq!(svg.matches("rx=\"6\"").count(), 5);
    }

    #[test]
    fn long_names_are_broken_and_escaped() {
        let long = node("average number of nominations per <calm> road movie", &[]);
        let lines = lines(&long);
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.chars().count() <= LETTERS));
        let drawing = GraphDrawing {
            title: String::new(),
            nodes: vec![long],
        };
        assert!(drawing.to_svg().contains("&lt;calm&gt;"));
    }

    #[test]
    fn an_empty_graph_is_an_empty_drawing() {
        assert!(GraphDrawing::default().to_svg().ends_with("</svg>\n"));
    }
}
