//! Reverse problems: linear forms, the unknown, the equation and its solving.

mod zoo;

use interplay_graph::{Definition, Goal, QuantityId, ReasoningGraph};
use interplay_verify::{Gold, Level, Reason, Verifier, VerifyError};
use zoo::{assert_accepted, assert_rejected, edited, reason, strict};

const TERSE: &str = "fox = x. ant = 2. elk = 2 * fox = 2 * x = 2*x. \
                     owl = elk + fox + ant = 2*x + x + 2 = 3*x + 2. \
                     Solve owl = 14: 3*x + 2 = 14; 3*x = 12; x = 12 / 3; x = 4. Answer: 4.";

const PROSE: &str = "The question is difficult, so we use equations to solve it. \
                     Define adult fox in South Zoo as x; we don't know its value yet but will find it out later. \
                     Define adult ant in South Zoo as a; so a = 2. \
                     Define adult elk in South Zoo as b; m = x = x; so b = 2 * m = (2) * (x) = 2*x. \
                     Define adult owl in South Zoo as c; p = b + x = 2*x + x = 3*x; so c = p + a = 3*x + 2 = 3*x + 2. \
                     We know c = 14, so we have 3*x + 2 = 14 and we solve it through the following steps: \
                     Simplifying the equation: 3*x + 2 = 14. \
                     Move all terms to one side: 3*x - 12 = 0. \
                     Isolate the term with x: 3*x = 12. \
                     Divide both sides by 3: x = 12 / 3. \
                     Solution: x = 4. Answer: 4.";

fn reverse(unknown: QuantityId, given: QuantityId) -> Goal {
    Goal::Reverse { unknown, given }
}

fn graph(place: &str) -> (ReasoningGraph, Gold) {
    let mut graph = ReasoningGraph::new();
    let name = |animal: &str| match place {
        "" => animal.to_owned(),
        place => format!("adult {animal} in {place}"),
    };
    let constant = Definition::constant;
    let fox = graph.add(name("fox"), constant(4), &[]).unwrap();
    let ant = graph.add(name("ant"), constant(2), &[]).unwrap();
    let elk = graph
        .add(name("elk"), Definition::sum().times(2), &[fox])
        .unwrap();
    let owl = graph
        .add(name("owl"), Definition::sum(), &[elk, fox, ant])
        .unwrap();
    graph
        .add(name("bee"), Definition::difference(), &[elk, ant])
        .unwrap();
    let gold = Gold::from_goal(&graph, reverse(fox, owl)).unwrap();
    (graph, gold)
}

fn terse() -> Gold {
    graph("").1
}

fn prose() -> Gold {
    graph("South Zoo").1
}

#[test]
fn gold_is_accepted_from_the_graph_and_from_its_own_text() {
    for (text, gold) in [(TERSE, terse()), (PROSE, prose())] {
        let learned = Gold::from_solution(text).unwrap();
        assert!(gold.is_reverse() && learned.is_reverse());
        assert_eq!((gold.answer(), learned.answer()), (4, 4));
        for gold in [&gold, &learned] {
            for level in [Level::Paper, Level::Strict] {
                let verdict = Verifier::new(level).verify(gold, text);
                assert!(verdict.accepted, "{level:?} {verdict}");
                assert_eq!(verdict.process_accuracy, 1.0);
            }
        }
    }
}

#[test]
fn accepts_harmless_variation_in_terse() {
    assert_accepted(
        &terse(),
        TERSE,
        &[
            ("; 3*x = 12; x = 12 / 3", ""),
            ("3*x = 12; ", "3*x - 12 = 0; 3*x = 12; "),
            ("2*x + x + 2 = 3*x + 2", "2 + x + 2*x = 2 + 3*x"),
            ("= 2 * x = 2*x", "= x * 2 = x*2"),
            ("elk = 2 * fox = 2 * x = 2*x", "elk = 2 * fox = 2*x"),
        ],
    );
    let renamed = TERSE.replace('x', "q").replace("foq", "fox");
    assert_eq!(reason(&terse(), &renamed), None, "{renamed}");
    let unneeded = edited(
        TERSE,
        "owl = elk +",
        "bee = elk - ant = 2*x - 2 = 2*x - 2. owl = elk +",
    );
    let verdict = strict(&terse(), &unneeded);
    assert!(verdict.accepted && verdict.extra == 1, "{verdict}");
    let moved = TERSE.replace("fox = x. ant = 2. ", "ant = 2. fox = x. ");
    assert_eq!(reason(&terse(), &moved), None);
    let tagged = TERSE.replace("Answer: 4.", "</solution> <answer> 4 </answer>");
    assert_eq!(reason(&terse(), &tagged), None);
}

