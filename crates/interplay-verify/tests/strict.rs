//! What the strict level rejects, and why; and what it must not reject.

mod zoo;

use interplay_graph::{Definition, GoldGraph, ReasoningGraph};
use interplay_verify::{Gold, Reason};
use zoo::{PROSE, TERSE, assert_accepted, assert_rejected, edited, prose, reason, terse};

#[test]
fn accepts_the_gold_solutions() {
    assert_eq!(reason(&terse(false), TERSE), None);
    assert_eq!(reason(&prose(), PROSE), None);
    let (terse, prose) = (
        Gold::from_solution(TERSE).unwrap(),
        Gold::from_solution(PROSE).unwrap(),
    );
    assert_eq!(reason(&terse, TERSE), None);
    assert_eq!(reason(&prose, PROSE), None);
}

#[test]
fn accepts_harmless_variation_in_terse() {
    assert_accepted(
        &terse(false),
        TERSE,
        &[
            ("fox + 2 = 3 + 2", "2 + fox = 2 + 3"),
            ("fox + 2 = 3 + 2", "2 + fox = 3 + 2"),
            ("2 * (fox + elk)", "(elk + fox) * 2"),
            ("= 2 * (3 + 5) = 16", "= 16"),
            ("= 2 * (3 + 5) = 16", "= 2 * (3 + 5) = 2 * 8 = 16"),
            ("fox = 3. ", "fox=3.\n\n"),
            ("Answer: 16.", "Answer: 16"),
            ("Answer: 16.", "Answer:16 . "),
            ("owl = elk = 5. ", ""),
            ("Answer: 16.", "ant = owl - fox = 5 - 3 = 2. Answer: 16."),
        ],
    );
}

#[test]
fn accepts_harmless_variation_in_prose() {
    assert_accepted(
        &prose(),
        PROSE,
        &[
            ("so c = a + b = 3 + 5", "so c = b + a = 5 + 3"),
            ("m = a = 3; so b = 2 + m = 2 + 3", "so b = a + 2 = 3 + 2"),
            (
                "p = c - a = 8 - 3 = 5; so d = 4 * p = 4 * 5",
                "so d = 4 * (c - a) = 4 * (8 - 3)",
            ),
            ("fox in South Zoo as a;", "fox  in\nSouth Zoo  as\ta ;\n "),
            ("m = a = 3; so b = 2 + m", "so2 = a = 3; b = 2 + so2"),
            (
                "Answer",
                "Define adult ant in North Zoo as e; q = d = 20; so e = 3 * q = 3 * 20 = 60. Answer",
            ),
        ],
    );
    let renamed = PROSE
        .replace("a;", "so;")
        .replace(" a =", " so =")
        .replace("= a ", "= so ");
    let renamed = renamed.replace("- a ", "- so ");
    assert_eq!(reason(&prose(), &renamed), None, "{renamed}");
}

#[test]
fn accepts_every_frame() {
    let steps = TERSE.trim_end_matches(" Answer: 16.");
    for candidate in [
        format!(" {steps} </solution> <answer> 16 </answer>"),
        format!("{TERSE} </solution> <answer> 16 </answer> [EOS]"),
        format!("[BOS] <solution> {steps}\n</solution>\n<answer>16</answer>[EOS][PAD][PAD]"),
        format!("{steps} <answer> 16 </answer>"),
    ] {
        assert_eq!(reason(&terse(false), &candidate), None, "{candidate}");
    }
}

