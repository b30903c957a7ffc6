//! The command `interplay`, as a person meets it: what each subcommand leaves behind, and that
//! bad input ends in one message with exit code 2 and changes nothing.

mod calls;

use std::fs;

use calls::{call, folder, records, refuse, succeed, write_records};
use serde_json::{Value, json};

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
    let place = folder.path();
    fs::write(place.join("experiment.toml"), EXPERIMENT).unwrap();
    let printed = succeed(place, "run --config experiment.toml --out here");
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
        assert!(place.join("here").join(file).exists(), "{file}");
    }

    let table = succeed(place, "passk --input here/eval/base.jsonl --ks 2,1");
    for part in ["2 samples a problem", "op 5", "context zoo", "overall"] {
        assert!(table.contains(part), "{table}");
    }
    refuse(
        place,
        "passk --input here/eval/base.jsonl --ks 1,3",
        &["--ks", "3", "base.jsonl"],
    );

    // The same again changes nothing; another seed is another experiment.
    let results = fs::read(place.join("here/results.json")).unwrap();
    succeed(place, "run --config experiment.toml --out here");
    assert_eq!(fs::read(place.join("here/results.json")).unwrap(), results);
    let other = "run --config experiment.toml --out here --seed 4";
    refuse(
        place,
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
    let model = place.join("here/base/model/model.safetensors");
    let bytes = fs::read(&model).unwrap();
    fs::write(&model, &bytes[..bytes.len() / 2]).unwrap();
    fs::remove_file(place.join("here/eval/base.json")).unwrap();
    let output = call(place, "run --config experiment.toml --out here");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("model.safetensors"), "{message}");
    assert_eq!(fs::read(place.join("here/results.json")).unwrap(), results);
}

