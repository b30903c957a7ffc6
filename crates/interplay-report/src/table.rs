//! Tables, with columns of numbers aligned to the right.

use std::fmt::{self, Write};

use crate::escape::Escaped;

/// A column with a longer cell is broken into lines.
const LONGEST_LINE: usize = 56;
/// A first column with a longer cell is broken into lines on phones, where it stays in view.
const LONGEST_NAME: usize = 18;

/// Appends rows under named columns. A short row is filled with empty cells.
pub(crate) fn write(columns: &[String], rows: &[Vec<String>], out: &mut impl Write) -> fmt::Result {
    let cell = |row: usize, column: usize| rows[row].get(column).map_or("", String::as_str);
    let classes: Vec<&str> = (0..columns.len())
        .map(|column| {
            let mut cells = (0..rows.len()).map(|row| cell(row, column));
            let longest = cells.clone().map(|cell| cell.chars().count()).max();
            match longest.unwrap_or(0) {
                0 => "",
                longest if longest > LONGEST_LINE => " class=\"long\"",
                _ if cells.all(looks_numeric) => " class=\"n\"",
                longest if column == 0 && longest > LONGEST_NAME => " class=\"names\"",
                _ => "",
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

    fn html(columns: &[&str], rows: &[&[&str]]) -> String {
        let owned = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect();
        let columns: Vec<String> = owned(columns);
        let rows: Vec<Vec<String>> = rows.iter().map(|row| owned(row)).collect();
        let mut out = String::new();
        write(&columns, &rows, &mut out).unwrap();
        out
    }

    #[test]
    fn numbers_are_right_aligned_and_short_rows_are_filled() {
        let html = html(
            &["stage", "pass@1"],
            &[&["<base>", "0.61 ± 0.02"], &["grpo"]],
        );
        assert!(html.contains("<th scope=\"col\">stage</th><th scope=\"col\" class=\"n\">"));
        assert!(html.contains("<td>&lt;base&gt;</td>"));
        assert!(html.contains("<tr><td>grpo</td><td class=\"n\"></td></tr>"));
    }

    #[test]
    fn a_column_of_sentences_is_broken_into_lines() {
        let sentence = "1 sentence ".repeat(10);
        let advice = html(&["advice"], &[&["2"], &[sentence.as_str()]]);
        assert_eq!(advice.matches("<td class=\"long\">").count(), 2);
        let names = html(
            &["arm", "p"],
            &[&["curriculum, strict gate", "0.5"], &["base"]],
        );
        assert_eq!(names.matches("<td class=\"names\">").count(), 2);
    }
}
