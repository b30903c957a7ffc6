//! A drawing of an acyclic graph in layers, as SVG.
//!
//! Each node is drawn one row below the lowest node that it reads, and within its row near their
//! mean (one pass of the barycenter heuristic of Sugiyama, Tagawa and Toda 1981). Arrows pass
//! between the boxes of the rows that they cross.

use std::fmt::{self, Write};

use crate::error::ReportError;
use crate::escape::Escaped;
use crate::figure;
use crate::pixel::Pixel;
use crate::wrap::wrapped;

const BOX_WIDTH: f64 = 186.0;
const LINE_HEIGHT: f64 = 15.0;
const GAP_X: f64 = 22.0;
const GAP_Y: f64 = 46.0;
const PADDING: f64 = 8.0;
/// The most letters of a line in a box.
const LETTERS: usize = 22;
/// Length of an arrow's head.
const HEAD: f64 = 7.0;
/// The least share of its size at which a drawing on a page is shown before it scrolls.
const LEAST_SCALE: f64 = 0.85;
/// The least width of a drawing for each letter of its title.
const TITLE_LETTER: f64 = 9.8;

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

/// What a solution makes of a node, which decides the frame of its box and is written in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeStatus {
    /// The solution has it, and it is right.
    Right,
    /// The solution has it, and something about it is wrong.
    Wrong,
    /// The solution needs it and lacks it.
    Missing,
    /// The solution has it and does not need it.
    Unneeded,
}

/// A node and the text in its box.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// Its name; long names are broken at spaces and after `_`, `/` and `+`.
    pub name: String,
    /// One line below the name.
    pub detail: String,
    /// How its box is drawn.
    pub role: Role,
    /// What a solution makes of it, in a drawing of a solution. It takes the place of the role,
    /// except that the node asked for has a double frame.
    pub status: Option<NodeStatus>,
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

/// Where an arrow passes a row.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Passage {
    x: f64,
    /// The upper and the lower end of the row.
    top: f64,
    bottom: f64,
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

    /// Sets what a solution makes of it.
    #[must_use]
    pub fn status(mut self, status: NodeStatus) -> Self {
        self.status = Some(status);
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
        let least = TITLE_LETTER * self.title.chars().count() as f64;
        let mut drawing = String::new();
        let extent = self.write_drawing(least, 1.0, &mut drawing);
        let extent = extent.expect("writing to a string does not fail");
        Ok(figure::svg(&self.title, extent, &drawing))
    }

    /// Appends the drawing below its title, or why it cannot be drawn.
    pub(crate) fn write(&self, out: &mut impl Write) -> fmt::Result {
        if let Err(error) = self.validate() {
            let error = error.to_string();
            return writeln!(out, "<p>The graph cannot be drawn: {}</p>", Escaped(&error));
        }
        if !self.title.is_empty() {
            writeln!(out, "<p class=\"part\">{}</p>", Escaped(&self.title))?;
        }
        // What is too wide scrolls in its frame, also by keyboard.
        out.write_str("<div class=\"scroll\" tabindex=\"0\">\n")?;
        self.write_drawing(0.0, LEAST_SCALE, out)?;
        out.write_str("</div>\n")
    }

    /// Appends the drawing, at least `least` wide, as an `<svg>` that is not shrunk below
    /// `least_scale`. Returns its width and height.
    fn write_drawing(
        &self,
        least: f64,
        least_scale: f64,
        out: &mut impl Write,
    ) -> Result<(f64, f64), fmt::Error> {
        let lines: Vec<Vec<String>> = self.nodes.iter().map(lines).collect();
        let rows = self.rows();
        let (frames, width, height) = layout(&rows, &lines, least);
        write!(
            out,
            "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\"",
            Escaped(&self.title),
        )?;
        if least_scale < 1.0 {
            write!(out, " style=\"min-width:{}px\"", Pixel(width * least_scale))?;
        }
        out.write_str(">\n")?;
        for (node, frame) in self.nodes.iter().zip(&frames) {
            for (from, sign) in &node.reads {
                let (from, to) = (frames[*from], *frame);
                write_arrow(from, to, &passages(from, to, &rows, &frames), sign, out)?;
            }
        }
        for ((node, frame), lines) in self.nodes.iter().zip(&frames).zip(&lines) {
            write_box(*frame, node, lines, out)?;
        }
        out.write_str("</svg>\n")?;
        Ok((width, height))
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
    let mut lines = wrapped(&node.name, LETTERS);
    lines.push(node.detail.clone());
    lines.extend(node.status.map(|status| status.name().to_owned()));
    lines
}

