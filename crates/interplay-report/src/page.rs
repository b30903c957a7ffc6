//! A page: its title, facts, and sections of tables and plots.

use std::fmt::{self, Display, Write};

use crate::escape::Escaped;
use crate::plot::LinePlot;

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
    /// Tables and plots, in order.
    pub blocks: Vec<Block>,
}

/// A table or a plot.
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
                Block::Table { columns, rows } => write_table(columns, rows, out)?,
                Block::Plot(plot) => plot.write(out)?,
            }
        }
        out.write_str("</section>\n")
    }
}

fn write_table(columns: &[String], rows: &[Vec<String>], out: &mut impl Write) -> fmt::Result {
    let cell = |row: usize, column: usize| rows[row].get(column).map_or("", String::as_str);
    let classes: Vec<&str> = (0..columns.len())
        .map(|column| {
            let numeric = (0..rows.len()).all(|row| looks_numeric(cell(row, column)));
            let empty = (0..rows.len()).all(|row| cell(row, column).is_empty());
            if numeric && !empty {
                " class=\"n\""
            } else {
                ""
            }
        })
        .collect();
    // A table wider than the screen scrolls in its frame, also by keyboard.
    out.write_str("<div class=\"scroll\" tabindex=\"0\"><table>\n<thead><tr>")?;
    for (column, class) in columns.iter().zip(&classes) {
        write!(out, "<th scope=\"col\"{class}>{}</th>", Escaped(column))?;
    }
    out.write_str("</tr></thead>\n<tbody>\n")?;
    for row in 0..rows.len() {
        out.write_str("<tr>")?;
        for (column, class) in classes.iter().enumerate() {
            write!(out, "<td{class}>{}</td>", Escaped(cell(row, column)))?;
        }
        out.write_str("</tr>\n")?;
    }
    out.write_str("</tbody>\n</table></div>\n")
}

/// Whether a cell starts like a number, or stands for a missing one.
fn looks_numeric(cell: &str) -> bool {
    let cell = cell.trim();
    let digits = cell.trim_start_matches(['+', '-', '\u{2212}', '.', '<', '>', '[', '(', ' ']);
    matches!(cell, "" | "-" | "\u{2013}" | "\u{2014}" | "n/a")
        || digits.starts_with(|letter: char| letter.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(html.contains("&lt;base&gt;"));
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
    fn numbers_are_right_aligned_and_short_rows_are_filled() {
        let html = page().to_html();
        assert!(html.contains("<th scope=\"col\">stage</th><th scope=\"col\" class=\"n\">"));
        assert!(html.contains("<tr><td>grpo</td><td class=\"n\"></td></tr>"));
    }

    #[test]
    fn an_empty_page_is_a_page() {
        let html = Page::default().to_html();
        assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    }
}
