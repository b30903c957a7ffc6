//! A whole experiment, killed in every stage and started again, ends in the same results.
#![cfg(all(feature = "cli", feature = "flex", unix))]

mod runs;

use std::path::Path;
use std::time::Duration;

use runs::{finish, kill_when, lines, start};

/// A run of every stage that takes seconds.
fn small(folder: &Path) -> std::path::PathBuf {
    let (_, quick) = interplay::ExperimentSpec::PRESETS[1];
    let mut table: toml::Table = toml::from_str(quick).unwrap();
    for stage in table["stage"].as_array_mut().unwrap() {
        let Some(training) = stage.as_table_mut().unwrap().get_mut("training") else {
            continue;
        };
        let training = training.as_table_mut().unwrap();
        training.insert("checkpoint_every_steps".into(), 1.into());
        if training.contains_key("budget_tokens") {
            training.insert("budget_tokens".into(), 30_000.into());
        }
    }
    let path = folder.join("small.toml");
    std::fs::write(&path, toml::to_string(&table).unwrap()).unwrap();
    path
}

#[test]
fn killed_in_every_stage_it_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let preset = small(folder.path());
    let (whole, again, cut) = (
        folder.path().join("whole"),
        folder.path().join("again"),
        folder.path().join("cut"),
    );
    finish(&whole, &preset);
    finish(&again, &preset);
    let mut kills = 0;
    for stage in ["base", "midtrain", "grpo"] {
        let metrics = cut.join(stage).join("metrics.jsonl");
        let mut run = start(&cut, &preset);
        kills += usize::from(kill_when(&mut run, || lines(&metrics) >= 2, Duration::ZERO));
        let records = cut.join("eval").join(format!("{stage}.journal"));
        let mut run = start(&cut, &preset);
        kills += usize::from(kill_when(&mut run, || records.exists(), Duration::ZERO));
    }
    finish(&cut, &preset);
    // What a kill between two writes leaves: a calibration or an evaluation that was not noted, a
    // model without its summary, results that were not written.
    for gone in [
        "calibrate/edge.json",
        "eval/midtrain.json",
        "grpo/stage.json",
        "results.json",
    ] {
        std::fs::remove_file(cut.join(gone)).unwrap();
    }
    finish(&cut, &preset);
    assert!(kills >= 4, "only {kills} of 6 kills came in time");
    for file in [
        "results.json",
        "ledger.json",
        "plan.toml",
        "eval/grpo.jsonl",
        "eval/grpo.t0.jsonl",
        "report.html",
    ] {
        let read = |run: &Path| std::fs::read(run.join(file)).unwrap();
        assert!(
            read(&whole) == read(&again),
            "{file} differs between two runs"
        );
        assert!(read(&whole) == read(&cut), "{file} differs after kills");
    }
}
