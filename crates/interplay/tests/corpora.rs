//! The command on whole corpora: generation that is killed and resumed, shards, parts, formats,
//! statistics and certificates.

mod calls;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use calls::{call, command, records, refuse, succeed, write_gz, write_records};
use serde_json::{Value, json};

/// The message of a call that must be refused.
fn refused(folder: &Path, arguments: &str) -> String {
    let output = call(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "`{arguments}`");
    String::from_utf8(output.stderr).unwrap()
}

fn ids(path: &Path) -> Vec<u64> {
    let text = fs::read_to_string(path).unwrap();
    let id = |line| {
        serde_json::from_str::<Value>(line).unwrap()["id"]
            .as_u64()
            .unwrap()
    };
    text.lines().map(id).collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_killed_generate_goes_on_and_ends_in_the_same_bytes() {
    // The graphs beside them are compressed.
    for output in ["out.jsonl", "out.parquet"] {
        if cfg!(feature = "parquet") || !output.ends_with("parquet") {
            kill_and_go_on(output);
        }
    }
}

fn kill_and_go_on(output: &str) {
    let whole = tempfile::tempdir().unwrap();
    let killed = tempfile::tempdir().unwrap();
    // Repetitions are left out, so the second run must know what the first one has seen.
    let flags = "generate --op 8-14 --dialect terse --n 24000 --seed 2 --distinct graph";
    let generate = format!("{flags} --shard 1/2 --graphs graphs.jsonl.gz --output {output}");
    succeed(whole.path(), &generate);
    let mut kills = 0;
    while kills < 2 {
        let mut child = command(killed.path(), &generate)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let state = killed.path().join(format!(".{output}.partial.json"));
        let before = fs::read(&state).ok();
        // Killed once it has written a block of its own.
        let ended = loop {
            if fs::read(&state).ok() != before {
                child.kill().unwrap();
            }
            if let Some(ended) = child.try_wait().unwrap() {
                break ended;
            }
            thread::sleep(Duration::from_millis(1));
        };
        if ended.success() {
            break;
        }
        assert!(!killed.path().join(output).exists());
        kills += 1;
    }
    assert!(kills > 0, "it was too fast to be killed");
    let ended = call(killed.path(), &generate);
    let message = String::from_utf8(ended.stderr).unwrap();
    assert!(ended.status.success(), "{message}");
    for name in [output, "graphs.jsonl.gz"] {
        let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
        assert!(read(killed.path()) == read(whole.path()), "{name} differs");
    }
    assert_eq!(names(killed.path()), ["graphs.jsonl.gz", output]);
}

#[test]
fn shards_and_parts_are_the_whole_once_each() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let flags = "generate --op 8 --dialect terse --n 101";
    let mut all = Vec::new();
    for shard in 0..3 {
        succeed(
            dir,
            &format!("{flags} --shard {shard}/3 --output shard.jsonl"),
        );
        all.extend(ids(&dir.join("shard.jsonl")));
    }
    all.sort_unstable();
    assert_eq!(all, (0..101).collect::<Vec<_>>());
    all.clear();
    for part in ["train", "validation", "test"] {
        let flags = format!("{flags} --part {part} --shares 0.5,0.2,0.3");
        succeed(dir, &format!("{flags} --output {part}.jsonl"));
        all.extend(ids(&dir.join(format!("{part}.jsonl"))));
    }
    all.sort_unstable();
    assert_eq!(all, (0..101).collect::<Vec<_>>());
    let certify = "certify --left train.jsonl --right test.jsonl --output certificate.json";
    let told = succeed(dir, &format!("{certify} --require shape"));
    assert_eq!(told.matches("disjoint").count(), 3, "{told}");
    let text = fs::read_to_string(dir.join("certificate.json")).unwrap();
    let certificate: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(certificate["compared"][2]["finding"], "disjoint");
    let same = "certify --left train.jsonl --right train.jsonl --require text";
    assert!(refused(dir, same).contains("overlap"));

    let flags = "generate --op 2-6 --n 400 --distinct graph";
    succeed(dir, &format!("{flags} --output whole.jsonl"));
    all.clear();
    for shard in 0..3 {
        let flags = format!("{flags} --shard {shard}/3 --output shard.jsonl");
        succeed(dir, &flags);
        all.extend(ids(&dir.join("shard.jsonl")));
    }
    all.sort_unstable();
    assert!(all.len() < 400, "nothing is repeated");
    assert_eq!(all, ids(&dir.join("whole.jsonl")));

    for (flags, part) in [
        ("--shard 3/3", "3/3"),
        ("--shares 0.5,0.5", "three"),
        ("--shares 0.5,0.5,0.5", "sum to one"),
        ("--part some", "validation"),
        ("--split-by text", "shape"),
    ] {
        let message = refused(
            dir,
            &format!("generate --op 4 --n 4 --output out.jsonl {flags}"),
        );
        assert!(message.contains(part), "{flags}: {message}");
    }
}

