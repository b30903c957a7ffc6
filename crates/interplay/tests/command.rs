//! The command `interplay`, as a person meets it: what each subcommand leaves behind, and that
//! bad input ends in one message with exit code 2 and changes nothing.

mod calls;

use std::fs;

use calls::{call, folder, records, refuse, succeed};

/// The smallest experiment that trains a model and evaluates it.
const EXPERIMENT: &str = r#"
name = "smallest"
seed = 3

[bands]
id = [2, 3]
edge = [4, 4]
hard = [5, 5]

[tasks]
max_value = 20
distractors = 0
nouns = 20

[tokenizer]
vocab_size = 300
samples = 50
[[tokenizer.data.mixture]]
op = "2-5"
context = "zoo"
dialect = "terse"

[model]
hidden_size = 16
intermediate_size = 32
layers = 1
heads = 2
kv_heads = 1
context_tokens = 256

[evaluate]
problems_per_op = 2
samples = 2
ks = [1, 2]
max_new_tokens = 16
[[evaluate.data.mixture]]
op = 2
context = "zoo"
dialect = "terse"

[[stage]]
kind = "pretrain"
name = "base"
[stage.training]
budget_tokens = 1000
rows = 4
row_tokens = 128
[stage.training.optimizer]
learning_rate = { peak = 1e-3, floor = 1e-4, warmup_share = 0.1 }
[[stage.data.mixture]]
op = "2-3"
context = "zoo"
dialect = "terse"
"#;

#[test]
fn a_run_goes_from_its_file_to_its_report_and_its_completions_to_pass_at_k() {
    let folder = folder();
    let dir = folder.path();
    fs::write(dir.join("experiment.toml"), EXPERIMENT).unwrap();
    let printed = succeed(dir, "run --config experiment.toml --out here");
    assert!(
        printed.contains("verified pass@2") && printed.contains("report.html"),
        "{printed}"
    );
    for file in [
        "plan.toml",
        "results.json",
        "report.html",
        "base/model/model.safetensors",
    ] {
        assert!(dir.join("here").join(file).exists(), "{file}");
    }

    let table = succeed(dir, "passk --input here/eval/base.jsonl --ks 2,1");
    for part in [
        "2 completions per problem",
        "op 5",
        "context zoo",
        "overall",
    ] {
        assert!(table.contains(part), "{table}");
    }
    // The same completions have the same intervals as in the evaluation.
    succeed(
        dir,
        "passk --input here/eval/base.jsonl --ks 1,2 --output rows.jsonl",
    );
    let evaluation = fs::read_to_string(dir.join("here/eval/base.json")).unwrap();
    let evaluation: serde_json::Value = serde_json::from_str(&evaluation).unwrap();
    let evaluation = &evaluation["value"]["evaluation"];
    let mut compared = 0;
    for row in records(&dir.join("rows.jsonl")) {
        let list = match row["verdict"].as_str() {
            Some("verified") => "verified",
            _ => "answer_only",
        };
        let cell = match (row["group"].as_str(), row["op"].as_str()) {
            (Some("overall"), _) => &evaluation["overall"],
            (Some("op"), Some(op)) => &evaluation["by_op"][op],
            _ => continue,
        };
        let mut passes = cell[list].as_array().unwrap().iter();
        let pass = passes.find(|pass| pass["k"] == row["k"]).unwrap();
        for end in ["estimate", "low", "high"] {
            let [ours, theirs] = [&row[end], &pass[end]].map(|one| one.as_f64().unwrap());
            assert!((ours - theirs).abs() < 1e-12, "{end}: {row} {pass}");
        }
        compared += 1;
    }
    assert!(compared >= 8, "{compared}");
    refuse(
        dir,
        "passk --input here/eval/base.jsonl --ks 1,3",
        &["--ks", "3", "base.jsonl"],
    );

    // The same again changes nothing; another seed is another experiment.
    let results = fs::read(dir.join("here/results.json")).unwrap();
    succeed(dir, "run --config experiment.toml --out here");
    assert_eq!(fs::read(dir.join("here/results.json")).unwrap(), results);
    let other = "run --config experiment.toml --out here --seed 4";
    refuse(
        dir,
        other,
        &[
            "here",
            "another experiment",
            "seed = 3",
            "seed = 4",
            "--out",
        ],
    );

    // A truncated model is named, and the rest of the run stays.
    let model = dir.join("here/base/model/model.safetensors");
    let bytes = fs::read(&model).unwrap();
    fs::write(&model, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(dir.join("here/eval/base.json")).unwrap();
    let output = call(dir, "run --config experiment.toml --out here");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("model.safetensors"), "{message}");
    assert_eq!(fs::read(dir.join("here/results.json")).unwrap(), results);
}

