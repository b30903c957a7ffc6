//! Judged completions, and what they come to for each problem.

use std::collections::BTreeMap;

use interplay_environment::FirstError;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::EvalItem;

/// One completion and its judgment, for `eval/*.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GenerationRecord {
    /// The problem's id.
    pub id: u64,
    /// Its difficulty, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub op: Option<u32>,
    /// Its context, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<String>,
    /// Which of the problem's completions, counted from zero.
    pub sample: u32,
    /// The completion.
    pub completion: String,
    /// The rule of acceptance, such as `strict`; none in records of versions that did not note it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub level: Option<String>,
    /// The temperature that it was drawn at; none where that is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub temperature: Option<f64>,
    /// Whether it ended by itself; none in records of versions that did not note it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stopped: Option<bool>,
    /// The answer that it states, where the environment reads one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub answer: Option<String>,
    /// Whether it was accepted. One that did not end by itself never is.
    pub accepted: bool,
    /// Whether its answer is right.
    pub answer_correct: bool,
    /// The share of needed quantities whose step is right.
    pub process_accuracy: f64,
    /// The first mistake.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_error: Option<FirstError>,
}

/// How many completions of a problem were right.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemScore {
    /// The problem's id.
    pub id: u64,
    /// Its difficulty, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub op: Option<u32>,
    /// Its context, where it has one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub context: Option<String>,
    /// What tells the problem from others with its id: a hash of its prompt and right answer.
    /// Empty where the counts come from elsewhere than [`evaluate`](crate::evaluate).
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub problem: String,
    /// The band that it is counted in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub band: Option<String>,
    /// Completions that were accepted.
    pub verified: u32,
    /// Completions whose answer is right.
    pub answers: u32,
    /// Completions that were cut off before they ended.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub truncated: u32,
    /// How many completions state each distinct wrong answer, descending. With `answers`, these are
    /// the votes of a majority vote; completions that state no answer do not vote.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub wrong_answers: Vec<u32>,
    /// Whether the model was trained on the problem, in these or in other words; none where that is
    /// not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<bool>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl ItemScore {
    /// Whether two counts are of one problem: id, op, context and fingerprint.
    pub(crate) fn same_problem(&self, other: &Self) -> bool {
        self.id == other.id
            && self.op == other.op
            && self.context == other.context
            && self.problem == other.problem
    }

    /// The counts of a problem from the records of its completions.
    #[must_use]
    pub fn of_records(item: &EvalItem, records: &[GenerationRecord]) -> Self {
        let count = |holds: fn(&GenerationRecord) -> bool| {
            records.iter().filter(|record| holds(record)).count() as u32
        };
        let mut wrong: BTreeMap<&str, u32> = BTreeMap::new();
        for record in records.iter().filter(|record| !record.answer_correct) {
            if let Some(answer) = &record.answer {
                *wrong.entry(answer).or_default() += 1;
            }
        }
        let mut wrong_answers: Vec<u32> = wrong.into_values().collect();
        wrong_answers.sort_unstable_by(|a, b| b.cmp(a));
        let labels = &item.example.labels;
        Self {
            id: item.id,
            op: labels.op,
            context: labels.context.clone(),
            problem: fingerprint(item),
            band: item.band.clone(),
            verified: count(|record| record.accepted),
            answers: count(|record| record.answer_correct),
            truncated: count(|record| record.stopped == Some(false)),
            wrong_answers,
            seen: None,
        }
    }
}

/// The first 64 bits of SHA-256 over the prompt and the right answer, in hexadecimal.
pub(crate) fn fingerprint(item: &EvalItem) -> String {
    let mut hash = Sha256::new();
    hash.update(item.example.prompt.as_bytes());
    hash.update([0]);
    hash.update(item.example.answer.as_bytes());
    let bytes = hash.finalize();
    bytes
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
