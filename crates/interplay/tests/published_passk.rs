//! `interplay passk` on the records of the published evaluation, beside the published aggregator.

mod calls;

use std::fs;
use std::path::{Path, PathBuf};

use calls::{folder, records, refuse, succeed, write_records};
use serde_json::{Value, json};

const FILES: [&str; 2] = [
    "checkpoint-40_generations.jsonl.graph_results.jsonl",
    "checkpoint-403_generations.jsonl.graph_results.jsonl",
];

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden/passk")
        .join(name)
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The records of the golden files in a folder of their own, and the flags that name them.
fn copied() -> (tempfile::TempDir, String) {
    let folder = folder();
    for name in FILES {
        fs::copy(golden(name), folder.path().join(name)).unwrap();
    }
    let flags = format!("passk --input {} --input {}", FILES[0], FILES[1]);
    (folder, flags)
}

/// Takes our own key out of every file's entry.
fn without_own(results: &mut Value) -> Vec<Value> {
    let files = results["files"].as_object_mut().unwrap();
    files
        .values_mut()
        .map(|file| file.as_object_mut().unwrap().remove("interplay").unwrap())
        .collect()
}

/// The same with every share replaced, so that only keys and counts are compared.
fn keys(value: &Value) -> Value {
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), keys(value)))
            .collect(),
        Value::Number(number) if number.is_f64() => json!("a share"),
        other => other.clone(),
    }
}

#[test]
fn the_published_estimates_are_those_of_the_published_aggregator() {
    let (folder, passk) = copied();
    let output = folder.path().join("results.json");
    let table = succeed(
        folder.path(),
        &format!("{passk} --measures first@k --output results.json"),
    );
    assert!(table.contains("verified first@k"), "{table}");
    let mut ours = read(&output);
    let own = without_own(&mut ours);
    assert!(own.iter().all(|own| own["estimator"] == "first_k"));
    assert_eq!(ours, read(&golden("results.json")));
    // Keys are in the same order, so a reader that plots them as they come plots the same.
    let (ours, theirs) = (
        fs::read_to_string(&output).unwrap(),
        fs::read_to_string(golden("results.json")).unwrap(),
    );
    let first = |text: &str| -> Vec<String> {
        let lines = text.lines().take_while(|line| !line.contains("\"ks\""));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(first(&ours), first(&theirs));
}

#[test]
fn the_unbiased_estimates_have_the_same_keys_and_come_with_intervals() {
    let (folder, passk) = copied();
    let output = folder.path().join("results.json");
    succeed(folder.path(), &format!("{passk} --output results.json"));
    let (mut ours, theirs) = (read(&output), read(&golden("results.json")));
    let own = without_own(&mut ours);
    assert_eq!(keys(&ours), keys(&theirs));
    let of = |results: &Value, k: u32| {
        let total = &results["files"][FILES[0]]["total"]["total_pass_at_k"];
        total[format!("pass@{k}")].as_f64().unwrap()
    };
    // With all completions both say whether any is right; below, the first k are but one draw.
    assert_eq!(of(&ours, 6), of(&theirs, 6));
    assert!((of(&ours, 1) - of(&theirs, 1)).abs() > 1e-3);
    let right = records(&golden(FILES[0]));
    let right = right.iter().filter(|one| one["perfect"] == true).count();
    assert!((of(&ours, 1) - right as f64 / 108.0).abs() < 1e-12);

    let own = &own[0];
    assert_eq!(own["estimator"], "unbiased");
    assert_eq!(own["completions"], 108);
    assert_eq!(own["level"], Value::Null);
    let interval = &own["intervals"]["total"]["total_pass_at_k"]["pass@1"];
    let [low, high] = [0, 1].map(|end| interval[end].as_f64().unwrap());
    assert!(low < of(&ours, 1) && of(&ours, 1) < high && high - low < 0.5);
    let answer = own["answer"]["total"]["total_pass_at_k"]["pass@1"].as_f64();
    assert!(answer.unwrap() > of(&ours, 1));
}

#[test]
fn published_results_are_counted_by_context_op_and_key() {
    let folder = folder();
    let dir = folder.path();
    let result = |template: Value, op: Value, key: Value, rank: u32, perfect: bool| {
        json!({
            "op": op, "id": "7", "template": template, "prompt_key_type": "id",
            "prompt_key_value": key, "sample_rank": rank, "perfect": perfect,
            "answer_mismatch": false,
        })
    };
    // One id in two contexts and at two ops: three problems. `op` may be a number.
    let mut all = Vec::new();
    for rank in 0..2 {
        all.push(result(
            json!("zoo"),
            json!("4"),
            json!("7"),
            rank,
            rank == 1,
        ));
        all.push(result(json!("school"), json!(4), json!("7"), rank, true));
        all.push(result(json!("zoo"), json!("10"), json!("7"), rank, false));
    }
    write_records(&dir.join("in.jsonl"), &all);
    let table = succeed(dir, "passk --input in.jsonl");
    for line in [
        "2 completions per problem",
        "op 4                           2     1  75.0 [",
        "op 10                          1     1  0.0 [",
        "context school                 1     1  100.0 [",
        "context zoo                    2     1  25.0 [",
        "overall                        3     1  50.0 [",
    ] {
        assert!(table.contains(line), "{line}\n{table}");
    }
    // Without a key, the id is it; without both, nothing says which problem it is.
    for one in &mut all {
        one.as_object_mut().unwrap().remove("prompt_key_value");
    }
    write_records(&dir.join("in.jsonl"), &all);
    assert_eq!(succeed(dir, "passk --input in.jsonl"), table);
    let passk = "passk --input in.jsonl";
    let refused = |record: Value, parts: &[&str]| {
        write_records(&dir.join("in.jsonl"), &[record]);
        refuse(dir, passk, parts);
    };
    let parts = ["in.jsonl, line 1", "`prompt_key_value` and `id`"];
    refused(
        json!({"op": "4", "perfect": true, "sample_rank": 0}),
        &parts,
    );
    refused(json!({"id": "4", "perfect": true}), &["line 1", "`op`"]);
    let both = json!({"id": "4", "op": 2, "perfect": true, "accepted": true});
    refused(both, &["line 1", "`accepted` and `perfect`"]);
    let again = result(json!("zoo"), json!("4"), json!("7"), 0, true);
    write_records(&dir.join("in.jsonl"), &[again.clone(), again]);
    refuse(
        dir,
        passk,
        &["in.jsonl, line 2", "`sample_rank` 0", "second time"],
    );
}

#[test]
fn completions_that_the_published_scorer_leaves_out_count_as_wrong() {
    let folder = folder();
    let dir = folder.path();
    let result =
        |id: u32, rank: u32| json!({"op": "4", "id": id, "sample_rank": rank, "perfect": true});
    write_records(
        &dir.join("in.jsonl"),
        &[
            result(1, 0),
            result(1, 1),
            result(2, 0),
            result(2, 1),
            result(2, 2),
            result(2, 3),
        ],
    );
    let table = succeed(dir, "passk --input in.jsonl --completions 4 --ks 1,4");
    assert!(table.starts_with("4 completions per problem\n"), "{table}");
    assert!(
        table.contains("     1  75.0 [") && table.contains("     4  100.0 ["),
        "{table}"
    );
    refuse(
        dir,
        "passk --input in.jsonl --completions 3",
        &[
            "in.jsonl",
            "problem 2 has 4 completions",
            "--completions says 3",
        ],
    );
    refuse(
        dir,
        "passk --input in.jsonl --ks 4",
        &["--completions", "--drop-short"],
    );
}
