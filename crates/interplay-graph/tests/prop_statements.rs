//! Reading of any text: no panic, spans that lie in the text, and time in proportion to it.

use interplay_graph::{Linear, Says, Statements};
use proptest::prelude::*;

const PROSE: &str = "The number of adult fox in Pine Ridge equals 2 times the sum of the total \
    number of adult animals in Elk Bay, the number of adult crow in Elk Bay, and the average \
    number of newborn children per adult fox in Elk Bay. The number of adult crow in Elk Bay \
    exists, and its number is greater than 0. The average number of newborn children per adult \
    fox in Elk Bay is greater than 0. The number of adult fox in Elk Bay equals 3 plus the \
    difference between the number of adult crow in Elk Bay and the number of adult owl in Pöl. \
    The total number of newborn animal children in Pine Ridge equals 61. The number of adult owl \
    in Pöl equals 4.";
const TERSE: &str = "fox > 0. elk = 2 * (fox + owl). owl = 3. bee = elk - fox + 1. bee = 14. ant = \
    bee * fox + owl * elk. cow = ant.";

/// A text of pieces of known sentences, cut at any byte.
fn spliced() -> impl Strategy<Value = String> {
    let piece = (any::<bool>(), any::<prop::sample::Index>(), 1..60_usize).prop_map(
        |(prose, from, length)| {
            let text: Vec<char> = if prose { PROSE } else { TERSE }.chars().collect();
            let from = from.index(text.len());
            text[from..(from + length).min(text.len())].iter().collect()
        },
    );
    prop::collection::vec(piece, 0..12).prop_map(|pieces: Vec<String>| pieces.concat())
}

fn check(problem: &str, question: &str) {
    let read = Statements::read(problem, question);
    let mut ends = 0;
    for statement in read.iter() {
        let sentence = &problem[statement.span.clone()];
        assert!(statement.span.start >= ends, "spans keep the text's order");
        ends = statement.span.end;
        assert!(sentence.contains(statement.name));
        if let Says::Defined { parents, .. } = statement.says {
            assert!(parents.iter().all(|parent| sentence.contains(parent)));
        }
    }
    for bad in read.unreadable() {
        assert!(!problem[bad.span.clone()].is_empty());
    }
    if let Ok(told) = read.problem() {
        // What a text says is what its graph computes.
        assert_eq!(told.graph.evaluate().as_deref(), Ok(told.values()));
        if let Some(reversal) = told.reversal {
            let value = |id: interplay_graph::QuantityId| told.values()[id.index()];
            let Linear {
                coefficient,
                constant,
            } = reversal.form;
            let left = coefficient * value(reversal.unknown) + constant;
            assert_eq!(
                (left, value(reversal.given)),
                (reversal.value, reversal.value)
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_text_does_not_panic(problem in any::<String>(), question in any::<String>()) {
        check(&problem, &question);
    }

    #[test]
    fn random_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&String::from_utf8_lossy(&bytes), "fox?");
    }

    #[test]
    fn spliced_text_does_not_panic(problem in spliced(), question in spliced()) {
        check(&problem, &question);
        check(&problem, "fox?");
        check(&problem, "How many adult crow does Elk Bay have?");
    }

    #[test]
    fn truncated_text_does_not_panic(at in any::<prop::sample::Index>()) {
        for text in [PROSE, TERSE] {
            let ends: Vec<usize> = text.char_indices().map(|(end, _)| end).collect();
            check(&text[..*at.get(&ends)], "How many adult crow does Elk Bay have?");
        }
    }
}

/// Texts that would make a careless reader look back again and again. Each is read at two sizes;
/// the reader must return, which for quadratic work at these sizes it would not within minutes.
#[test]
fn hostile_text_is_read_in_linear_time() {
    let size = 400_000;
    let list = format!(
        "The number of a in p equals the sum of {}",
        "the and the ".repeat(size)
    );
    let dots = ".".repeat(size);
    let plus = format!("a = {}b", "b + ".repeat(size));
    let totals: String = (0..size / 40)
        .map(|at| format!("The number of a{at} in p equals the total number of t{at} in p. "))
        .collect();
    let circle: String = (0..size / 10)
        .map(|at| format!("q{at} = q{}. ", (at + 1) % (size / 10)))
        .collect();
    for text in [list, dots, plus, totals, circle] {
        check(&text, "q0?");
    }
}
