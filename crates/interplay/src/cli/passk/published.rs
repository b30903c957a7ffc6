//! Estimates as the `results.json` of the published evaluation.
//!
//! Source: `scripts/aggregate_graph_pass_results.py` of the code of arXiv 2512.07783: a file's entry
//! under its bare name, shares from 0 to 1, ops and measures as keys that are texts, tables by op and,
//! turned over, by measure, `ks` and counts as numbers; a context that is missing is `default`.
//! Deviations: the values are the unbiased estimates, unless `first@k` asks for the published ones. What
//! the published form lacks is under the key `interplay` of a file's entry: how the values were
//! estimated, their 95 % intervals, and the same tables for answers alone. Nothing in the published
//! code reads the file; a reader that takes the published keys by name is not disturbed.

use std::path::Path;

use anyhow::{Result, bail};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use super::estimates::{Estimates, names};
use super::measures::{Measure, Verdict};
use super::problems::Problem;

/// The context of problems that have none.
const DEFAULT: &str = "default";

/// JSON whose objects keep their order.
pub(super) enum Node {
    None,
    Number(f64),
    Count(u64),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Count(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(nodes) => {
                let mut list = serializer.serialize_seq(Some(nodes.len()))?;
                for node in nodes {
                    list.serialize_element(node)?;
                }
                list.end()
            }
            Self::Object(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, node) in entries {
                    map.serialize_entry(key, node)?;
                }
                map.end()
            }
        }
    }
}

fn object<K: Into<String>>(entries: impl IntoIterator<Item = (K, Node)>) -> Node {
    let entries = entries.into_iter().map(|(key, node)| (key.into(), node));
    Node::Object(entries.collect())
}

/// The whole file, from the entries of its files.
pub(super) fn results(files: Vec<(String, Node)>) -> Node {
    object([("files", object(files))])
}

/// The entry of a file.
///
/// # Errors
/// Problems without an op, and completions that nobody verified: the published form has both.
pub(super) fn entry(path: &Path, estimates: &Estimates<'_>) -> Result<Node> {
    let problems = &estimates.part.problems;
    let instead = "write .csv, .jsonl or .parquet instead";
    if let Some(problem) = problems.iter().find(|problem| problem.op.is_none()) {
        bail!(
            "{}: problem {} has no `op`, and the published results.json is by op; {instead}",
            path.display(),
            problem.label
        );
    }
    if problems.iter().any(|problem| problem.verified.is_none()) {
        bail!(
            "{}: the completions are not verified (`accepted` or `perfect`), and the published \
             results.json holds verified pass@k; {instead}",
            path.display()
        );
    }
    let entry = Entry {
        estimates,
        measure: estimates.measures[0],
        contexts: names(problems.iter(), context),
    };
    let [per_template, total] = entry.sections(Verdict::Verified, value);
    Ok(object([
        ("per_template", per_template),
        ("total", total),
        (
            "ks",
            Node::List(
                estimates
                    .ks
                    .iter()
                    .map(|k| Node::Count(u64::from(*k)))
                    .collect(),
            ),
        ),
        ("prompt_counts", entry.counts()),
        ("interplay", entry.own()),
    ]))
}

fn context(problem: &Problem) -> &str {
    problem.context.as_deref().unwrap_or(DEFAULT)
}

fn op(problem: &Problem) -> &str {
    problem.op.as_deref().unwrap_or_default()
}

struct Entry<'p> {
    estimates: &'p Estimates<'p>,
    measure: Measure,
    contexts: Vec<&'p str>,
}

/// What stands for a mean.
type Shown = fn(&super::estimates::Mean) -> Node;

fn value(mean: &super::estimates::Mean) -> Node {
    Node::Number(mean.pass.estimate)
}

fn interval(mean: &super::estimates::Mean) -> Node {
    Node::List([mean.pass.low, mean.pass.high].map(Node::Number).into())
}

impl<'p> Entry<'p> {
    /// The indices of the problems of a context, or of all.
    fn members(&self, of: Option<&str>) -> Vec<usize> {
        let problems = self.estimates.part.problems.iter().enumerate();
        problems
            .filter(|(_, problem)| of.is_none_or(|name| context(problem) == name))
            .map(|(index, _)| index)
            .collect()
    }