#[test]
fn rejects_wrong_equations_in_terse() {
    assert_rejected(
        &terse(false),
        TERSE,
        &[
            // Numbers that do not hold, though the values do.
            ("= 3 + 2 = 5", "= 4 + 2 = 5", Reason::WrongNumbers),
            ("= 3 + 2 = 5", "= 4 + 1 = 5", Reason::WrongNumbers),
            ("= 3 + 2 = 5", "= 3 * 2 = 5", Reason::WrongNumbers),
            ("= 3 + 2 = 5", "= 3 + 2 = 4 + 2 = 5", Reason::OddChain),
            (
                "= 2 * (3 + 5) = 16",
                "= 2 * (3 + 5) = 2 * 7 = 16",
                Reason::WrongEquality,
            ),
            (
                "= 2 * (3 + 5) = 16",
                "= 2 * 3 + 5 = 16",
                Reason::WrongNumbers,
            ),
            ("= 2 * (3 + 5) = 16", "= 2 * 8 = 16", Reason::WrongNumbers),
            // Values that do not follow.
            ("= 3 + 2 = 5", "= 3 + 2 = 6", Reason::WrongEquality),
            ("owl = elk = 5", "owl = elk = 6", Reason::WrongEquality),
            ("fox = 3.", "fox = 4.", Reason::WrongValue),
            // Definitions that are not the problem's, with right values.
            ("elk = fox + 2 = 3 + 2 = 5", "elk = 5", Reason::WrongParents),
            (
                "elk = fox + 2 = 3 + 2 = 5",
                "elk = 3 + 2 = 5",
                Reason::WrongParents,
            ),
            (
                "elk = fox + 2 = 3 + 2",
                "elk = fox + 1 + 1 = 3 + 1 + 1",
                Reason::WrongOperation,
            ),
            (
                "elk = fox + 2 = 3 + 2",
                "elk = 8 - fox = 8 - 3",
                Reason::WrongOperation,
            ),
            (
                "2 * (fox + elk) = 2 * (3 + 5)",
                "2 * fox + elk + 5 = 2 * 3 + 5 + 5",
                Reason::WrongOperation,
            ),
            (
                "2 * (fox + elk) = 2 * (3 + 5)",
                "2 * (fox + owl) = 2 * (3 + 5)",
                Reason::WrongParents,
            ),
            (
                "owl = elk = 5",
                "owl = fox + 2 = 3 + 2 = 5",
                Reason::WrongParents,
            ),
            ("fox = 3.", "fox = 1 + 2 = 3.", Reason::WrongOperation),
            // A further form that is not the one before it, worked out in parts.
            (
                "= 2 * (3 + 5) = 16",
                "= 2 * (3 + 5) = 8 + 8 = 16",
                Reason::WrongNumbers,
            ),
            (
                "= 2 * (3 + 5) = 16",
                "= 2 * (3 + 5) = 4 * 4 = 16",
                Reason::WrongNumbers,
            ),
            // Parentheses around nothing.
            ("fox = 3.", "fox = ((3)).", Reason::OddChain),
            ("owl = elk = 5", "owl = (elk) = 5", Reason::OddChain),
            ("owl = elk = 5", "(owl) = elk = 5", Reason::Unreadable),
            (
                "owl = elk = 5",
                "owl = elk + fox - fox = 5 + 3 - 3 = 5",
                Reason::WrongParents,
            ),
            (
                "owl = elk = 5",
                "owl = 1 * elk = 1 * 5 = 5",
                Reason::WrongOperation,
            ),
            // Chains that say nothing, or nothing more.
            ("fox = 3.", "fox = 3 = 3.", Reason::OddChain),
            ("fox = 3.", "fox = fox.", Reason::UndefinedSymbol),
            ("fox = 3.", "fox = fox = 3.", Reason::UndefinedSymbol),
            ("fox = 3.", "3 = fox.", Reason::Unreadable),
            ("fox = 3.", "fox.", Reason::Unreadable),
            ("fox = 3.", "fox = .", Reason::Unreadable),
            ("fox = 3.", "fox.  = 3.", Reason::Unreadable),
            ("owl = elk = 5", "owl = elk = elk = 5", Reason::OddChain),
            ("owl = elk = 5", "owl = elk", Reason::MissingEquation),
            ("owl = elk = 5", "owl = elk = 5 = 5", Reason::OddChain),
            (
                "owl = elk = 5",
                "owl = elk = 5 = owl",
                Reason::MissingEquation,
            ),
        ],
    );
}

