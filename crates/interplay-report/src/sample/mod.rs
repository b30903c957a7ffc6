//! A completion for people: its problem, what a verifier says of it, and its graph.

mod annotated;

use std::fmt::{self, Display, Write};

pub use self::annotated::{AnnotatedText, Judgment, Mark};

use crate::escape::Escaped;
use crate::graph::GraphDrawing;

/// Whether a completion solves its problem.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SampleVerdict {
    /// Nobody has judged it; nothing is said.
    #[default]
    Unjudged,
    /// It does.
    Accepted,
    /// It does not.
    Rejected {
        /// Why not, in plain text.
        reason: String,
    },
}

/// A completion with marks, and optionally the graph of its problem.
///
/// The graph stands beside the text on wide screens and below it on others.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sample {
    /// What the sample shows; may be empty.
    pub title: String,
    /// The problem's text; line breaks are kept.
    pub problem: String,
    /// The completion.
    pub completion: AnnotatedText,
    /// What a verifier says.
    pub verdict: SampleVerdict,
    /// Names and values in one line below the verdict, such as a reward.
    pub facts: Vec<(String, String)>,
    /// The problem's graph. One that cannot be drawn is replaced with the reason.
    pub graph: Option<GraphDrawing>,
}

impl Sample {
    /// A completion of a problem, not yet judged.
    #[must_use]
    pub fn new(problem: impl Into<String>, completion: AnnotatedText) -> Self {
        Self {
            problem: problem.into(),
            completion,
            ..Self::default()
        }
    }

    /// Sets what the sample shows.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// Says that the completion is accepted.
    #[must_use]
    pub fn accepted(mut self) -> Self {
        self.verdict = SampleVerdict::Accepted;
        self
    }

    /// Says why the completion is rejected.
    #[must_use]
    pub fn rejected(mut self, reason: impl Into<String>) -> Self {
        self.verdict = SampleVerdict::Rejected {
            reason: reason.into(),
        };
        self
    }

    /// Adds a name and its value below the verdict.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.facts.push((name.into(), value.to_string()));
        self
    }

    /// Sets the graph.
    #[must_use]
    pub fn graph(mut self, graph: GraphDrawing) -> Self {
        self.graph = Some(graph);
        self
    }

    /// Appends the sample as a `<figure>`.
    pub(crate) fn write(&self, out: &mut impl Write) -> fmt::Result {
        let beside = if self.graph.is_some() { " drawn" } else { "" };
        writeln!(out, "<figure class=\"sample{beside}\">")?;
        if !self.title.is_empty() {
            writeln!(out, "<figcaption>{}</figcaption>", Escaped(&self.title))?;
        }
        out.write_str("<div class=\"solution\">\n")?;
        if !self.problem.is_empty() {
            let problem = Escaped(&self.problem);
            writeln!(
                out,
                "<p class=\"part\">Problem</p>\n<div class=\"words\">{problem}</div>"
            )?;
        }
        out.write_str("<p class=\"part\">Completion</p>\n")?;
        self.write_verdict(out)?;
        self.completion.write(out)?;
        out.write_str("</div>\n")?;
        if let Some(graph) = &self.graph {
            out.write_str("<div class=\"graph\">\n")?;
            graph.write(out)?;
            out.write_str("</div>\n")?;
        }
        out.write_str("</figure>\n")
    }

    fn write_verdict(&self, out: &mut impl Write) -> fmt::Result {
        match &self.verdict {
            SampleVerdict::Unjudged => {}
            SampleVerdict::Accepted => {
                out.write_str("<p class=\"verdict right\"><b>Accepted</b></p>\n")?;
            }
            SampleVerdict::Rejected { reason } => {
                out.write_str("<p class=\"verdict wrong\"><b>Rejected")?;
                if !reason.is_empty() {
                    write!(out, ":</b> {}", Escaped(reason))?;
                } else {
                    out.write_str("</b>")?;
                }
                out.write_str("</p>\n")?;
            }
        }
        if self.facts.is_empty() {
            return Ok(());
        }
        out.write_str("<p class=\"facts\">")?;
        for (name, value) in &self.facts {
            write!(
                out,
                "<span>{} <b>{}</b></span> ",
                Escaped(name),
                Escaped(value)
            )?;
        }
        out.write_str("</p>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Node;

    fn html(sample: &Sample) -> String {
        let mut out = String::new();
        sample.write(&mut out).unwrap();
        out
    }

    #[test]
    fn the_verdict_stands_between_problem_and_completion() {
        let sample = Sample::new("What is <a>?", AnnotatedText::new("a = 2."))
            .title("op 1 & more")
            .rejected("a is not \"2\"")
            .fact("reward", 0.5);
        let html = html(&sample);
        let at = |part: &str| html.find(part).unwrap();
        assert!(at("op 1 &amp; more") < at("What is &lt;a&gt;?"));
        assert!(at("What is &lt;a&gt;?") < at("<b>Rejected:</b> a is not &quot;2&quot;"));
        assert!(at("Rejected") < at("<span>reward <b>0.5</b></span>"));
        assert!(at("<span>reward") < at("a = 2."));
        assert!(!html.contains("<svg"));
    }

    #[test]
    fn unjudged_and_accepted_samples_say_so() {
        let sample = Sample::new("", AnnotatedText::default());
        assert!(!html(&sample).contains("verdict") && !html(&sample).contains("Problem"));
        assert!(html(&sample.accepted()).contains("<b>Accepted</b>"));
    }

    #[test]
    fn a_graph_is_drawn_or_its_mistake_named() {
        let graph = GraphDrawing::new("elk?").node(Node::new("<fox>"));
        let sample = Sample::new("", AnnotatedText::default()).graph(graph);
        let drawn = html(&sample);
        assert!(drawn.contains("<svg") && drawn.contains("&lt;fox&gt;") && drawn.contains("elk?"));
        let circle = GraphDrawing::new("").node(Node::new("<b>").reads(0));
        let refused = html(&Sample::default().graph(circle));
        assert!(!refused.contains("<svg"));
        assert!(
            refused.contains("node 0 (`&lt;b&gt;`) reads node 0"),
            "{refused}"
        );
    }
}
