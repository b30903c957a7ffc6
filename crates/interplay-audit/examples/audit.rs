//! Audits both levels on generated problems and prints the tables, with examples of whatever
//! went wrong.
//!
//! ```sh
//! cargo run -p interplay-audit --features tasks --example audit -- 100000 1 7 2
//! ```
//!
//! Arguments, all optional: how many problems, how many mutants of each, the seed, the threads.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use interplay_audit::{Audit, Audited, By, Problems};
use interplay_tasks::ContextLibrary;
use interplay_verify::{Level, Verifier};

fn main() -> Result<()> {
    let numbers: Vec<u64> = std::env::args()
        .skip(1)
        .map(|word| {
            word.parse()
                .with_context(|| format!("`{word}` is no number"))
        })
        .collect::<Result<_>>()?;
    let number = |position: usize, usual: u64| numbers.get(position).copied().unwrap_or(usual);
    let mut audit = Audit::new(number(0, 10_000), number(2, 0));
    audit.mutants_each = u32::try_from(number(1, 4))?;
    audit.threads = usize::try_from(number(3, 1))?;

    let library = ContextLibrary::embedded();
    let contexts: Vec<&str> = library.iter().map(|context| context.id()).collect();
    let ops: Vec<u32> = (2..=20).collect();
    let problems = Problems::new(&library, &contexts, &ops, audit.seed)?;
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
    let start = Instant::now();
    let report = audit.run(&judged, &|index| problems.subject(index), &|_| {})?;
    let seconds = start.elapsed().as_secs_f64();
    for by in [By::Operator, By::Dialect] {
        println!("{}", report.table(by));
    }
    for witness in report.witnesses() {
        let judge = &report.judges()[witness.judge];
        let subject = problems.subject(witness.index)?;
        let verdict = strict.verify(subject.gold(), &witness.candidate);
        println!(
            "{judge}: {} ({}), problem {}\n  problem   {}\n  solution  {}\n  candidate {}\n  strict    {verdict}\n",
            witness.cell.operator,
            witness.cell.label.name(),
            witness.index,
            witness.problem,
            witness.solution,
            witness.candidate,
        );
    }
    let candidates: u64 = report.cells().map(|(_, counts)| counts.candidates).sum();
    println!(
        "{candidates} candidates at two levels in {seconds:.1} s; no operator for {} mutants",
        report.without_operator()
    );
    if report.witnesses().next().is_some() {
        bail!("a level broke its promise");
    }
    Ok(())
}