#[test]
fn accepts_harmless_variation_in_prose() {
    assert_accepted(
        &prose(),
        PROSE,
        &[
            (
                "The question is difficult, so we use equations to solve it. ",
                "",
            ),
            ("Move all terms to one side: 3*x - 12 = 0. ", ""),
            ("Simplifying the equation: 3*x + 2 = 14. ", ""),
            ("p = b + x = 2*x + x = 3*x", "p = x + b = x + 2*x = 3*x"),
            ("(2) * (x) = 2*x", "2 * x = 2*x"),
            ("3*x + 2 = 3*x + 2.", "3*x + 2."),
            ("we don't know its", "we  don't\nknow its"),
            ("Answer: 4.", "Answer: 4"),
        ],
    );
    let letter = |text: &str| text.replace("as x", "as q").replace("*x", "*q");
    let renamed = letter(PROSE).replace("= x", "= q").replace(" x ", " q ");
    let renamed = renamed
        .replace("(x)", "(q)")
        .replace("with x", "with q")
        .replace(": x", ": q");
    assert_eq!(reason(&prose(), &renamed), None, "{renamed}");
}

#[test]
fn rejects_wrong_steps() {
    assert_rejected(
        &terse(),
        TERSE,
        &[
            ("2 * x = 2*x", "2 * x = 3*x", Reason::WrongEquality),
            ("2 * x = 2*x", "3 * x = 2*x", Reason::WrongNumbers),
            ("elk = 2 * fox", "elk = 3 * fox", Reason::WrongNumbers),
            (
                "2*x + x + 2 = 3*x + 2",
                "2*x + x + 2 = 3*x + 3",
                Reason::WrongEquality,
            ),
            (
                "2*x + x + 2 = 3*x",
                "2*x + x - 2 = 3*x",
                Reason::WrongNumbers,
            ),
            ("elk + fox + ant", "elk + fox + fox", Reason::WrongNumbers),
            ("fox = x.", "fox = 4.", Reason::UnknownDefined),
            ("ant = 2.", "ant = y.", Reason::UndefinedSymbol),
            ("fox = x. ", "", Reason::UndefinedSymbol),
            (
                "2 * fox = 2 * x = 2*x",
                "2 * fox = 2 * 4 = 8",
                Reason::WrongNumbers,
            ),
        ],
    );
    assert_rejected(
        &prose(),
        PROSE,
        &[
            ("(2) * (x) = 2*x", "(2) * (x) = 3*x", Reason::WrongEquality),
            ("(2) * (x)", "(2) + (x)", Reason::WrongNumbers),
            (
                "p = b + x = 2*x + x = 3*x",
                "p = b + b = 2*x + 2*x = 4*x",
                Reason::WrongNumbers,
            ),
            (
                "as a; so a = 2",
                "as a; we don't know its value yet but will find it out later",
                Reason::NotUnknown,
            ),
            (
                "we don't know its value yet but will find it out later",
                "so x = 4",
                Reason::UnknownDefined,
            ),
        ],
    );
}

#[test]
fn rejects_an_equation_that_does_not_follow_or_is_not_solved() {
    assert_rejected(
        &terse(),
        TERSE,
        &[
            ("Solve owl = 14", "Solve owl = 15", Reason::WrongKnown),
            ("Solve owl", "Solve elk", Reason::WrongKnown),
            ("Solve owl", "Solve yak", Reason::UndefinedSymbol),
            (": 3*x + 2 = 14;", ": 3*x + 3 = 15;", Reason::WrongEquation),
            (": 3*x + 2 = 14;", ": 3*x = 12;", Reason::WrongEquation),
            ("3*x = 12;", "3*x = 13;", Reason::WrongEquation),
            ("x = 12 / 3", "x = 24 / 6", Reason::WrongEquation),
            ("x = 12 / 3", "x = 12 / 4", Reason::WrongEquation),
            (
                "3*x = 12; x = 12 / 3",
                "x = 12 / 3; 3*x = 12",
                Reason::WrongEquation,
            ),
            ("3*x = 12; ", "3*x = 12; 3*x = 12; ", Reason::WrongEquation),
            ("; x = 4.", ".", Reason::MissingSolution),
            ("; x = 4.", "; x = 5.", Reason::WrongEquation),
            (
                "Solve owl = 14: 3*x + 2 = 14; 3*x = 12; x = 12 / 3; x = 4. ",
                "",
                Reason::MissingSolution,
            ),
            ("Answer: 4", "Answer: 5", Reason::WrongAnswer),
            (
                "x = 4. Answer",
                "x = 4. bee = elk - ant = 2*x - 2 = 2*x - 2. Answer",
                Reason::StrayText,
            ),
        ],
    );
    assert_rejected(
        &prose(),
        PROSE,
        &[
            ("We know c = 14", "We know c = 15", Reason::WrongKnown),
            ("We know c", "We know b", Reason::WrongKnown),
            (
                "we have 3*x + 2 = 14",
                "we have 3*x + 2 = 15",
                Reason::WrongEquation,
            ),
            (
                "equation: 3*x + 2 = 14",
                "equation: 3*x = 12",
                Reason::WrongEquation,
            ),
            (
                "side: 3*x - 12 = 0",
                "side: 3*x + 12 = 0",
                Reason::WrongEquation,
            ),
            (
                "with x: 3*x = 12",
                "with x: 3*x = 13",
                Reason::WrongEquation,
            ),
            ("with x:", "with b:", Reason::WrongEquation),
            ("sides by 3", "sides by 4", Reason::WrongEquation),
            ("Solution: x = 4", "Solution: x = 5", Reason::WrongEquation),
            ("Solution: x = 4. ", "", Reason::MissingSolution),
            (
                "Define adult ant",
                "The question is difficult, so we use equations to solve it. Define adult ant",
                Reason::StrayText,
            ),
        ],
    );
    // What comes first must come first.
    let early = edited(PROSE, "Isolate the term with x: 3*x = 12. ", "");
    let early = edited(
        &early,
        "Move all",
        "Isolate the term with x: 3*x = 12. Move all",
    );
    assert_eq!(reason(&prose(), &early), Some(Reason::WrongEquation));
}

