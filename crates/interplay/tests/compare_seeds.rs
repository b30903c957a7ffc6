//! `interplay compare --seeds` on runs whose differences are known.
#![cfg(feature = "cli")]

mod calls;

use std::fs;
use std::path::Path;

use calls::{call, refuse, succeed};
use interplay::eval::{EvalSettings, Evaluation, ItemScore};
use interplay::train::ledger::Ledger;
use serde_json::{Value, json};

/// 24 problems of op 6 and 7 with four completions each.
struct Arm<'a> {
    stage: &'a str,
    level: &'a str,
    /// What fingerprints begin with.
    set: String,
    temperatures: &'a [f64],
    ks: &'a [u32],
    right: &'a dyn Fn(u64) -> u32,
}

impl Arm<'_> {
    fn evaluation(&self, temperature: f64) -> Evaluation {
        let settings = EvalSettings {
            completions: 4,
            ks: self.ks.to_vec(),
            temperature: Some(temperature),
            ..EvalSettings::default()
        };
        let item = |id| ItemScore {
            id,
            op: Some(6 + (id % 2) as u32),
            band: Some("edge".into()),
            problem: format!("{}{id}", self.set),
            verified: (self.right)(id),
            answers: 4,
            ..ItemScore::default()
        };
        let items = (0..24).map(item).collect();
        Evaluation::from_scores(&settings, self.level, items).unwrap()
    }

    fn stage(&self) -> Value {
        let (first, others) = self.temperatures.split_first().unwrap();
        let others: Vec<Evaluation> = others.iter().map(|t| self.evaluation(*t)).collect();
        json!({
            "name": self.stage, "kind": "grpo", "key": "k", "steps": 1, "samples": 1,
            "ledger": Ledger::default(), "evaluation": self.evaluation(*first),
            "other_temperatures": others,
        })
    }
}

