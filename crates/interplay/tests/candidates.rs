//! The command on candidate solutions: verdicts, pass@k, and records that other programs wrote.

mod calls;

use std::fs;

use calls::{Column, call, folder, records, refuse, succeed, write_gz, write_records, write_table};
use serde_json::{Value, json};

#[test]
fn verdicts_come_one_a_record_in_order() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
    let wrong = "fox = 3. elk = fox + 2 = 3 + 1 = 5. Answer: 5.";
    write_records(
        &dir.join("in.jsonl"),
        &[
            json!({"solution": solution, "candidate": wrong, "index": "first", "note": [1]}),
            json!({"solution": solution, "candidate": "Answer: 6."}),
            json!({"solution": solution, "candidate": solution, "index": 77}),
        ],
    );
    let verify = "verify --input in.jsonl --output out.jsonl";
    let explained = succeed(dir, &format!("{verify} --level strict --explain"));
    let verdicts = records(&dir.join("out.jsonl"));
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
    succeed(dir, &format!("{verify} --level paper"));
    assert_eq!(records(&dir.join("out.jsonl"))[0]["accepted"], true);
}

#[test]
fn a_true_step_that_the_problem_states_is_no_invention() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. elk = fox = 3. Answer: 3.";
    let more = "fox = 3. owl = fox + 2 = 3 + 2 = 5. elk = fox = 3. Answer: 3.";
    let problem = "owl = fox + 2. fox = 3. elk = fox.";
    write_records(
        &dir.join("in.jsonl"),
        &[
            json!({"solution": solution, "candidate": more}),
            json!({"solution": solution, "candidate": more, "problem": problem, "question": "elk?"}),
        ],
    );
    let verify = "verify --input in.jsonl --output out.jsonl";
    let accepted = |flags: &str| -> Vec<bool> {
        succeed(dir, &format!("{verify} {flags}"));
        let verdicts = records(&dir.join("out.jsonl"));
        let accepted = verdicts.iter().map(|verdict| verdict["accepted"].as_bool());
        accepted.map(Option::unwrap).collect()
    };
    assert_eq!(accepted("--level strict"), [false, true]);
    assert_eq!(accepted("--level strict --forbid-unneeded"), [false, false]);
    let paper = format!("{verify} --level paper --forbid-unneeded");
    refuse(dir, &paper, &["--forbid-unneeded", "strict"]);
}

/// What a decoder leaves that skips special tokens, where the tags are special.
#[test]
fn deleted_tags_are_put_back_where_that_is_asked_for() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
    let candidates = [
        " fox = 3. elk = fox + 2 = 3 + 2 = 5.   5 ",
        " fox = 3. elk = fox + 2 = 3 + 2 = 5.   6 ",
        " fox = 3. elk = fox + 2 = 3 + 2 = 5. </solution> <answer> 5 </answer>",
    ];
    let pairs = candidates.map(|candidate| json!({"solution": solution, "candidate": candidate}));
    write_records(&dir.join("in.jsonl"), &pairs);
    let accepted = |flags: &str| -> Vec<bool> {
        succeed(
            dir,
            &format!("verify --input in.jsonl --output out.jsonl {flags}"),
        );
        let verdicts = records(&dir.join("out.jsonl"));
        let accepted = verdicts.iter().map(|verdict| verdict["accepted"].as_bool());
        accepted.map(Option::unwrap).collect()
    };
    assert_eq!(accepted(""), [false, false, true]);
    assert_eq!(accepted("--restore-tags"), [true, false, true]);
}

#[test]
fn published_generations_become_published_results() {
    let folder = folder();
    let dir = folder.path();
    let generate =
        "generate --op 4 --context zoo --n 6 --output gold.jsonl --graphs gold_graphs.jsonl";
    succeed(dir, generate);
    let problems = records(&dir.join("gold.jsonl"));
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
    write_records(&dir.join("generations.jsonl"), &generations);
    for gold in ["gold.jsonl", "gold_graphs.jsonl"] {
        let verify = "verify --input generations.jsonl --output results.jsonl";
        succeed(dir, &format!("{verify} --gold {gold}"));
        let results = records(&dir.join("results.jsonl"));
        assert_eq!(results.len(), 18);
        let first = json!({
            "op": "4", "id": "0", "template": "zoo", "prompt_key_type": "id",
            "prompt_key_value": "0", "sample_rank": 0, "perfect": true,
            "value_mismatch_count": 0, "dependency_mismatch_count": 0, "answer_mismatch": false,
            "extra_nodes": 0, "missing_nodes": 0,
        });
        assert_eq!(results[0], first);
        for (index, result) in results.iter().enumerate() {
            assert_eq!(result["sample_rank"], index % 3);
            assert_eq!(result["perfect"], index % 3 == 0);
            assert_eq!(result["answer_mismatch"], index % 3 == 2);
            assert_eq!(result["missing_nodes"] == 0, index % 3 != 1);
        }
        refuse(dir, verify, &["generations.jsonl, line 1", "--gold"]);
    }
    let missing = json!({"op": 4, "id": 99, "gen_solution_answer": "Answer: 1."});
    write_records(&dir.join("generations.jsonl"), &[missing]);
    let verify = "verify --input generations.jsonl --gold gold.jsonl --output results.jsonl";
    refuse(
        dir,
        verify,
        &["generations.jsonl, line 1", "op 4, id 99", "--gold"],
    );
}