impl NodeStatus {
    fn name(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Missing => "missing",
            Self::Unneeded => "not needed",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Wrong => "wrong",
            Self::Missing => "missing",
            Self::Unneeded => "unneeded",
        }
    }
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

/// Where an arrow passes the rows between its ends: beside the boxes and not behind them.
fn passages(from: Frame, to: Frame, rows: &[Vec<usize>], frames: &[Frame]) -> Vec<Passage> {
    let (start, end) = (from.y + from.height, to.y);
    let mut passages = Vec::new();
    for row in rows {
        let boxes: Vec<Frame> = row.iter().map(|index| frames[*index]).collect();
        let top = boxes
            .iter()
            .map(|frame| frame.y)
            .fold(f64::INFINITY, f64::min);
        let bottom = boxes
            .iter()
            .map(|frame| frame.y + frame.height)
            .fold(0.0, f64::max);
        if top <= from.y || top >= end {
            continue;
        }
        let share = ((top + bottom) / 2.0 - start) / (end - start);
        let straight = from.x + share * (to.x - from.x) + BOX_WIDTH / 2.0;
        let covers = |frame: &Frame| {
            straight > frame.x - GAP_X / 2.0 && straight < frame.x + BOX_WIDTH + GAP_X / 2.0
        };
        let x = match boxes.iter().find(|frame| covers(frame)) {
            None => straight,
            Some(frame) if straight < frame.x + BOX_WIDTH / 2.0 => frame.x - GAP_X / 2.0,
            Some(frame) => frame.x + BOX_WIDTH + GAP_X / 2.0,
        };
        passages.push(Passage { x, top, bottom });
    }
    passages
}

fn write_arrow(
    from: Frame,
    to: Frame,
    passages: &[Passage],
    sign: &str,
    out: &mut impl Write,
) -> fmt::Result {
    let (mut x, mut y) = (from.x + BOX_WIDTH / 2.0, from.y + from.height);
    write!(out, "<path class=\"arrow\" d=\"M{x:.1} {y:.1}")?;
    let arrival = to.x + BOX_WIDTH / 2.0;
    let last = Passage {
        x: arrival,
        top: to.y - HEAD + 1.0,
        bottom: to.y - HEAD + 1.0,
    };
    let mut middle = (x, y);
    for next in passages.iter().chain([&last]) {
        let bend = (y + next.top) / 2.0;
        write!(
            out,
            "C{x:.1} {bend:.1} {:.1} {bend:.1} {:.1} {:.1}V{:.1}",
            next.x, next.x, next.top, next.bottom
        )?;
        middle = ((x + next.x) / 2.0, bend);
        (x, y) = (next.x, next.bottom);
    }
    // Every arrow arrives from above, so its head needs no turning.
    writeln!(
        out,
        "\"/><path class=\"head\" d=\"M{arrival:.1} {:.1}l-4 -{HEAD}h8z\"/>",
        to.y
    )?;
    if !sign.is_empty() {
        let (x, y) = (middle.0 + 6.0, middle.1);
        let sign = Escaped(sign);
        writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\">{sign}</text>")?;
    }
    Ok(())
}

