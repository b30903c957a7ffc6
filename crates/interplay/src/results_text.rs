//! The results of a run as text: `results.txt` and what the command prints.

use std::fmt::Write as _;

use crate::results::{Results, ends, gains, lines, points};
use crate::temperatures;

/// The results as text: verified and answer-only pass@1 and pass@k by stage and band, with 95 %
/// intervals, then the gain of each stage over the model that it started from.
#[must_use]
pub fn results_table(results: &Results) -> String {
    let lines = lines(results);
    let k = lines
        .iter()
        .find_map(|line| ends(&line.cell.verified))
        .map_or(1, |(_, last)| last.k);
    let mut rows = vec![vec![
        "stage".to_owned(),
        "band".to_owned(),
        "verified pass@1".to_owned(),
        format!("verified pass@{k}"),
        "answer pass@1".to_owned(),
        format!("answer pass@{k}"),
    ]];
    for line in &lines {
        rows.push(line.row());
    }
    let mut text = aligned(&rows);
    text.push_str("percent, with 95 % intervals clustered by problem\n\n");
    let mut rows = vec![vec![
        "gain of".to_owned(),
        "over".to_owned(),
        "band".to_owned(),
        "verified pass@1".to_owned(),
        format!("verified pass@{k}"),
    ]];
    for gain in gains(results) {
        let mut row = vec![
            gain.stage.to_owned(),
            gain.from.to_owned(),
            gain.band.to_owned(),
        ];
        row.extend(gain.verified.iter().map(points));
        rows.push(row);
    }
    text.push_str(&aligned(&rows));
    text.push_str("points, paired by problem, with 95 % intervals\n");
    if temperatures::swept(results) {
        text.push_str("\nevery temperature\n\n");
        text.push_str(&aligned(&temperatures::accuracy_rows(results)));
        text.push_str("percent, with 95 % intervals clustered by problem\n\n");
        text.push_str(&aligned(&temperatures::gain_rows(results)));
        text.push_str(
            "points, paired by problem, with 95 % intervals: at equal temperature, and between \
             each model's own best at 1 and at the last k\n",
        );
    }
    text
}

/// Rows under their heads, in columns.
pub(crate) fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(String::len)
            .max()
    };
    let widths: Vec<usize> = (0..columns)
        .map(|column| width(column).unwrap_or(0))
        .collect();
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (text, width) in row.iter().zip(&widths) {
            let _ = write!(line, "{text:<width$}  ");
        }
        table.push_str(line.trim_end());
        table.push('\n');
        if index == 0 {
            table.push_str(&"-".repeat(widths.iter().sum::<usize>() + 2 * (columns - 1)));
            table.push('\n');
        }
    }
    table
}