#[test]
fn broken_records_are_refused_with_file_and_line_and_the_old_output_stays() {
    let folder = folder();
    let dir = folder.path();
    fs::write(dir.join("out.jsonl"), "old\n").unwrap();
    let solution = "fox = 3. Answer: 3.";
    let good = json!({"solution": solution, "candidate": solution}).to_string();
    let verify = "verify --input in.jsonl --output out.jsonl";
    let refused = |text: &str, parts: &[&str]| {
        fs::write(dir.join("in.jsonl"), text).unwrap();
        refuse(dir, verify, parts);
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
        dir,
        "verify --input gone.jsonl --output out.jsonl",
        &["gone.jsonl"],
    );
    refuse(
        dir,
        "verify --input in.jsonl --output in.jsonl",
        &["in.jsonl", "--output"],
    );
    refuse(
        dir,
        &format!("{verify} --level kind"),
        &["--level", "paper", "strict"],
    );
}

#[test]
fn candidates_from_other_programs_are_judged_one_by_one() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. Answer: 3.";
    let record = |rest: &str| format!("{{\"solution\": \"{solution}\", {rest}}}");
    let right = format!("\"candidate\": \"{solution}\"");
    let lines = [
        record(&right),
        record(&format!(
            "{right}, \"reward\": NaN, \"note\": [{{\"x\": -Infinity}}, Infinity]"
        )),
        record("\"candidate\": \"fox = 3. \\ud83d\""),
        record(&format!(
            "{right}, \"\\udc00\": 1, \"index\": \"p-\\ud83d\""
        )),
        record(&format!(
            "\"candidate\": \"{solution} \\udc00\", \"index\": NaN"
        )),
        record(&format!("{right}, \"index\": \"\\ud83d\\ude00 NaN\"")),
    ];
    let text = format!("\u{feff}{}\r\n", lines.join("\r\n\r\n"));
    fs::write(dir.join("in.jsonl"), &text).unwrap();
    write_gz(&dir.join("in.jsonl.gz"), text.as_bytes());
    for input in ["in.jsonl", "in.jsonl.gz"] {
        succeed(dir, &format!("verify --input {input} --output out.jsonl"));
        let verdicts = records(&dir.join("out.jsonl"));
        let indices: Vec<_> = verdicts.iter().map(|verdict| &verdict["index"]).collect();
        let expected = [
            json!(1),
            json!(3),
            json!(5),
            json!("p-\u{fffd}"),
            json!(9),
            json!("\u{1f600} NaN"),
        ];
        assert_eq!(indices, expected.iter().collect::<Vec<_>>());
        let accepted: Vec<_> = verdicts
            .iter()
            .map(|verdict| &verdict["accepted"])
            .collect();
        assert_eq!(accepted, [true, true, false, true, false, true]);
    }
    // A field that is read and has no value is named.
    fs::write(dir.join("in.jsonl"), record("\"candidate\": NaN")).unwrap();
    let verify = "verify --input in.jsonl --output out.jsonl";
    refuse(dir, verify, &["in.jsonl, line 1", "`candidate`"]);
}

#[test]
fn one_unreadable_record_of_many_is_fatal_or_skipped() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. Answer: 3.";
    let good = json!({"solution": solution, "candidate": solution}).to_string();
    let no_gold = json!({"solution": "fox = .", "candidate": solution}).to_string();
    let bad = ["{\"solution\": ", "{\"candidate\": \"x\"}", &no_gold];
    let verify = "verify --input in.jsonl --output out.jsonl";
    for bad in bad {
        let lines = [vec![good.as_str(); 5000], vec![bad], vec![&good; 9]].concat();
        fs::write(dir.join("in.jsonl"), lines.join("\n")).unwrap();
        refuse(dir, verify, &["in.jsonl, line 5001"]);
        let output = call(dir, &format!("{verify} --skip-unreadable"));
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{message}");
        assert!(
            message.contains("skipped 1 unusable") && message.contains("in.jsonl, line 5001: "),
            "{message}"
        );
        let verdicts = records(&dir.join("out.jsonl"));
        assert_eq!(verdicts.len(), 5009);
        assert_eq!(verdicts[5000]["index"], 5002);
        fs::remove_file(dir.join("out.jsonl")).unwrap();
    }
    // Where nothing is left, the file is most likely not the one that was meant.
    fs::write(dir.join("in.jsonl"), "a\nb\n").unwrap();
    let all = format!("{verify} --skip-unreadable");
    refuse(dir, &all, &["no record could be used", "in.jsonl, line 1"]);
}

