//! A page: its title, facts, and sections of tables, plots and samples.

use std::fmt::{self, Display, Write};

use crate::bars::BarPlot;
use crate::escape::Escaped;
use crate::plot::LinePlot;
use crate::sample::Sample;
use crate::table;

/// A whole report.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Title and main heading.
    pub title: String,
    /// One line under the title.
    pub subtitle: String,
    /// Names and values that a reader wants first, such as a seed or a duration.
    pub facts: Vec<(String, String)>,
    /// The body, in order.
    pub sections: Vec<Section>,
}

/// A part of a page with a heading of its own.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// Plain text. An empty line starts a new paragraph.
    pub text: String,
    /// Tables, plots and samples, in order.
    pub blocks: Vec<Block>,
}

/// A table, a plot or a sample.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// Rows under named columns. Columns of numbers are aligned to the right.
    Table {
        /// Names of the columns.
        columns: Vec<String>,
        /// Cells by row. A short row is filled with empty cells.
        rows: Vec<Vec<String>>,
    },
    /// A line plot.
    Plot(LinePlot),
    /// A bar plot.
    Bars(BarPlot),
    /// A completion with marks.
    Sample(Sample),
}

impl Page {
    /// A page without content.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Sets the line under the title.
    #[must_use]
    pub fn subtitle(mut self, subtitle: impl Into<String>) -> Self {
        self.subtitle = subtitle.into();
        self
    }

    /// Adds a name and its value below the title.
    #[must_use]
    pub fn fact(mut self, name: impl Into<String>, value: impl Display) -> Self {
        self.facts.push((name.into(), value.to_string()));
        self
    }

    /// Adds a section.
    #[must_use]
    pub fn section(mut self, section: Section) -> Self {
        self.sections.push(section);
        self
    }

    /// Renders the page as an HTML document that needs no other file.
    #[must_use]
    pub fn to_html(&self) -> String {
        let mut html = String::new();
        self.write(&mut html)
            .expect("writing to a string does not fail");
        html
    }

    fn write(&self, out: &mut impl Write) -> fmt::Result {
        let title = Escaped(&self.title);
        write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" \
             content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>{title}</title>\n<style>\n{}{}</style>\n</head>\n<body>\n\
             <header>\n<h1>{title}</h1>\n",
            include_str!("drawing.css"),
            include_str!("style.css"),
        )?;
        if !self.subtitle.is_empty() {
            writeln!(out, "<p class=\"subtitle\">{}</p>", Escaped(&self.subtitle))?;
        }
        if !self.facts.is_empty() {
            out.write_str("<dl>\n")?;
            for (name, value) in &self.facts {
                let (name, value) = (Escaped(name), Escaped(value));
                writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")?;
            }
            out.write_str("</dl>\n")?;
        }
        self.write_contents(out)?;
        out.write_str("</header>\n<main>\n")?;
        for (number, section) in self.sections.iter().enumerate() {
            section.write(number, out)?;
        }
        out.write_str("</main>\n</body>\n</html>\n")
    }

    /// Links to the sections, if there are enough of them to need a list.
    fn write_contents(&self, out: &mut impl Write) -> fmt::Result {
        if self.sections.len() < 3 {
            return Ok(());
        }
        out.write_str("<nav aria-label=\"Sections\">")?;
        for (number, section) in self.sections.iter().enumerate() {
            let heading = Escaped(&section.heading);
            write!(out, "<a href=\"#section-{number}\">{heading}</a>")?;
        }
        out.write_str("</nav>\n")
    }
}

impl Section {
    /// A section without content.
    #[must_use]
    pub fn new(heading: impl Into<String>) -> Self {
        Self {
            heading: heading.into(),
            ..Self::default()
        }
    }

    /// Sets the text under the heading; an empty line starts a new paragraph.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Adds a plot.
    #[must_use]
    pub fn plot(mut self, plot: LinePlot) -> Self {
        self.blocks.push(Block::Plot(plot));
        self
    }

    /// Adds a bar plot.
    #[must_use]
    pub fn bars(mut self, plot: BarPlot) -> Self {
        self.blocks.push(Block::Bars(plot));
        self
    }

    /// Adds a completion with marks.
    #[must_use]
    pub fn sample(mut self, sample: Sample) -> Self {
        self.blocks.push(Block::Sample(sample));
        self
    }

    /// Adds a table of rows under named columns.
    #[must_use]
    pub fn table<Row>(
        mut self,
        columns: impl IntoIterator<Item = impl Into<String>>,
        rows: impl IntoIterator<Item = Row>,
    ) -> Self
    where
        Row: IntoIterator<Item: Into<String>>,
    {
        let cells = |row: Row| row.into_iter().map(Into::into).collect();
        self.blocks.push(Block::Table {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: rows.into_iter().map(cells).collect(),
        });
        self
    }

    fn write(&self, number: usize, out: &mut impl Write) -> fmt::Result {
        let heading = Escaped(&self.heading);
        writeln!(out, "<section>\n<h2 id=\"section-{number}\">{heading}</h2>")?;
        let paragraphs = self.text.split("\n\n").map(str::trim);
        for paragraph in paragraphs.filter(|paragraph| !paragraph.is_empty()) {
            writeln!(out, "<p>{}</p>", Escaped(paragraph))?;
        }
        for block in &self.blocks {
            match block {
                Block::Table { columns, rows } => table::write(columns, rows, out)?,
                Block::Plot(plot) => plot.write(out)?,
                Block::Bars(plot) => plot.write(out)?,
                Block::Sample(sample) => sample.write(out)?,
            }
        }
        out.write_str("</section>\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::GraphDrawing;

    fn page() -> Page {
        Page {
            title: "A <title> & more".into(),
            subtitle: "\"quoted\"".into(),
            facts: vec![("seed".into(), "<7>".into())],
            sections: vec![Section {
                heading: "Results".into(),
                text: "First.\n\nSecond <b>.".into(),
                blocks: vec![
                    Block::Table {
                        columns: vec!["stage".into(), "pass@1".into()],
                        rows: vec![
                            vec!["<base>".into(), "0.61 ± 0.02".into()],
                            vec!["grpo".into()],
                        ],
                    },
                    Block::Plot(LinePlot::default()),
                    Block::Bars(BarPlot::default()),
                    Block::Sample(Sample::default().graph(GraphDrawing::new("<i>"))),
                ],
            }],
        }
    }

    #[test]
    fn everything_passed_in_is_escaped() {
        let html = page().to_html();
        assert!(html.contains("<h1>A &lt;title&gt; &amp; more</h1>"));
        assert!(html.contains("&quot;quoted&quot;"));
        assert!(html.contains("<dd>&lt;7&gt;</dd>"));
        assert!(html.contains("<p>First.</p>\n<p>Second &lt;b&gt;.</p>"));
        assert!(html.contains("&lt;base&gt;") && html.contains("&lt;i&gt;"));
    }

    #[test]
    fn a_page_needs_nothing_from_outside() {
        let html = page().to_html();
        for foreign in [
            "http:", "https:", "<script", "src=", "url(", "@import", "<link",
        ] {
            assert!(!html.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn the_same_page_gives_the_same_bytes() {
        assert_eq!(page().to_html(), page().to_html());
    }

    #[test]
    fn an_empty_page_is_a_page() {
        let html = Page::default().to_html();
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    }
}
