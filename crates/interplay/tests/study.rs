//! `interplay study`: variants and seeds of an experiment, what they share, and what separates them.
#![cfg(all(feature = "cli", feature = "flex"))]

mod calls;

use std::fs;
use std::path::Path;

use calls::{call, folder, refuse, succeed};
use interplay::study::{STUDY_FORMAT, StudyResults};
use serde_json::Value;

const STUDY: &str = r#"
name = "tiny"
[study]
question = "Does more mid-training help?"
seeds = [3, 4]
compare = [{ a = "short/base", b = ["short/more", "long/more"] }, { a = "short/more", b = ["long/more"] }]
[[study.variant]]
name = "short"
[[study.variant]]
name = "long"
set = ["stage.more.training.budget_tokens=40_000"]
[bands]
id = [2, 2]
edge = [3, 3]
hard = [4, 4]
[tasks]
max_value = 12
mixture = [{ op = "2-4", context = "zoo", dialect = "terse" }]
[tokenizer]
vocab_size = 300
samples = 100
data = {}
[model]
hidden_size = 32
intermediate_size = 64
layers = 1
heads = 2
kv_heads = 1
context_tokens = 160
[evaluate]
seed = 1
problems_per_op = 4
completions = 4
ks = [1, 2, 4]
temperatures = [0, 1.0]
max_new_tokens = 40
data = {}
[[stage]]
kind = "pretrain"
name = "base"
data = {}
[stage.training]
budget_tokens = 40_000
rows = 4
row_tokens = 128
optimizer = { learning_rate = { peak = 1e-2 } }
[[stage]]
kind = "midtrain"
name = "more"
data = {}
[stage.training]
budget_tokens = 20_000
rows = 4
row_tokens = 128
optimizer = { learning_rate = { peak = 1e-2 } }
"#;

fn write(dir: &Path, name: &str, text: &str) {
    fs::write(dir.join(name), text).unwrap();
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_study_shares_stages_and_ends_in_the_same_bytes_however_it_is_split() {
    let folder = folder();
    let dir = folder.path();
    write(dir, "tiny.toml", STUDY);
    let table = succeed(dir, "study --config tiny.toml --out whole");
    assert!(table.contains("Does more mid-training help?"), "{table}");
    let found: StudyResults =
        serde_json::from_slice(&fs::read(dir.join("whole/study.json")).unwrap()).unwrap();
    assert_eq!(
        (found.format.as_str(), &found.seeds[..]),
        (STUDY_FORMAT, &[3, 4][..])
    );
    let arms: Vec<String> = found.arms.iter().map(|arm| arm.arm.to_string()).collect();
    assert_eq!(arms, ["short/base", "short/more", "long/base", "long/more"]);
    // Three pairs, three bands, two k.
    let effects: Vec<_> = found
        .comparisons
        .iter()
        .map(|one| one.effects.len())
        .collect();
    assert_eq!(effects, [6, 6, 6]);
    for effect in found.comparisons.iter().flat_map(|one| &one.effects) {
        let mean = effect.by_seed.iter().sum::<f64>() / 2.0;
        assert!((mean - effect.difference).abs() < 1e-12, "{effect:?}");
        assert!(effect.low <= mean && mean <= effect.high && effect.p_value <= effect.p_holm);
    }
    // The base is trained once for each seed: its steps took no time in the other variant.
    for seed in [3, 4] {
        let speeds =
            |variant: &str| dir.join(format!("whole/{variant}/seed-{seed}/base/speed.jsonl"));
        let [short, long] = ["short", "long"].map(|variant| fs::read(speeds(variant)).unwrap());
        assert_eq!(short, long);
        let weights = |variant: &str| {
            let path = format!("whole/{variant}/seed-{seed}/more/model/model.safetensors");
            fs::read(dir.join(path)).unwrap()
        };
        assert_ne!(weights("short"), weights("long"));
    }
    // In two parts, the second one first; the last one writes the results.
    let early = call(dir, "study --config tiny.toml --out parts --shard 2/2");
    let message = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(
        early.status.success() && message.contains("not finished: short, seed 3"),
        "{message}"
    );
    assert!(!dir.join("parts/study.json").exists());
    succeed(dir, "study --config tiny.toml --out parts --shard 1/2");
    succeed(dir, "study --from parts/study.json --out again");
    for name in ["study.json", "study.txt", "study.html"] {
        let bytes = |of: &str| fs::read(dir.join(of).join(name)).unwrap();
        assert_eq!(bytes("whole"), bytes("parts"), "{name}");
        assert_eq!(bytes("whole"), bytes("again"), "{name}");
    }
    let figures = |of: &str| {
        let entries = fs::read_dir(dir.join(of).join("figures")).unwrap();
        let mut found: Vec<(String, Vec<u8>)> = entries
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (
                    path.file_name().unwrap().to_string_lossy().into_owned(),
                    fs::read(path).unwrap(),
                )
            })
            .collect();
        found.sort();
        found
    };
    assert_eq!(figures("whole"), figures("again"));
    let (names, files): (Vec<String>, Vec<Vec<u8>>) = figures("whole").into_iter().unzip();
    for name in [
        "verified-edge-band.svg",
        "verified-pass-k-hard-band.svg",
        "verified-pass-4-by-op.svg",
    ] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    assert!(files.iter().all(|file| file.starts_with(b"<svg ")));
    // One seed is a trial, and its runs are those of the study.
    let trial = succeed(dir, "study --config tiny.toml --seeds 3 --out whole");
    assert!(trial.contains("one seed: a trial"), "{trial}");
    // What each run gave alone.
    succeed(dir, "run --config tiny.toml --seed 3 --out alone");
    let results = |path: &str| json(&dir.join(path).join("results.json"));
    assert_eq!(
        results("alone")["stages"],
        results("whole/short/seed-3")["stages"]
    );
}

