//! `interplay compare` on evaluations whose differences are known.
#![cfg(feature = "cli")]

mod calls;

use std::fs;
use std::path::Path;

use calls::{refuse, succeed};
use interplay::eval::{EvalSettings, Evaluation, ItemScore};
use serde_json::json;

/// Problems in the band `edge` with these verified completions of four.
fn write(path: &Path, level: &str, first_id: u64, verified: &[u32]) {
    write_at(path, 0.7, level, first_id, verified);
}

fn write_at(path: &Path, temperature: f64, level: &str, first_id: u64, verified: &[u32]) {
    let settings = EvalSettings {
        completions: 4,
        ks: vec![1, 4],
        temperature: Some(temperature),
        ..EvalSettings::default()
    };
    let item = |(id, verified): (u64, &u32)| ItemScore {
        id,
        op: Some(6),
        band: Some("edge".into()),
        verified: *verified,
        answers: *verified,
        ..ItemScore::default()
    };
    let items = (first_id..).zip(verified).map(item).collect();
    let found = Evaluation::from_scores(&settings, level, items).unwrap();
    let file =
        json!({"key": "k", "value": {"evaluation": found, "sampled_tokens": 0, "overlong": 0}});
    fs::write(path, file.to_string()).unwrap();
}

#[test]
fn sharpening_extending_and_neither_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    // 40 problems: half solved twice of four, half never.
    let start: Vec<u32> = (0..40).map(|index| 2 * u32::from(index < 20)).collect();
    write(&dir.join("a.json"), "strict", 0, &start);
    let judged = |verified: Vec<u32>| {
        write(&dir.join("b.json"), "strict", 0, &verified);
        succeed(dir, "compare a.json b.json")
    };
    // What is solved is solved always, nothing else is.
    let text = judged(start.iter().map(|right| 2 * right).collect());
    assert!(text.contains("temperature 0.7: sharpened."), "{text}");
    let band = "temperature 0.7, band edge: sharpened. Of 20 problems";
    assert!(text.contains(band), "{text}");
    assert!(
        text.contains("Of 20 problems that A never solved in 4 tries, B solves 0"),
        "{text}"
    );
    let first = text
        .lines()
        .find(|line| line.starts_with("overall"))
        .unwrap();
    // pass@1: 20/40 x 2/4 = 25 %, then 50 %.
    assert!(first.contains("25.0    50.0  +25.0 ["), "{text}");
    // Half of the unsolved are solved once.
    let wider = |index| if index < 20 { 2 } else { u32::from(index < 30) };
    let text = judged((0..40).map(wider).collect());
    assert!(text.contains("temperature 0.7: extended."), "{text}");
    assert!(text.contains("B solves 10 (50.0 %)"), "{text}");
    let text = judged(start.clone());
    assert!(text.contains("temperature 0.7: neither."), "{text}");
    assert!(text.contains(" 1.0000   1.0000"), "{text}");
}

#[test]
fn other_problems_and_other_levels_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(&dir.join("a.json"), "strict", 0, &[1, 2, 3]);
    write(&dir.join("b.json"), "strict", 1, &[1, 2, 3]);
    refuse(dir, "compare a.json b.json", &["problem 0", "id 0", "id 1"]);
    write(&dir.join("b.json"), "strict", 0, &[1, 2]);
    refuse(dir, "compare a.json b.json", &["problem 2", "absent"]);
    write(&dir.join("b.json"), "paper", 0, &[1, 2, 3]);
    refuse(dir, "compare a.json b.json", &["strict", "paper"]);
    fs::write(dir.join("c.json"), "{}").unwrap();
    let parts = ["c.json is neither", "gone.json cannot be read"];
    refuse(dir, "compare c.json gone.json", &parts);
}

#[test]
fn different_temperatures_are_compared_on_demand_only() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write_at(&dir.join("a.json"), 0.7, "strict", 0, &[1, 2, 3]);
    write_at(&dir.join("b.json"), 1.0, "strict", 0, &[1, 2, 3]);
    let parts = ["at temperatures 0.7", "at 1;", "--any-temperature"];
    refuse(dir, "compare a.json b.json", &parts);
    let text = succeed(
        dir,
        "compare a.json b.json --any-temperature --json out.json",
    );
    assert!(text.contains("0.7 / 1 "), "{text}");
    assert!(text.contains("temperature 0.7 / 1: neither."), "{text}");
    let found: serde_json::Value =
        serde_json::from_slice(&fs::read(dir.join("out.json")).unwrap()).unwrap();
    assert_eq!(found["rows"][0]["b_temperature"], 1.0);
}

#[test]
fn a_source_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    write(&dir.join("a.json"), "strict", 0, &[1, 2, 3]);
    write(&dir.join("b.json"), "strict", 0, &[1, 2, 3]);
    for source in ["a.json", "./b.json"] {
        let call = format!("compare a.json b.json --json {source}");
        refuse(dir, &call, &["--json", "choose two files"]);
    }
}
