//! The findings of an audit: counts by operator and kind of problem, and examples.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::operator::Label;
use crate::registry::ranks;
use crate::subject::Kind;

/// The key by which candidates are counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Cell {
    /// The operator that made the candidates; `gold` for unchanged right solutions.
    pub operator: Cow<'static, str>,
    /// Whether the candidates are right or wrong.
    pub label: Label,
    /// The kind of problem.
    #[serde(flatten)]
    pub kind: Kind,
}

/// The number of candidates, and how many of them each judge accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// The number of candidates.
    pub candidates: u64,
    /// The number of accepted ones, by judge.
    pub accepted: Vec<u64>,
}

/// A cell with its counts, to be serialized.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Row<'r> {
    /// The names of the judges, in the order of the counts.
    pub judges: &'r [String],
    /// The cell.
    #[serde(flatten)]
    pub cell: &'r Cell,
    /// Its counts.
    #[serde(flatten)]
    pub counts: &'r Counts,
}

/// A candidate on which a judge broke its promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Witness {
    /// The index of the judge.
    pub judge: usize,
    /// The index of the subject.
    pub index: u64,
    /// How it was made, and from what.
    #[serde(flatten)]
    pub cell: Cell,
    /// The statements of the problem.
    pub problem: String,
    /// The right solution.
    pub solution: String,
    /// The candidate.
    pub candidate: String,
}

/// The counts of an audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    judges: Vec<String>,
    counts: BTreeMap<Cell, Counts>,
    witnesses: BTreeMap<(usize, Cow<'static, str>), Vec<Witness>>,
    kept: usize,
    /// Mutants that were not made because no operator applied.
    pub(crate) without: u64,
}

/// The grouping of a table's rows.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// One operator each.
    Operator,
    /// One operator and mode each.
    OperatorAndMode,
    /// One label, dialect and mode each.
    Dialect,
    /// One label and context each.
    Context,
    /// One label and op each.
    Op,
}

impl Report {
    /// An empty report on judges with these names that keeps `witnesses` examples for each judge
    /// and operator.
    #[must_use]
    pub fn new<'n>(judges: impl IntoIterator<Item = &'n str>, witnesses: usize) -> Self {
        Self {
            judges: judges.into_iter().map(str::to_owned).collect(),
            counts: BTreeMap::new(),
            witnesses: BTreeMap::new(),
            kept: witnesses,
            without: 0,
        }
    }

    /// Counts one candidate; `accepted` has one entry per judge.
    pub fn record(&mut self, cell: Cell, accepted: &[bool]) {
        let counts = self.counts.entry(cell).or_default();
        counts.candidates += 1;
        counts.accepted.resize(self.judges.len(), 0);
        for (count, accepted) in counts.accepted.iter_mut().zip(accepted) {
            *count += u64::from(*accepted);
        }
    }

    pub(crate) fn witness(&mut self, witness: Witness) {
        let key = (witness.judge, witness.cell.operator.clone());
        let witnesses = self.witnesses.entry(key).or_default();
        witnesses.push(witness);
        // Keep those with the smallest indices, however the threads shared the work.
        witnesses.sort_by_key(|witness| witness.index);
        witnesses.truncate(self.kept);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        for (cell, more) in other.counts {
            let counts = self.counts.entry(cell).or_default();
            counts.candidates += more.candidates;
            counts.accepted.resize(self.judges.len(), 0);
            for (count, more) in counts.accepted.iter_mut().zip(more.accepted) {
                *count += more;
            }
        }
        for witness in other.witnesses.into_values().flatten() {
            self.witness(witness);
        }
        self.without += other.without;
    }

    /// The names of the judges.
    #[must_use]
    pub fn judges(&self) -> &[String] {
        &self.judges
    }

    /// All counts.
    pub fn cells(&self) -> impl ExactSizeIterator<Item = (&Cell, &Counts)> {
        self.counts.iter()
    }

    /// All counts as rows, to be serialized.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        self.counts.iter().map(|(cell, counts)| Row {
            judges: &self.judges,
            cell,
            counts,
        })
    }

    /// Examples of broken promises, by judge and operator.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        self.witnesses.values().flatten()
    }

    /// The number of mutants that were not made because no operator applied.
    #[must_use]
    pub fn without_operator(&self) -> u64 {
        self.without
    }

    /// The number of candidates with this label, and how many of them a judge accepted.
    #[must_use]
    pub fn total(&self, label: Label, judge: usize) -> (u64, u64) {
        let cells = self.counts.iter().filter(|(cell, _)| cell.label == label);
        cells.fold((0, 0), |(candidates, accepted), (_, counts)| {
            let more = counts.accepted.get(judge).copied().unwrap_or(0);
            (candidates + counts.candidates, accepted + more)
        })
    }

    /// The number of harmful candidates that a judge accepted.
    #[must_use]
    pub fn false_accepts(&self, judge: usize) -> u64 {
        self.total(Label::Harmful, judge).1
    }

    /// The number of harmless candidates, right solutions included, that a judge rejected.
    #[must_use]
    pub fn false_rejects(&self, judge: usize) -> u64 {
        let (candidates, accepted) = self.total(Label::Harmless, judge);
        candidates - accepted
    }

    /// A Markdown table of the number of candidates and how many each judge got wrong: harmful ones
    /// accepted and harmless ones rejected.
    #[must_use]
    pub fn table(&self, by: By) -> String {
        let ranks = ranks();
        let mut rows: BTreeMap<(Label, usize, String, String), Counts> = BTreeMap::new();
        for (cell, counts) in &self.counts {
            let (first, second) = by.row(cell);
            let index = match by {
                By::Operator | By::OperatorAndMode => ranks.get(&*cell.operator).copied(),
                By::Op => Some(cell.kind.op as usize),
                By::Dialect | By::Context => None,
            };
            let key = (cell.label, index.unwrap_or(0), first, second);
            let row = rows.entry(key).or_default();
            row.candidates += counts.candidates;
            row.accepted.resize(self.judges.len(), 0);
            for (sum, more) in row.accepted.iter_mut().zip(&counts.accepted) {
                *sum += more;
            }
        }
        let mut table = String::new();
        let judges: String = self
            .judges
            .iter()
            .map(|name| format!(" {name} wrong |"))
            .collect();
        let _ = writeln!(table, "| {} | label | candidates |{judges}", by.title());
        let _ = writeln!(table, "|---|---|---:|{}", "---:|".repeat(self.judges.len()));
        for ((label, _, first, second), counts) in rows {
            let wrong = counts.accepted.iter().map(|accepted| match label {
                Label::Harmful => *accepted,
                Label::Harmless => counts.candidates - accepted,
            });
            let wrong: String = wrong.map(|wrong| format!(" {wrong} |")).collect();
            let gap = if second.is_empty() { "" } else { ", " };
            let _ = writeln!(
                table,
                "| {first}{gap}{second} | {} | {} |{wrong}",
                label.name(),
                counts.candidates
            );
        }
        table
    }
}

