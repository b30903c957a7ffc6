//! What the strict level rejects, and why; and what it must not reject.

use interplay_graph::{Definition, GoldGraph, ReasoningGraph};
use interplay_verify::{Gold, Level, Reason, Verdict, Verifier};

const TERSE: &str = "fox = 3. elk = fox + 2 = 3 + 2 = 5. owl = elk = 5. \
                     bee = 2 * (fox + elk) = 2 * (3 + 5) = 16. Answer: 16.";
const PROSE: &str = "Define adult fox in South Zoo as a; so a = 3. \
                     Define adult elk in South Zoo as b; m = a = 3; so b = 2 + m = 2 + 3 = 5. \
                     Define total number of adult animals in South Zoo as c; so c = a + b = 3 + 5 = 8. \
                     Define adult owl in North Zoo as d; p = c - a = 8 - 3 = 5; so d = 4 * p = 4 * 5 = 20. \
                     Answer: 20.";

/// `fox`, `elk` and `bee` are needed (`owl` too, where `through_owl`); `ant` never is.
fn terse(through_owl: bool) -> Gold {
    let mut graph = ReasoningGraph::new();
    let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
    let elk = graph.add("elk", Definition::sum().plus(2), &[fox]).unwrap();
    let owl = graph.add("owl", Definition::sum(), &[elk]).unwrap();
    let second = if through_owl { owl } else { elk };
    graph
        .add("ant", Definition::difference(), &[owl, fox])
        .unwrap();
    let bee = graph
        .add("bee", Definition::sum().times(2), &[fox, second])
        .unwrap();
    Gold::from_graph(&graph, bee).unwrap()
}

fn prose() -> Gold {
    let mut graph = ReasoningGraph::new();
    let fox = graph
        .add("adult fox in South Zoo", Definition::constant(3), &[])
        .unwrap();
    let elk = graph
        .add("adult elk in South Zoo", Definition::sum().plus(2), &[fox])
        .unwrap();
    let total = "total number of adult animals in South Zoo";
    let total = graph.add(total, Definition::sum(), &[fox, elk]).unwrap();
    let owl = Definition::difference().times(4);
    let owl = graph
        .add("adult owl in North Zoo", owl, &[total, fox])
        .unwrap();
    graph
        .add("adult ant in North Zoo", Definition::sum().times(3), &[owl])
        .unwrap();
    Gold::from_graph(&graph, owl).unwrap()
}

fn strict(gold: &Gold, candidate: &str) -> Verdict {
    Verifier::new(Level::Strict).verify(gold, candidate)
}

/// The reason for which a candidate is rejected; none where it is accepted.
fn reason(gold: &Gold, candidate: &str) -> Option<Reason> {
    let verdict = strict(gold, candidate);
    assert_eq!(verdict.accepted, verdict.first_error.is_none(), "{verdict}");
    verdict.first_error.map(|error| error.reason)
}

fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn assert_rejected(gold: &Gold, text: &str, edits: &[(&str, &str, Reason)]) {
    for (from, to, why) in edits {
        let candidate = edited(text, from, to);
        assert_eq!(
            reason(gold, &candidate),
            Some(*why),
            "{from} -> {to}\n{candidate}"
        );
    }
}

