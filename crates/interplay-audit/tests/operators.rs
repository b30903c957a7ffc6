//! What every operator of the audit does to four right solutions, pinned and meant to be read.
//!
//! `cargo xtask golden` rewrites the file after an intended change.

use std::fmt::Write as _;
use std::path::PathBuf;

use interplay_audit::{Draw, Kind, Label, Operator, Subject};
use interplay_graph::{Definition, Goal, QuantityId, ReasoningGraph, SeedStreams};
use interplay_verify::{Gold, Level, Verifier};

/// How many mutants of each operator are shown.
const SHOWN: usize = 2;

const TERSE: &str = "fox = 3. elk = fox + 2 = 3 + 2 = 5. hen = elk - fox = 5 - 3 = 2. \
                     bee = 2 * (fox + hen) = 2 * (3 + 2) = 10. \
                     cow = bee + hen + fox = 10 + 2 + 3 = 15. Answer: 15.";
const PROSE: &str = "Define fox in Zoo as a; so a = 3. Define elk in Zoo as b; m = a = 3; \
                     so b = 2 + m = 2 + 3 = 5. Define hen in Zoo as c; so c = b - a = 5 - 3 = 2. \
                     Define bee in Zoo as d; p = a + c = 3 + 2 = 5; so d = 2 * p = 2 * 5 = 10. \
                     Define cow in Zoo as e; q = d + c = 10 + 2 = 12; so e = q + a = 12 + 3 = 15. \
                     Answer: 15.";
const TERSE_REVERSE: &str = "fox = x. elk = fox + 2 = x + 2 = x + 2. hen = 4. \
                             bee = 2 * (elk + hen) = 2 * (x + 2 + 4) = 2*x + 12. \
                             Solve bee = 18: 2*x + 12 = 18; 2*x = 6; x = 6 / 2; x = 3. Answer: 3.";
const PROSE_REVERSE: &str = "The question is difficult, so we use equations to solve it. \
    Define fox in Zoo as x; we don't know its value yet but will find it out later. \
    Define elk in Zoo as b; m = x = x; so b = 2 + m = 2 + x = x + 2. Define hen in Zoo as c; so c = 4. \
    Define bee in Zoo as d; p = b + c = x + 2 + 4 = x + 6; so d = 2 * p = (2) * (x + 6) = 2*x + 12. \
    We know d = 18, so we have 2*x + 12 = 18 and we solve it through the following steps: \
    Simplifying the equation: 2*x + 12 = 18. Move all terms to one side: 2*x - 6 = 0. \
    Isolate the term with x: 2*x = 6. Divide both sides by 2: x = 6 / 2. Solution: x = 3. Answer: 3.";

/// The graph of the solutions, with two unneeded quantities; the quantity at the bottom and the
/// one at the top.
fn graph(prose: bool, reverse: bool) -> (ReasoningGraph, QuantityId, QuantityId) {
    let name = |noun: &str| match prose {
        true => format!("{noun} in Zoo"),
        false => noun.to_owned(),
    };
    let mut graph = ReasoningGraph::new();
    let mut add = |noun: &str, definition, parents: &[QuantityId]| {
        graph.add(name(noun), definition, parents).unwrap()
    };
    let fox = add("fox", Definition::constant(3), &[]);
    let elk = add("elk", Definition::sum().plus(2), &[fox]);
    let (hen, top) = match reverse {
        true => {
            let hen = add("hen", Definition::constant(4), &[]);
            (hen, add("bee", Definition::sum().times(2), &[elk, hen]))
        }
        false => {
            let hen = add("hen", Definition::difference(), &[elk, fox]);
            let bee = add("bee", Definition::sum().times(2), &[fox, hen]);
            (hen, add("cow", Definition::sum(), &[bee, hen, fox]))
        }
    };
    let ox = add("ox", Definition::constant(7), &[]);
    add("ram", Definition::sum().plus(1), &[ox, hen]);
    (graph, fox, top)
}

