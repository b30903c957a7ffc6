//! Estimates as rows of a table for data frames.

use interplay_files::{Column, Table};

use super::estimates::{Estimates, Grouping, groups};

const GROUPINGS: [Grouping; 4] = [
    Grouping::Op,
    Grouping::Context,
    Grouping::ContextAndOp,
    Grouping::Overall,
];

/// The columns under way.
#[derive(Default)]
pub(super) struct Rows {
    texts: [Vec<Option<String>>; TEXTS.len()],
    temperature: Vec<Option<f64>>,
    integers: [Vec<i64>; INTEGERS.len()],
    numbers: [Vec<Option<f64>>; NUMBERS.len()],
}

const TEXTS: [&str; 7] = [
    "file", "level", "group", "context", "op", "measure", "verdict",
];
const INTEGERS: [&str; 3] = ["k", "problems", "completions"];
const NUMBERS: [&str; 3] = ["estimate", "low", "high"];

impl Rows {
    /// Adds the rows of one file and kind.
    pub(super) fn add(&mut self, file: &str, estimates: &Estimates<'_>) {
        let kind = &estimates.part.kind;
        let temperature = kind.temperature.as_ref().and_then(|text| text.parse().ok());
        for group in groups(estimates.part, &GROUPINGS) {
            for measure in estimates.measures {
                for k in &estimates.ks {
                    for verdict in measure.verdicts() {
                        let wanted = (*measure, *k, *verdict);
                        let Some(mean) = estimates.mean(wanted, &group.members) else {
                            continue;
                        };
                        let texts = [
                            Some(file),
                            kind.level.as_deref(),
                            Some(group.by.name()),
                            group.context,
                            group.op,
                            Some(&measure.to_string()),
                            Some(verdict.name()),
                        ]
                        .map(|text| text.map(str::to_owned));
                        push(&mut self.texts, texts);
                        self.temperature.push(temperature);
                        let counts = [u64::from(*k), mean.problems as u64, mean.completions];
                        push(&mut self.integers, counts.map(u64::cast_signed));
                        let pass = mean.pass;
                        push(
                            &mut self.numbers,
                            [pass.estimate, pass.low, pass.high].map(Some),
                        );
                    }
                }
            }
        }
    }

    /// The table, with its columns in their order.
    pub(super) fn into_table(self) -> Table {
        let texts = TEXTS.into_iter().zip(self.texts.map(Column::Texts));
        let mut columns: Vec<_> = texts.collect();
        columns.insert(2, ("temperature", Column::Numbers(self.temperature)));
        let integers = INTEGERS
            .into_iter()
            .zip(self.integers.map(Column::Integers));
        columns.extend(integers);
        let numbers = NUMBERS.into_iter().zip(self.numbers.map(Column::Numbers));
        columns.extend(numbers);
        Table::new(columns)
    }
}

fn push<T, const N: usize>(columns: &mut [Vec<T>; N], values: [T; N]) {
    for (column, value) in columns.iter_mut().zip(values) {
        column.push(value);
    }
}