/// Runs of other machines or earlier days, which share no folder, make the study that one folder makes.
#[test]
fn a_study_is_put_together_from_records() {
    let folder = folder();
    let dir = folder.path();
    write(dir, "tiny.toml", STUDY);
    for (seed, file) in [(3, "three.jsonl.gz"), (4, "four.jsonl")] {
        let study = format!("study --config tiny.toml --seeds {seed} --out alone-{seed}");
        succeed(dir, &study);
        succeed(dir, &format!("{study} --write-records {file}"));
    }
    assert!(fs::metadata(dir.join("three.jsonl.gz")).unwrap().len() < 100_000);
    let together = "study --config tiny.toml --records three.jsonl.gz four.jsonl --out together";
    succeed(dir, together);
    // One seed from a record, the other one made here.
    succeed(
        dir,
        "study --config tiny.toml --records three.jsonl.gz --out half",
    );
    let mut whole = json(&dir.join("half/study.json"));
    let mut records = json(&dir.join("together/study.json"));
    // Completions are not in records.
    for sample in whole["samples"].as_array().into_iter().flatten() {
        assert_eq!(sample["seed"], 4);
    }
    assert!(records.get("samples").is_none());
    for study in [&mut whole, &mut records] {
        study.as_object_mut().unwrap().remove("samples");
    }
    assert_eq!(whole, records);
    assert!(whole["arms"][0]["outcomes"][0]["shares"].is_object());
    assert!(!dir.join("half/short/seed-3/base/model").exists());
    assert!(dir.join("half/short/seed-4/base/model").exists());
    // What was taken can be written again, and taking it a second time changes nothing.
    succeed(
        dir,
        "study --config tiny.toml --out together --write-records both.jsonl",
    );
    succeed(
        dir,
        "study --config tiny.toml --records both.jsonl --out copy",
    );
    assert_eq!(
        fs::read(dir.join("copy/study.json")).unwrap(),
        fs::read(dir.join("together/study.json")).unwrap()
    );
    succeed(dir, together);

    let other = "study --config tiny.toml --set evaluate.completions=3 --set evaluate.ks=[1,3] --records four.jsonl --out x";
    refuse(
        dir,
        other,
        &[
            "four.jsonl, line 1: ",
            "with seed 4, which matches no run of this study",
        ],
    );
    write(
        dir,
        "broken.jsonl",
        "{\"format\": \"interplay-run-record/1\"}\n",
    );
    let broken = "study --config tiny.toml --records broken.jsonl --out x";
    refuse(dir, broken, &["broken.jsonl, line 1: missing field `plan`"]);
    let none = "study --config tiny.toml --out x --write-records none.jsonl";
    refuse(dir, none, &["no run of the study is finished there"]);
    fs::create_dir_all(dir.join("busy/short/seed-3")).unwrap();
    let busy = "study --config tiny.toml --records three.jsonl.gz --out busy";
    refuse(dir, busy, &["a run is under way there"]);
}

#[test]
fn everything_wrong_with_a_study_is_reported_at_once() {
    let folder = folder();
    let dir = folder.path();
    let wrong = STUDY
        .replace("seed = 1\n", "")
        .replace("seeds = [3, 4]", "seeds = [3, 3]")
        .replace(
            "b = [\"short/more\", \"long/more\"]",
            "b = [\"short/less\", \"more\"]",
        )
        .replace("name = \"long\"", "name = \"../long\"");
    write(dir, "wrong.toml", &wrong);
    let parts = [
        "`study.seeds`: found [3, 3]",
        "`study.compare[0].b`: found short/less, expected one of the arms: short/base, short/more",
        "`study.compare[0].b`: found more",
        "`study.variant.name`: found ../long",
        "`evaluate.seed`: found nothing",
    ];
    refuse(dir, "study --config wrong.toml --out out", &parts);
    write(dir, "plain.toml", &STUDY.replace("[study", "[studies"));
    refuse(
        dir,
        "study --config plain.toml --out out",
        &["found no table `study`"],
    );
    let key = STUDY.replace("question", "questions");
    write(dir, "key.toml", &key);
    refuse(
        dir,
        "study --config key.toml --out out",
        &["table `study`", "questions"],
    );
    let other = STUDY.replace(
        "set = [\"stage.more.training.budget_tokens=40_000\"]",
        "set = [\"evaluate.completions=8\"]",
    );
    write(dir, "other.toml", &other);
    refuse(
        dir,
        "study --config other.toml --out out",
        &["as in the other variants"],
    );
    refuse(
        dir,
        "study nothing --out out",
        &["unknown study; expected one of edge, seeding, budget"],
    );
    refuse(
        dir,
        "study --from plain.toml --out out",
        &["plain.toml", "expected a study.json"],
    );
    for arguments in [
        "study",
        "study --from x.json",
        "study objectives --shard 3/2",
    ] {
        assert_eq!(call(dir, arguments).status.code(), Some(2), "{arguments}");
    }
}