fn subject(solution: &str, prose: bool, reverse: bool) -> Subject {
    let (graph, bottom, top) = graph(prose, reverse);
    let goal = match reverse {
        true => Goal::Reverse {
            unknown: bottom,
            given: top,
        },
        false => Goal::Forward { target: top },
    };
    let gold = Gold::from_goal(&graph, goal).unwrap();
    let kind = Kind {
        op: graph.necessary(top).0.op(),
        d: 2,
        context: "hand".to_owned(),
        dialect: if prose { "prose" } else { "terse" },
        mode: if reverse { "reverse" } else { "forward" },
    };
    let subject = Subject::new(String::new(), solution, gold, kind).unwrap();
    subject.with_graph(graph, goal.asked())
}

fn subjects() -> [Subject; 4] {
    [
        subject(TERSE, false, false),
        subject(PROSE, true, false),
        subject(TERSE_REVERSE, false, true),
        subject(PROSE_REVERSE, true, true),
    ]
}

/// A few different mutants of each operator.
fn shown() -> String {
    let stream = SeedStreams::new(1).stream("audit/operators");
    let mut text = String::new();
    for subject in subjects() {
        let kind = subject.kind();
        let _ = writeln!(
            text,
            "# {}, {}\n{}\n",
            kind.dialect,
            kind.mode,
            subject.solution()
        );
        for operator in Operator::all() {
            let mut found: Vec<String> = Vec::new();
            for index in 0..40 {
                let mut draw = Draw::new(stream.rng(index));
                let mutant = operator.mutate(&subject, &mut draw);
                let fresh = mutant.filter(|mutant| !found.contains(&mutant.text));
                found.extend(fresh.map(|mutant| mutant.text));
            }
            for mutant in found.iter().take(SHOWN) {
                let (label, name) = (operator.label().name(), operator.name());
                let _ = writeln!(text, "{label} {name}: {}", mutant.escape_debug());
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn every_operator_matches_its_golden_mutants() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/operators.txt");
    if std::env::var_os("INTERPLAY_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, shown()).unwrap();
    }
    let pinned = std::fs::read_to_string(&path).unwrap();
    assert!(
        pinned == shown(),
        "the mutants differ from {}",
        path.display()
    );
    for operator in Operator::all() {
        assert!(
            pinned.contains(&format!(" {}: ", operator.name())),
            "{}",
            operator.name()
        );
    }
}

#[test]
fn levels_agree_with_the_labels() {
    let stream = SeedStreams::new(2).stream("audit/operators");
    for subject in subjects() {
        for (operator, index) in
            Operator::all().flat_map(|operator| (0..60).map(move |i| (operator, i)))
        {
            let mut draw = Draw::new(stream.rng(index));
            let Some(mutant) = operator.mutate(&subject, &mut draw) else {
                continue;
            };
            let strict = Verifier::new(Level::Strict).verify(subject.gold(), &mutant.text);
            let right = mutant.label == Label::Harmless;
            assert_eq!(
                strict.accepted,
                right,
                "{}: {strict}\n{}",
                operator.name(),
                mutant.text
            );
        }
    }
}

#[test]
fn names_are_unique_and_found() {
    let names: std::collections::BTreeSet<_> = Operator::all().map(Operator::name).collect();
    assert_eq!(names.len(), Operator::all().count());
    assert_eq!(Operator::find("tags").unwrap().label(), Label::Harmless);
    assert!(Operator::find("none").is_none());
}

#[test]
fn an_unreadable_solution_is_an_error_with_its_position() {
    let kind = subjects()[0].kind().clone();
    let gold = subjects()[0].gold().clone();
    for (text, at) in [
        ("fox = 3. elk = fox + = 5. Answer: 5.", 15),
        ("fox = 3. elk = owl + 2 = 5 + 2 = 7. Answer: 7.", 9),
        ("fox = 3. Answer: 3. Done.", 20),
        ("fox = 3. Answer: three.", 17),
        ("fox = 3", 0),
    ] {
        let error = Subject::new(String::new(), text, gold.clone(), kind.clone()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains(&format!("at byte {at};")),
            "{text}: {message}"
        );
    }
}
