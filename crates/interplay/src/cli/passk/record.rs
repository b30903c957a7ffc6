//! A graded completion, as a line of either format, and as it counts.
//!
//! Source: `*.graph_results.jsonl` of the published evaluation of arXiv 2512.07783, beside
//! `eval/*.jsonl` of a run. Deviations: in the published format `perfect` must be there (the
//! published code takes a missing one for false), and so must a key of the problem.

use std::mem::take;

use serde::Deserialize;

use super::super::name::{Name, Rank};

pub(super) const EXPECTED: &str = "one JSON object per line with `id`, and with `accepted` or \
                                   `answer_correct` or both; or a published result with \
                                   `perfect`, `op`, and `prompt_key_value` or `id`";

/// What a line of a list of problems is.
pub(super) const LISTED: &str = "one JSON object per line with the `id` of a problem, as `interplay evaluate --problems` \
                                 writes; or with `op` and `prompt_key_value`, as in published results";

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
#[derive(Clone, PartialEq, Eq, Hash)]
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

/// The label, op and context of a problem.
type Listed = (String, Option<String>, Option<String>);

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

    /// The problem of a line that need not be graded, as its label, op and context, with its identity in `key`.
    pub(super) fn listed(mut self, key: &mut String) -> Result<Listed, String> {
        let published = !matches!(self.prompt_key_value, Name::None);
        let listed = match published {
            true => self.published_problem(key),
            false => self.own_problem(key),
        };
        listed.map_err(|reason| format!("{reason}; expected {LISTED}"))
    }

    fn own_problem(&mut self, key: &mut String) -> Result<Listed, String> {
        let id = take(&mut self.id).text("id")?;
        let id = id.ok_or("the field `id` is missing")?;
        key.push_str(&id);
        let (op, context) = (take(&mut self.op), take(&mut self.context));
        Ok((id, op.text("op")?, context.text("context")?))
    }

    /// A problem of a published result: it is known by context, op and key.
    fn published_problem(&mut self, key: &mut String) -> Result<Listed, String> {
        let op = take(&mut self.op).text("op")?;
        let op = op.ok_or("the field `op` is missing")?;
        let context = take(&mut self.template).text("template")?;
        let context = context.filter(|name| !name.is_empty());
        let kind_of_key = take(&mut self.prompt_key_type).text("prompt_key_type")?;
        let value = match take(&mut self.prompt_key_value).text("prompt_key_value")? {
            Some(value) => value,
            None => take(&mut self.id)
                .text("id")?
                .ok_or("the fields `prompt_key_value` and `id` are missing")?,
        };
        let kind_of_key = kind_of_key.as_deref().unwrap_or("id");
        let context_key = context.as_deref().unwrap_or_default();
        // A separator that no name has, so that no two problems have one key.
        for part in [context_key, "\0", &op, "\0", kind_of_key, "\0", &value] {
            key.push_str(part);
        }
        Ok((value, Some(op), context))
    }

    /// A published result.
    fn published(mut self, key: &mut String) -> Result<Graded, String> {
        let (label, op, context) = self.published_problem(key)?;
        Ok(Graded {
            label,
            kind: kind(self.level, self.temperature)?,
            op,
            context,
            sample: self.sample_rank.0,
            sample_field: "sample_rank",
            verified: finished(self.perfect, self.stopped),
            answer_right: finished(self.answer_mismatch.map(|wrong| !wrong), self.stopped),
            answer: stated(self.answer, self.stopped)?,
        })
    }

    /// A record of an evaluation of this project, or of another program's.
    fn own(mut self, key: &mut String) -> Result<Graded, String> {
        let (label, op, context) = self.own_problem(key)?;
        if self.accepted.is_none() && self.answer_correct.is_none() {
            return Err("the fields `accepted` and `answer_correct` are missing".to_owned());
        }
        Ok(Graded {
            label,
            kind: kind(self.level, self.temperature)?,
            op,
            context,
            sample: self.sample.0,
            sample_field: "sample",
            verified: finished(self.accepted, self.stopped),
            answer_right: finished(self.answer_correct, self.stopped),
            answer: stated(self.answer, self.stopped)?,
        })
    }
}

fn kind(level: Name, temperature: Name) -> Result<Kind, String> {
    let temperature = temperature.text("temperature")?;
    if let Some(text) = &temperature
        && !text
            .parse()
            .is_ok_and(|at: f64| at.is_finite() && at >= 0.0)
    {
        return Err(format!(
            "`temperature` is {text}, expected a number from 0 on"
        ));
    }
    let level = level.text("level")?;
    Ok(Kind { level, temperature })
}

/// The answer that a completion states. One that was cut off states none, as in an evaluation: a right one would
/// otherwise be a rival of the right answer in votes.
fn stated(answer: Name, stopped: Option<bool>) -> Result<Option<String>, String> {
    let answer = answer.text("answer")?;
    Ok(answer.filter(|_| stopped != Some(false)))
}

/// The grade, where a completion that was cut off is never right.
fn finished(right: Option<bool>, stopped: Option<bool>) -> Option<bool> {
    right.map(|right| right && stopped != Some(false))
}