#[test]
fn every_mode_layer_and_format_is_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    for flags in [
        "--d 3",
        "--mode reverse",
        "--mode reverse --d 3",
        "--mode reverse --dialect terse",
    ] {
        let generate = format!("generate --op 4-9 --n 30 --context festival {flags}");
        succeed(
            dir,
            &format!("{generate} --output out.jsonl --graphs graphs.jsonl"),
        );
        // All texts can be read back into graphs, whose op is the one in the record.
        let table = succeed(dir, "statistics --input out.jsonl");
        for row in [
            "| records | 30 |",
            "| tell no whole problem | 0 % |",
            "| op differs from the graph's | 0 % |",
        ] {
            assert!(table.contains(row), "{flags}: {table}");
        }
        let inspected = succeed(dir, "inspect --input out.jsonl --index 7");
        assert_eq!(
            inspected.contains("(given)"),
            flags.contains("reverse"),
            "{inspected}"
        );
    }
    if cfg!(feature = "parquet") {
        succeed(
            dir,
            "generate --op 4 --n 20 --output out.parquet --graphs graphs.jsonl",
        );
        let bytes = fs::read(dir.join("out.parquet")).unwrap();
        assert_eq!(
            (&bytes[..4], &bytes[bytes.len() - 4..]),
            (&b"PAR1"[..], &b"PAR1"[..])
        );
        assert_eq!(
            fs::read_to_string(dir.join("graphs.jsonl"))
                .unwrap()
                .lines()
                .count(),
            20
        );
    }
}

#[test]
fn corpora_stand_side_by_side_in_table_and_plots() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    succeed(dir, "generate --op 2-6 --n 200 --output a.jsonl.gz");
    succeed(
        dir,
        "generate --op 4-8 --n 100 --mode reverse --output b.jsonl",
    );
    let statistics = "statistics --input ours=a.jsonl.gz --input theirs=b.jsonl";
    let table = succeed(
        dir,
        &format!("{statistics} --output all.json --plots plots"),
    );
    assert!(
        table.starts_with("| | ours | theirs | distance |\n"),
        "{table}"
    );
    assert!(table.contains("| records | 200 | 100 | |"), "{table}");
    let all: Value =
        serde_json::from_str(&fs::read_to_string(dir.join("all.json")).unwrap()).unwrap();
    assert_eq!(all["corpora"]["ours"]["records"], 200);
    let plots = names(&dir.join("plots"));
    assert!(plots.contains(&"depth-by-op.svg".to_owned()), "{plots:?}");
    for plot in plots {
        let svg = fs::read_to_string(dir.join("plots").join(&plot)).unwrap();
        assert!(svg.contains("ours") && svg.contains("theirs"), "{plot}");
    }
    let forward = succeed(dir, &format!("{statistics} --mode normalforward"));
    assert!(forward.contains("| records | 200 | 0 | |"), "{forward}");

    let text = fs::read_to_string(dir.join("b.jsonl")).unwrap();
    fs::write(dir.join("cut.jsonl"), &text[..text.len() - 9]).unwrap();
    for command in [
        "statistics --input cut.jsonl",
        "certify --left b.jsonl --right cut.jsonl --output certificate.json",
    ] {
        assert!(
            refused(dir, command).contains("cut.jsonl, line 100"),
            "{command}"
        );
    }
    assert!(!dir.join("certificate.json").exists());
    let twice = "statistics --input a=b.jsonl --input a=a.jsonl.gz";
    assert!(refused(dir, twice).contains("`a`"));
    fs::write(dir.join("empty.jsonl"), "").unwrap();
    for (command, part) in [
        (
            "certify --left empty.jsonl --right b.jsonl",
            "empty.jsonl: found no record",
        ),
        (
            "statistics --input b.jsonl --mode sideways",
            "mode `sideways`",
        ),
        ("statistics --input empty.jsonl", "found no record"),
        (
            "generate --op 4 --n 4 --output gone/a.parquet",
            "its folder does not exist",
        ),
    ] {
        assert!(refused(dir, command).contains(part), "{command}");
    }
}