fn assert_accepted(gold: &Gold, text: &str, edits: &[(&str, &str)]) {
    for (from, to) in edits {
        let candidate = edited(text, from, to);
        let verdict = strict(gold, &candidate);
        assert!(verdict.accepted, "{from} -> {to}: {verdict}\n{candidate}");
        assert_eq!(verdict.process_accuracy, 1.0);
        let paper = Verifier::new(Level::Paper).verify(gold, &candidate);
        assert!(
            paper.accepted,
            "paper, {from} -> {to}: {paper}\n{candidate}"
        );
    }
}

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
fn an_operator_that_happens_to_give_the_same_number_is_still_wrong() {
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

#[test]
fn an_answer_alone_earns_only_the_answer() {
    for candidate in [
        "Answer: 16.",
        " </solution> <answer> 16 </answer>",
        "<answer> 16 </answer>",
    ] {
        let verdict = strict(&terse(false), candidate);
        assert!(!verdict.accepted && verdict.answer_correct);
        assert_eq!((verdict.process_accuracy, verdict.missing), (0.0, 3));
        assert_eq!(verdict.first_error.unwrap().reason, Reason::MissingQuantity);
    }
    let verdict = strict(&terse(false), "");
    assert!(!verdict.accepted && !verdict.answer_correct);
}

#[test]
fn conflicting_answers_are_not_a_right_answer() {
    let steps = TERSE.trim_end_matches("Answer: 16.");
    for answers in [
        "Answer: 16. Answer: 15.",
        "Answer: 15. Answer: 16.",
        "Answer: x. Answer: 16.",
    ] {
        assert!(
            !strict(&terse(false), &format!("{steps}{answers}")).answer_correct,
            "{answers}"
        );
    }
    let tags = "Answer: 15. </solution> <answer> 16 </answer>";
    assert!(!strict(&terse(false), &format!("{steps}{tags}")).answer_correct);
}

#[test]
fn counts_what_is_wrong() {
    let gold = terse(false);
    let candidate = "fox = 3. yak = 1. elk = fox + 2 = 3 + 2 = 6. owl = elk = 6. Answer: 16.";
    let verdict = strict(&gold, candidate);
    assert_eq!((verdict.missing, verdict.extra), (1, 2));
    assert_eq!((verdict.wrong_parents, verdict.wrong_values), (0, 2));
    assert_eq!(verdict.wrong_equalities, 1);
    assert!((verdict.process_accuracy - 1.0 / 3.0).abs() < 1e-12);
    let right: Vec<bool> = verdict.steps.iter().map(|step| step.correct).collect();
    assert_eq!(right, [true, false, false, false]);
    let needed: Vec<bool> = verdict.steps.iter().map(|step| step.needed).collect();
    assert_eq!(needed, [true, false, true, false]);
}

#[test]
fn unneeded_steps_can_be_forbidden() {
    let verifier = Verifier::new(Level::Strict).forbid_unneeded();
    let verdict = verifier.verify(&terse(false), TERSE);
    assert_eq!(
        verdict.first_error.unwrap().reason,
        Reason::UnneededQuantity
    );
    assert!(
        verifier
            .verify(&terse(false), &edited(TERSE, "owl = elk = 5. ", ""))
            .accepted
    );
}

#[test]
fn says_where_what_and_why() {
    let candidate = edited(TERSE, "= 2 * (3 + 5) = 16", "= 2 * (3 + 4) = 16");
    let error = strict(&terse(false), &candidate).first_error.unwrap();
    assert_eq!(&candidate[error.span.clone()], "2 * (3 + 4)");
    assert_eq!((error.step, error.reason), (3, Reason::WrongNumbers));
    assert_eq!(
        error.to_string(),
        "step 3, bytes 75..86: the numeric form does not mirror the symbolic one; expected the \
         values of `2 * (fox + elk)` in its place, found `2 * (3 + 4)`"
    );
}

#[test]
fn a_gold_graph_without_definitions_still_checks_parents_values_and_equalities() {
    let mut graph = ReasoningGraph::new();
    let fox = graph.add("fox", Definition::constant(3), &[]).unwrap();
    let elk = graph.add("elk", Definition::sum().plus(2), &[fox]).unwrap();
    let gold = GoldGraph::new(&graph, elk, |id| format!("v{}", id.index())).unwrap();
    let gold = Gold::from_gold_graph(&gold).unwrap();
    let right = "fox = 3. elk = fox + 2 = 3 + 2 = 5. Answer: 5.";
    assert_eq!(reason(&gold, right), None);
    assert_rejected(
        &gold,
        right,
        &[
            ("elk = fox + 2 = 3 + 2 = 5", "elk = 5", Reason::WrongParents),
            ("= 3 + 2 = 5", "= 2 + 3 + 0 = 5", Reason::WrongNumbers),
            ("= 3 + 2 = 5", "= 3 + 2 = 6", Reason::WrongEquality),
            ("fox = 3.", "fox = 4.", Reason::WrongValue),
        ],
    );
}

#[test]
fn a_broken_gold_solution_is_an_error_that_says_where() {
    let message = |text: &str| Gold::from_solution(text).unwrap_err().to_string();
    assert!(message("fox = 3. elk = owl = 3. Answer: 3.").contains("sentence 1"));
    assert!(message("fox = 3.").contains("states no answer"));
    assert!(message("fox = 3. fox = 3. Answer: 3.").contains("`fox` twice"));
    assert!(message("Answer: 3.").contains("no quantity"));
}

/// These take forever where the time is not linear in the text.
#[test]
fn hostile_texts_are_judged_in_linear_time() {
    let (terse, prose) = (terse(false), prose());
    let n = 200_000;
    let doubling: String = (1..n / 10)
        .map(|i| format!("m{i} = m{} + m{} = 0;", i - 1, i - 1))
        .collect();
    let products: String = (1..n / 10)
        .map(|i| format!("m{i} = m{} * m{} = 0;", i - 1, i - 1))
        .collect();
    let start = "Define adult fox in South Zoo as a; m0 = 1;";
    for text in [
        "Define ".repeat(n),
        "Define. ".repeat(n),
        "Define x as a ".repeat(n),
        format!("{};", "Define x. ".repeat(n)),
        format!("Define {};", "x as a".repeat(n)),
        "Define adult fox in South Zoo as a; ".repeat(n),
        "Define adult fox in South Zoo as a; so a = 3. ".repeat(n),
        "fox = ".repeat(n),
        "fox = 3. ".repeat(n),
        "fox".repeat(n),
        format!("fox = {}.", "(".repeat(n)),
        format!("fox = 3{}.", " + 3".repeat(n)),
        format!("fox = 3{} = 3.", " * (3 + 3)".repeat(n)),
        format!("fox = 3. elk = fox{0} = 3{0} = 5.", " + 2".repeat(n)),
        format!(
            "fox = 3. elk = 2 + fox{} = 3{} = 5.",
            " + 2".repeat(n),
            " + 2".repeat(n)
        ),
        "Answer: 3. ".repeat(n),
        "Answer".repeat(n),
        "<answer>".repeat(n),
        "[EOS]".repeat(n),
        ". ".repeat(n),
        "é".repeat(n),
        format!("{start}{doubling} so a = 3."),
        format!("{start}{products} so a = 3."),
        format!("{start}{}", doubling.replace(';', ".")),
    ] {
        for level in [Level::Paper, Level::Strict] {
            assert!(!Verifier::new(level).verify(&terse, &text).accepted);
            let verdict = Verifier::new(level).verify(&prose, &text);
            assert!(!verdict.accepted);
            assert!(verdict.first_error.unwrap().found.len() < 1000);
        }
        let _ = Gold::from_solution(&text);
    }
}
