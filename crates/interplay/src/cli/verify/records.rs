//! The two record formats and their results.
//!
//! Source: `*_generations.jsonl` and `*.graph_results.jsonl` of the published evaluation of arXiv
//! 2512.07783. Deviations: `perfect` is what the chosen level accepts, so that at `strict` it
//! also asks for every equality and every symbol.

use std::borrow::Cow;
use std::sync::Arc;

use interplay::verify::{Gold, StepError, Verdict, Verifier, restore_tags};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::name::{name, text};
use super::golds::{Golds, Key};

pub(super) const EXPECTED: &str = "one JSON object per line with the texts `solution` (gold) and `candidate`, \
                        or a generation with the text `gen_solution_answer` and its `op`";

/// A line of the input in either format; the fields that are not named here pass unread.
#[derive(Deserialize)]
pub(super) struct Record {
    solution: Option<String>,
    candidate: Option<String>,
    problem: Option<String>,
    question: Option<String>,
    index: Option<Value>,
    gen_solution_answer: Option<String>,
    op: Option<Value>,
    id: Option<Value>,
    template: Option<String>,
    #[serde(rename = "__idx")]
    line: Option<u64>,
}

/// A candidate with its gold solution.
pub(super) struct Pair {
    solution: String,
    candidate: String,
    problem: Option<String>,
    question: Option<String>,
    pub(super) index: Option<Value>,
}

/// A record with everything that judging it needs.
pub(super) enum Source {
    Pair(Pair),
    Generation(Generation),
}

/// A generation with its gold.
pub(super) struct Generation {
    candidate: String,
    op: String,
    id: Option<String>,
    template: Option<String>,
    gold: Arc<Gold>,
    key: Key,
    sample_rank: u64,
}

/// A verdict as it is written.
#[derive(Serialize)]
pub(super) struct Judgment {
    pub index: Value,
    pub accepted: bool,
    pub answer_correct: bool,
    pub process_accuracy: f64,
    pub first_error: Option<StepError>,
}

/// The result of a sample in the published fields.
#[derive(Serialize)]
pub(super) struct GraphResult {
    op: String,
    id: Option<String>,
    template: Option<String>,
    prompt_key_type: &'static str,
    prompt_key_value: Value,
    sample_rank: u64,
    perfect: bool,
    value_mismatch_count: u32,
    dependency_mismatch_count: u32,
    answer_mismatch: bool,
    extra_nodes: u32,
    missing_nodes: u32,
}

impl Record {
    /// What the record is, with its gold; a missing field is named.
    pub(super) fn resolve(self, golds: &mut Golds) -> Result<Source, String> {
        if let Some(candidate) = self.gen_solution_answer {
            let op = text(&self.op.ok_or_else(|| missing("op"))?);
            let id = self.id.as_ref().and_then(name);
            let found = golds.find(&op, id.as_deref(), self.template.as_deref(), self.line);
            let (key, gold) = found?;
            let sample_rank = golds.next_rank(&key);
            return Ok(Source::Generation(Generation {
                candidate,
                op,
                id,
                template: self.template,
                gold,
                key,
                sample_rank,
            }));
        }
        Ok(Source::Pair(Pair {
            solution: self.solution.ok_or_else(|| missing("solution"))?,
            candidate: self.candidate.ok_or_else(|| missing("candidate"))?,
            problem: self.problem,
            question: self.question,
            index: self.index,
        }))
    }
}

fn missing(field: &str) -> String {
    format!("the field `{field}` is missing; expected {EXPECTED}")
}

impl Source {
    pub(super) fn candidate(&self) -> &str {
        match self {
            Self::Pair(pair) => &pair.candidate,
            Self::Generation(generation) => &generation.candidate,
        }
    }

    pub(super) fn restore_tags(&mut self) {
        let candidate = match self {
            Self::Pair(pair) => &mut pair.candidate,
            Self::Generation(generation) => &mut generation.candidate,
        };
        if let Cow::Owned(restored) = restore_tags(candidate) {
            *candidate = restored;
        }
    }

    pub(super) fn judge(&self, verifier: Verifier) -> Result<Verdict, String> {
        match self {
            Self::Pair(pair) => {
                let gold = match (&pair.problem, &pair.question) {
                    (Some(problem), question) => {
                        let question = question.as_deref().unwrap_or_default();
                        Gold::from_texts(problem, question, &pair.solution)
                    }
                    (None, _) => Gold::from_solution(&pair.solution),
                };
                let gold = gold.map_err(|error| format!("`solution`: {error}"))?;
                Ok(verifier.verify(&gold, &pair.candidate))
            }
            Self::Generation(generation) => {
                Ok(verifier.verify(&generation.gold, &generation.candidate))
            }
        }
    }
}

impl Generation {
    pub(super) fn result(&self, verdict: &Verdict) -> GraphResult {
        GraphResult {
            op: self.op.clone(),
            id: self.id.clone(),
            template: self.template.clone(),
            prompt_key_type: self.key.kind(),
            prompt_key_value: self.key.value(),
            sample_rank: self.sample_rank,
            perfect: verdict.accepted,
            value_mismatch_count: verdict.wrong_values,
            dependency_mismatch_count: verdict.wrong_parents,
            answer_mismatch: !verdict.answer_correct,
            extra_nodes: verdict.extra,
            missing_nodes: verdict.missing,
        }
    }
}