#[cfg(feature = "parquet")]
#[test]
fn tables_are_verified_and_counted_like_lines() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. Answer: 3.";
    write_table(
        &dir.join("in.parquet"),
        &[
            ("solution", Column::Texts(&[solution, solution])),
            ("candidate", Column::Texts(&[solution, "Answer: 4."])),
            ("index", Column::Texts(&["p-1", "p-2"])),
            ("tokens", Column::Numbers(&[-1, 9])),
        ],
    );
    succeed(dir, "verify --input in.parquet --output out.jsonl");
    let verdicts = records(&dir.join("out.jsonl"));
    let read = |field: &str| -> Vec<Value> {
        let values = verdicts.iter().map(|verdict| verdict[field].clone());
        values.collect()
    };
    assert_eq!(read("index"), ["p-1", "p-2"]);
    assert_eq!(read("accepted"), [true, false]);
    write_table(
        &dir.join("graded.parquet"),
        &[
            ("id", Column::Texts(&["a", "b", "a"])),
            ("op", Column::Numbers(&[2, 3, 2])),
            ("accepted", Column::Flags(&[true, false, false])),
        ],
    );
    let table = succeed(dir, "passk --input graded.parquet");
    assert!(
        table.contains("1 to 2 completions per problem, 3 in all"),
        "{table}"
    );
    assert!(row(&table, "overall", 0).contains(" 25.0 ["), "{table}");
    let verify = "verify --input graded.parquet --output no.jsonl";
    refuse(dir, verify, &["graded.parquet, row 1", "solution"]);
    let verify = "verify --input in.parquet --output no.parquet";
    refuse(dir, verify, &["no.parquet", ".jsonl"]);
    // A table that is cut off is named, and nothing is left behind.
    let bytes = fs::read(dir.join("in.parquet")).unwrap();
    fs::write(dir.join("cut.parquet"), &bytes[..bytes.len() - 9]).unwrap();
    let verify = "verify --input cut.parquet --output no.jsonl";
    refuse(dir, verify, &["cut.parquet"]);
}

/// A line of a table of pass@k: the first of a group, or one after it.
fn row(table: &str, group: &str, line: usize) -> String {
    let start = table.lines().position(|row| row.starts_with(group));
    let line = table.lines().nth(start.unwrap() + line);
    line.unwrap().to_owned()
}

fn completion(id: u64, op: u32, sample: u32, accepted: bool) -> Value {
    json!({
        "id": id, "op": op, "context": "zoo", "sample": sample, "completion": "",
        "accepted": accepted, "answer_correct": true, "process_accuracy": 1.0,
    })
}

#[test]
fn pass_at_k_is_the_unbiased_estimate() {
    let folder = folder();
    let dir = folder.path();
    // One right of four: pass@1 is 1/4, pass@2 is 1/2.
    let first: Vec<_> = (0..4)
        .map(|sample| completion(1, 2, sample, sample == 3))
        .collect();
    let second: Vec<_> = (0..4)
        .map(|sample| completion(2, 6, sample, false))
        .collect();
    let input = dir.join("in.jsonl");
    write_records(&input, &[first.clone(), second].concat());
    let table = succeed(dir, "passk --input in.jsonl");
    assert!(row(&table, "op 2", 0).contains(" 25.0 ["), "{table}");
    assert!(row(&table, "op 2", 1).contains(" 50.0 ["), "{table}");
    assert!(row(&table, "op 6", 2).contains(" 0.0 ["), "{table}");
    let overall = row(&table, "overall", 0);
    assert!(overall.contains(" 12.5 [") && overall.contains(" 100.0 ["));

    let refused = |parts: &[&str]| refuse(dir, "passk --input in.jsonl", parts);
    write_records(&input, &[first.clone(), first].concat());
    refused(&["in.jsonl, line 5", "second time"]);
    write_records(
        &input,
        &[completion(1, 2, 0, true), completion(1, 3, 1, true)],
    );
    refused(&["in.jsonl, line 2", "op 3"]);
    fs::write(&input, "").unwrap();
    refused(&["in.jsonl", "no completion"]);
    for (record, part) in [
        ("{\"accepted\": true}", "`id`"),
        ("{\"id\": [1], \"accepted\": true}", "`id`"),
        ("{\"id\": 1, \"accepted\": NaN}", "`accepted`"),
    ] {
        fs::write(&input, record).unwrap();
        refused(&["in.jsonl, line 1", part]);
    }
    fs::write(
        &input,
        "{\"id\": 1, \"accepted\": true}\n{\"id\": 1, \"answer_correct\": true}",
    )
    .unwrap();
    refused(&["in.jsonl, line 2", "`accepted`", "missing"]);
}

