//! A small audit of both levels: nothing harmful passes the strict one, nothing harmless fails.

use interplay_tasks::ContextLibrary;
use interplay_verify::audit::{Audit, Audited, By, Operator, Problems, Report};
use interplay_verify::{Level, Verifier};

fn audit(subjects: u64, each: u32, threads: usize, seed: u64) -> Report {
    let ops: Vec<u32> = (2..=20).collect();
    let problems = Problems::new(&ContextLibrary::embedded(), &["zoo", "school"], &ops, seed);
    let problems = problems.unwrap();
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
    let mut audit = Audit::new(subjects, seed);
    (audit.mutants_each, audit.threads) = (each, threads);
    let subject = |index| problems.subject(index);
    audit.run(&judged, &subject, &|_| {}).unwrap()
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
