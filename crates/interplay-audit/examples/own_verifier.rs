//! Property-tests a verifier of your own against the strict one, and shows what it overlooks.
//!
//! ```sh
//! cargo run -p interplay-audit --features proptest --example own_verifier
//! ```
//!
//! The verifier here is what one writes first: it looks whether every needed quantity is stated
//! with its value and whether the answer is right. The strategies find a wrong solution that it
//! accepts, and a right one that it rejects, and shrink both.

use interplay_audit::strategies::{Case, Kinds, harmful_cases, harmless_cases};
use interplay_audit::{Label, Subject};
use interplay_tasks::{Dialect, Mode};
use interplay_verify::{Level, Verifier};
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Whether the candidate ends in the right answer and holds, sentence by sentence, the last
/// number of each sentence of the right solution.
fn own_verifier(subject: &Subject, candidate: &str) -> bool {
    let last_numbers = |text: &str| -> Vec<(String, String)> {
        let sentences = text
            .split(". ")
            .map(|sentence| sentence.trim_end_matches('.'));
        let told = sentences.filter_map(|sentence| {
            let (name, _) = sentence.split_once(" = ")?;
            let (_, value) = sentence.rsplit_once(" = ")?;
            Some((name.to_owned(), value.to_owned()))
        });
        told.collect()
    };
    let found = last_numbers(candidate);
    let needed = last_numbers(subject.solution());
    let answer = format!("Answer: {}.", subject.gold().answer());
    needed.iter().all(|step| found.contains(step)) && candidate.ends_with(&answer)
}

/// The smallest case that breaks the property, if one is found.
fn counterexample(cases: impl Strategy<Value = Case>) -> Option<Case> {
    let config = Config {
        cases: 2_000,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let outcome = TestRunner::new_with_rng(config, rng).run(&cases, |case| {
        let strict = Verifier::new(Level::Strict);
        let strict = strict.verify(case.subject.gold(), &case.mutant.text);
        let own = own_verifier(&case.subject, &case.mutant.text);
        match own == strict.accepted {
            true => Ok(()),
            false => Err(TestCaseError::fail("the verifiers differ")),
        }
    });
    match outcome {
        Err(TestError::Fail(_, case)) => Some(case),
        Ok(()) | Err(TestError::Abort(_)) => None,
    }
}

fn main() {
    let kinds = Kinds {
        dialects: vec![Dialect::Terse],
        modes: vec![Mode::Forward],
        ..Kinds::default()
    };
    let found = [
        counterexample(harmful_cases(kinds.clone())),
        counterexample(harmless_cases(kinds)),
    ];
    for case in found.into_iter().flatten() {
        let verdict = Verifier::new(Level::Strict);
        let verdict = verdict.verify(case.subject.gold(), &case.mutant.text);
        let own = match case.mutant.label {
            Label::Harmful => "our own verifier accepts a wrong solution",
            Label::Harmless => "our own verifier rejects a right solution",
        };
        println!("{own}\n{case:?}\n  strict    {verdict}\n");
    }
}