    /// The members of each op, in the order of the ops.
    fn by_op(&self, members: &[usize]) -> Vec<(&'p str, Vec<usize>)> {
        let problems = &self.estimates.part.problems;
        let ops = names(members.iter().map(|index| &problems[*index]), op);
        ops.into_iter()
            .map(|name| {
                let of_op = members.iter().copied();
                (
                    name,
                    of_op
                        .filter(|index| op(&problems[*index]) == name)
                        .collect(),
                )
            })
            .collect()
    }

    /// The tables by context and over all of them, of means shown in one way.
    fn sections(&self, verdict: Verdict, shown: Shown) -> [Node; 2] {
        let tables = |of| self.tables(&self.members(of), verdict, shown);
        let by_context = self.contexts.iter().map(|name| (*name, tables(Some(name))));
        [object(by_context), tables(None)]
    }

    /// The three tables of a context.
    fn tables(&self, members: &[usize], verdict: Verdict, shown: Shown) -> Node {
        let by_op = self.by_op(members);
        let mean = |k: u32, members: &[usize]| {
            let mean = self.estimates.mean((self.measure, k, verdict), members)?;
            Some(shown(&mean))
        };
        let at_each_k = |members: &[usize]| {
            let cell = |k: &u32| Some((pass_at(*k), mean(*k, members)?));
            object(self.estimates.ks.iter().filter_map(cell))
        };
        let of_each_op = |k: &u32| {
            let cells = by_op
                .iter()
                .filter_map(|(op, members)| Some((*op, mean(*k, members)?)));
            (pass_at(*k), object(cells))
        };
        let rows = by_op.iter().map(|(op, members)| (*op, at_each_k(members)));
        object([
            ("per_op_pass_at_k", object(rows)),
            (
                "per_op_pass_at_columns",
                object(self.estimates.ks.iter().map(of_each_op)),
            ),
            ("total_pass_at_k", at_each_k(members)),
        ])
    }

    /// The numbers of problems.
    fn counts(&self) -> Node {
        let counts = |of: Option<&str>| {
            let members = self.members(of);
            let by_op = self.by_op(&members);
            let count = |members: &[usize]| Node::Count(members.len() as u64);
            let by_op = by_op.iter().map(|(op, members)| (*op, count(members)));
            object([("per_op", object(by_op)), ("total", count(&members))])
        };
        let by_context = self.contexts.iter().map(|name| (*name, counts(Some(name))));
        object([
            ("per_template", object(by_context)),
            ("total", counts(None)),
        ])
    }

    /// What the published form lacks.
    fn own(&self) -> Node {
        let text = |text: &Option<String>| text.clone().map_or(Node::None, Node::Text);
        let part = self.estimates.part;
        let estimator = match self.measure {
            Measure::FirstAt => "first_k",
            _ => "unbiased",
        };
        let number = |text: &String| text.parse().ok();
        let temperature = part.kind.temperature.as_ref().and_then(number);
        let completions = part.problems.iter().map(|one| u64::from(one.completions));
        let tables = |verdict, shown| {
            let [per_template, total] = self.sections(verdict, shown);
            object([("per_template", per_template), ("total", total)])
        };
        let mut own = vec![
            ("format", Node::Text("interplay-passk/1".to_owned())),
            ("estimator", Node::Text(estimator.to_owned())),
            ("level", text(&part.kind.level)),
            ("temperature", temperature.map_or(Node::None, Node::Number)),
            ("completions", Node::Count(completions.sum())),
            ("intervals", tables(Verdict::Verified, interval)),
        ];
        if part
            .problems
            .iter()
            .all(|problem| problem.answers.is_some())
        {
            own.push(("answer", tables(Verdict::Answer, value)));
            own.push(("answer_intervals", tables(Verdict::Answer, interval)));
        }
        object(own)
    }
}

/// The published key of a value at k, whatever the estimator.
fn pass_at(k: u32) -> String {
    format!("pass@{k}")
}