#[test]
fn rejects_wrong_structure_in_terse() {
    assert_rejected(
        &terse(true),
        "fox = 3. elk = fox + 2 = 3 + 2 = 5. owl = elk = 5. \
         bee = 2 * (fox + owl) = 2 * (3 + 5) = 16. Answer: 16.",
        &[
            ("fox = 3. ", "", Reason::UndefinedSymbol),
            (
                "fox = 3. elk = fox + 2 = 3 + 2 = 5.",
                "elk = fox + 2 = 3 + 2 = 5. fox = 3.",
                Reason::UndefinedSymbol,
            ),
            ("fox = 3. ", "fox = 3. fox = 3. ", Reason::Redefinition),
            ("fox = 3. ", "fox = 9. fox = 3. ", Reason::WrongValue),
            ("fox = 3. ", "yak = 3. fox = 3. ", Reason::UnknownQuantity),
            (
                "fox = 3. ",
                "fox = 3. yak = fox = 3. ",
                Reason::UnknownQuantity,
            ),
            (
                "fox = 3. ",
                "fox = 3. ant = fox = 3. ",
                Reason::WrongParents,
            ),
            ("fox = 3. ", "Hence. fox = 3. ", Reason::Unreadable),
            ("fox = 3. ", "fox = 3.. ", Reason::Unreadable),
            ("fox = 3. ", "fox = 3; ", Reason::Unreadable),
            ("fox = 3. ", "fox = 3 ", Reason::Unreadable),
            ("fox = 3. ", "fox = 03. ", Reason::BadNumber),
            ("fox = 3. ", "fox = 3.0. ", Reason::Unreadable),
            (
                "fox = 3. ",
                "Define fox as a; so a = 3. ",
                Reason::MixedDialects,
            ),
            (
                "bee = 2 * (fox + owl) = 2 * (3 + 5) = 16. ",
                "",
                Reason::MissingQuantity,
            ),
            ("Answer: 16.", "", Reason::MissingAnswer),
            ("Answer: 16.", "Answer: 15.", Reason::WrongAnswer),
            ("Answer: 16.", "Answer: 16.5.", Reason::BadNumber),
            ("Answer: 16.", "Answer: 16 or 17.", Reason::BadNumber),
            (
                "Answer: 16.",
                "Answer: 15. Answer: 16.",
                Reason::WrongAnswer,
            ),
            (
                "Answer: 16.",
                "Answer: 16. Answer: 15.",
                Reason::ConflictingAnswers,
            ),
            (
                "Answer: 16.",
                "Answer: 16. Answer: 16.",
                Reason::RepeatedAnswer,
            ),
            ("Answer: 16.", "Answer: 16. fox = 3.", Reason::StrayText),
            ("Answer: 16.", "Answer: 16. Done.", Reason::Unreadable),
            (
                "Answer: 16.",
                "Answer: 16. </solution> <answer> 15 </answer>",
                Reason::ConflictingAnswers,
            ),
            (
                "Answer: 16.",
                "</solution> <answer> 15 </answer>",
                Reason::WrongAnswer,
            ),
            (
                "Answer: 16.",
                "</solution> <answer> 16 </answer> 16",
                Reason::StrayText,
            ),
            (
                "Answer: 16.",
                "</solution> <answer> 16 </answer> <answer> 16 </answer>",
                Reason::StrayText,
            ),
            (
                "Answer: 16.",
                "</solution> 16 <answer> 16 </answer>",
                Reason::MissingAnswer,
            ),
            ("Answer: 16.", "</solution> <answer> 16", Reason::BadNumber),
            ("Answer: 16.", "</solution>", Reason::MissingAnswer),
        ],
    );
}

