//! A drawing of an acyclic graph in layers, as SVG.
//!
//! Each node is drawn one row below the lowest node that it reads, and within its row near their
//! mean (one pass of the barycenter heuristic of Sugiyama, Tagawa and Toda 1981).

use std::fmt::Write;

use crate::error::ReportError;
use crate::escape::Escaped;
use crate::figure;

const BOX_WIDTH: f64 = 176.0;
const LINE_HEIGHT: f64 = 15.0;
const GAP_X: f64 = 22.0;
const GAP_Y: f64 = 46.0;
const PADDING: f64 = 8.0;
/// The most letters of a line in a box.
const LETTERS: usize = 22;
/// The least width of a drawing for each letter of its title.
const TITLE_LETTER: f64 = 8.2;

/// What a node is to the answer of a problem, which decides how its box is drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Role {
    /// The answer depends on it.
    #[default]
    Needed,
    /// It is the answer.
    Asked,
    /// Its value is given in addition to its definition.
    Given,
    /// The answer does not depend on it.
    Unneeded,
}

/// A node and the text in its box.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// Its name; long names are broken at spaces.
    pub name: String,
    /// One line below the name.
    pub detail: String,
    /// How its box is drawn.
    pub role: Role,
    /// Indices of the earlier nodes that it reads, each with a label for its arrow, possibly
    /// empty.
    pub reads: Vec<(usize, String)>,
}

/// An acyclic graph to draw, with its nodes in topological order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GraphDrawing {
    /// Heading above the drawing.
    pub title: String,
    /// The nodes, each after those that it reads.
    pub nodes: Vec<Node>,
}

/// Position and height of a box.
#[derive(Clone, Copy)]
struct Frame {
    x: f64,
    y: f64,
    height: f64,
}

impl Node {
    /// A node that reads no other.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Sets the line below the name.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Sets how the box is drawn.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// Adds an arrow without a label from the node at an index.
    #[must_use]
    pub fn reads(mut self, index: usize) -> Self {
        self.reads.push((index, String::new()));
        self
    }
}

impl GraphDrawing {
    /// A drawing without nodes.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            nodes: Vec::new(),
        }
    }

    /// Appends a node.
    #[must_use]
    pub fn node(mut self, node: Node) -> Self {
        self.nodes.push(node);
        self
    }

    /// Renders the drawing as an SVG file.
    ///
    /// # Errors
    /// [`ReportError::ReadsLaterNode`] if a node reads itself, a later node or one that does not
    /// exist.
    pub fn to_svg(&self) -> Result<String, ReportError> {
        self.validate()?;
        let lines: Vec<Vec<String>> = self.nodes.iter().map(lines).collect();
        let rows = self.rows();
        let least = TITLE_LETTER * self.title.chars().count() as f64;
        let (frames, width, height) = layout(&rows, &lines, least);
        let mut drawing = format!(
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\">\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" \
             markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" \
             style=\"fill:var(--soft)\"/></marker></defs>\n"
        );
        for (node, frame) in self.nodes.iter().zip(&frames) {
            for (from, sign) in &node.reads {
                arrow(&mut drawing, frames[*from], *frame, sign);
            }
        }
        for ((node, frame), lines) in self.nodes.iter().zip(&frames).zip(&lines) {
            draw_box(&mut drawing, *frame, node.role, lines);
        }
        drawing.push_str("</svg>\n");
        Ok(figure::svg(&self.title, (width, height), &drawing))
    }

    fn validate(&self) -> Result<(), ReportError> {
        for (index, node) in self.nodes.iter().enumerate() {
            if let Some((reads, _)) = node.reads.iter().find(|(reads, _)| *reads >= index) {
                return Err(ReportError::ReadsLaterNode {
                    node: index,
                    name: node.name.clone(),
                    reads: *reads,
                });
            }
        }
        Ok(())
    }

    /// The indices of the nodes in each row, from left to right.
    fn rows(&self) -> Vec<Vec<usize>> {
        let mut row_of: Vec<usize> = Vec::with_capacity(self.nodes.len());
        let mut rows: Vec<Vec<usize>> = Vec::new();
        for (index, node) in self.nodes.iter().enumerate() {
            let above = node.reads.iter().map(|(from, _)| row_of[*from] + 1).max();
            let row = above.unwrap_or(0);
            row_of.push(row);
            rows.resize(rows.len().max(row + 1), Vec::new());
            rows[row].push(index);
        }
        let mut across = vec![0.0; self.nodes.len()];
        for row in &mut rows {
            let middle = |index: &usize| {
                let reads = &self.nodes[*index].reads;
                let sum: f64 = reads.iter().map(|(from, _)| across[*from]).sum();
                sum / reads.len().max(1) as f64
            };
            row.sort_by(|left, right| middle(left).total_cmp(&middle(right)));
            let width = row.len() as f64;
            for (slot, index) in row.iter().enumerate() {
                across[*index] = (slot as f64 + 0.5) / width;
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

/// The frames of all boxes, and the size of the whole drawing, at least `least` wide.
fn layout(rows: &[Vec<usize>], lines: &[Vec<String>], least: f64) -> (Vec<Frame>, f64, f64) {
    let nothing = Frame {
        x: 0.0,
        y: 0.0,
        height: 0.0,
    };
    let mut frames = vec![nothing; lines.len()];
    let widest = rows.iter().map(Vec::len).max().unwrap_or(0) as f64;
    let width = (widest * (BOX_WIDTH + GAP_X) + GAP_X).max(least);
    let mut y = PADDING;
    for row in rows {
        let row_width = row.len() as f64 * (BOX_WIDTH + GAP_X) - GAP_X;
        let height = |index: &usize| lines[*index].len() as f64 * LINE_HEIGHT + 2.0 * PADDING;
        let highest = row.iter().map(height).fold(0.0, f64::max);
        for (slot, index) in row.iter().enumerate() {
            frames[*index] = Frame {
                x: (width - row_width) / 2.0 + slot as f64 * (BOX_WIDTH + GAP_X),
                y,
                height: height(index),
            };
        }
        y += highest + GAP_Y;
    }
    (frames, width, (y - GAP_Y + PADDING).max(PADDING))
}

fn arrow(out: &mut String, from: Frame, to: Frame, sign: &str) {
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

fn draw_box(out: &mut String, frame: Frame, role: Role, lines: &[String]) {
    let style = match role {
        Role::Needed => "stroke:var(--c0)",
        Role::Asked => "stroke:var(--c1);stroke-width:3",
        Role::Given => "stroke:var(--c2);stroke-width:3",
        Role::Unneeded => "stroke:var(--soft);stroke-dasharray:5 4",
    };
    let Frame { x, y, height } = frame;
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
    fn nodes_are_below_all_that_they_read() {
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
        let svg = drawing.to_svg().unwrap();
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
        assert!(drawing.to_svg().unwrap().contains("&lt;calm&gt;"));
    }

    #[test]
    fn an_empty_graph_is_an_empty_drawing() {
        let svg = GraphDrawing::default().to_svg().unwrap();
        assert!(svg.ends_with("</svg>\n"));
    }

    #[test]
    fn a_node_that_reads_itself_or_a_later_one_is_refused() {
        for reads in [1, 2, usize::MAX] {
            let drawing = GraphDrawing::new("")
                .node(Node::new("a"))
                .node(Node::new("b").reads(reads))
                .node(Node::new("c"));
            let error = drawing.to_svg().unwrap_err();
            assert!(
                matches!(error, ReportError::ReadsLaterNode { node: 1, reads: found, .. }
                    if found == reads),
                "{error}"
            );
        }
    }
}
