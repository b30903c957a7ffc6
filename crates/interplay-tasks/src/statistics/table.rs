//! Statistics of corpora side by side, as a Markdown table.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::corpus::Statistics;
use super::distribution::Distribution;
use super::measure::Measure;

/// Statistics side by side: counts, then each measure as its mean with the range of the middle
/// four fifths, then kinds of definitions in percent. With two corpora the last column is the
/// distance of the distributions ([`Distribution::distance`], from 0 to 1).
///
/// Each corpus has a name; the same corpora give the same text.
#[must_use]
pub fn markdown_table(corpora: &[(&str, &Statistics)]) -> String {
    let mut table = Table {
        corpora,
        text: String::new(),
    };
    table.head();
    table.row("records", |one| one.records.to_string());
    table.share("tell no whole problem", |one| one.without_graph);
    table.share("repeat a sentence", |one| one.with_repeated_sentences);
    table.share("have quantities that cannot be computed", |one| {
        one.with_circles_or_gaps
    });
    table.share("op differs from the graph's", |one| one.wrong_op);
    table.share("repeat a text", |one| one.repetitions.text);
    table.share("repeat a graph with numbers", |one| one.repetitions.graph);
    table.share("repeat a shape", |one| one.repetitions.shape);
    for measure in Measure::ALL {
        table.measure(measure);
    }
    table.definitions();
    table.text
}

struct Table<'a> {
    corpora: &'a [(&'a str, &'a Statistics)],
    text: String,
}

impl Table<'_> {
    fn head(&mut self) {
        self.text.push_str("| |");
        for (name, _) in self.corpora {
            let _ = write!(self.text, " {} |", name.replace('|', "/"));
        }
        let columns = 1 + self.corpora.len() + usize::from(self.compares());
        self.text.push_str(if self.compares() {
            " distance |\n|"
        } else {
            "\n|"
        });
        self.text.push_str(&"---|".repeat(columns));
        self.text.push('\n');
    }

    fn compares(&self) -> bool {
        self.corpora.len() == 2
    }

    fn row(&mut self, name: &str, cell: impl Fn(&Statistics) -> String) {
        self.row_with_distance(name, cell, None);
    }

    fn row_with_distance(
        &mut self,
        name: &str,
        cell: impl Fn(&Statistics) -> String,
        distance: Option<f64>,
    ) {
        let _ = write!(self.text, "| {name} |");
        for (_, one) in self.corpora {
            let _ = write!(self.text, " {} |", cell(one));
        }
        if self.compares() {
            let _ = match distance {
                Some(distance) if distance.is_finite() => write!(self.text, " {distance:.2} |"),
                _ => write!(self.text, " |"),
            };
        }
        self.text.push('\n');
    }

    /// A row of records in percent of all.
    fn share(&mut self, name: &str, of: impl Fn(&Statistics) -> u64) {
        self.row(name, |one| percent(of(one), one.records));
    }

    fn measure(&mut self, measure: Measure) {
        let distance = match self.corpora {
            [(_, left), (_, right)] => left
                .measures
                .get(&measure)
                .zip(right.measures.get(&measure))
                .map(|(left, right)| left.distance(right)),
            _ => None,
        };
        let cell = |one: &Statistics| one.measures.get(&measure).map_or_else(String::new, summary);
        self.row_with_distance(measure.label(), cell, distance);
    }

    fn definitions(&mut self) {
        let mut kinds = BTreeMap::new();
        for (_, one) in self.corpora {
            for kind in one.definitions.keys() {
                kinds.insert(kind.clone(), ());
            }
        }
        for kind in kinds.keys() {
            self.row(&format!("defined as {kind}"), |one| {
                let all = one.definitions.values().sum();
                percent(one.definitions.get(kind).copied().unwrap_or(0), all)
            });
        }
    }
}

fn percent(part: u64, all: u64) -> String {
    match (part, all) {
        (_, 0) => String::new(),
        (0, _) => "0 %".to_owned(),
        _ => format!("{:.1} %", 100.0 * part as f64 / all as f64),
    }
}

/// The mean with the tenth and the ninetieth percentile.
fn summary(seen: &Distribution) -> String {
    match (seen.quantile(0.1), seen.quantile(0.9)) {
        (Some(low), Some(high)) => format!("{:.1} [{low}, {high}]", seen.mean()),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpora::Sample;

    fn corpus(problems: &[(&str, u32)]) -> Statistics {
        let samples = problems.iter().map(|(problem, op)| {
            Ok(Sample {
                problem: (*problem).into(),
                question: "owl?".into(),
                solution: String::new(),
                op: *op,
                id: 0,
                template: "zoo".into(),
                mode: "normalforward".into(),
                length: "zero_context".into(),
                d: 2,
            })
        });
        Statistics::of(samples).unwrap()
    }

    #[test]
    fn two_corpora_stand_side_by_side_with_their_distance() {
        let left = corpus(&[("owl = 3.", 1), ("owl = 4.", 1)]);
        let right = corpus(&[("owl = 2 * elk. elk = 4.", 3), ("owl = bee.", 2)]);
        let table = markdown_table(&[("left", &left), ("right", &right)]);
        let rows = [
            "| | left | right | distance |",
            "| records | 2 | 2 | |",
            "| tell no whole problem | 0 % | 50.0 % | |",
            "| op | 1.0 [1, 1] | 3.0 [3, 3] | 1.00 |",
            "| defined as a number | 100.0 % | 50.0 % | |",
        ];
        for row in rows {
            assert!(table.contains(&format!("{row}\n")), "{row}\n{table}");
        }
    }

    #[test]
    fn a_corpus_without_records_has_empty_cells() {
        let table = markdown_table(&[("none", &Statistics::default())]);
        assert!(table.contains("| records | 0 |\n"), "{table}");
        assert!(table.contains("| op |  |\n"), "{table}");
    }
}
