//! The command on single problems: what `generate` writes and `inspect` shows, and what is refused.

mod calls;

use std::fs;

use calls::{folder, records, refuse, succeed, write_records};
use serde_json::json;

#[test]
fn generated_problems_have_the_published_fields_and_pass_verification() {
    let folder = folder();
    let dir = folder.path();
    for dialect in ["prose", "terse"] {
        let flags = format!("--op 2-6 --context school --dialect {dialect} --n 20 --seed 5");
        let files = "--output problems.jsonl --graphs graphs.jsonl";
        succeed(dir, &format!("generate {flags} --mode forward {files}"));
        let problems = records(&dir.join("problems.jsonl"));
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
        let graphs = records(&dir.join("graphs.jsonl"));
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
            &dir.join("candidates.jsonl"),
            &candidates.collect::<Vec<_>>(),
        );
        for level in ["paper", "strict"] {
            let flags = format!("--level {level} --output verdicts.jsonl");
            succeed(dir, &format!("verify --input candidates.jsonl {flags}"));
            let verdicts = records(&dir.join("verdicts.jsonl"));
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
    let dir = folder.path();
    let part = |context: &str| {
        format!("[[mixture]]\nweight = 0.5\nop = 3\ncontext = \"{context}\"\ndialect = \"terse\"\n")
    };
    let spec = format!("max_value = 30\n{}{}", part("zoo"), part("school"));
    fs::write(dir.join("spec.toml"), &spec).unwrap();
    succeed(
        dir,
        "generate --spec spec.toml --n 40 --output packed.jsonl.gz",
    );
    let magic = fs::read(dir.join("packed.jsonl.gz")).unwrap();
    assert_eq!(magic[..2], [0x1f, 0x8b]);
    // A sample is no candidate: the field is missing, which shows that the file was unpacked.
    let verify = "verify --input packed.jsonl.gz --output verdicts.jsonl";
    refuse(dir, verify, &["packed.jsonl.gz, line 1", "candidate"]);

    // Files of other systems: byte order mark and CR LF.
    let foreign = |text: &str| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    fs::write(dir.join("foreign.toml"), foreign(&spec)).unwrap();
    let bakery = "id = \"bakery\"\ntotal = \"total number of cakes\"\nitems = [\"plum cake\", \
                  \"pie\"]\nplaces = [\"Mill Street\", \"Harbor Lane\"]\nterse = [\"bun\", \"roll\"]\n";
    fs::write(dir.join("bakery.toml"), foreign(bakery)).unwrap();
    let generate = "generate --spec foreign.toml --context-file bakery.toml --n 40";
    succeed(dir, &format!("{generate} --output foreign.jsonl.gz"));
    assert_eq!(
        fs::read(dir.join("foreign.jsonl.gz")).unwrap(),
        fs::read(dir.join("packed.jsonl.gz")).unwrap()
    );

    fs::write(dir.join("spec.toml"), spec.replace("0.5", "0.4")).unwrap();
    let generate = "generate --spec spec.toml --n 4 --output out.jsonl";
    refuse(dir, generate, &["spec.toml", "`mixture`", "sum to 0.8"]);
    fs::write(dir.join("spec.toml"), format!("max_valu = 3\n{spec}")).unwrap();
    refuse(dir, generate, &["spec.toml", "max_valu"]);
    refuse(dir, &format!("{generate} --op 3"), &["--spec", "--op"]);
}

#[test]
fn a_card_tells_the_hub_what_a_corpus_holds() {
    let folder = folder();
    let dir = folder.path();
    fs::create_dir(dir.join("data")).unwrap();
    let flags =
        "--op 2-6 --context school --dialect terse --seed 5 --n 40 --part train --distinct graph";
    let files = "--output data/train.jsonl.gz --card README.md";
    succeed(dir, &format!("generate {flags} {files}"));
    let card = fs::read_to_string(dir.join("README.md")).unwrap();
    let (metadata, text) = card
        .strip_prefix("---\n")
        .and_then(|card| card.split_once("\n---\n"))
        .expect("metadata between two lines of dashes");
    assert!(
        metadata.contains("data_files: \"data/train.jsonl.gz\""),
        "{metadata}"
    );
    assert!(metadata.contains("size_categories:\n- n<1K"), "{metadata}");
    for part in [
        "| 1.0000 | 2-6 | school | terse | forward | 2 |",
        "The first 40 problems of this specification with seed 5",
        "the train part of a split by shape with the shares 0.8, 0.1, 0.1",
        "without problems that repeat an earlier graph",
    ] {
        assert!(text.contains(part), "{part} not in {text}");
    }
    // The specification gives the same problems again.
    let (_, spec) = text.split_once("```toml\n").unwrap();
    let (spec, _) = spec.split_once("```").unwrap();
    fs::write(dir.join("spec.toml"), spec).unwrap();
    let again =
        "--spec spec.toml --seed 5 --n 40 --part train --distinct graph --output again.jsonl";
    succeed(dir, &format!("generate {again}"));
    succeed(dir, &format!("generate {flags} --output plain.jsonl"));
    assert_eq!(
        records(&dir.join("again.jsonl")),
        records(&dir.join("plain.jsonl"))
    );

    fs::create_dir(dir.join("cards")).unwrap();
    let elsewhere = "generate --op 4 --n 4 --output data/train.jsonl --card cards/README.md";
    refuse(dir, elsewhere, &["--card", "cards", "not below its folder"]);
    assert!(!dir.join("data/train.jsonl").exists());
}

#[test]
fn problems_that_cannot_be_drawn_are_refused_by_flag() {
    let folder = folder();
    let dir = folder.path();
    let refused = |flags: &str, parts: &[&str]| {
        refuse(
            dir,
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
        dir,
        "generate --op 4 --n 4 --output gone/out.jsonl",
        &["gone", "folder"],
    );
    refuse(
        dir,
        "generate --op 4 --n 0 --output out.jsonl",
        &["--n", "0"],
    );
}

#[test]
fn inspect_shows_what_generate_writes() {
    let folder = folder();
    let dir = folder.path();
    for dialect in ["prose", "terse"] {
        let problems = format!("--op 5 --context zoo --dialect {dialect} --seed 9");
        succeed(
            dir,
            &format!("generate {problems} --n 4 --output out.jsonl"),
        );
        let problem = &records(&dir.join("out.jsonl"))[3];
        let text = succeed(dir, &format!("inspect {problems} --index 3"));
        for field in ["problem", "question", "solution"] {
            assert!(text.contains(problem[field].as_str().unwrap()), "{text}");
        }
        assert_eq!(text.matches("(asked for)").count(), 1, "{text}");
        let dot = succeed(dir, &format!("inspect {problems} --index 3 --format dot"));
        assert!(dot.starts_with("digraph ") && dot.ends_with("}\n"), "{dot}");
        assert_eq!(dot.matches("peripheries=2").count(), 1, "{dot}");
        assert!(dot.contains(" -> "), "{dot}");
        let svg = succeed(dir, &format!("inspect {problems} --index 3 --format svg"));
        assert!(
            svg.starts_with("<svg ") && svg.ends_with("</svg>\n"),
            "{svg}"
        );
        // The same problem, read from the file.
        let read = succeed(dir, "inspect --input out.jsonl --index 3");
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
        dir,
        "inspect --input out.jsonl --index 4",
        &["out.jsonl", "4 records"],
    );
    refuse(
        dir,
        "inspect --input out.jsonl --op 4",
        &["--input", "--op"],
    );
    refuse(dir, "inspect --op 900", &["`--op`", "900"]);
    refuse(
        dir,
        "inspect --op 4 --format png",
        &["--format", "text", "dot", "svg"],
    );
}
