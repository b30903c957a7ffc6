//! Means over groups of problems, with their intervals.
//!
//! Problems are drawn op by op, so intervals are taken within op, as in an evaluation.

use std::collections::{BTreeMap, BTreeSet};

use interplay::eval::PassAtK;

use super::measures::{Measure, Verdict, score};
use super::problems::{Part, Problem};

/// The scores of all problems by measure, k and verdict.
pub(super) struct Estimates<'p> {
    pub(super) part: &'p Part,
    pub(super) measures: &'p [Measure],
    pub(super) ks: Vec<u32>,
    scores: BTreeMap<(Measure, u32, Verdict), Vec<Option<f64>>>,
}

/// A mean over the problems of a group that have a value.
pub(super) struct Mean {
    pub(super) problems: usize,
    pub(super) completions: u64,
    pub(super) pass: PassAtK,
}

impl<'p> Estimates<'p> {
    pub(super) fn new(part: &'p Part, measures: &'p [Measure], ks: Vec<u32>) -> Self {
        let mut scores = BTreeMap::new();
        for measure in measures {
            for k in ks.iter().filter(|k| measure.takes(**k)) {
                for verdict in measure.verdicts() {
                    let score = |(problem, seed)| score(problem, *measure, *verdict, *k, seed);
                    let of_each = part.problems.iter().zip(0..).map(score).collect();
                    scores.insert((*measure, *k, *verdict), of_each);
                }
            }
        }
        Self {
            part,
            measures,
            ks,
            scores,
        }
    }

    /// The mean over some problems; none where none of them has a value.
    pub(super) fn mean(
        &self,
        (measure, k, verdict): (Measure, u32, Verdict),
        members: &[usize],
    ) -> Option<Mean> {
        let scores = self.scores.get(&(measure, k, verdict))?;
        let scored = || {
            let of = |index: &usize| Some((&self.part.problems[*index], scores[*index]?));
            members.iter().filter_map(of)
        };
        scored().next()?;
        Some(Mean {
            problems: scored().count(),
            completions: scored().map(|(one, _)| u64::from(one.completions)).sum(),
            pass: PassAtK::of_scores(scored().map(|(one, score)| (one.op.as_deref(), score)), k),
        })
    }
}

/// By what problems are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grouping {
    Op,
    Context,
    ContextAndOp,
    Overall,
}

impl Grouping {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Op => "op",
            Self::Context => "context",
            Self::ContextAndOp => "context_op",
            Self::Overall => "overall",
        }
    }
}

/// Problems that are measured together.
pub(super) struct Group<'p> {
    pub(super) by: Grouping,
    pub(super) context: Option<&'p str>,
    pub(super) op: Option<&'p str>,
    /// Indices of its problems.
    pub(super) members: Vec<usize>,
}

/// The groups of each kind in their order: numbers before texts. A problem without an op is in no group
/// by op, and likewise for contexts.
pub(super) fn groups<'p>(part: &'p Part, groupings: &[Grouping]) -> Vec<Group<'p>> {
    let mut groups = Vec::new();
    for by in groupings {
        let mut found: BTreeMap<_, Group<'p>> = BTreeMap::new();
        for (index, problem) in part.problems.iter().enumerate() {
            let (op, context) = (problem.op.as_deref(), problem.context.as_deref());
            let (context, op) = match by {
                Grouping::Op if op.is_some() => (None, op),
                Grouping::Context if context.is_some() => (context, None),
                Grouping::ContextAndOp if op.is_some() && context.is_some() => (context, op),
                Grouping::Overall => (None, None),
                _ => continue,
            };
            let order = (context.map(order), op.map(order));
            let group = found.entry(order).or_insert_with(|| Group {
                by: *by,
                context,
                op,
                members: Vec::new(),
            });
            group.members.push(index);
        }
        groups.extend(found.into_values());
    }
    groups
}

/// Numbers in their order, then texts by the number that they start with, then other texts.
pub(super) fn order(name: &str) -> (u8, u64, &str) {
    let digits = name.len()
        - name
            .trim_start_matches(|one: char| one.is_ascii_digit())
            .len();
    match name[..digits].parse() {
        Ok(number) if digits == name.len() => (0, number, name),
        Ok(number) => (1, number, name),
        Err(_) => (2, 0, name),
    }
}

/// The names of groups in their order, each once.
pub(super) fn names<'p>(
    problems: impl Iterator<Item = &'p Problem>,
    of: impl Fn(&'p Problem) -> &'p str,
) -> Vec<&'p str> {
    let ordered: BTreeSet<_> = problems.map(|problem| order(of(problem))).collect();
    ordered.into_iter().map(|(_, _, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_are_in_the_order_of_their_numbers() {
        let mut names = ["zoo", "10", "2-4", "2", "11-14", "a"];
        names.sort_by_key(|name| order(name));
        assert_eq!(names, ["2", "10", "2-4", "11-14", "a", "zoo"]);
    }
}