fn write(folder: &Path, seed: u64, arms: &[Arm<'_>]) {
    let run = folder.join(format!("run-{seed}"));
    fs::create_dir_all(&run).unwrap();
    let stages: Vec<Value> = arms.iter().map(Arm::stage).collect();
    let results = json!({
        "format": 2, "name": "run", "seed": seed, "device": "cpu", "model_parameters": 1,
        "stages": stages,
    });
    fs::write(run.join("results.json"), results.to_string()).unwrap();
}

/// A parent that solves half of the problems in two of four tries, and a child that solves `gain` more.
fn pair(folder: &Path, seed: u64, set: &str, gain: u32, beyond: bool) {
    let parent = |id: u64| 2 * u32::from(id < 12);
    let child = |id: u64| match id < 12 {
        true => 2 + gain,
        false => u32::from(beyond && id < 20),
    };
    let arm = |stage, right| Arm {
        stage,
        level: "strict",
        set: set.to_owned(),
        temperatures: &[1.0, 0.0],
        ks: &[1, 4],
        right,
    };
    write(
        folder,
        seed,
        &[arm("midtrain", &parent), arm("grpo", &child)],
    );
}

const COMPARE: &str = "compare run-{seed}@midtrain run-{seed}";

#[test]
fn compares_over_seeds_of_the_same_problems() {
    let folder = calls::folder();
    let dir = folder.path();
    for (seed, gain) in [(7, 0), (8, 1), (9, 2)] {
        pair(dir, seed, "a", gain, false);
    }
    let text = succeed(dir, &format!("{COMPARE} --seeds 7,8,9 --json out.json"));
    assert!(
        text.starts_with("A: run-{seed}@midtrain\nB: run-{seed}@grpo\n"),
        "{text}"
    );
    assert!(
        text.contains("crossed: all seeds have the same problems; A and B are paired"),
        "{text}"
    );
    // Half of the problems gain 0, 1 and 2 of 4 completions.
    let first = text
        .lines()
        .find(|line| line.starts_with("overall"))
        .unwrap();
    assert!(first.contains("greedy"), "{text}");
    assert!(first.contains("   24    25.0    37.5  +12.5 ["), "{text}");
    assert!(first.ends_with("+0.0  +12.5  +25.0"), "{text}");
    assert!(text.contains("temperature 1: "), "{text}");
    assert!(
        text.contains("seed 9: sharpened. Of 12 problems that A never solved in 4 tries"),
        "{text}"
    );
    let found: Value = serde_json::from_slice(&fs::read(dir.join("out.json")).unwrap()).unwrap();
    assert_eq!(
        (&found["format"], &found["design"]),
        (&json!(1), &json!("paired"))
    );
    assert_eq!(found["seeds"], json!([7, 8, 9]));
    let row = &found["rows"][0];
    assert_eq!((&row["group"], &row["k"]), (&json!("overall"), &json!(1)));
    assert_eq!(row["by_seed"], json!([0.0, 0.125, 0.25]));
    assert_eq!(row["over_seeds"]["design"], "paired");
    // Seed means with a variance of 1/64, over 3.
    let error = row["over_seeds"]["seed_error"].as_f64().unwrap();
    assert!((error - (1.0_f64 / 192.0).sqrt()).abs() < 1e-12);
    // overall, the band and two ops, two k, two temperatures.
    assert_eq!(found["rows"].as_array().unwrap().len(), 16);
    assert_eq!(found["verdicts"][1]["runs"][2]["seed"], 9);
    let text = succeed(dir, &format!("{COMPARE} --seeds 7,8,9 --independent-seeds"));
    assert!(
        text.contains("the seeds of A and of B are independent"),
        "{text}"
    );
}

#[test]
fn tells_nested_problems_and_what_extends() {
    let folder = calls::folder();
    let dir = folder.path();
    for seed in [7, 8, 9] {
        pair(dir, seed, &format!("set{seed}-"), 0, true);
    }
    let text = succeed(dir, &format!("{COMPARE} --seeds 7,8,9"));
    assert!(
        text.contains("nested: each seed has problems of its own"),
        "{text}"
    );
    let first = text
        .lines()
        .find(|line| line.starts_with("overall"))
        .unwrap();
    assert!(first.contains("   72    25.0    33.3  +8.3 ["), "{text}");
    let verdict = "extended over 3 seeds. Of the problems that A never solved, B solves 66.7 %";
    assert!(text.contains(verdict), "{text}");
}

#[test]
fn one_run_has_a_json_file_as_well() {
    let folder = calls::folder();
    let dir = folder.path();
    pair(dir, 7, "a", 2, false);
    succeed(dir, "compare run-7@midtrain run-7@grpo --json out.json");
    let found: Value = serde_json::from_slice(&fs::read(dir.join("out.json")).unwrap()).unwrap();
    assert_eq!((&found["format"], found.get("seeds")), (&json!(1), None));
    assert_eq!(found["rows"][0]["difference"], 0.25);
    assert_eq!(found["verdicts"][0]["change"], "sharpened");
    // A file that cannot be written leaves standard output empty.
    let output = call(
        dir,
        "compare run-7@midtrain run-7@grpo --json gone/out.json",
    );
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let folder = calls::folder();
    let dir = folder.path();
    for seed in [7, 8, 9] {
        pair(dir, seed, "a", 1, false);
    }
    let both = |arguments: &str, parts: &[&str]| refuse(dir, arguments, parts);
    both(
        "compare run-7@midtrain run-8 --seeds 7,7",
        &[
            "A is run-7@midtrain; expected {seed}",
            "B is run-8; expected {seed}",
            "has 7 more than once",
        ],
    );
    both(
        &format!("{COMPARE} --seeds 7"),
        &["--seeds has 1 seed; expected at least 2"],
    );
    both(COMPARE, &["expected --seeds"]);
    both(
        "compare run-{seed}@midtrain run-{seed}@late --seeds 7,8,10,11",
        &[
            "run-7/results.json: found no evaluation of late",
            "run-8/results.json: found no evaluation of late",
            "run-10 cannot be read",
            "run-11 cannot be read",
        ],
    );
    // Another level in both arms of 8, other problems in one arm of 9.
    let arm = |stage, set: &str, level, temperatures, ks| Arm {
        stage,
        level,
        set: set.to_owned(),
        temperatures,
        ks,
        right: &|_| 1,
    };
    let usual: (&[f64], &[u32]) = (&[1.0, 0.0], &[1, 4]);
    let plain = |stage, set, level| arm(stage, set, level, usual.0, usual.1);
    write(
        dir,
        8,
        &[plain("midtrain", "a", "paper"), plain("grpo", "a", "paper")],
    );
    write(
        dir,
        9,
        &[
            plain("midtrain", "a", "strict"),
            plain("grpo", "b", "strict"),
        ],
    );
    let seeds = format!("{COMPARE} --seeds 7,8,9");
    both(
        &seeds,
        &[
            "seed 9: the evaluations cannot be paired: problem 0",
            "`level` is paper, strict",
        ],
    );
    write(
        dir,
        8,
        &[
            plain("midtrain", "a", "strict"),
            plain("grpo", "a", "strict"),
        ],
    );
    let other = |stage| arm(stage, "a", "strict", &[0.5, 0.7], &[1, 4]);
    write(dir, 9, &[other("midtrain"), other("grpo")]);
    both(
        &seeds,
        &["run-9/results.json@grpo at 0.7, 0.5; expected one in common"],
    );
    let other = |stage| arm(stage, "a", "strict", usual.0, &[2, 3]);
    write(dir, 9, &[other("midtrain"), other("grpo")]);
    both(&seeds, &["`ks` is without one in common"]);
    write(
        dir,
        9,
        &[
            plain("midtrain", "b", "strict"),
            plain("grpo", "b", "strict"),
        ],
    );
    both(
        &seeds,
        &["seeds 7 and 8 have 24 of 24 and 24 problems in common"],
    );
    write(
        dir,
        9,
        &[
            plain("midtrain", "a", "strict"),
            plain("later", "a", "strict"),
        ],
    );
    both(
        &seeds,
        &["run-{seed} has the stages grpo, later as the last ones"],
    );
}
