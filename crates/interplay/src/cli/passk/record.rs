//! A graded completion, as a line of either format, and as it counts.
//!
//! Source: `*.graph_results.jsonl` of the published evaluation of arXiv 2512.07783, beside
//! `eval/*.jsonl` of a run. Deviations: in the published format `perfect` must be there (the
//! published code takes a missing one for false), and so must a key of the problem.

use serde::Deserialize;

use super::super::name::{Name, Rank};

pub(super) const EXPECTED: &str = "one JSON object per line with `id`, and with `accepted` or \
                                   `answer_correct` or both; or a published result with \
                                   `perfect`, `op`, and `prompt_key_value` or `id`";

/// A line of the input in either format; other fields are ignored.
#[derive(Deserialize)]
pub(super) struct Record {
    #[serde(default)]
    id: Name,
    #[serde(default)]
    op: Name,
    #[serde(default)]
    context: Name,
    #[serde(default)]
    template: Name,
    #[serde(default)]
    sample: Rank,
    #[serde(default)]
    sample_rank: Rank,
    #[serde(default)]
    prompt_key_type: Name,
    #[serde(default)]
    prompt_key_value: Name,
    #[serde(default)]
    level: Name,
    #[serde(default)]
    temperature: Name,
    #[serde(default)]
    answer: Name,
    accepted: Option<bool>,
    perfect: Option<bool>,
    answer_correct: Option<bool>,
    answer_mismatch: Option<bool>,
    stopped: Option<bool>,
}

/// What must be equal for completions to count together: the rule of acceptance and the temperature.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) level: Option<String>,
    pub(super) temperature: Option<String>,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [level, temperature] =
            [&self.level, &self.temperature].map(|value| value.as_deref().unwrap_or("not noted"));
        write!(f, "level {level}, temperature {temperature}")
    }
}

/// A completion as it counts, whatever the format.
pub(super) struct Graded {
    /// What errors call the problem.
    pub(super) label: String,
    pub(super) kind: Kind,
    pub(super) op: Option<String>,
    pub(super) context: Option<String>,
    /// Which of the problem's completions it is, where that is known.
    pub(super) sample: Option<u64>,
    /// The field that `sample` comes from.
    pub(super) sample_field: &'static str,
    /// Whether the solution was accepted, where that is known.
    pub(super) verified: Option<bool>,
    /// Whether the answer is right, where that is known.
    pub(super) answer_right: Option<bool>,
    /// The answer that it states.
    pub(super) answer: Option<String>,
}

impl Record {
    /// The completion, with the identity of its problem in `key`; or what the record lacks.
    pub(super) fn graded(self, key: &mut String) -> Result<Graded, String> {
        key.clear();
        let graded = match self.perfect {
            Some(_) if self.accepted.is_some() => {
                Err("the fields `accepted` and `perfect` are both there".to_owned())
            }
            Some(_) => self.published(key),
            None => self.own(key),
        };
        graded.map_err(|reason| format!("{reason}; expected {EXPECTED}"))
    }

    /// A published result: the problem is known by context, op and key.
    fn published(self, key: &mut String) -> Result<Graded, String> {
        let op = self.op.text("op")?.ok_or("the field `op` is missing")?;
        let context = self
            .template
            .text("template")?
            .filter(|name| !name.is_empty());
        let kind_of_key = self.prompt_key_type.text("prompt_key_type")?;
        let value = match self.prompt_key_value.text("prompt_key_value")? {
            Some(value) => value,
            None => self
                .id
                .text("id")?
                .ok_or("the fields `prompt_key_value` and `id` are missing")?,
        };
        let kind_of_key = kind_of_key.as_deref().unwrap_or("id");
        let context_key = context.as_deref().unwrap_or_default();
        // A separator that no name has, so that no two problems have one key.
        for part in [context_key, "\0", &op, "\0", kind_of_key, "\0", &value] {
            key.push_str(part);
        }
        Ok(Graded {
            label: value,
            kind: kind(self.level, self.temperature)?,
            op: Some(op),
            context,
            sample: self.sample_rank.0,
            sample_field: "sample_rank",
            verified: finished(self.perfect, self.stopped),
            answer_right: finished(self.answer_mismatch.map(|wrong| !wrong), self.stopped),
            answer: self.answer.text("answer")?,
        })
    }

    /// A record of an evaluation of this project, or of another program's.
    fn own(self, key: &mut String) -> Result<Graded, String> {
        let id = self.id.text("id")?.ok_or("the field `id` is missing")?;
        if self.accepted.is_none() && self.answer_correct.is_none() {
            return Err("the fields `accepted` and `answer_correct` are missing".to_owned());
        }
        key.push_str(&id);
        Ok(Graded {
            label: id,
            kind: kind(self.level, self.temperature)?,
            op: self.op.text("op")?,
            context: self.context.text("context")?,
            sample: self.sample.0,
            sample_field: "sample",
            verified: finished(self.accepted, self.stopped),
            answer_right: finished(self.answer_correct, self.stopped),
            answer: self.answer.text("answer")?,
        })
    }
}

fn kind(level: Name, temperature: Name) -> Result<Kind, String> {
    let temperature = temperature.text("temperature")?;
    if let Some(text) = &temperature
        && text.parse::<f64>().is_err()
    {
        return Err(format!("`temperature` is {text}, which is no number"));
    }
    let level = level.text("level")?;
    Ok(Kind { level, temperature })
}

/// The grade, where a completion that was cut off is never right.
fn finished(right: Option<bool>, stopped: Option<bool>) -> Option<bool> {
    right.map(|right| right && stopped != Some(false))
}