#[test]
fn a_bad_experiment_is_refused_with_its_file_and_key() {
    let folder = folder();
    let place = folder.path();
    let run = "run --config experiment.toml --out here";
    let write = |from: &str, to: &str| {
        assert!(EXPERIMENT.contains(from));
        fs::write(
            place.join("experiment.toml"),
            EXPERIMENT.replacen(from, to, 1),
        )
        .unwrap();
    };
    write("heads = 2", "heads = 2\nhaeds = 2");
    refuse(place, run, &["experiment.toml", "`haeds`", "in `model`"]);
    write("rows = 4", "rows = 4\nrow = 4");
    refuse(
        place,
        run,
        &["experiment.toml", "stage 1 (base)", "`row`", "row_tokens"],
    );
    write("samples = 50", "samples = \"many\"");
    refuse(place, run, &["experiment.toml", "samples"]);
    write("op = \"2-3\"", "weight = 0.7\nop = \"2-3\"");
    refuse(
        place,
        run,
        &["experiment.toml", "`base`: data", "mixture", "sum to 0.7"],
    );
    write("op = \"2-3\"", "op = \"2-300\"");
    refuse(
        place,
        run,
        &[
            "experiment.toml",
            "`base`: data",
            "mixture[0].op",
            "2-300",
            "nouns",
        ],
    );
    write("name = \"smallest\"", "name =");
    refuse(place, run, &["experiment.toml"]);
    refuse(place, "run --config gone.toml", &["gone.toml"]);
    refuse(
        place,
        "run --preset gone",
        &["gone", "staged, quick, paper"],
    );
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
fn verdicts_come_one_a_record_in_order() {
    let folder = folder();
    let place = folder.path();
    let solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
    let wrong = "fox = 3. elk = fox + 2 = 3 + 1 = 5. Answer: 5.";
    write_records(
        &place.join("in.jsonl"),
        &[
            json!({"solution": solution, "candidate": wrong, "index": "first", "note": [1]}),
            json!({"solution": solution, "candidate": "Answer: 6."}),
            json!({"solution": solution, "candidate": solution, "index": 77}),
        ],
    );
    let verify = "verify --input in.jsonl --output out.jsonl";
    let explained = succeed(place, &format!("{verify} --level strict --explain"));
    let verdicts = records(&place.join("out.jsonl"));
    let indices: Vec<_> = verdicts.iter().map(|verdict| &verdict["index"]).collect();
    assert_eq!(indices, [&json!("first"), &json!(2), &json!(77)]);
    let accepted: Vec<_> = verdicts
        .iter()
        .map(|verdict| &verdict["accepted"])
        .collect();
    assert_eq!(accepted, [false, false, true]);
    assert_eq!(verdicts[0]["answer_correct"], true);
    assert_eq!(
        verdicts[0]["first_error"]["span"],
        json!({"start": 25, "end": 30})
    );
    let lines: Vec<&str> = explained.lines().collect();
    assert!(lines[0].starts_with("line 1: rejected: "), "{explained}");
    let column = lines[1].find("3 + 1").unwrap();
    assert!(
        lines[2][column..].starts_with("^^^^^ expected"),
        "{explained}"
    );
    assert!(
        explained.contains("line 2: ") && !explained.contains("line 3: "),
        "{explained}"
    );

    // At the paper's level the intermediate number is not looked at.
    succeed(place, &format!("{verify} --level paper"));
    assert_eq!(records(&place.join("out.jsonl"))[0]["accepted"], true);
}

#[test]
fn a_true_step_that_the_problem_states_is_no_invention() {
    let folder = folder();
    let place = folder.path();
    let solution = "fox = 3. elk = fox = 3. Answer: 3.";
    let more = "fox = 3. owl = fox + 2 = 3 + 2 = 5. elk = fox = 3. Answer: 3.";
    let problem = "owl = fox + 2. fox = 3. elk = fox.";
    write_records(
        &place.join("in.jsonl"),
        &[
            json!({"solution": solution, "candidate": more}),
            json!({"solution": solution, "candidate": more, "problem": problem, "question": "elk?"}),
        ],
    );
    let verify = "verify --input in.jsonl --output out.jsonl";
    let accepted = |flags: &str| -> Vec<bool> {
        succeed(place, &format!("{verify} {flags}"));
        let verdicts = records(&place.join("out.jsonl"));
        let accepted = verdicts.iter().map(|verdict| verdict["accepted"].as_bool());
        accepted.map(Option::unwrap).collect()
    };
    assert_eq!(accepted("--level strict"), [false, true]);
    assert_eq!(accepted("--level strict --forbid-unneeded"), [false, false]);
    let paper = format!("{verify} --level paper --forbid-unneeded");
    refuse(place, &paper, &["--forbid-unneeded", "strict"]);
}

#[test]
fn published_generations_become_published_results() {
    let folder = folder();
    let place = folder.path();
    let generate =
        "generate --op 4 --context zoo --n 6 --output gold.jsonl --graphs gold_graphs.jsonl";
    succeed(place, generate);
    let problems = records(&place.join("gold.jsonl"));
    let generation = |problem: &Value, text: &str| {
        json!({
            "op": "4", "__idx": problem["id"], "id": problem["id"], "template": "zoo",
            "gold_answer": "?", "gen_answer": "?", "gen_solution_answer": text, "resp_tokens": 9,
            "exact_match": 0,
        })
    };
    let mut generations = Vec::new();
    for problem in &problems {
        let solution = problem["solution"].as_str().unwrap();
        let answer = solution.split("Answer: ").nth(1).unwrap();
        generations.push(generation(problem, solution));
        generations.push(generation(problem, &format!("Answer: {answer}")));
        generations.push(generation(
            problem,
            &solution.replace("Answer: ", "Answer: 9"),
        ));
    }
    write_records(&place.join("generations.jsonl"), &generations);
    for gold in ["gold.jsonl", "gold_graphs.jsonl"] {
        let verify = "verify --input generations.jsonl --output results.jsonl";
        succeed(place, &format!("{verify} --gold {gold}"));
        let results = records(&place.join("results.jsonl"));
        assert_eq!(results.len(), 18);
        let first = json!({
            "op": "4", "id": "0", "template": "zoo", "prompt_key_type": "id",
            "prompt_key_value": "0", "sample_rank": 0, "perfect": true,
            "value_mismatch_count": 0, "dependency_mismatch_count": 0, "answer_mismatch": false,
            "extra_nodes": 0, "missing_nodes": 0,
        });
        assert_eq!(results[0], first);
        for (place, result) in results.iter().enumerate() {
            assert_eq!(result["sample_rank"], place % 3);
            assert_eq!(result["perfect"], place % 3 == 0);
            assert_eq!(result["answer_mismatch"], place % 3 == 2);
            assert_eq!(result["missing_nodes"] == 0, place % 3 != 1);
        }
        refuse(place, verify, &["generations.jsonl, line 1", "--gold"]);
    }
    let missing = json!({"op": 4, "id": 99, "gen_solution_answer": "Answer: 1."});
    write_records(&place.join("generations.jsonl"), &[missing]);
    let verify = "verify --input generations.jsonl --gold gold.jsonl --output results.jsonl";
    refuse(
        place,
        verify,
        &["generations.jsonl, line 1", "op 4, id 99", "--gold"],
    );
}

#[test]
fn broken_records_are_refused_with_file_and_line_and_the_old_output_stays() {
    let folder = folder();
    let place = folder.path();
    fs::write(place.join("out.jsonl"), "old\n").unwrap();
    let solution = "fox = 3. Answer: 3.";
    let good = json!({"solution": solution, "candidate": solution}).to_string();
    let verify = "verify --input in.jsonl --output out.jsonl";
    let refused = |text: &str, parts: &[&str]| {
        fs::write(place.join("in.jsonl"), text).unwrap();
        refuse(place, verify, parts);
    };
    refused(
        &format!("{good}\n{}", &good[..20]),
        &["in.jsonl, line 2", "cut off"],
    );
    refused(
        &format!("{good}\nnot JSON\n{good}\n"),
        &["in.jsonl, line 2", "JSON"],
    );
    refused(
        "{\"candidate\": \"x\"}\n",
        &["in.jsonl, line 1", "solution"],
    );
    let broken = json!({"solution": "fox = .", "candidate": solution});
    refused(&format!("{broken}\n"), &["in.jsonl, line 1", "`solution`"]);
    refuse(
        place,
        "verify --input gone.jsonl --output out.jsonl",
        &["gone.jsonl"],
    );
    refuse(
        place,
        "verify --input in.jsonl --output in.jsonl",
        &["in.jsonl", "--output"],
    );
    refuse(
        place,
        &format!("{verify} --level kind"),
        &["--level", "paper", "strict"],
    );
}

#[test]
fn pass_at_k_is_the_unbiased_estimate_and_needs_equal_samples() {
    let folder = folder();
    let place = folder.path();
    let completion = |id: u64, op: u32, sample: u32, accepted: bool| {
        json!({
            "id": id, "op": op, "context": "zoo", "sample": sample, "completion": "",
            "accepted": accepted, "answer_correct": true, "process_accuracy": 1.0,
        })
    };
    // One right of four: pass@1 is 1/4, pass@2 is 1/2.
    let first: Vec<_> = (0..4)
        .map(|sample| completion(1, 2, sample, sample == 3))
        .collect();
    let second: Vec<_> = (0..4)
        .map(|sample| completion(2, 6, sample, false))
        .collect();
    let input = place.join("in.jsonl");
    write_records(&input, &[first.clone(), second.clone()].concat());
    let table = succeed(place, "passk --input in.jsonl");
    let row = |group: &str, line: usize| {
        let start = table
            .lines()
            .position(|row| row.starts_with(group))
            .unwrap();
        table.lines().nth(start + line).unwrap().to_owned()
    };
    assert!(row("op 2", 0).contains(" 25.0 ["), "{table}");
    assert!(row("op 2", 1).contains(" 50.0 ["), "{table}");
    assert!(row("op 6", 2).contains(" 0.0 ["), "{table}");
    assert!(row("overall", 0).contains(" 12.5 [") && row("overall", 0).contains(" 100.0 ["));

    write_records(&input, &[first.clone(), second[..3].to_vec()].concat());
    refuse(
        place,
        "passk --input in.jsonl",
        &["in.jsonl", "problem 2 has 3 samples"],
    );
    write_records(&input, &[first.clone(), first.clone()].concat());
    refuse(
        place,
        "passk --input in.jsonl",
        &["in.jsonl, line 5", "second time"],
    );
    write_records(
        &input,
        &[completion(1, 2, 0, true), completion(1, 3, 1, true)],
    );
    refuse(
        place,
        "passk --input in.jsonl",
        &["in.jsonl, line 2", "op 3"],
    );
    fs::write(&input, "").unwrap();
    refuse(
        place,
        "passk --input in.jsonl",
        &["in.jsonl", "no completion"],
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