#[cfg(feature = "parquet")]
#[test]
fn own_tables_are_read_wherever_lines_are() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let generate = "generate --op 3-6 --dialect terse --n 40 --output";
    succeed(dir, &format!("{generate} a.jsonl"));
    succeed(dir, &format!("{generate} a.parquet"));
    let table = |input: &str| succeed(dir, &format!("statistics --input corpus={input}"));
    assert_eq!(table("a.parquet"), table("a.jsonl"));
    let shown = |input: &str| succeed(dir, &format!("inspect --input {input} --index 17"));
    assert_eq!(shown("a.parquet"), shown("a.jsonl"));
    let told = succeed(dir, "certify --left a.parquet --right a.jsonl");
    assert!(
        told.contains("a.parquet: 40 records\na.jsonl: 40 records"),
        "{told}"
    );
    assert!(told.contains("text  overlap       40 in common"), "{told}");
    let audit = |input: &str| {
        let flags = "--n 50 --threads 2 --output";
        succeed(dir, &format!("audit --input {input} {flags} counts.jsonl"));
        fs::read(dir.join("counts.jsonl")).unwrap()
    };
    assert_eq!(audit("a.parquet"), audit("a.jsonl"));

    // As gold of generations, and as the input that lacks a candidate.
    let generations: Vec<Value> = records(&dir.join("a.jsonl"))
        .iter()
        .map(|problem| {
            json!({
                "op": problem["op"], "id": problem["id"],
                "gen_solution_answer": problem["solution"],
            })
        })
        .collect();
    write_records(&dir.join("generations.jsonl"), &generations);
    let verify = "verify --input generations.jsonl --gold a.parquet --output results.jsonl";
    succeed(dir, verify);
    let results = records(&dir.join("results.jsonl"));
    assert_eq!(results.len(), 40);
    assert!(results.iter().all(|result| result["perfect"] == true));
    let verify = "verify --input a.parquet --output no.jsonl";
    refuse(dir, verify, &["a.parquet, row 1", "candidate"]);
    refuse(
        dir,
        "inspect --input a.parquet --index 40",
        &["a.parquet", "40 records"],
    );
}

#[test]
fn corpora_of_other_programs_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let texts = "\"problem\": \"fox = 400. elk = 3 * fox.\", \"question\": \"elk?\", \
                 \"solution\": \"fox = 400. elk = 3 * fox = 3 * 400 = 1200. Answer: 1200.\"";
    let lines = [
        format!("{{{texts}, \"id\": \"p-\\ud83d\", \"mode\": \"normalforward\"}}"),
        format!("{{{texts}, \"reward\": [NaN, {{\"x\": -Infinity}}], \"template\": NaN}}"),
    ];
    let text = format!("\u{feff}{}\r\n", lines.join("\r\n"));
    fs::write(dir.join("in.jsonl"), &text).unwrap();
    write_gz(&dir.join("in.jsonl.gz"), text.as_bytes());
    for input in ["in.jsonl", "in.jsonl.gz"] {
        let table = succeed(dir, &format!("statistics --input {input}"));
        assert!(table.contains("| records | 2 |"), "{table}");
        assert!(
            table.contains("| op differs from the graph's | 0 % |"),
            "{table}"
        );
        let shown = succeed(dir, &format!("inspect --input {input} --index 1"));
        assert!(shown.starts_with("op 3, "), "{shown}");
        let told = succeed(dir, &format!("certify --left {input} --right in.jsonl"));
        assert!(told.contains("overlap"), "{told}");
    }
    fs::write(dir.join("in.jsonl"), format!("{text}{{\"problem\": 1")).unwrap();
    let statistics = "statistics --input in.jsonl";
    refuse(dir, statistics, &["in.jsonl, line 3"]);
    let output = call(dir, &format!("{statistics} --skip-unreadable"));
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("in.jsonl, line 3"), "{message}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("| records | 2 |"));
}

#[test]
fn an_empty_part_is_refused_unless_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let flags = "generate --op 4 --n 20 --part test --shares 0.9,0.1,0 --output";
    let outputs = match cfg!(feature = "parquet") {
        true => &["out.jsonl", "out.jsonl.gz", "out.parquet"][..],
        false => &["out.jsonl", "out.jsonl.gz"],
    };
    for output in outputs {
        let generate = format!("{flags} {output}");
        refuse(dir, &generate, &[output, "the test part", "--allow-empty"]);
        succeed(dir, &format!("{generate} --allow-empty"));
        let message = refused(dir, &format!("statistics --input {output}"));
        assert!(message.contains("found no record"), "{message}");
    }
    refuse(
        dir,
        "generate --op 4 --n 2 --shard 4/5 --output shard.jsonl",
        &["shard.jsonl", "shard 4/5"],
    );
}

#[test]
fn what_another_format_has_left_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let state = r#"{"key":"0a","records":4096,"next":4096,"bytes":[3]}"#;
    fs::write(dir.join(".out.jsonl.partial.json"), state).unwrap();
    fs::write(dir.join(".out.jsonl.partial"), "{}\n").unwrap();
    let generate = "generate --op 4 --n 20 --output out.jsonl";
    refuse(
        dir,
        generate,
        &["out.jsonl", ".out.jsonl.partial.json", "remove"],
    );
    fs::remove_file(dir.join(".out.jsonl.partial.json")).unwrap();
    succeed(dir, generate);
    assert_eq!(names(dir), ["out.jsonl"]);
}

#[cfg(unix)]
#[test]
fn streams_and_devices_are_no_output() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    succeed(dir, "generate --op 4 --n 2 --output in.jsonl");
    for path in ["/dev/stdout", "/dev/null", "/proc/self/fd/1"] {
        for command in [
            "generate --op 4 --n 2",
            "statistics --input in.jsonl",
            "certify --left in.jsonl --right in.jsonl",
        ] {
            let command = format!("{command} --output {path}");
            refuse(dir, &command, &[path, "expected the name of a file"]);
        }
    }
}