#[test]
fn rejects_wrong_prose() {
    let own = "Define adult fox in South Zoo as a; so a = 3.";
    assert_rejected(
        &prose(),
        PROSE,
        &[
            (
                own,
                "Define adult fox in South Zoo as a; 3.",
                Reason::MissingEquation,
            ),
            (
                own,
                "Define adult fox in South Zoo as a. ",
                Reason::Unreadable,
            ),
            (
                own,
                "Define adult fox in South Zoo as a; so a.",
                Reason::MissingEquation,
            ),
            (
                own,
                "Define adult fox in South Zoo as a; so z = 3.",
                Reason::MissingEquation,
            ),
            (
                own,
                "Define adult fox in South Zoo as a; so a = 3; so a = 3.",
                Reason::SymbolReused,
            ),
            (
                own,
                "Define adult fox in South Zoo as a; m = 7; so a = 3.",
                Reason::UnusedIntermediate,
            ),
            (
                own,
                "Define adult fox in South Zoo as a; so a = a = 3.",
                Reason::UndefinedSymbol,
            ),
            (
                own,
                "Define adult fox in North Zoo as a; so a = 3.",
                Reason::UnknownQuantity,
            ),
            (own, "Define fox as a; so a = 3.", Reason::UnknownQuantity),
            (own, "a = 3.", Reason::UnknownQuantity),
            (
                own,
                "Define adult fox in South Zoo as a; so (a) = 3.",
                Reason::OddChain,
            ),
            (
                "m = a = 3; so b = 2 + m",
                "m = a = 4; so b = 2 + m",
                Reason::WrongEquality,
            ),
            (
                "m = a = 3; so b = 2 + m",
                "m = 3; so b = 2 + m",
                Reason::WrongParents,
            ),
            (
                "m = a = 3; so b = 2 + m",
                "a = 3; so b = 2 + a",
                Reason::SymbolReused,
            ),
            (
                "m = a = 3; so b = 2 + m",
                "m = a = 3; so b = 2 + a",
                Reason::UnusedIntermediate,
            ),
            (
                "m = a = 3; so b = 2 + m",
                "so b = 2 + m",
                Reason::UndefinedSymbol,
            ),
            ("South Zoo as b;", "South Zoo as a;", Reason::SymbolReused),
            (
                "p = c - a = 8 - 3 = 5",
                "p = a - c = 3 - 8 = 5",
                Reason::WrongEquality,
            ),
            ("p = c - a = 8 - 3 = 5", "p = b = 5", Reason::WrongParents),
            (
                "p = c - a = 8 - 3 = 5",
                "p = c - a = 8 - 3 = 15",
                Reason::WrongEquality,
            ),
            (
                "so d = 4 * p = 4 * 5",
                "so d = 4 - p = 4 * 5",
                Reason::WrongNumbers,
            ),
            (
                "so d = 4 * p = 4 * 5",
                "so d = 4 * p = 4 + 5",
                Reason::WrongNumbers,
            ),
            (
                "so d = 4 * p = 4 * 5",
                "so d = p + p + p + p = 5 + 5 + 5 + 5",
                Reason::WrongOperation,
            ),
        ],
    );
}

#[test]
fn a_further_form_only_evaluates_parts() {
    let mut graph = ReasoningGraph::new();
    let elk = graph.add("elk", Definition::constant(5), &[]).unwrap();
    let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
    let bee = Definition::difference().times(2);
    let bee = graph.add("bee", bee, &[elk, fox]).unwrap();
    let gold = Gold::from_graph(&graph, bee).unwrap();
    for (form, why) in [
        ("2 * 2", None),
        ("2 + 2", Some(Reason::WrongNumbers)),
        ("999 - 995", Some(Reason::WrongNumbers)),
        ("7 - 3", Some(Reason::WrongNumbers)),
    ] {
        let text = format!(
            "elk = 5. fox = 3. bee = 2 * (elk - fox) = 2 * (5 - 3) = {form} = 4. Answer: 4."
        );
        assert_eq!(reason(&gold, &text), why, "{text}");
    }
}

