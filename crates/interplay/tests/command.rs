//! The command `interplay`, as a person meets it: what each subcommand leaves behind, and that
//! bad input ends in one message with exit code 2 and changes nothing.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

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
rate = { peak = 1e-3, floor = 1e-4, warmup_share = 0.1 }
[[stage.data.mixture]]
op = "2-3"
context = "zoo"
dialect = "terse"
"#;

/// Calls the command in a folder; arguments are separated by spaces.
fn call(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_interplay"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap()
}

/// Calls the command, which must succeed; gives back what it prints.
fn succeed(folder: &Path, arguments: &str) -> String {
    let output = call(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{arguments}` failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Calls the command, which must refuse with one message that has all these parts, and must leave
/// the folder as it was.
fn refuse(folder: &Path, arguments: &str, parts: &[&str]) {
    let before = content(folder);
    let output = call(folder, arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "`{arguments}`:\n{message}");
    assert!(output.stdout.is_empty(), "`{arguments}` printed something");
    assert_eq!(
        message.matches("error: ").count(),
        1,
        "`{arguments}`:\n{message}"
    );
    for part in parts {
        assert!(
            message.contains(part),
            "`{arguments}` does not say `{part}`:\n{message}"
        );
    }
    assert_eq!(content(folder), before, "`{arguments}` changed something");
}

/// Every file below a folder with its bytes, sorted by name.
fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.push((path.display().to_string(), Vec::new()));
                folders.push(path);
            } else {
                files.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The records of a JSONL file.
fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn write_records(path: &Path, records: &[Value]) {
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    fs::write(path, lines).unwrap();
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

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
fn generated_problems_have_the_published_fields_and_pass_verification() {
    let folder = folder();
    let place = folder.path();
    for dialect in ["prose", "terse"] {
        let flags = format!("--op 2-6 --context school --dialect {dialect} --n 20 --seed 5");
        let files = "--output problems.jsonl --graphs graphs.jsonl";
        succeed(place, &format!("generate {flags} --mode forward {files}"));
        let problems = records(&place.join("problems.jsonl"));
        assert_eq!(problems.len(), 20);
        let fields = [
            "d", "id", "length", "mode", "op", "problem", "question", "solution",
        ];
        for (line, problem) in problems.iter().enumerate() {
            assert!(
                fields.iter().all(|field| problem.get(field).is_some()),
                "{problem}"
            );
            assert_eq!(
                (&problem["id"], &problem["template"]),
                (&json!(line), &json!("school"))
            );
        }
        let graphs = records(&place.join("graphs.jsonl"));
        assert_eq!(graphs.len(), 20);
        for (line, (graph, problem)) in graphs.iter().zip(&problems).enumerate() {
            assert_eq!(graph["line_index"], line);
            assert_eq!(
                (&graph["op"], &graph["id"]),
                (&problem["op"], &problem["id"])
            );
            let answer = format!("Answer: {}.", graph["graph"]["answer"]);
            assert!(problem["solution"].as_str().unwrap().ends_with(&answer));
        }

        let candidates = problems.into_iter().map(|mut problem| {
            problem["candidate"] = problem["solution"].clone();
            problem
        });
        write_records(
            &place.join("candidates.jsonl"),
            &candidates.collect::<Vec<_>>(),
        );
        for level in ["paper", "strict"] {
            let flags = format!("--level {level} --output verdicts.jsonl");
            succeed(place, &format!("verify --input candidates.jsonl {flags}"));
            let verdicts = records(&place.join("verdicts.jsonl"));
            assert_eq!(verdicts.len(), 20);
            for (line, verdict) in verdicts.iter().enumerate() {
                let expected = json!({
                    "index": line + 1, "accepted": true, "answer_correct": true,
                    "process_accuracy": 1.0, "first_error": null,
                });
                assert_eq!(*verdict, expected);
            }
        }
    }
}

#[test]
fn a_spec_file_says_what_flags_cannot_and_compressed_files_read_back() {
    let folder = folder();
    let place = folder.path();
    let part = |context: &str| {
        format!("[[mixture]]\nweight = 0.5\nop = 3\ncontext = \"{context}\"\ndialect = \"terse\"\n")
    };
    let spec = format!("max_value = 30\n{}{}", part("zoo"), part("school"));
    fs::write(place.join("spec.toml"), &spec).unwrap();
    succeed(
        place,
        "generate --spec spec.toml --n 40 --output packed.jsonl.gz",
    );
    let magic = fs::read(place.join("packed.jsonl.gz")).unwrap();
    assert_eq!(magic[..2], [0x1f, 0x8b]);
    // A sample is no candidate: the field is missing, which shows that the file was unpacked.
    let verify = "verify --input packed.jsonl.gz --output verdicts.jsonl";
    refuse(place, verify, &["packed.jsonl.gz, line 1", "candidate"]);

    fs::write(place.join("spec.toml"), spec.replace("0.5", "0.4")).unwrap();
    let generate = "generate --spec spec.toml --n 4 --output out.jsonl";
    refuse(place, generate, &["spec.toml", "`mixture`", "sum to 0.8"]);
    fs::write(place.join("spec.toml"), format!("max_valu = 3\n{spec}")).unwrap();
    refuse(place, generate, &["spec.toml", "max_valu"]);
    refuse(place, &format!("{generate} --op 3"), &["--spec", "--op"]);
}

#[test]
fn problems_that_cannot_be_drawn_are_refused_by_flag() {
    let folder = folder();
    let place = folder.path();
    let refused = |flags: &str, parts: &[&str]| {
        refuse(
            place,
            &format!("generate --n 4 --output out.jsonl {flags}"),
            parts,
        );
    };
    refused(
        "--op 400 --dialect terse",
        &["`--op`", "400", "zoo", "nouns"],
    );
    refused("--op 4 --context moon", &["`--context`", "moon", "school"]);
    refused("--op 9-2", &["--op", "9-2"]);
    refused("--op 4 --mode sideways", &["--mode", "sideways", "forward"]);
    refused("", &["--op"]);
    refused("--op 4 --graphs out.jsonl", &["--graphs", "out.jsonl"]);
    refused("--op 4 --context-file gone.toml", &["gone.toml"]);
    refuse(
        place,
        "generate --op 4 --n 4 --output gone/out.jsonl",
        &["gone", "folder"],
    );
    refuse(
        place,
        "generate --op 4 --n 0 --output out.jsonl",
        &["--n", "0"],
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
fn inspect_shows_what_generate_writes() {
    let folder = folder();
    let place = folder.path();
    for dialect in ["prose", "terse"] {
        let problems = format!("--op 5 --context zoo --dialect {dialect} --seed 9");
        succeed(
            place,
            &format!("generate {problems} --n 4 --output out.jsonl"),
        );
        let problem = &records(&place.join("out.jsonl"))[3];
        let text = succeed(place, &format!("inspect {problems} --index 3"));
        for field in ["problem", "question", "solution"] {
            assert!(text.contains(problem[field].as_str().unwrap()), "{text}");
        }
        assert_eq!(text.matches("(asked for)").count(), 1, "{text}");
        let dot = succeed(place, &format!("inspect {problems} --index 3 --format dot"));
        assert!(dot.starts_with("digraph ") && dot.ends_with("}\n"), "{dot}");
        assert_eq!(dot.matches("peripheries=2").count(), 1, "{dot}");
        assert!(dot.contains(" -> "), "{dot}");
        let svg = succeed(place, &format!("inspect {problems} --index 3 --format svg"));
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{svg}"
        );
        // The same problem, read from the file.
        let read = succeed(place, "inspect --input out.jsonl --index 3");
        let lines = |text: &str| {
            let graph = text.split("\ngraph\n").nth(1).unwrap();
            let mut lines: Vec<String> = graph.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let names = |lines: Vec<String>| {
            let name = |line: String| line.split(" = ").next().unwrap().to_owned();
            lines.into_iter().map(name).collect::<Vec<_>>()
        };
        let (drawn, read) = (names(lines(&text)), names(lines(&read)));
        assert!(
            drawn.iter().all(|name| read.contains(name)),
            "{drawn:?} {read:?}"
        );
    }
    refuse(
        place,
        "inspect --input out.jsonl --index 4",
        &["out.jsonl", "4 records"],
    );
    refuse(
        place,
        "inspect --input out.jsonl --op 4",
        &["--input", "--op"],
    );
    refuse(place, "inspect --op 900", &["`--op`", "900"]);
    refuse(
        place,
        "inspect --op 4 --format png",
        &["--format", "text", "dot", "svg"],
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
