//! A small audit of both levels: nothing harmful passes the strict one, nothing harmless fails.
//!
//! The published corpora are audited too where the environment variable `INTERPLAY_CONFORMANCE`
//! names their folder.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use interplay_audit::{
    Audit, Audited, By, Kind, Operator, Problems, Report, Subject, SubjectError,
};
use interplay_tasks::ContextLibrary;
use interplay_verify::{Level, Verifier};

fn audit(subjects: u64, each: u32, threads: usize, seed: u64) -> Report {
    let ops: Vec<u32> = (2..=20).collect();
    let problems = Problems::new(&ContextLibrary::embedded(), &["zoo", "school"], &ops, seed);
    let problems = problems.unwrap();
    let mut audit = Audit::new(subjects, seed);
    (audit.mutants_each, audit.threads) = (each, threads);
    run(&audit, &|index| problems.subject(index))
}

fn run<E: Send + std::fmt::Debug>(
    audit: &Audit,
    subject: &(dyn Fn(u64) -> Result<Subject, E> + Sync),
) -> Report {
    let (strict, paper) = (Verifier::new(Level::Strict), Verifier::new(Level::Paper));
    let judged = [
        Audited {
            name: "strict",
            judge: &strict,
            sound: true,
        },
        Audited {
            name: "paper",
            judge: &paper,
            sound: false,
        },
    ];
    audit.run(&judged, subject, &|_| {}).unwrap()
}

fn shown(report: &Report) -> String {
    let mut text = report.table(By::Operator);
    for witness in report.witnesses() {
        let judge = &report.judges()[witness.judge];
        text.push_str(&format!(
            "\n{judge}: {} ({}), subject {}\n  problem   {}\n  solution  {}\n  candidate {}\n",
            witness.cell.operator,
            witness.cell.label.name(),
            witness.index,
            witness.problem,
            witness.solution,
            witness.candidate,
        ));
    }
    text
}

#[test]
fn both_levels_keep_their_promises_on_every_operator() {
    let report = audit(4_000, 8, 2, 7);
    let shown = shown(&report);
    println!("{shown}");
    assert_eq!(report.witnesses().count(), 0, "{shown}");
    let seen: Vec<&str> = report.cells().map(|(cell, _)| &*cell.operator).collect();
    for operator in Operator::all() {
        let reverse =
            operator.description().starts_with("reverse") || operator.name() == "coefficient";
        assert!(
            reverse || seen.contains(&operator.name()),
            "{} never applied",
            operator.name()
        );
    }
}

#[test]
fn threads_do_not_change_the_report() {
    assert_eq!(audit(300, 2, 1, 3), audit(300, 2, 3, 3));
}

/// The solutions of a published file, as subjects.
fn published(file: &str) -> Option<Vec<Subject>> {
    let Some(folder) = std::env::var_os("INTERPLAY_CONFORMANCE") else {
        println!("skipped: INTERPLAY_CONFORMANCE is not set, so {file} is not audited");
        return None;
    };
    let path = PathBuf::from(folder).join(file);
    let opened = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(opened)).lines();
    let subject = |line: String| {
        let record: serde_json::Value = serde_json::from_str(&line).unwrap();
        let text = |field: &str| record[field].as_str().unwrap().to_owned();
        let kind = Kind {
            op: record["op"].as_u64().unwrap() as u32,
            d: record["d"].as_u64().unwrap() as u32,
            context: text("template"),
            dialect: "prose",
            mode: match &*text("mode") {
                "forwardreverse" => "reverse",
                _ => "forward",
            },
        };
        let texts = (text("problem"), text("question"), text("solution"));
        Subject::from_texts(&texts.0, &texts.1, &texts.2, kind).unwrap()
    };
    Some(lines.map(|line| subject(line.unwrap())).collect())
}

#[test]
fn both_levels_keep_their_promises_on_published_solutions() {
    for file in ["gold_d2.jsonl.gz", "gold_d3.jsonl.gz"] {
        let Some(subjects) = published(file) else {
            return;
        };
        let mut audit = Audit::new(subjects.len() as u64, 5);
        (audit.mutants_each, audit.threads) = (10, 2);
        let report = run::<SubjectError>(&audit, &|index| Ok(subjects[index as usize].clone()));
        assert_eq!(report.witnesses().count(), 0, "{file}\n{}", shown(&report));
    }
}