fn write_box(frame: Frame, node: &Node, lines: &[String], out: &mut impl Write) -> fmt::Result {
    let class = match (node.status, node.role) {
        (Some(status), _) => status.class(),
        (None, Role::Needed) => "needed",
        (None, Role::Asked) => "asked",
        (None, Role::Given) => "given",
        (None, Role::Unneeded) => "unneeded",
    };
    let Frame { x, y, height } = frame;
    writeln!(
        out,
        "<rect class=\"box {class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{BOX_WIDTH}\" \
         height=\"{height:.1}\" rx=\"6\"/>"
    )?;
    if node.status.is_some() && node.role == Role::Asked {
        writeln!(
            out,
            "<rect class=\"box inner {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{}\" \
             height=\"{:.1}\" rx=\"3\"/>",
            x + 4.0,
            y + 4.0,
            BOX_WIDTH - 8.0,
            height - 8.0,
        )?;
    }
    let middle = x + BOX_WIDTH / 2.0;
    let name_lines = lines.len() - 1 - usize::from(node.status.is_some());
    for (number, line) in lines.iter().enumerate() {
        let baseline = y + PADDING + (number as f64 + 0.8) * LINE_HEIGHT;
        let class = match number {
            number if number < name_lines => " class=\"name\"".to_owned(),
            number if number > name_lines => format!(" class=\"status {class}\""),
            _ => String::new(),
        };
        writeln!(
            out,
            "<text x=\"{middle:.1}\" y=\"{baseline:.1}\" text-anchor=\"middle\"{class}>{}</text>",
            Escaped(line)
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, reads: &[usize]) -> Node {
        Node {
            name: name.to_owned(),
            detail: "= 3".to_owned(),
            reads: reads.iter().map(|from| (*from, String::new())).collect(),
            ..Node::default()
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
        assert_eq!(svg.matches("class=\"arrow\"").count(), 5);
        assert_eq!(svg.matches("rx=\"6\"").count(), 5);
    }

    #[test]
    fn an_arrow_passes_beside_the_boxes_between_its_ends() {
        let drawing = GraphDrawing {
            title: String::new(),
            nodes: vec![
                node("a", &[]),
                node("b", &[0]),
                node("c", &[1]),
                node("d", &[0, 2]),
            ],
        };
        let rows = drawing.rows();
        let lines: Vec<Vec<String>> = drawing.nodes.iter().map(super::lines).collect();
        let (frames, width, _) = layout(&rows, &lines, 0.0);
        assert!(passages(frames[0], frames[1], &rows, &frames).is_empty());
        let found = passages(frames[0], frames[3], &rows, &frames);
        assert_eq!(found.len(), 2);
        for (passage, frame) in found.iter().zip(&frames[1..]) {
            assert!(passage.x < frame.x || passage.x > frame.x + BOX_WIDTH);
            assert!(passage.x > 0.0 && passage.x < width);
        }
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
    fn a_status_is_drawn_and_written() {
        let drawing = GraphDrawing::new("elk?")
            .node(Node::new("fox").status(NodeStatus::Right).role(Role::Given))
            .node(Node::new("owl").status(NodeStatus::Unneeded))
            .node(Node::new("bee").status(NodeStatus::Missing).reads(0))
            .node(
                Node::new("elk")
                    .status(NodeStatus::Wrong)
                    .role(Role::Asked)
                    .reads(2),
            );
        let svg = drawing.to_svg().unwrap();
        for (class, name) in [
            ("right", "right"),
            ("unneeded", "not needed"),
            ("missing", "missing"),
            ("wrong", "wrong"),
        ] {
            assert_eq!(
                svg.matches(&format!("<rect class=\"box {class}\"")).count(),
                1
            );
            assert!(svg.contains(&format!("class=\"status {class}\">{name}</text>")));
        }
        // The node asked for has a double frame.
        assert_eq!(svg.matches("class=\"box inner wrong\"").count(), 1);
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