#[test]
fn sequence_marks_and_a_question_hide_nothing() {
    let marked = |text: &str| reason(&terse(false), text);
    assert_eq!(marked(&format!("[BOS] {TERSE} [EOS] [PAD][PAD]")), None);
    for text in [
        format!("[BOS][BOS] {TERSE}"),
        format!("[PAD] {TERSE}"),
        format!("<question> fox? </question> <solution> {TERSE}"),
        edited(TERSE, " Answer", " [EOS] Answer"),
        edited(TERSE, " Answer", " [PAD] Answer"),
    ] {
        assert_eq!(marked(&text), Some(Reason::Unreadable), "{text}");
    }
    assert!(marked(&format!("{TERSE} [EOS][EOS]")).is_some());
    let tagged = format!("{TERSE} </solution> <answer> 16 </answer> [PAD] [EOS]");
    assert_eq!(marked(&tagged), Some(Reason::StrayText));
}

#[test]
fn without_definitions_every_parent_makes_a_difference() {
    let mut graph = ReasoningGraph::new();
    let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
    let elk = graph.add("elk", Definition::sum().plus(2), &[fox]).unwrap();
    let published = GoldGraph::new(&graph, elk, |id| graph.quantity(id).name.clone()).unwrap();
    let gold = Gold::from_gold_graph(&published).unwrap();
    for (text, why) in [
        ("fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.", None),
        (
            "fox = 3. elk = fox - fox + 5 = 3 - 3 + 5 = 5. Answer: 5.",
            Some(Reason::WrongOperation),
        ),
        (
            "fox = 3. elk = 0 * fox + 5 = 0 * 3 + 5 = 5. Answer: 5.",
            Some(Reason::WrongOperation),
        ),
        (
            "fox = 1 + 2 = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.",
            Some(Reason::WrongOperation),
        ),
    ] {
        assert_eq!(reason(&gold, text), why, "{text}");
    }
}

#[test]
fn a_wrong_operator_with_the_right_value_is_rejected() {
    let mut graph = ReasoningGraph::new();
    let a = graph.add("fox", Definition::constant(2), &[]).unwrap();
    let b = graph.add("elk", Definition::sum().times(2), &[a]).unwrap();
    let gold = Gold::from_graph(&graph, b).unwrap();
    assert_eq!(
        reason(&gold, "fox = 2. elk = 2 * fox = 2 * 2 = 4. Answer: 4."),
        None
    );
    for (wrong, why) in [
        ("elk = 2 + fox = 2 + 2 = 4", Reason::WrongOperation),
        ("elk = fox * fox = 2 * 2 = 4", Reason::WrongOperation),
        ("elk = fox + fox = 2 + 2 = 4", Reason::WrongOperation),
        ("elk = 2 * fox = 2 + 2 = 4", Reason::WrongNumbers),
    ] {
        assert_eq!(
            reason(&gold, &format!("fox = 2. {wrong}. Answer: 4.")),
            Some(why),
            "{wrong}"
        );
    }
}

#[test]
fn numbers_beyond_64_bits_are_mistakes_and_not_panics() {
    let gold = terse(false);
    let huge = "99999999999999999999999999";
    for candidate in [
        edited(TERSE, "fox = 3", &format!("fox = {huge}")),
        edited(TERSE, "3 + 2 = 5", &format!("3 + {huge} = 5")),
        edited(TERSE, "Answer: 16", &format!("Answer: {huge}")),
        edited(TERSE, "fox = 3", "fox = 9223372036854775807"),
        edited(
            TERSE,
            "3 + 2 = 5",
            "9223372036854775807 + 9223372036854775807 = 5",
        ),
        edited(
            TERSE,
            "fox + 2 =",
            "fox * 9223372036854775807 * 9223372036854775807 =",
        ),
    ] {
        assert!(reason(&gold, &candidate).is_some(), "{candidate}");
    }
}
