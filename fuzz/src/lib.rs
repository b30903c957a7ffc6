//! Shared by the fuzz targets: a fixed set of problems, the invariants of every verdict, and folders.

mod folder;

use interplay_tasks::ContextLibrary;
use interplay_audit::{GoldSource, Problems, Subject};
use interplay_verify::{Gold, Level, Verdict, Verifier};

pub use folder::{Folder, SEPARATOR, parts};

/// The seed of the fixed set of problems.
pub const SEED: u64 = 20_251_207;
/// The number of rounds through all kinds of problems in the set.
const ROUNDS: u64 = 2;

/// Problems of several difficulties in both dialects and modes, always the same.
pub fn subjects() -> Vec<Subject> {
    let library = ContextLibrary::embedded();
    let sources = vec![GoldSource::Graph, GoldSource::Solution];
    let problems = Problems::new(&library, &["zoo"], &[2, 3, 5, 8, 13, 20], SEED)
        .expect("the kinds of problems are fixed")
        .gold_from(sources);
    (0..problems.kinds() as u64 * ROUNDS)
        .map(|index| problems.subject(index).expect("the problems are fixed"))
        .collect()
}

/// Judges a text at both levels and checks the invariants of the verdicts.
pub fn check(gold: &Gold, text: &str) -> (Verdict, Verdict) {
    let strict = Verifier::new(Level::Strict).verify(gold, text);
    let paper = Verifier::new(Level::Paper).verify(gold, text);
    assert_eq!(
        strict.accepted,
        strict.first_error.is_none(),
        "strict: accepted if and only if there is no first error"
    );
    assert!(
        !strict.accepted || paper.accepted,
        "the paper level accepts whatever the strict level accepts"
    );
    for verdict in [&strict, &paper] {
        consistent(verdict, text);
    }
    (strict, paper)
}

fn consistent(verdict: &Verdict, text: &str) {
    assert!((0.0..=1.0).contains(&verdict.process_accuracy));
    if verdict.accepted {
        assert!(verdict.answer_correct && verdict.first_error.is_none());
        assert_eq!(verdict.process_accuracy, 1.0);
        assert_eq!(verdict.missing, 0);
    }
    for step in &verdict.steps {
        assert!(text.get(step.span.clone()).is_some(), "a step's span lies in the text");
    }
    if let Some(error) = &verdict.first_error {
        assert!(text.get(error.span.clone()).is_some(), "the error's span lies in the text");
    }
}
