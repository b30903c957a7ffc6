//! What the stages of a finished run took in time and energy: `costs.json`, summed from the logs of all calls that
//! worked on the run. It depends on the clock, so it stays apart from `ledger.json` and the report.
//!
//! Deviations: of a call that was killed, only the steps that it ended are known, from the stage's `speed.jsonl`.
//! What it spent on a step, an evaluation or a calibration that it did not finish is missing. Its energy is not
//! known at all, so that of its stage is `null`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::clock::{Timing, timings};
use crate::error::InterplayError;
use crate::results::Results;
use crate::run_file::write_json;
use crate::stage::StageKind;

/// What a stage took.
#[derive(Debug, PartialEq, Serialize)]
struct Cost {
    stage: String,
    /// Training or measuring, in all calls.
    seconds: f64,
    /// Of these, the steps, those included that were made again after a kill.
    step_seconds: f64,
    /// Evaluating its model.
    evaluation_seconds: f64,
    /// Energy of the processors in training and evaluation, without that of graphics cards; `null` where the system
    /// does not tell, or a call was killed.
    cpu_energy_joules: Option<f64>,
    /// Tokens that the first next-token stage trains on in `seconds`.
    time_token_equivalents: Option<f64>,
}

/// One line of a `speed.jsonl`, as far as it is read here.
#[derive(Deserialize)]
struct Step {
    seconds: f64,
}

/// Writes `costs.json`.
pub(super) fn write_costs(results: &Results, folder: &Path) -> Result<(), InterplayError> {
    let timings: Vec<Timing> = lines(&timings(folder))?;
    let mut costs = Vec::new();
    for stage in &results.stages {
        let steps: Vec<Step> = lines(&folder.join(&stage.name).join("speed.jsonl"))?;
        let steps = steps.iter().fold(0.0, |sum, step| sum + step.seconds);
        costs.push(cost(&stage.name, &timings, steps));
    }
    let next_token = results.stages.iter().zip(&costs).find(|(stage, _)| {
        matches!(stage.kind, StageKind::Pretrain | StageKind::Midtrain)
            && stage.ledger.trained_tokens > 0
    });
    let rate = next_token.map(|(stage, cost)| stage.ledger.trained_tokens as f64 / cost.seconds);
    for cost in &mut costs {
        cost.time_token_equivalents = rate
            .map(|rate| rate * cost.seconds)
            .filter(|tokens| tokens.is_finite());
    }
    write_json(&folder.join("costs.json"), &costs)
}

/// The sums over the lines of a stage.
fn cost(stage: &str, timings: &[Timing], step_seconds: f64) -> Cost {
    let evaluation = format!("eval {stage}");
    let seconds = |part: &str| {
        let of = timings.iter().filter(|timing| timing.part == part);
        // A sum of nothing is -0.
        of.fold(0.0, |sum, timing| sum + timing.seconds)
    };
    let ended = seconds(stage);
    let energy = timings
        .iter()
        .filter(|timing| timing.part == stage || timing.part == evaluation)
        .map(|timing| timing.energy_joules)
        .sum::<Option<f64>>()
        // Steps of calls that never ended, whose energy nobody noted.
        .filter(|_| ended > 0.0 && step_seconds <= ended);
    Cost {
        stage: stage.to_owned(),
        seconds: ended.max(step_seconds),
        step_seconds,
        evaluation_seconds: seconds(&evaluation),
        cpu_energy_joules: energy,
        time_token_equivalents: None,
    }
}

/// The lines of a log that can be read; a kill may have left half a line at its end. No lines where there is no log.
fn lines<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<Vec<T>, InterplayError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(InterplayError::io("read", path)(error)),
    };
    let parsed = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    Ok(parsed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_add_up_and_killed_ones_count_their_steps() {
        let log = r#"{"part":"base","seconds":4.0,"peak_memory_mib":1,"energy_joules":10.0}
{"part":"eval base","seconds":2.0,"peak_memory_mib":1,"energy_joules":5.0}
{"part":"base","seconds":0.5,"peak_memory_mib":1,"energy_joules":1.0}
{"part":"grpo","seconds":3.0,"peak_memory_mib":null}
{"part":"gr"#;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("timings.jsonl");
        fs::write(&path, log).unwrap();
        let timings: Vec<Timing> = lines(&path).unwrap();
        assert_eq!(timings.len(), 4);
        let base = cost("base", &timings, 3.5);
        assert_eq!((base.seconds, base.evaluation_seconds), (4.5, 2.0));
        assert_eq!(base.cpu_energy_joules, Some(16.0));
        // Six seconds of steps, of which a killed call made some.
        let grpo = cost("grpo", &timings, 6.0);
        assert_eq!((grpo.seconds, grpo.cpu_energy_joules), (6.0, None));
        assert_eq!(cost("base", &timings, 5.0).cpu_energy_joules, None);
        assert_eq!(cost("other", &timings, 0.0).cpu_energy_joules, None);
        assert!(
            lines::<Timing>(&folder.path().join("none"))
                .unwrap()
                .is_empty()
        );
    }
}