#[test]
fn the_letter_of_the_unknown_names_no_quantity() {
    let letter = |letter: &str| {
        TERSE
            .replace("x.", &format!("{letter}."))
            .replace("x", letter)
    };
    // `fox` has an x of its own.
    let with = |name: &str| letter(name).replace(&format!("fo{name}"), "fox");
    assert_eq!(reason(&terse(), &with("q")), None);
    for name in ["elk", "owl", "bee"] {
        let candidate = with(name);
        assert_eq!(
            reason(&terse(), &candidate),
            Some(Reason::SymbolReused),
            "{candidate}"
        );
    }
    let again = edited(TERSE, "Solve", "x = 2. Solve");
    assert!(!strict(&terse(), &again).accepted);
}

#[test]
fn rejects_empty_operations_in_values() {
    assert_rejected(
        &terse(),
        TERSE,
        &[
            ("; x = 4.", "; 0 + x = 4.", Reason::WrongEquation),
            ("; 3*x = 12;", "; 3*x + 0 = 12;", Reason::WrongEquation),
            (
                "= 2 * x = 2*x.",
                "= 2 * x = 2*x + 0.",
                Reason::MissingEquation,
            ),
        ],
    );
}

#[test]
fn a_forward_problem_has_no_equation_to_solve() {
    let gold = Gold::from_solution("fox = 3. Answer: 3.").unwrap();
    for text in [
        "fox = 3. Solve fox = 3: fox = 3. Answer: 3.",
        "The question is difficult, so we use equations to solve it. fox = 3. Answer: 3.",
        "fox = 3. Solution: fox = 3. Answer: 3.",
        "fox = x. Answer: 3.",
    ] {
        assert!(!strict(&gold, text).accepted, "{text}");
    }
}

#[test]
fn rejects_gold_whose_unknown_does_not_follow() {
    let (graph, _) = graph("");
    let id = |name: &str| graph.find(name).unwrap();
    for (unknown, given) in [("ant", "elk"), ("elk", "owl")] {
        let error = Gold::from_goal(&graph, reverse(id(unknown), id(given))).unwrap_err();
        assert!(matches!(error, VerifyError::Undetermined { .. }), "{error}");
    }
    for broken in [
        edited(TERSE, "Answer: 4", "Answer: 5"),
        edited(
            TERSE,
            "Solve owl = 14: 3*x + 2 = 14; 3*x = 12; x = 12 / 3; x = 4. ",
            "",
        ),
        edited(TERSE, "Solve owl", "Solve yak"),
        edited(TERSE, "ant = 2.", "ant = y."),
    ] {
        assert!(Gold::from_solution(&broken).is_err(), "{broken}");
    }
}

#[test]
fn rejects_division_outside_the_equation() {
    let gold = Gold::from_solution("fox = 6. elk = fox + 1 = 6 + 1 = 7. Answer: 7.").unwrap();
    let text = "fox = 6. elk = fox / 2 = 6 / 2 = 3. Answer: 3.";
    assert_eq!(reason(&gold, text), Some(Reason::WrongOperation));
    assert_eq!(
        reason(&gold, "fox = 12 / 2 = 6. Answer: 6."),
        Some(Reason::WrongOperation)
    );
    assert_eq!(
        reason(&gold, "fox = 1 / 0 = 6. Answer: 6."),
        Some(Reason::WrongOperation)
    );
}
