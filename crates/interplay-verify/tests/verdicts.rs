//! What a verdict counts and says, beyond accepted or not, and what hostile texts cost.

mod zoo;

use interplay_graph::{Definition, GoldGraph, ReasoningGraph};
use interplay_verify::{Gold, Level, Reason, Verifier};
use zoo::{TERSE, assert_rejected, edited, prose, reason, strict, terse};

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
fn conflicting_answers_are_wrong() {
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
fn errors_have_a_position_a_reason_and_an_expectation() {
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
fn an_invalid_gold_solution_is_an_error_with_its_position() {
    let message = |text: &str| Gold::from_solution(text).unwrap_err().to_string();
    assert!(message("fox = 3. elk = owl = 3. Answer: 3.").contains("sentence 1"));
    assert!(message("fox = 3.").contains("states no answer"));
    assert!(message("fox = 3. fox = 3. Answer: 3.").contains("`fox` twice"));
    assert!(message("Answer: 3.").contains("no quantities"));
    assert!(message("fox = 3. Answer: 4.").contains("answer is 4"));
    assert!(message("fox = 3. elk = 4. Answer: 3. Answer: 4.").contains("answers are stated"));
    let differing = "fox = 3. elk = 4. Answer: 3. </solution> <answer> 4 </answer>";
    assert!(message(differing).contains("answers are stated"));
    assert!(message("fox = 3. <answer> 3 </answer> so").contains("text where none belongs"));
    assert!(message("fox = 3. Answer: 3. elk = 4.").contains("text where none belongs"));
    assert!(message("fox = 3. Answer: 3 or 4.").contains("integer"));
}

/// Long sums that are multiplied, and copied from symbol to symbol.
fn growing(copies: usize) -> [String; 2] {
    let names: Vec<String> = (0..500).map(|i| format!("f{i}")).collect();
    let leaves: String = names.iter().map(|name| format!("{name} = 1. ")).collect();
    let start = "Define adult fox in South Zoo as a; ";
    let defined: String = names
        .iter()
        .map(|name| format!("Define {name} as {name}; so {name} = 1. "))
        .collect();
    let sum = names.join(" + ");
    let product = format!("{leaves}owl = ({sum}) * ({sum}) = 250000. Answer: 250000.");
    let copied: String = (1..copies)
        .map(|i| format!("m{i} = m{} = 500;", i - 1))
        .collect();
    let copied = format!("{defined}{start}m0 = {sum} = 500;{copied} so a = 1. Answer: 1.");
    [product, copied]
}

#[test]
fn a_gold_solution_cannot_use_memory_out_of_proportion() {
    for text in growing(2000) {
        let error = Gold::from_solution(&text).unwrap_err().to_string();
        assert!(error.contains("out of proportion"), "{error}");
    }
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
    let [grown, copied] = growing(n / 10);
    for text in [
        grown,
        copied,
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

#[test]
fn a_step_names_its_quantity_and_the_steps_that_it_reads() {
    // `yak` does not exist, the second `elk` redefines the first and is read in its place.
    let candidate = "fox = 3. yak = 1. elk = fox + yak = 3 + 1 = 4. elk = fox + fox = 3 + 3 = 6. \
                     owl = elk + elk = 6 + 6 = 12. Answer: 16.";
    for level in [Level::Paper, Level::Strict] {
        let verdict = Verifier::new(level)
            .with_uses()
            .verify(&terse(false), candidate);
        let uses: Vec<&[u32]> = verdict.steps.iter().map(|step| &*step.uses).collect();
        assert_eq!(uses, [&[][..], &[], &[0, 1], &[0], &[3]], "{level:?}");
        let nodes: Vec<bool> = verdict
            .steps
            .iter()
            .map(|step| step.node.is_some())
            .collect();
        assert_eq!(nodes, [true, false, true, true, false]);
        assert_eq!(verdict.steps[2].node, verdict.steps[3].node);
        assert_eq!(verdict.needed, 3);
    }
}

#[test]
fn the_sentences_that_solve_an_equation_follow_from_each_other() {
    let text = "fox = x. elk = 3 * fox = 3 * x = 3*x. Solve elk = 12: 3*x = 12; x = 12 / 3; x = 4. \
                Answer: 4.";
    let gold = Gold::from_solution(text).unwrap();
    let verifier = Verifier::new(Level::Strict);
    assert!(
        verifier
            .verify(&gold, text)
            .steps
            .iter()
            .all(|step| step.uses.is_empty())
    );
    let verdict = verifier.with_uses().verify(&gold, text);
    assert!(verdict.accepted);
    let uses: Vec<&[u32]> = verdict.steps.iter().map(|step| &*step.uses).collect();
    assert_eq!(uses, [&[][..], &[0], &[1], &[2], &[3]]);
}
