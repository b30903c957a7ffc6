//! `interplay diagnose` on runs whose trouble is known.
#![cfg(feature = "cli")]

mod calls;

use std::fs;
use std::path::Path;

use calls::{folder, refuse, succeed};
use interplay::diagnosis::{Diagnosis, Finding, Presence, Signature};
use interplay::eval::{EvalSettings, Evaluation, ItemScore};
use interplay::train::ledger::Ledger;
use serde_json::{Value, json};

/// 40 problems of op 6 in the band `edge`, 40 of op 2 in `id`, of 16 completions each: verified and right answers by
/// problem, and its context.
type Counts<'a> = &'a dyn Fn(u64) -> (u32, u32, &'static str);

fn evaluation(of: Counts<'_>) -> Evaluation {
    let settings = EvalSettings {
        completions: 16,
        ks: vec![1, 16],
        temperature: Some(1.0),
        ..EvalSettings::default()
    };
    let item = |id: u64| {
        let (verified, answers, context) = of(id);
        let edge = id.is_multiple_of(2);
        ItemScore {
            id,
            op: Some(if edge { 6 } else { 2 }),
            band: Some(if edge { "edge" } else { "id" }.into()),
            context: Some(context.into()),
            verified,
            answers,
            ..ItemScore::default()
        }
    };
    Evaluation::from_scores(&settings, "strict", (0..80).map(item).collect()).unwrap()
}

fn stage(name: &str, kind: &str, from: Option<&str>, found: &Evaluation) -> Value {
    let mut stage = json!({
        "name": name, "kind": kind, "key": "k", "steps": 1, "samples": 1, "ledger": Ledger::default(),
        "evaluation": found,
    });
    if let Some(from) = from {
        stage["from"] = json!(from);
    }
    stage
}

/// The folder of a run with a base and an RL stage of so many steps, each with its metrics.
fn run(
    dir: &Path,
    before: Counts<'_>,
    after: Counts<'_>,
    steps: u32,
    metrics: &dyn Fn(f64) -> Value,
) {
    let stages = [
        stage("base", "pretrain", None, &evaluation(before)),
        stage("rl", "grpo", Some("base"), &evaluation(after)),
    ];
    let results = json!({
        "format": 2, "name": "known", "seed": 7, "device": "flex", "model_parameters": 1, "stages": stages,
    });
    fs::create_dir_all(dir.join("run/rl")).unwrap();
    fs::write(dir.join("run/results.json"), results.to_string()).unwrap();
    let line = |step: u32| {
        let mut line = metrics(f64::from(step) / f64::from(steps));
        line["step"] = json!(step);
        line.to_string() + "\n"
    };
    let lines: String = (0..steps).map(line).collect();
    fs::write(dir.join("run/rl/metrics.jsonl"), lines).unwrap();
}

fn diagnosed(dir: &Path) -> (String, Vec<Finding>) {
    let text = succeed(dir, "diagnose run --json found.json");
    let bytes = fs::read(dir.join("found.json")).unwrap();
    let mut found: Diagnosis = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(found, Diagnosis::of_run(&dir.join("run")).unwrap());
    assert_eq!(found.stages.len(), 1);
    (text, found.stages.remove(0).findings)
}

fn presences(findings: &[Finding]) -> [Presence; 4] {
    let signatures: Vec<Signature> = findings.iter().map(|one| one.signature).collect();
    assert_eq!(signatures, Signature::ALL);
    [0, 1, 2, 3].map(|index| findings[index].presence)
}

const PRESENT: Presence = Presence::Present;
const ABSENT: Presence = Presence::Absent;
const UNDECIDED: Presence = Presence::Undecided;

#[test]
fn every_failure_is_found_where_it_is() {
    let folder = folder();
    let dir = folder.path();
    // Half of the problems of `zoo` are solved twice, then always; answers are right three times, then always, also
    // where steps are wrong; nothing of `school` is solved; most groups are all wrong and the reward stands still.
    let context = |id: u64| if id < 20 { "school" } else { "zoo" };
    let before = |id: u64| match context(id) {
        "school" => (0, 3, "school"),
        _ if id % 4 < 2 => (2, 3, "zoo"),
        _ => (0, 3, "zoo"),
    };
    let after = |id: u64| match context(id) {
        "school" => (0, 16, "school"),
        _ if id % 4 < 2 => (16, 16, "zoo"),
        _ => (0, 16, "zoo"),
    };
    let metrics = |_: f64| {
        json!({
            "reward": 0.2, "entropy": 0.5, "reward_hacking": 0.3, "frac_reward_zero_std": 0.9,
            "frac_reward_zero_std/all_right": 0.1, "frac_reward_zero_std/all_wrong": 0.8,
        })
    };
    run(dir, &before, &after, 40, &metrics);
    let (text, found) = diagnosed(dir);
    assert_eq!(presences(&found), [PRESENT; 4], "{text}");
    for part in [
        "entropy before RL: 0.500 nats a token",
        "never solved before RL in 16 tries, edge: 25 of 40 problems (62.5 %)",
        "verified completions of `school`, before and after RL: 0.0 % [0.0, 0.9]",
        "groups with equal rewards: 90.0 % [90.0, 90.0]",
        "most uniform groups are all wrong",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
}

#[test]
fn a_healthy_run_has_none() {
    let folder = folder();
    let dir = folder.path();
    // Before, two of three problems are solved at times; after, all are, by right steps.
    let context = |id: u64| if id < 40 { "school" } else { "zoo" };
    let before = |id: u64| match id % 3 {
        0 => (0, 0, context(id)),
        _ => (2, 2, context(id)),
    };
    let after = |id: u64| (8, 8, context(id));
    let metrics = |at: f64| {
        json!({
            "reward": 0.1 + 0.5 * at, "entropy": 0.5, "reward_hacking": 0.0, "frac_reward_zero_std": 0.3,
            "frac_reward_zero_std/all_right": 0.1, "frac_reward_zero_std/all_wrong": 0.2,
        })
    };
    run(dir, &before, &after, 40, &metrics);
    let (text, found) = diagnosed(dir);
    assert_eq!(presences(&found), [ABSENT; 4], "{text}");
    assert!(!text.contains("->"), "{text}");
}

#[test]
fn what_a_run_does_not_show_is_undecided() {
    let folder = folder();
    let dir = folder.path();
    let same = |_: u64| (0, 1, "zoo");
    let slightly = |id: u64| (0, if id.is_multiple_of(40) { 16 } else { 1 }, "zoo");
    run(dir, &same, &slightly, 4, &|_| json!({"reward": 0.0}));
    let (text, found) = diagnosed(dir);
    assert_eq!(presences(&found), [UNDECIDED; 4], "{text}");
    assert!(text.contains("nothing is solved in any context"), "{text}");
}

#[test]
fn folders_without_a_finished_run_are_refused() {
    let folder = folder();
    let dir = folder.path();
    refuse(
        dir,
        "diagnose nowhere",
        &[
            "nowhere/results.json",
            "expected the folder of a finished run",
        ],
    );
    run(dir, &|_| (1, 1, "zoo"), &|_| (1, 1, "zoo"), 1, &|_| {
        json!({})
    });
    let path = dir.join("run/results.json");
    let text = fs::read_to_string(&path).unwrap();
    refuse(
        dir,
        "diagnose run --json run/results.json",
        &["--json", "choose two files"],
    );
    fs::write(&path, text.replace("grpo", "midtrain")).unwrap();
    refuse(dir, "diagnose run", &["found no `grpo` stage"]);
}
