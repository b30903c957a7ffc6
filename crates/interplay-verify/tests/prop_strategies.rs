//! The published strategies: what they draw, what they promise, and that they shrink.

use interplay_tasks::{Dialect, Mode};
use interplay_verify::audit::Label;
use interplay_verify::strategies::{Kinds, cases, harmful_cases, harmless_cases};
use interplay_verify::{Level, Verifier};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn both_levels_keep_their_promises(case in cases(Kinds::default())) {
        let gold = case.subject.gold();
        let strict = Verifier::new(Level::Strict).verify(gold, &case.mutant.text);
        prop_assert_eq!(strict.accepted, case.mutant.label == Label::Harmless, "{}", strict);
        let paper = Verifier::new(Level::Paper).verify(gold, &case.mutant.text);
        prop_assert!(paper.accepted || case.mutant.label == Label::Harmful, "{}", paper);
    }

    #[test]
    fn labels_and_kinds_are_as_asked_for(
        harmful in harmful_cases(Kinds { ops: 3..=5, modes: vec![Mode::Forward], ..Kinds::default() }),
        harmless in harmless_cases(Kinds { dialects: vec![Dialect::Prose], ..Kinds::default() }),
    ) {
        prop_assert_eq!(harmful.mutant.label, Label::Harmful);
        prop_assert!((3..=5).contains(&harmful.subject.kind().op));
        prop_assert_eq!(harmful.subject.kind().mode, "forward");
        prop_assert_eq!(harmless.mutant.label, Label::Harmless);
        prop_assert_eq!(harmless.subject.kind().dialect, "prose");
        prop_assert_ne!(harmless.subject.solution(), &*harmless.mutant.text);
    }
}

#[test]
fn counterexamples_shrink_to_small_problems() {
    let config = Config {
        failure_persistence: None,
        ..Config::with_cases(400)
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[3; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    // A verifier that looks at the answer alone.
    let outcome = runner.run(&harmful_cases(Kinds::default()), |case| {
        let answer = format!("Answer: {}.", case.subject.gold().answer());
        match case.mutant.text.ends_with(&answer) {
            true => Err(TestCaseError::fail("accepted")),
            false => Ok(()),
        }
    });
    let Err(TestError::Fail(_, case)) = outcome else {
        panic!("the answer alone tells right from wrong: {outcome:?}");
    };
    assert_eq!(case.subject.kind().op, 2, "{case:?}");
    assert!(case.mutant.text.len() < 120, "{case:?}");
}
