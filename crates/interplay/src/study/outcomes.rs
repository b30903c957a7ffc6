//! What the completions of an arm come to: accepted, cut off, or wrong by the kind of their first mistake.

use std::collections::BTreeMap;
use std::path::Path;

use interplay_eval::{Band, GenerationRecord};
use interplay_files::RecordReader;
use serde::{Deserialize, Serialize};

use super::arm::Arm;
use super::plans::{Study, StudyRun};
use super::samples::Wanted;
use crate::error::InterplayError;
use crate::run_file::read_json;

/// The outcome of a completion that is accepted.
pub const ACCEPTED: &str = "accepted";

/// The outcome of a completion that did not end by itself.
pub const CUT_OFF: &str = "cut_off";

/// The outcome of a rejected completion without a first mistake, as of tasks that judge answers alone.
pub const REJECTED: &str = "rejected";

/// Completions by band and outcome.
pub(super) type OutcomeCounts = BTreeMap<String, BTreeMap<String, u64>>;

/// The file of a run that was taken from a record, with its counts by stage.
pub(super) const OUTCOMES: &str = "outcomes.json";

/// The completions of an arm in a band, by outcome, at the study's temperature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// The band.
    pub group: String,
    /// Shares of all completions of all seeds, which sum to 1: [`ACCEPTED`], [`CUT_OFF`], the kind of the first
    /// mistake (`wrong_value`, ...), or [`REJECTED`].
    pub shares: BTreeMap<String, f64>,
}

/// The completions of an arm, read once: their outcomes, and of each of the completions `wanted` the record with the
/// lowest number of its sample, if there is one.
pub(super) fn completions(
    study: &Study,
    folder: &Path,
    arm: &Arm,
    wanted: &[&Wanted<'_>],
) -> Result<(Vec<Outcomes>, Vec<Option<GenerationRecord>>), InterplayError> {
    let mut counts = OutcomeCounts::new();
    let mut first: Vec<Option<GenerationRecord>> = vec![None; wanted.len()];
    for run in study.runs.iter().filter(|run| run.variant == arm.variant) {
        let take = |record: &GenerationRecord| {
            for (wanted, first) in wanted.iter().zip(&mut first) {
                let earlier = first.as_ref().is_none_or(|one| record.sample < one.sample);
                if wanted.run.plan.seed == run.plan.seed && earlier && wanted.takes(record) {
                    *first = Some(record.clone());
                }
            }
        };
        let of_run = count_outcomes(run, &run.folder(folder), &arm.stage, take)?;
        for (band, outcomes) in of_run {
            let sums = counts.entry(band).or_default();
            for (outcome, count) in outcomes {
                *sums.entry(outcome).or_default() += count;
            }
        }
    }
    let of_band = |band: Band| {
        let counts = counts.remove(band.name())?;
        let total: u64 = counts.values().sum();
        let share = |(name, count): (String, u64)| (name, count as f64 / total as f64);
        Some(Outcomes {
            group: band.name().to_owned(),
            shares: counts.into_iter().map(share).collect(),
        })
    };
    let mut bands = Band::ALL.to_vec();
    if let Some(run) = study.runs.first() {
        bands.sort_by_key(|band| *run.plan.bands.range(*band).start());
    }
    Ok((bands.into_iter().filter_map(of_band).collect(), first))
}

/// Counts the completions of a run's stage by band and outcome, and hands each over; a run that was taken from a record
/// has the counts alone.
pub(super) fn count_outcomes(
    run: &StudyRun,
    folder: &Path,
    stage: &str,
    mut take: impl FnMut(&GenerationRecord),
) -> Result<OutcomeCounts, InterplayError> {
    if let Some(mut counts) =
        read_json::<BTreeMap<String, OutcomeCounts>>(&folder.join("eval").join(OUTCOMES))?
    {
        return Ok(counts.remove(stage).unwrap_or_default());
    }
    let mut counts = OutcomeCounts::new();
    for_each_record(folder, stage, |record| {
        let band = record.op.and_then(|op| run.plan.bands.band_of(op));
        if let Some(band) = band {
            let of_band = counts.entry(band.name().to_owned()).or_default();
            *of_band.entry(outcome(&record).to_owned()).or_default() += 1;
        }
        take(&record);
    })?;
    Ok(counts)
}

/// Hands over every completion of a stage that was drawn at the run's main temperature; none where a run has no such
/// file.
fn for_each_record(
    run: &Path,
    stage: &str,
    mut take: impl FnMut(GenerationRecord),
) -> Result<(), InterplayError> {
    let path = run.join("eval").join(format!("{stage}.jsonl"));
    if !path.exists() {
        return Ok(());
    }
    let mut reader = RecordReader::open(&path)?;
    while let Some((_, record)) = reader.next::<GenerationRecord>("a judged completion")? {
        take(record);
    }
    reader.finish()?;
    Ok(())
}

fn outcome(record: &GenerationRecord) -> &str {
    match (&record.first_error, record.accepted, record.stopped) {
        (_, true, _) => ACCEPTED,
        (_, _, Some(false)) => CUT_OFF,
        (Some(error), ..) => &error.reason,
        (None, ..) => REJECTED,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_completion_has_one_outcome() {
        let record = |accepted: bool, stopped: bool, reason: Option<&str>| {
            let error = reason.map(|reason| {
                json!({"step": 0, "span": {"start": 0, "end": 1}, "reason": reason,
                    "expected": "", "found": ""})
            });
            let record = json!({"id": 1, "sample": 0, "completion": "", "accepted": accepted,
                "stopped": stopped, "answer_correct": accepted, "process_accuracy": 0.0,
                "first_error": error});
            serde_json::from_value::<GenerationRecord>(record).unwrap()
        };
        let found = [
            record(true, true, None),
            record(false, false, Some("missing_answer")),
            record(false, true, Some("wrong_value")),
            record(false, true, None),
        ];
        let found: Vec<&str> = found.iter().map(outcome).collect();
        assert_eq!(found, [ACCEPTED, CUT_OFF, "wrong_value", REJECTED]);
    }
}
