//! The gold of generations, found by op and id, or by op and line.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use interplay::graph::GoldGraph;
use interplay::verify::Gold;
use interplay_files::RecordReader;
use serde::Deserialize;
use serde_json::Value;

use super::super::name::{name, text};

/// What a generation is matched by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Id {
        op: String,
        id: String,
        template: Option<String>,
    },
    Line {
        op: String,
        line: u64,
    },
}

impl Key {
    /// The published name of this kind of key.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Id { .. } => "id",
            Self::Line { .. } => "idx",
        }
    }

    /// The published value of the key.
    pub(super) fn value(&self) -> Value {
        match self {
            Self::Id { id, .. } => id.clone().into(),
            Self::Line { line, .. } => (*line).into(),
        }
    }
}

/// A line of a gold file: a published gold graph, or a sample with its solution.
#[derive(Deserialize)]
struct GoldLine {
    #[serde(default)]
    op: Value,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    template: Option<String>,
    line_index: Option<u64>,
    graph: Option<GoldGraph>,
    solution: Option<String>,
    problem: Option<String>,
    question: Option<String>,
}

const EXPECTED: &str =
    "one JSON object per line with `op` and a gold `graph`, or with `op` and a gold `solution`";

/// The gold of many problems, and how many samples of each were met.
#[derive(Default)]
pub(super) struct Golds {
    by_key: HashMap<Key, Vec<Arc<Gold>>>,
    ranks: HashMap<Key, u64>,
    files: Vec<PathBuf>,
}

impl Golds {
    pub(super) fn load(files: &[PathBuf]) -> Result<Self> {
        let mut golds = Self {
            files: files.to_vec(),
            ..Self::default()
        };
        for path in files {
            golds.read(path)?;
        }
        Ok(golds)
    }

    fn read(&mut self, path: &Path) -> Result<()> {
        let mut lines = RecordReader::open(path)?.report_all();
        let mut number_of_op: HashMap<String, u64> = HashMap::new();
        while let Some((_, line)) = lines.next::<GoldLine>(EXPECTED)? {
            let gold = match line.gold() {
                Ok(gold) => gold,
                Err(reason) => {
                    lines.reject(lines.error(&reason))?;
                    continue;
                }
            };
            let (op, gold) = (text(&line.op), Arc::new(gold));
            let next = number_of_op.entry(op.clone()).or_default();
            let position = line.line_index.unwrap_or(*next);
            *next += 1;
            let by_line = Key::Line {
                op: op.clone(),
                line: position,
            };
            self.insert(by_line, &gold);
            if let Some(id) = name(&line.id) {
                for template in [None, line.template] {
                    let (op, id) = (op.clone(), id.clone());
                    self.insert(Key::Id { op, id, template }, &gold);
                }
            }
        }
        Ok(lines.finish()?)
    }

    fn insert(&mut self, key: Key, gold: &Arc<Gold>) {
        let known = self.by_key.entry(key).or_default();
        if !known.iter().any(|other| Arc::ptr_eq(other, gold)) {
            known.push(Arc::clone(gold));
        }
    }

    /// The gold of a generation, by id within its context, by id, or by line.
    pub(super) fn find(
        &self,
        op: &str,
        id: Option<&str>,
        template: Option<&str>,
        line: Option<u64>,
    ) -> Result<(Key, Arc<Gold>), String> {
        if self.files.is_empty() {
            return Err(
                "a generation has no gold of its own; name the gold graphs or the samples \
                        with --gold FILE"
                    .to_owned(),
            );
        }
        let by_id = |template: Option<&str>| {
            id.map(|id| Key::Id {
                op: op.to_owned(),
                id: id.to_owned(),
                template: template.map(str::to_owned),
            })
        };
        let by_line = line.map(|line| Key::Line {
            op: op.to_owned(),
            line,
        });
        let keys = [
            template.and_then(|name| by_id(Some(name))),
            by_id(None),
            by_line,
        ];
        let mut ambiguous = None;
        for key in keys.into_iter().flatten() {
            match self.by_key.get(&key).map(Vec::as_slice) {
                Some([gold]) => return Ok((key, Arc::clone(gold))),
                Some(several) => ambiguous = Some(several.len()),
                None => {}
            }
        }
        let told = match (id, line) {
            (Some(id), _) => format!("op {op}, id {id}"),
            (None, Some(line)) => format!("op {op}, line {line}"),
            (None, None) => format!("op {op}, without `id` and `__idx`"),
        };
        Err(match ambiguous {
            None => format!("no gold for {told} in the files of --gold"),
            Some(several) => format!(
                "{several} golds for {told} in the files of --gold; expected one, so give the \
                 generation its `template` or `__idx`, or name fewer files"
            ),
        })
    }

    /// How many samples of the same prompt came before.
    pub(super) fn next_rank(&mut self, key: &Key) -> u64 {
        let rank = self.ranks.entry(key.clone()).or_default();
        *rank += 1;
        *rank - 1
    }
}

impl GoldLine {
    fn gold(&self) -> Result<Gold, String> {
        if let Some(graph) = &self.graph {
            return Gold::from_gold_graph(graph).map_err(|error| format!("`graph`: {error}"));
        }
        let Some(solution) = &self.solution else {
            return Err(format!(
                "neither `graph` nor `solution`; expected {EXPECTED}"
            ));
        };
        let gold = match &self.problem {
            Some(problem) => {
                let question = self.question.as_deref().unwrap_or_default();
                Gold::from_texts(problem, question, solution)
            }
            None => Gold::from_solution(solution),
        };
        gold.map_err(|error| format!("`solution`: {error}"))
    }
}
