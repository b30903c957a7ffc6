//! The published strategies: what they draw, what they promise, and that they shrink.

use interplay_audit::strategies::{Kinds, cases, harmful_cases, harmless_cases, subjects};
use interplay_audit::{Label, Opinion, opinion};
use interplay_tasks::{Dialect, Mode};
use interplay_verify::{Level, Verifier};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

/// Words, numbers, signs and gaps.
fn pieces(text: &str) -> Vec<&str> {
    let kind = |letter: char| match letter {
        _ if letter.is_alphabetic() || letter == '\'' => 1,
        _ if letter.is_ascii_digit() => 2,
        ' ' => 3,
        _ => 4,
    };
    let mut pieces = Vec::new();
    let (mut start, mut last) = (0, 0);
    for (at, letter) in text.char_indices() {
        let next = kind(letter);
        if at > start && (next != last || next == 4) {
            pieces.push(&text[start..at]);
            start = at;
        }
        last = next;
    }
    pieces.push(&text[start..]);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn both_levels_keep_their_promises(case in cases(Kinds::default())) {
        let gold = case.subject.gold();
        let strict = Verifier::new(Level::Strict).verify(gold, &case.mutant.text);
        prop_assert_eq!(strict.accepted, case.mutant.label == Label::Harmless, "{}", strict);
        let paper = Verifier::new(Level::Paper).verify(gold, &case.mutant.text);
        prop_assert!(paper.accepted || case.mutant.label == Label::Harmful, "{}", paper);
    }

    #[test]
    fn labels_agree_with_an_independent_reading(case in cases(Kinds::default())) {
        match opinion(&case.subject, &case.mutant.text) {
            Opinion::True => prop_assert_eq!(case.mutant.label, Label::Harmless),
            Opinion::False(why) => prop_assert_eq!(case.mutant.label, Label::Harmful, "{}", why),
            // Other ways of writing, or what is no solution at all.
            Opinion::Unread => {}
        }
    }

    #[test]
    fn survivors_of_random_edits_are_true(
        subject in subjects(Kinds { ops: 2..=9, ..Kinds::default() }),
        edits in prop::collection::vec((0_u8..5, any::<Index>(), any::<Index>()), 1..4),
    ) {
        let text = subject.solution();
        prop_assert_eq!(opinion(&subject, text), Opinion::True);
        let words = pieces(text);
        let mut edited = words.clone();
        for (kind, at, with) in edits {
            let (at, other) = (at.index(edited.len()), with.index(edited.len()));
            match kind {
                0 => edited[at] = words[with.index(words.len())],
                1 => drop(edited.remove(at)),
                2 => edited.insert(at, words[with.index(words.len())]),
                3 => edited[at] = ["+", "-", "*", "x", "0", "1", "2", "(", ")"][with.index(9)],
                _ => edited.swap(at, other),
            }
        }
        let candidate = edited.concat();
        let verdict = Verifier::new(Level::Strict).verify(subject.gold(), &candidate);
        if verdict.accepted {
            let seen = opinion(&subject, &candidate);
            prop_assert!(!matches!(seen, Opinion::False(_)), "{:?}\n{}\n{}", seen, text, candidate);
        }
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
