//! `interplay passk`: measures, outputs, and bad input in full.

mod calls;

use std::fs;
use std::path::Path;

use calls::{call, folder, records, refuse, succeed, write_records};
use serde_json::{Value, json};

/// Two problems with four completions each and their stated answers.
fn graded() -> Vec<Value> {
    let one = |id: &str, op: u32, sample: usize, accepted: bool, answer: Option<&str>| {
        let mut record = json!({
            "id": id, "op": op, "context": "zoo", "sample": sample, "level": "strict",
            "temperature": 0.7, "accepted": accepted, "answer_correct": answer == Some("5"),
        });
        if let Some(answer) = answer {
            record["answer"] = json!(answer);
        }
        record
    };
    let answers = [
        ("a", 2, [Some("5"), Some("5"), Some("6"), Some("6")]),
        ("b", 10, [Some("5"), None, Some("6"), Some("7")]),
    ];
    let mut records = Vec::new();
    for (id, op, answers) in answers {
        for (sample, answer) in answers.into_iter().enumerate() {
            records.push(one(
                id,
                op,
                sample,
                answer == Some("5") && sample == 0,
                answer,
            ));
        }
    }
    records
}

/// The rows of a table, as the JSON lines that it is written to.
fn rows(dir: &Path, flags: &str) -> Vec<Value> {
    succeed(
        dir,
        &format!("passk --input in.jsonl {flags} --output rows.jsonl"),
    );
    let rows = records(&dir.join("rows.jsonl"));
    fs::remove_file(dir.join("rows.jsonl")).unwrap();
    rows
}

fn estimate(rows: &[Value], group: [&str; 2], measure: &str, verdict: &str, k: u32) -> f64 {
    let found: Vec<_> = rows
        .iter()
        .filter(|row| {
            let op = row["op"].as_str().unwrap_or_default();
            [row["group"].as_str().unwrap(), op] == group
                && row["measure"] == measure
                && row["verdict"] == verdict
                && row["k"] == k
        })
        .collect();
    assert_eq!(found.len(), 1, "{group:?} {measure} {verdict} {k}");
    let [low, value, high] = ["low", "estimate", "high"].map(|end| found[0][end].as_f64().unwrap());
    assert!(low <= value && value <= high, "{:?}", found[0]);
    value
}

#[test]
fn every_measure_is_its_share_of_the_subsets() {
    let folder = folder();
    let dir = folder.path();
    write_records(&dir.join("in.jsonl"), &graded());
    let flags = "--measures pass@k,pass^k,2-of-k,maj@k,first@k --ks 1,2,3";
    let rows = rows(dir, flags);
    let of = |measure, verdict, k| {
        ["2", "10"].map(|op| estimate(&rows, ["op", op], measure, verdict, k))
    };
    let near = |found: [f64; 2], expected: [f64; 2]| {
        let close = found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "{found:?} {expected:?}");
    };
    near(of("pass@k", "verified", 2), [0.5, 0.5]);
    near(of("pass@k", "answer", 2), [5.0 / 6.0, 0.5]);
    near(of("pass^k", "answer", 2), [1.0 / 6.0, 0.0]);
    near(of("2-of-k", "answer", 3), [0.5, 0.0]);
    // Two right and two of one wrong answer: any three have a majority. One right, one without an
    // answer, two different ones: triples tie two or three ways, or leave the right one out.
    near(
        of("maj@k", "answer", 3),
        [0.5, (1.0 / 2.0 + 1.0 / 2.0 + 1.0 / 3.0) / 4.0],
    );
    near(of("first@k", "verified", 1), [1.0, 1.0]);
    // At k = 1 nothing is at least 2, and maj@k knows no process.
    assert!(
        rows.iter()
            .all(|row| row["measure"] != "2-of-k" || row["k"] != 1)
    );
    assert!(
        rows.iter()
            .all(|row| row["measure"] != "maj@k" || row["verdict"] == "answer")
    );
    let overall = estimate(&rows, ["overall", ""], "pass^k", "answer", 2);
    assert!((overall - 1.0 / 12.0).abs() < 1e-12);

    let table = succeed(dir, &format!("passk --input in.jsonl {flags}"));
    for part in ["verified pass^k", "answer 2-of-k", "answer maj@k"] {
        assert!(table.contains(part), "{table}");
    }
    let unknown = "passk --input in.jsonl --measures pass@k,best@k";
    refuse(dir, unknown, &["--measures", "best@k", "first@k", "2-of-k"]);
    refuse(
        dir,
        "passk --input in.jsonl --measures pass@k,pass@k",
        &["named twice"],
    );
    refuse(
        dir,
        "passk --input in.jsonl --measures 3-of-k --ks 1,2",
        &["3-of-k", "--ks"],
    );
}

