//! Files with sampled completions and their verdicts, for a person to read.
//!
//! Source: TRL's `log_completions`, verl's `rollout_data_dir`.

use std::path::Path;

use interplay_environment::FirstError;
use serde::Serialize;

use super::batch::Batch;
use super::rollout::{Group, Rollout};
use crate::TrainError;

/// One line: a completion with its verdict.
#[derive(Serialize)]
struct Line<'a> {
    step: u64,
    /// The problem, and which of its completions this is, as `interplay passk` reads them.
    id: u64,
    sample: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    op: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    context: Option<&'a str>,
    prompt: &'a str,
    completion: &'a str,
    reward: f64,
    accepted: bool,
    answer_correct: bool,
    process_accuracy: f64,
    stopped: bool,
    tokens: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_error: Option<&'a FirstError>,
    /// Whether the group was trained on.
    kept: bool,
}

/// Writes all completions of a step to a file of its own in the stage's folder. A step that is made again writes the same bytes.
pub(crate) fn write(folder: &Path, step: u64, batch: &Batch) -> Result<(), TrainError> {
    let parent = folder.join("completions");
    let path = parent.join(format!("step-{step:08}.jsonl"));
    std::fs::create_dir_all(&parent).map_err(TrainError::io("create", &parent))?;
    let mut text = Vec::new();
    let trained = batch.kept.len();
    for (index, group) in batch.sampled().enumerate() {
        for (sample, rollout) in group.rollouts.iter().enumerate() {
            let line = line(step, group, (sample, rollout), index < trained);
            serde_json::to_writer(&mut text, &line)
                .map_err(std::io::Error::from)
                .map_err(TrainError::io("write", &path))?;
            text.push(b'\n');
        }
    }
    Ok(interplay_files::write(&path, text)?)
}

fn line<'a>(
    step: u64,
    group: &'a Group,
    (sample, rollout): (usize, &'a Rollout),
    kept: bool,
) -> Line<'a> {
    let labels = &group.example.labels;
    Line {
        step,
        id: group.example.id,
        sample,
        op: labels.op,
        context: labels.context.as_deref(),
        prompt: &group.example.prompt,
        completion: &rollout.text,
        reward: rollout.reward,
        accepted: rollout.score.accepted,
        answer_correct: rollout.score.answer_correct,
        process_accuracy: rollout.score.process_accuracy,
        stopped: rollout.stopped,
        tokens: rollout.len(),
        first_error: rollout.score.first_error.as_ref(),
        kept,
    }
}
