//! Finished runs in a small file, for studies whose runs are made at different times or on machines that share no
//! folder.
//!
//! A record holds what a study's results are computed from: the plan, the results with the counts of every problem, the
//! metrics that are plotted, and how many completions came to which outcome. It holds neither weights nor completions,
//! so the samples on a study's page come from runs that were made in its folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use interplay_files::{RecordReader, RecordWriter};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::curves::METRICS;
use super::outcomes::{OUTCOMES, OutcomeCounts, count_outcomes};
use super::plans::{Study, StudyRun};
use crate::error::InterplayError;
use crate::metrics_file::read_metrics;
use crate::results::Results;
use crate::run_file::{read_json, write_json, write_whole};

/// Version of [`RunRecord`].
const RECORD_FORMAT: &str = "interplay-run-record/1";

/// The file that tells a run which was taken from a record from one that was made in its folder.
const MARKER: &str = "record.json";

/// A finished run, as a line of a file of records.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunRecord {
    format: String,
    /// What `plan.toml` holds.
    plan: String,
    results: Results,
    /// By stage, the steps with the metrics that studies plot.
    metrics: BTreeMap<String, Vec<Map<String, Value>>>,
    /// By stage.
    outcomes: BTreeMap<String, OutcomeCounts>,
}

/// Whether the results in a run folder were taken from a record.
pub(super) fn is_record(run: &Path) -> bool {
    run.join(MARKER).exists()
}

impl Study {
    /// Writes every finished run of the study as a record, a JSON object a line (compressed if the file ends in .gz).
    /// Gives their number.
    ///
    /// # Errors
    /// Files that cannot be read or written.
    pub fn write_records(&self, folder: &Path, records: &Path) -> Result<usize, InterplayError> {
        let mut found = Vec::new();
        for run in &self.runs {
            found.extend(record(run, &run.folder(folder))?);
        }
        if found.is_empty() {
            return Err(InterplayError::BadFile {
                path: folder.to_owned(),
                reason: "no run of the study is finished there; expected one at least to write"
                    .into(),
            });
        }
        let mut output = RecordWriter::create(records)?;
        for record in &found {
            output.record(record)?;
        }
        output.finish()?;
        Ok(found.len())
    }

    /// Takes finished runs from files of records into the study's folder, where they count as finished. Gives their
    /// number; a run that the folder has already is passed over.
    ///
    /// # Errors
    /// Records that cannot be read or belong to no run of this study, and folders with a run that is under way.
    pub fn take_records(
        &self,
        folder: &Path,
        records: &[PathBuf],
    ) -> Result<usize, InterplayError> {
        let plans: Vec<String> = self
            .runs
            .iter()
            .map(|run| run.plan.to_toml())
            .collect::<Result<_, _>>()?;
        let mut found: Vec<(PathBuf, RunRecord)> = Vec::new();
        for path in records {
            let mut reader = RecordReader::open(path)?;
            while let Some((_, record)) =
                reader.next::<RunRecord>("a record of `interplay study`")?
            {
                let wrong = |reason: &str| Err(reader.error(reason).into());
                if record.format != RECORD_FORMAT {
                    return wrong(&format!(
                        "found format {}, expected {RECORD_FORMAT}",
                        record.format
                    ));
                }
                let Some(run) = plans.iter().position(|plan| *plan == record.plan) else {
                    return wrong(&format!(
                        "found a run of `{}` with seed {}, which matches no run of this study; expected the same \
                         study with the same seeds, settings, devices and version",
                        record.results.name, record.results.seed
                    ));
                };
                let run = &self.runs[run];
                let known = |name: &String| run.plan.stages.iter().any(|stage| stage.name == *name);
                let named = record.metrics.keys().chain(record.outcomes.keys());
                if let Some(stage) = named.into_iter().find(|name| !known(name)) {
                    return wrong(&format!(
                        "found stage `{stage}`, which its plan does not have"
                    ));
                }
                found.push((run.folder(folder), record));
            }
            reader.finish()?;
        }
        let mut taken = 0;
        for (target, record) in found {
            if target.join("results.json").exists() {
                continue;
            }
            if target.exists() {
                return Err(InterplayError::BadFile {
                    path: target,
                    reason:
                        "a run is under way there, and the record holds a finished one; remove the folder or leave the record out"
                            .into(),
                });
            }
            unpack(&target, &record)?;
            taken += 1;
        }
        Ok(taken)
    }
}

/// The record of a run; none while it is not finished.
fn record(run: &StudyRun, folder: &Path) -> Result<Option<RunRecord>, InterplayError> {
    let Some(results) = read_json::<Results>(&folder.join("results.json"))? else {
        return Ok(None);
    };
    let (mut metrics, mut outcomes) = (BTreeMap::new(), BTreeMap::new());
    for stage in &results.stages {
        let path = folder.join(&stage.name).join("metrics.jsonl");
        if path.exists() {
            let kept = |line: Value| -> Map<String, Value> {
                let Value::Object(line) = line else {
                    return Map::new();
                };
                line.into_iter()
                    .filter(|(key, _)| key == "step" || METRICS.contains(&key.as_str()))
                    .collect()
            };
            let lines = read_metrics(&path)?.into_iter().map(kept).collect();
            metrics.insert(stage.name.clone(), lines);
        }
        let counts = count_outcomes(run, folder, &stage.name, |_| {})?;
        if !counts.is_empty() {
            outcomes.insert(stage.name.clone(), counts);
        }
    }
    let path = folder.join("plan.toml");
    let plan = fs::read_to_string(&path).map_err(InterplayError::io("read", &path))?;
    if plan != run.plan.to_toml()? {
        let reason =
            "it is the plan of another study; give the settings with which the run was made".into();
        return Err(InterplayError::BadFile { path, reason });
    }
    Ok(Some(RunRecord {
        format: RECORD_FORMAT.to_owned(),
        plan,
        results,
        metrics,
        outcomes,
    }))
}

/// Writes what a study reads of a run; its results come last, so that a run is there as a whole or not at all.
fn unpack(folder: &Path, record: &RunRecord) -> Result<(), InterplayError> {
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).map_err(InterplayError::io("remove", &partial))?;
    }
    write_whole(&partial.join("plan.toml"), record.plan.as_bytes())?;
    for (stage, lines) in &record.metrics {
        let lines = lines
            .iter()
            .map(|line| format!("{}\n", Value::Object(line.clone())));
        let text: String = lines.collect();
        write_whole(&partial.join(stage).join("metrics.jsonl"), text.as_bytes())?;
    }
    write_json(&partial.join("eval").join(OUTCOMES), &record.outcomes)?;
    write_json(&partial.join(MARKER), &RECORD_FORMAT)?;
    write_json(&partial.join("results.json"), &record.results)?;
    fs::rename(&partial, folder).map_err(InterplayError::io("rename", &partial))
}