#[test]
fn a_vote_needs_stated_answers() {
    let folder = folder();
    let dir = folder.path();
    let mut silent = graded();
    for record in &mut silent {
        record.as_object_mut().unwrap().remove("answer");
    }
    write_records(&dir.join("in.jsonl"), &silent);
    let passk = "passk --input in.jsonl --measures maj@k";
    refuse(dir, passk, &["in.jsonl", "maj@k", "`answer`"]);
    for record in &mut silent {
        record.as_object_mut().unwrap().remove("answer_correct");
    }
    write_records(&dir.join("in.jsonl"), &silent);
    refuse(dir, passk, &["in.jsonl", "maj@k", "`answer_correct`"]);
}

#[test]
fn estimates_are_rows_for_data_frames() {
    let folder = folder();
    let dir = folder.path();
    write_records(&dir.join("in.jsonl"), &graded());
    let mut other = graded();
    for record in &mut other {
        record["temperature"] = json!(0);
    }
    write_records(&dir.join("more.jsonl"), &[graded(), other].concat());
    let passk = "passk --input in.jsonl more.jsonl --split --ks 1,2";
    let printed = succeed(dir, &format!("{passk} --output rows.jsonl"));
    let heads: Vec<&str> = printed
        .lines()
        .filter(|line| line.contains("level"))
        .collect();
    assert_eq!(
        heads,
        [
            "in.jsonl: level strict, temperature 0.7",
            "more.jsonl: level strict, temperature 0.7",
            "more.jsonl: level strict, temperature 0",
        ]
    );
    let rows = records(&dir.join("rows.jsonl"));
    // Six groups (two ops, a context, its two ops, all), two k, two verdicts, three kinds.
    assert_eq!(rows.len(), 6 * 2 * 2 * 3);
    let shown: Vec<&str> = rows[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut columns = [
        "file",
        "level",
        "temperature",
        "group",
        "context",
        "op",
        "measure",
        "verdict",
        "k",
        "problems",
        "completions",
        "estimate",
        "low",
        "high",
    ];
    let text = fs::read_to_string(dir.join("rows.jsonl")).unwrap();
    let places = columns.map(|name| text.find(&format!("\"{name}\":")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
    let head = columns.join(",");
    columns.sort_unstable();
    assert_eq!(shown, columns);
    let last = rows.last().unwrap();
    assert_eq!(last["file"], "more.jsonl");
    assert_eq!(
        (&last["temperature"], &last["op"]),
        (&json!(0.0), &Value::Null)
    );
    assert_eq!(
        (&last["problems"], &last["completions"]),
        (&json!(2), &json!(8))
    );

    succeed(dir, &format!("{passk} --output rows.csv"));
    let csv = fs::read_to_string(dir.join("rows.csv")).unwrap();
    assert_eq!(csv.lines().next(), Some(head.as_str()));
    assert_eq!(csv.lines().count(), rows.len() + 1);
    assert!(
        csv.contains("\nin.jsonl,strict,0.7,op,,2,pass@k,verified,1,1,4,0.25,"),
        "{csv}"
    );
    succeed(dir, &format!("{passk} --output rows.jsonl.gz"));
    if cfg!(feature = "parquet") {
        succeed(dir, &format!("{passk} --output rows.parquet"));
        let message =
            String::from_utf8(call(dir, "verify --input rows.parquet --output no.jsonl").stderr);
        // It is a table with as many rows, each of which is no candidate.
        assert!(
            message
                .unwrap()
                .contains(&format!("{} records cannot be used", rows.len()))
        );
    } else {
        refuse(
            dir,
            &format!("{passk} --output no.parquet"),
            &["feature `parquet`"],
        );
    }
}

#[test]
fn outputs_that_cannot_hold_the_estimates_are_refused() {
    let folder = folder();
    let dir = folder.path();
    write_records(&dir.join("in.jsonl"), &graded());
    fs::create_dir(dir.join("far")).unwrap();
    fs::copy(dir.join("in.jsonl"), dir.join("far/in.jsonl")).unwrap();
    let refused = |flags: &str, parts: &[&str]| {
        refuse(dir, &format!("passk --input in.jsonl {flags}"), parts);
    };
    refused("--output rows", &["--output", ".csv", ".parquet", ".json"]);
    refused("--output gone/rows.csv", &["gone", "folder"]);
    refused("--output in.jsonl", &["--input and --output", "in.jsonl"]);
    refused("--input in.jsonl", &["in.jsonl", "twice"]);
    let published = "--output results.json";
    refused(
        &format!("{published} --measures pass@k,pass^k"),
        &["pass@k,pass^k", ".csv"],
    );
    refused(
        &format!("{published} --input far/in.jsonl"),
        &["same name", "far/in.jsonl"],
    );
    let mut mixed = graded();
    mixed[0]["temperature"] = json!(1);
    write_records(&dir.join("in.jsonl"), &mixed);
    refused(
        &format!("{published} --split"),
        &["in.jsonl", "2 kinds", ".csv"],
    );
    write_records(&dir.join("in.jsonl"), &[json!({"id": 1, "accepted": true})]);
    refused(published, &["in.jsonl", "problem 1 has no `op`", ".csv"]);
    write_records(
        &dir.join("in.jsonl"),
        &[json!({"id": 1, "op": 2, "answer_correct": true})],
    );
    refused(published, &["in.jsonl", "not verified"]);
    write_records(
        &dir.join("in.jsonl"),
        &[json!({"id": 1, "op": 2, "accepted": true, "temperature": "hot"})],
    );
    refused("", &["in.jsonl, line 1", "`temperature` is hot"]);
}

#[test]
fn all_bad_records_of_all_files_are_reported_at_once() {
    let folder = folder();
    let dir = folder.path();
    fs::write(dir.join("rows.csv"), "old\n").unwrap();
    let good: Vec<String> = graded().iter().map(Value::to_string).collect();
    let text = |bad: &[&str]| {
        let mut lines: Vec<&str> = good.iter().map(String::as_str).collect();
        lines.extend(bad);
        lines.join("\n")
    };
    let bad = [
        "not JSON",
        "{\"id\": [1], \"accepted\": true}",
        "{\"id\": \"a\"}",
        &good[3],
    ];
    fs::write(dir.join("in.jsonl"), text(&bad)).unwrap();
    fs::write(dir.join("other.jsonl"), text(&["{\"accepted\": true}"])).unwrap();
    refuse(
        dir,
        "passk --input in.jsonl --input other.jsonl --output rows.csv",
        &[
            "in.jsonl: 4 records cannot be used:\n  in.jsonl, line 9: ",
            "\n  in.jsonl, line 10: `id` is a list",
            "\n  in.jsonl, line 11: the fields `accepted` and `answer_correct` are missing",
            "\n  in.jsonl, line 12: `sample` 3 of problem a appears a second time",
            "\nother.jsonl, line 9: the field `id` is missing",
        ],
    );
    // A long list is cut, and says by how much.
    let many = vec!["{}"; 33];
    fs::write(dir.join("in.jsonl"), text(&many)).unwrap();
    let parts = ["33 records", "line 28: ", "\n  and 13 more"];
    refuse(dir, "passk --input in.jsonl", &parts);
    let message = call(dir, "passk --input in.jsonl").stderr;
    assert!(!String::from_utf8(message).unwrap().contains("line 29: "));
    let output = call(dir, "passk --input in.jsonl --skip-unreadable");
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{message}");
    assert!(
        message.contains("skipped 33") && message.contains("and 13 more"),
        "{message}"
    );
    // What contradicts another record is no unreadable one.
    fs::write(dir.join("in.jsonl"), text(&[&good[3]])).unwrap();
    let skipping = "passk --input in.jsonl --skip-unreadable";
    refuse(dir, skipping, &["in.jsonl, line 9", "second time"]);
}

#[test]
fn other_subcommands_report_all_bad_records_too() {
    let folder = folder();
    let dir = folder.path();
    let solution = "fox = 3. Answer: 3.";
    let good = json!({"solution": solution, "candidate": solution}).to_string();
    let no_gold = json!({"solution": "fox = .", "candidate": solution}).to_string();
    let lines = ["{", &good, "{\"candidate\": \"x\"}", &good, &no_gold];
    fs::write(dir.join("in.jsonl"), lines.join("\n")).unwrap();
    let verify = "verify --input in.jsonl --output out.jsonl";
    let parts = [
        "in.jsonl: 3 records cannot be used",
        "in.jsonl, line 1: EOF",
        "in.jsonl, line 3: the field `solution`",
        "in.jsonl, line 5: `solution`: ",
    ];
    refuse(dir, verify, &parts);

    let gold = json!({"op": 4, "solution": solution}).to_string();
    let no_gold = json!({"op": 4, "solution": "fox = ."}).to_string();
    fs::write(
        dir.join("gold.jsonl"),
        [&no_gold, &gold, "{}"]
            .map(|line| format!("{line}\n"))
            .concat(),
    )
    .unwrap();
    let parts = [
        "gold.jsonl: 2 records",
        "gold.jsonl, line 1: ",
        "gold.jsonl, line 3: ",
    ];
    refuse(dir, &format!("{verify} --gold gold.jsonl"), &parts);

    let sample = json!({"problem": "fox = 3.", "question": "fox?", "solution": solution, "op": 1});
    fs::write(dir.join("in.jsonl"), format!("1\n{sample}\n2\n")).unwrap();
    let parts = [
        "in.jsonl: 2 records",
        "in.jsonl, line 1: ",
        "in.jsonl, line 3: ",
    ];
    refuse(dir, "statistics --input in.jsonl", &parts);
    refuse(dir, "certify --left in.jsonl --right in.jsonl", &parts);
    refuse(dir, "audit --input in.jsonl", &parts);
    refuse(dir, "audit --pairs in.jsonl", &["in.jsonl: 3 records"]);
    // A problem shown by its number is not read beyond it.
    fs::write(dir.join("in.jsonl"), format!("{sample}\n2\n")).unwrap();
    succeed(dir, "inspect --input in.jsonl --index 0");
    refuse(
        dir,
        "inspect --input in.jsonl --index 1",
        &["in.jsonl, line 2"],
    );
}

#[test]
fn cut_off_completions_have_no_vote() {
    let folder = folder();
    let dir = folder.path();
    let record = |sample: u32, stopped: bool| json!({"id": 1, "op": 2, "sample": sample, "answer": "7", "answer_correct": true, "stopped": stopped});
    let records = [record(0, true), record(1, false), record(2, false)];
    write_records(&dir.join("in.jsonl"), &records);
    let rows = rows(dir, "--measures maj@k,pass@k --ks 3");
    for measure in ["maj@k", "pass@k"] {
        let found = estimate(&rows, ["op", "2"], measure, "answer", 3);
        assert!((found - 1.0).abs() < 1e-12, "{measure}: {found}");
    }
}

#[test]
fn problems_without_a_record_count_where_they_are_listed() {
    let folder = folder();
    let dir = folder.path();
    write_records(&dir.join("in.jsonl"), &graded());
    let listed = |id: &str| json!({"id": id, "op": 10, "context": "zoo", "prompt": "?"});
    let all: Vec<Value> = ["a", "b", "c", "d"].map(listed).into();
    write_records(&dir.join("all.jsonl"), &all);
    let alone = rows(dir, "--ks 1");
    let flags = "--ks 1 --completions 4 --problems all.jsonl";
    let rows = rows(dir, flags);
    let of = |rows: &[Value]| estimate(rows, ["overall", ""], "pass@k", "answer", 1);
    // 2 and 1 of 4 answers; then two problems more without any.
    assert!((of(&alone) - 0.375).abs() < 1e-12 && (of(&rows) - 0.1875).abs() < 1e-12);
    let tens = estimate(&rows, ["op", "10"], "pass@k", "answer", 1);
    assert!((tens - 0.25 / 3.0).abs() < 1e-12, "{tens}");
    write_records(&dir.join("all.jsonl"), &all[1..]);
    let call = format!("passk --input in.jsonl {flags}");
    refuse(
        dir,
        &call,
        &["problem a is not among the 3 that --problems names"],
    );
    write_records(
        &dir.join("all.jsonl"),
        &[listed("a"), listed("a"), json!({"op": 3})],
    );
    let parts = [
        "line 2: problem a appears a second time",
        "line 3: the field `id` is missing",
    ];
    refuse(dir, &call, &parts);
    refuse(
        dir,
        "passk --input in.jsonl --problems all.jsonl",
        &["--completions"],
    );
}

#[test]
fn the_first_k_are_counted_from_zero() {
    let folder = folder();
    let dir = folder.path();
    let mut records = graded();
    for record in &mut records {
        record["sample"] = json!(record["sample"].as_u64().unwrap() + 1);
    }
    write_records(&dir.join("in.jsonl"), &records);
    let call = "passk --input in.jsonl --measures first@k --ks 1";
    refuse(
        dir,
        call,
        &["the lowest number in the file is 1; expected numbers from 0 on"],
    );
    // The order makes no difference to the others.
    succeed(dir, "passk --input in.jsonl --ks 1");
}
