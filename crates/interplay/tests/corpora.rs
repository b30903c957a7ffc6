//! The command on whole corpora: generation that is killed and goes on, shards, parts, formats,
//! statistics and certificates.

mod calls;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use calls::{call, command, succeed};
use serde_json::Value;

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
    let place = folder.path();
    let flags = "generate --op 8 --dialect terse --n 101";
    let mut all = Vec::new();
    for shard in 0..3 {
        succeed(
            place,
            &format!("{flags} --shard {shard}/3 --output shard.jsonl"),
        );
        all.extend(ids(&place.join("shard.jsonl")));
    }
    all.sort_unstable();
    assert_eq!(all, (0..101).collect::<Vec<_>>());
    all.clear();
    for part in ["train", "validation", "test"] {
        let flags = format!("{flags} --part {part} --shares 0.5,0.2,0.3");
        succeed(place, &format!("{flags} --output {part}.jsonl"));
        all.extend(ids(&place.join(format!("{part}.jsonl"))));
    }
    all.sort_unstable();
    assert_eq!(all, (0..101).collect::<Vec<_>>());
    let certify = "certify --left train.jsonl --right test.jsonl --output certificate.json";
    let told = succeed(place, &format!("{certify} --require shape"));
    assert_eq!(told.matches("disjoint").count(), 3, "{told}");
    let text = fs::read_to_string(place.join("certificate.json")).unwrap();
    let certificate: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(certificate["compared"][2]["finding"], "disjoint");
    let same = "certify --left train.jsonl --right train.jsonl --require text";
    assert!(refused(place, same).contains("overlap"));

    let flags = "generate --op 2-6 --n 400 --distinct graph";
    succeed(place, &format!("{flags} --output whole.jsonl"));
    all.clear();
    for shard in 0..3 {
        let flags = format!("{flags} --shard {shard}/3 --output shard.jsonl");
        succeed(place, &flags);
        all.extend(ids(&place.join("shard.jsonl")));
    }
    all.sort_unstable();
    assert!(all.len() < 400, "nothing is repeated");
    assert_eq!(all, ids(&place.join("whole.jsonl")));

    for (flags, part) in [
        ("--shard 3/3", "3/3"),
        ("--shares 0.5,0.5", "three"),
        ("--shares 0.5,0.5,0.5", "sum to one"),
        ("--part some", "validation"),
        ("--split-by text", "shape"),
    ] {
        let message = refused(
            place,
            &format!("generate --op 4 --n 4 --output out.jsonl {flags}"),
        );
        assert!(message.contains(part), "{flags}: {message}");
    }
}

#[test]
fn every_mode_layer_and_format_is_written_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path();
    for flags in [
        "--d 3",
        "--mode reverse",
        "--mode reverse --d 3",
        "--mode reverse --dialect terse",
    ] {
        let generate = format!("generate --op 4-9 --n 30 --context festival {flags}");
        succeed(
            place,
            &format!("{generate} --output out.jsonl --graphs graphs.jsonl"),
        );
        // All texts can be read back into graphs, whose op is the one in the record.
        let table = succeed(place, "statistics --input out.jsonl");
        for row in [
            "| records | 30 |",
            "| tell no whole problem | 0 % |",
            "| op differs from the graph's | 0 % |",
        ] {
            assert!(table.contains(row), "{flags}: {table}");
        }
        let inspected = succeed(place, "inspect --input out.jsonl --index 7");
        assert_eq!(
            inspected.contains("(given)"),
            flags.contains("reverse"),
            "{inspected}"
        );
    }
    if cfg!(feature = "parquet") {
        succeed(
            place,
            "generate --op 4 --n 20 --output out.parquet --graphs graphs.jsonl",
        );
        let bytes = fs::read(place.join("out.parquet")).unwrap();
        assert_eq!(
            (&bytes[..4], &bytes[bytes.len() - 4..]),
            (&b"PAR1"[..], &b"PAR1"[..])
        );
        assert_eq!(
            fs::read_to_string(place.join("graphs.jsonl"))
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
    let place = folder.path();
    succeed(place, "generate --op 2-6 --n 200 --output a.jsonl.gz");
    succeed(
        place,
        "generate --op 4-8 --n 100 --mode reverse --output b.jsonl",
    );
    let statistics = "statistics --input ours=a.jsonl.gz --input theirs=b.jsonl";
    let table = succeed(
        place,
        &format!("{statistics} --output all.json --plots plots"),
    );
    assert!(
        table.starts_with("| | ours | theirs | distance |\n"),
        "{table}"
    );
    assert!(table.contains("| records | 200 | 100 | |"), "{table}");
    let all: Value =
        serde_json::from_str(&fs::read_to_string(place.join("all.json")).unwrap()).unwrap();
    assert_eq!(all["corpora"]["ours"]["records"], 200);
    let plots = names(&place.join("plots"));
    assert!(plots.contains(&"depth-by-op.svg".to_owned()), "{plots:?}");
    for plot in plots {
        let svg = fs::read_to_string(place.join("plots").join(&plot)).unwrap();
        assert!(svg.contains("ours") && svg.contains("theirs"), "{plot}");
    }
    let forward = succeed(place, &format!("{statistics} --mode normalforward"));
    assert!(forward.contains("| records | 200 | 0 | |"), "{forward}");

    let text = fs::read_to_string(place.join("b.jsonl")).unwrap();
    fs::write(place.join("cut.jsonl"), &text[..text.len() - 9]).unwrap();
    for command in [
        "statistics --input cut.jsonl",
        "certify --left b.jsonl --right cut.jsonl --output certificate.json",
    ] {
        assert!(
            refused(place, command).contains("cut.jsonl, line 100"),
            "{command}"
        );
    }
    assert!(!place.join("certificate.json").exists());
    let twice = "statistics --input a=b.jsonl --input a=a.jsonl.gz";
    assert!(refused(place, twice).contains("`a`"));
    fs::write(place.join("empty.jsonl"), "").unwrap();
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
        assert!(refused(place, command).contains(part), "{command}");
    }
}