impl By {
    fn title(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::OperatorAndMode => "operator, mode",
            Self::Dialect => "dialect, mode",
            Self::Context => "context",
            Self::Op => "op",
        }
    }

    fn row(self, cell: &Cell) -> (String, String) {
        let kind = &cell.kind;
        match self {
            Self::Operator => (cell.operator.to_string(), String::new()),
            Self::OperatorAndMode => (cell.operator.to_string(), kind.mode.to_owned()),
            Self::Dialect => (kind.dialect.to_owned(), kind.mode.to_owned()),
            Self::Context => (kind.context.clone(), String::new()),
            Self::Op => (kind.op.to_string(), String::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(operator: &'static str, label: Label, op: u32) -> Cell {
        Cell {
            operator: operator.into(),
            label,
            kind: Kind {
                op,
                d: 2,
                context: "zoo".to_owned(),
                dialect: "terse",
                mode: "forward",
            },
        }
    }

    #[test]
    fn counts_accepted_harmful_and_rejected_harmless_candidates() {
        let mut report = Report::new(["strict", "paper"], 1);
        report.record(cell("gold", Label::Harmless, 2), &[true, true]);
        report.record(cell("tags", Label::Harmless, 2), &[false, true]);
        report.record(cell("value", Label::Harmful, 2), &[false, true]);
        report.record(cell("value", Label::Harmful, 3), &[true, true]);
        assert_eq!((report.false_accepts(0), report.false_rejects(0)), (1, 1));
        assert_eq!((report.false_accepts(1), report.false_rejects(1)), (2, 0));
        assert_eq!(
            report.table(By::Operator),
            "| operator | label | candidates | strict wrong | paper wrong |\n\
             |---|---|---:|---:|---:|\n\
             | gold | harmless | 1 | 0 | 0 |\n\
             | tags | harmless | 1 | 1 | 0 |\n\
             | value | harmful | 2 | 1 | 2 |\n"
        );
        assert!(report.table(By::Op).contains("| 3 | harmful | 1 | 1 | 1 |"));
    }

    #[test]
    fn merging_adds_and_keeps_the_first_witnesses() {
        let witness = |index| Witness {
            judge: 0,
            index,
            cell: cell("value", Label::Harmful, 2),
            problem: String::new(),
            solution: String::new(),
            candidate: String::new(),
        };
        let mut one = Report::new(["a"], 1);
        one.record(cell("value", Label::Harmful, 2), &[true]);
        one.witness(witness(9));
        let mut two = one.clone();
        two.witness(witness(4));
        one.merge(two);
        assert_eq!(one.total(Label::Harmful, 0), (2, 2));
        let kept: Vec<u64> = one.witnesses().map(|witness| witness.index).collect();
        assert_eq!(kept, [4]);
    }
}
