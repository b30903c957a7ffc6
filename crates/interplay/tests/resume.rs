//! A whole experiment, killed in every stage and started again, ends in the same results.
#![cfg(all(feature = "cli", feature = "flex", unix))]

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn start(out: &Path, preset: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_interplay"))
        .args(["run", "--config"])
        .arg(preset)
        .arg("--out")
        .arg(out)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn finish(out: &Path, preset: &Path) {
    assert!(start(out, preset).wait().unwrap().success());
}

/// Waits until `ready`, then kills the run with SIGKILL. False where the run ended first.
fn kill_when(run: &mut Child, ready: impl Fn() -> bool) -> bool {
    let began = Instant::now();
    while !ready() {
        if run.try_wait().unwrap().is_some() {
            return false;
        }
        assert!(
            began.elapsed() < Duration::from_secs(300),
            "the run never got there"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    true
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

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
        kills += usize::from(kill_when(&mut run, || lines(&metrics) >= 2));
        let records = cut.join("eval").join(format!("{stage}.journal"));
        let mut run = start(&cut, &preset);
        kills += usize::from(kill_when(&mut run, || records.exists()));
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