#[test]
fn a_bad_experiment_is_refused_with_its_file_and_key() {
    let folder = folder();
    let dir = folder.path();
    let run = "run --config experiment.toml --out here";
    let write = |from: &str, to: &str| {
        assert!(EXPERIMENT.contains(from));
        fs::write(
            dir.join("experiment.toml"),
            EXPERIMENT.replacen(from, to, 1),
        )
        .unwrap();
    };
    write("heads = 2", "heads = 2\nhaeds = 2");
    refuse(dir, run, &["experiment.toml", "`haeds`", "in `model`"]);
    // A byte order mark before the experiment changes nothing.
    let text = fs::read_to_string(dir.join("experiment.toml")).unwrap();
    fs::write(dir.join("experiment.toml"), format!("\u{feff}{text}")).unwrap();
    refuse(dir, run, &["experiment.toml", "`haeds`", "in `model`"]);
    write("rows = 4", "rows = 4\nrow = 4");
    refuse(
        dir,
        run,
        &["experiment.toml", "stage 1 (base)", "`row`", "row_tokens"],
    );
    write("samples = 50", "samples = \"many\"");
    refuse(dir, run, &["experiment.toml", "samples"]);
    write("op = \"2-3\"", "weight = 0.7\nop = \"2-3\"");
    refuse(
        dir,
        run,
        &[
            "experiment.toml",
            "stage.base.data",
            "mixture",
            "sum to 0.7",
        ],
    );
    write("op = \"2-3\"", "op = \"2-300\"");
    refuse(
        dir,
        run,
        &[
            "experiment.toml",
            "stage.base.data",
            "mixture[0].op",
            "2-300",
            "nouns",
        ],
    );
    write("name = \"smallest\"", "name =");
    refuse(dir, run, &["experiment.toml"]);
    refuse(dir, "run --config gone.toml", &["gone.toml"]);
    refuse(dir, "run --preset gone", &["gone", "staged, quick, paper"]);
}

#[test]
fn a_device_that_does_not_exist_is_refused() {
    let folder = folder();
    let run = "run --preset quick --out here --device";
    refuse(
        folder.path(),
        &format!("{run} abacus"),
        &["abacus", "flex, ndarray, cuda"],
    );
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_device_that_is_not_built_is_refused_before_the_folder_is_claimed() {
    let folder = folder();
    let run = "run --preset quick --out here --device cuda:0";
    refuse(folder.path(), run, &["cuda:0", "--features cuda"]);
}

#[test]
fn a_folder_with_other_files_is_left_alone() {
    let folder = folder();
    fs::create_dir(folder.path().join("here")).unwrap();
    fs::write(folder.path().join("here/thesis.tex"), "x").unwrap();
    refuse(
        folder.path(),
        "run --preset quick --out here",
        &["here", "plan.toml", "--out"],
    );
}

#[test]
fn every_subcommand_has_help_and_an_unknown_one_is_refused() {
    let folder = folder();
    let help = succeed(folder.path(), "--help");
    for command in [
        "run",
        "generate",
        "verify",
        "audit",
        "passk",
        "inspect",
        "statistics",
        "certify",
    ] {
        assert!(help.contains(command), "{help}");
        assert!(succeed(folder.path(), &format!("{command} --help")).contains("Usage:"));
    }
    refuse(folder.path(), "distil", &["distil"]);
}
