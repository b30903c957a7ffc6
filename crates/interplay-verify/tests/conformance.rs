//! The verifier against corpora of the published generator and labeled mutations of them.
//!
//! The corpora are not part of the repository: the environment variable `INTERPLAY_CONFORMANCE`
//! names their folder, and without it these tests say that they were skipped.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use interplay_verify::{Gold, Level, Verifier};
use serde_json::Value;

/// The forward-mode records of one file, or nothing where the corpora are not there.
fn records(file: &str) -> Option<Vec<Value>> {
    let Some(folder) = std::env::var_os("INTERPLAY_CONFORMANCE") else {
        println!("skipped: INTERPLAY_CONFORMANCE is not set, so {file} is not checked");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let opened = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(opened)).lines();
    let records = lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
    Some(records.collect())
}

fn text<'r>(record: &'r Value, field: &str) -> &'r str {
    record[field].as_str().unwrap()
}

#[test]
fn gold_solutions_of_the_published_generator_are_accepted() {
    for file in ["gold_d2.jsonl.gz", "gold_d3.jsonl.gz"] {
        let Some(records) = records(file) else { return };
        for record in &records {
            let solution = text(record, "solution");
            let gold = Gold::from_solution(solution).unwrap();
            for level in [Level::Paper, Level::Strict] {
                let verdict = Verifier::new(level).verify(&gold, solution);
                assert!(verdict.accepted, "{file} {level:?} {verdict}\n{solution}");
                assert_eq!(verdict.process_accuracy, 1.0);
            }
        }
        println!(
            "{file}: {} solutions accepted at both levels",
            records.len()
        );
    }
}

/// Why the published verdict at the paper's level differs from ours, where that is known.
fn explained(record: &Value, reference: bool) -> Option<&'static str> {
    let (mutation, candidate) = (text(record, "mutation"), text(record, "candidate"));
    if record["mode"] != "forwardreverse" {
        return None;
    }
    match mutation {
        "coefficient" if reference => Some(
            "of a linear expression the published parser keeps the last number only, so a wrong \
             coefficient before a right constant passes",
        ),
        "junk_step" if !reference => {
            let (_, foreign) =
                candidate.split_once("Define purple unicorn in Nowhere Meadow as ")?;
            let symbol = foreign.chars().next()?;
            let words = "so we have and we solve it through the following steps: Simplifying";
            words.contains(symbol).then_some(
                "the published parser takes letters inside the words of the solving sentence for \
                 symbols, so a foreign symbol that is one of them becomes a parent",
            )
        }
        _ => None,
    }
}

#[test]
fn mutations_are_judged_as_labeled() {
    let Some(records) = records("pairs.jsonl.gz") else {
        return;
    };
    let mut table: BTreeMap<(&str, &str, &str), [u32; 4]> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut explanations: BTreeMap<&str, u32> = BTreeMap::new();
    for record in &records {
        let gold = Gold::from_solution(text(record, "solution")).unwrap();
        let candidate = text(record, "candidate");
        let strict = Verifier::new(Level::Strict).verify(&gold, candidate);
        let paper = Verifier::new(Level::Paper).verify(&gold, candidate);
        let (problem, question) = (text(record, "problem"), text(record, "question"));
        let richer = Gold::from_texts(problem, question, text(record, "solution")).unwrap();
        assert_eq!(richer.needed(), gold.needed());
        let richer = Verifier::new(Level::Strict).verify(&richer, candidate);
        assert_eq!(richer.accepted, strict.accepted, "{richer}\n{candidate}");
        let (mutation, label) = (text(record, "mutation"), text(record, "label"));
        let reference = record["reference_perfect"].as_bool().unwrap();
        let mode = text(record, "mode");
        let row = table.entry((mode, mutation, label)).or_default();
        row[0] += 1;
        row[1] += u32::from(strict.accepted);
        row[2] += u32::from(paper.accepted);
        row[3] += u32::from(paper.accepted != reference);
        if strict.accepted == (label == "harmful") {
            wrong.push(format!(
                "strict: {mutation} {label}: {strict}\n  {candidate}"
            ));
        }
        if paper.accepted == reference {
            continue;
        }
        if let Some(why) = explained(record, reference) {
            *explanations.entry(why).or_insert(0) += 1;
        } else {
            wrong.push(format!(
                "paper: {mutation}, reference {reference}: {paper}\n  {candidate}"
            ));
        }
    }
    println!(
        "{:16}{:24}{:10}{:>6}{:>8}{:>8}{:>10}",
        "mode", "mutation", "label", "n", "strict", "paper", "disagree"
    );
    for ((mode, mutation, label), [n, strict, paper, disagree]) in table {
        println!("{mode:16}{mutation:24}{label:10}{n:>6}{strict:>8}{paper:>8}{disagree:>10}");
    }
    for (why, count) in &explanations {
        println!("{count} disagreements explained: {why}");
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