#[test]
fn each_problem_counts_with_its_own_number_of_completions() {
    let folder = folder();
    let dir = folder.path();
    // One right of three and one of two: 1/3 and 1/2, then 2/3 and 1.
    let graded = |id: Value, right: bool| json!({"id": id, "accepted": right, "op": "4"});
    let records = [
        graded(json!("HumanEval/0"), true),
        graded(json!("HumanEval/0"), false),
        graded(json!(7), true),
        graded(json!("HumanEval/0"), false),
        graded(json!("7"), false),
    ];
    let input = dir.join("in.jsonl");
    write_records(&input, &records);
    let table = succeed(dir, "passk --input in.jsonl");
    assert!(
        table.starts_with("2 to 3 completions per problem, 5 in all\n"),
        "{table}"
    );
    for group in ["op 4", "overall"] {
        assert!(
            row(&table, group, 0).contains("       2     1  41.7 ["),
            "{table}"
        );
        assert!(
            row(&table, group, 1).contains("           2  83.3 ["),
            "{table}"
        );
        assert!(row(&table, group, 1).trim_end().ends_with('-'), "{table}");
    }
    // A k that a problem is too short for is refused, or leaves the problem out and says so.
    let passk = "passk --input in.jsonl --ks 1,3";
    let parts = [
        "pass@3",
        "1 of 2 problems",
        "problem 7 has 2",
        "--drop-short",
    ];
    refuse(dir, passk, &parts);
    let table = succeed(dir, &format!("{passk} --drop-short"));
    assert!(
        row(&table, "overall", 1).contains("       1     3  100.0 ["),
        "{table}"
    );
    assert!(
        table.contains("pass@3 leaves out 1 of 2 problems"),
        "{table}"
    );
    refuse(
        dir,
        "passk --input in.jsonl --ks 4 --drop-short",
        &["pass@4", "2 of 2 problems"],
    );
    refuse(dir, "passk --input in.jsonl --ks 0", &["--ks", "0"]);

    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    let text =
        format!("\u{feff}{}\r\nnot JSON\r\n", lines.join("\r\n")).replace("}", ", \"x\": NaN}");
    fs::write(&input, text).unwrap();
    refuse(dir, "passk --input in.jsonl", &["in.jsonl, line 6"]);
    let skipping = succeed(dir, "passk --input in.jsonl --skip-unreadable");
    assert!(row(&skipping, "overall", 1).contains("83.3"), "{skipping}");
}

#[test]
fn completions_of_two_levels_or_temperatures_do_not_count_together() {
    let folder = folder();
    let dir = folder.path();
    let graded = |level: &str, temperature: f64, right: bool| json!({"id": 1, "accepted": right, "level": level, "temperature": temperature});
    let input = dir.join("in.jsonl");
    let levels = [
        graded("strict", 0.7, false),
        graded("paper", 0.7, true),
        graded("strict", 1.0, true),
    ];
    write_records(&input, &levels);
    let parts = [
        "in.jsonl",
        "3 kinds",
        "level strict, temperature 0.7; level paper, temperature 0.7; level strict, temperature 1",
        "--split",
    ];
    refuse(dir, "passk --input in.jsonl", &parts);
    let tables = succeed(dir, "passk --input in.jsonl --split");
    let shares: Vec<&str> = tables
        .lines()
        .filter(|line| line.starts_with("overall"))
        .map(|line| line.split_whitespace().nth(3).unwrap())
        .collect();
    assert_eq!(shares, ["0.0", "100.0", "100.0"], "{tables}");
}

#[test]
fn a_completion_that_was_cut_off_counts_as_wrong() {
    let folder = folder();
    let dir = folder.path();
    let graded = |stopped: bool| json!({"id": 1, "accepted": true, "answer_correct": true, "stopped": stopped});
    write_records(&dir.join("in.jsonl"), &[graded(true), graded(false)]);
    let table = succeed(dir, "passk --input in.jsonl");
    let overall = row(&table, "overall", 0);
    assert_eq!(overall.matches("50.0 [").count(), 2, "{table}");
}
