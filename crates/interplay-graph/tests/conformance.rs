//! Problem texts of the published generator, read back into graphs.
//!
//! The corpora are not part of the repository: the environment variable `INTERPLAY_CONFORMANCE`
//! names their folder, and without it this test says that it was skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use interplay_graph::{GraphError, Says, Statements};
use serde_json::Value;

fn records(file: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("INTERPLAY_CONFORMANCE") else {
        println!("skipped: INTERPLAY_CONFORMANCE is not set, so {file} is not checked");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let opened = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(opened)).lines();
    Some(
        lines
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect(),
    )
}

fn text<'r>(record: &'r Value, field: &str) -> &'r str {
    record[field].as_str().unwrap()
}

fn answer(solution: &str) -> i64 {
    let (_, rest) = solution.rsplit_once("Answer: ").unwrap();
    rest.trim_end_matches('.').parse().unwrap()
}

/// The names that a solution defines.
fn defined(solution: &str) -> BTreeSet<&str> {
    let steps = solution.split("Define ").skip(1);
    steps
        .map(|step| step.split_once(" as ").unwrap().0)
        .collect()
}

/// Quantities that the gold solution computes and that no sentence of the problem defines. The
/// published generator loses them in some reverse problems, where it prints the sentence of the
/// unknown once more instead.
fn lost<'r>(record: &'r Value, read: &Statements<'_>) -> Vec<&'r str> {
    let stated: BTreeSet<&str> = read
        .iter()
        .filter(|statement| !matches!(statement.says, Says::Given(_)))
        .map(|statement| statement.name)
        .collect();
    // A given value whose definition was lost reads like a given number.
    let number = |name: &str| {
        read.iter().any(|statement| {
            let leaf =
                matches!(statement.says, Says::Defined { definition, .. } if definition.is_leaf());
            statement.name == name && leaf
        })
    };
    let solution = text(record, "solution");
    let given = solution.contains("We know");
    let last = defined_last(solution);
    defined(solution)
        .into_iter()
        .filter(|name| !name.starts_with("total "))
        .filter(|name| !stated.contains(name) || given && *name == last && number(name))
        .collect()
}

fn defined_last(solution: &str) -> &str {
    let (_, step) = solution.rsplit_once("Define ").unwrap();
    step.split_once(" as ").unwrap().0
}

#[test]
fn published_problems_read_back_into_their_graphs() {
    let mut table: BTreeMap<(String, &str), u32> = BTreeMap::new();
    for file in ["gold_d2.jsonl.gz", "gold_d3.jsonl.gz"] {
        let Some(records) = records(file) else { return };
        for record in &records {
            let (problem, question) = (text(record, "problem"), text(record, "question"));
            let read = Statements::read(problem, question);
            assert_eq!(read.unreadable(), [], "{problem}");
            let reverse = text(record, "mode") == "forwardreverse";
            assert_eq!(read.is_reverse(), reverse);
            let key = format!("d = {}, {}", record["d"], text(record, "mode"));
            let mut count = |what| *table.entry((key.clone(), what)).or_default() += 1;
            count("records");
            let unknown = read.iter().find(|said| said.says == Says::Unknown);
            let repeated = unknown.is_some_and(|unknown| unknown.copies > 1);
            if repeated {
                count("the unknown's sentence stands there more than once");
            }
            let lost = lost(record, &read);
            if !lost.is_empty() {
                count("a needed definition is lost");
                assert!(repeated, "{problem}");
                match read.problem() {
                    Err(GraphError::NotStated { .. }) => count("- noticed: not stated"),
                    Err(GraphError::NothingGiven { .. }) => count("- noticed: nothing given"),
                    Err(GraphError::NoWholeSolution { .. }) => count("- noticed: no solution"),
                    Err(error) => panic!("{error}: {problem}"),
                    Ok(told) => {
                        // The lost quantity is an item of a total that the answer needs.
                        assert!(told.op() < record["op"].as_u64().unwrap() as u32);
                        count("- not noticed: an item of a total is lost");
                    }
                }
                continue;
            }
            let told = read
                .problem()
                .unwrap_or_else(|error| panic!("{error}: {problem}"));
            assert_eq!(told.answer(), answer(text(record, "solution")), "{problem}");
            assert_eq!(
                u64::from(told.op()),
                record["op"].as_u64().unwrap(),
                "{problem}"
            );
            assert_eq!(told.reversal.is_some(), reverse);
            if let Some(reversal) = told.reversal {
                assert_eq!(reversal.unknown, told.asked);
            }
            // The gold solution computes the goal's ancestors and nothing else.
            let needed = told.graph.ancestors(told.goal().top());
            let names: BTreeSet<&str> = needed
                .iter()
                .map(|id| told.graph.quantity(*id).name.as_str())
                .collect();
            assert_eq!(names, defined(text(record, "solution")), "{problem}");
            count("read back");
            if !told.left_out.is_empty() {
                count("has distractors that cannot be computed");
            }
        }
    }
    for ((key, what), count) in table {
        println!("{key:24} {what:52} {count:4}");
    }
}
