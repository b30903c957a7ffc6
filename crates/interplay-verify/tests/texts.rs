//! Gold from texts: what a problem's text adds to its gold solution.

use interplay_verify::{Gold, Level, Reason, Verdict, Verifier};

const PROBLEM: &str = "The number of adult fox in South Zoo equals 3. \
    The number of adult elk in South Zoo equals 2 times the number of adult fox in South Zoo. \
    The number of adult fox in North Zoo equals 2 plus the number of adult elk in South Zoo.";
const SOLUTION: &str = "Define adult fox in South Zoo as a; so a = 3. \
    Define adult elk in South Zoo as b; m = a = 3; so b = 2 * m = 2 * 3 = 6. Answer: 6.";

fn judged(candidate: &str) -> Verdict {
    let question = "How many adult elk does South Zoo have?";
    let gold = Gold::from_texts(PROBLEM, question, SOLUTION).unwrap();
    Verifier::new(Level::Strict).verify(&gold, candidate)
}

fn with_step(step: &str) -> Verdict {
    judged(&SOLUTION.replace("Answer", &format!("{step} Answer")))
}

#[test]
fn a_stated_quantity_may_be_computed_as_stated() {
    let right = "Define adult fox in North Zoo as c; n = b = 6; so c = 2 + n = 2 + 6 = 8.";
    let verdict = with_step(right);
    assert!(verdict.accepted, "{verdict}");
    assert_eq!((verdict.extra, verdict.missing), (1, 0));
    let wrong =
        with_step("Define adult fox in North Zoo as c; n = b = 6; so c = 3 + n = 3 + 6 = 9.");
    assert_eq!(wrong.first_error.unwrap().reason, Reason::WrongOperation);
}

#[test]
fn steps_may_compute_structural_totals() {
    let total = "Define total number of adult animals in South Zoo as t; so t = a + b = 3 + 6 = 9.";
    let asked = format!(
        "{PROBLEM} The number of adult elk in North Zoo equals the total number of \
                         adult animals in South Zoo."
    );
    let gold =
        Gold::from_texts(&asked, "How many adult elk does South Zoo have?", SOLUTION).unwrap();
    let candidate = SOLUTION.replace("Answer", &format!("{total} Answer"));
    let verdict = Verifier::new(Level::Strict).verify(&gold, &candidate);
    assert!(verdict.accepted, "{verdict}");
}

#[test]
fn foreign_quantities_are_rejected() {
    let foreign = with_step("Define purple unicorn in South Zoo as u; so u = 3.");
    assert_eq!(foreign.first_error.unwrap().reason, Reason::UnknownQuantity);
}

#[test]
fn a_quantity_without_a_value_has_no_right_step() {
    // It depends on itself.
    let problem = format!(
        "{PROBLEM} The number of adult owl in North Zoo equals 2 plus the number of adult owl in \
         North Zoo."
    );
    let gold = Gold::from_texts(&problem, "", SOLUTION).unwrap();
    let step = "Define adult owl in North Zoo as w; so w = a + b = 3 + 6 = 9. Answer";
    let candidate = SOLUTION.replace("Answer", step);
    let verdict = Verifier::new(Level::Strict).verify(&gold, &candidate);
    assert_eq!(verdict.first_error.unwrap().reason, Reason::UnknownQuantity);
}

#[test]
fn a_missing_question_or_foreign_sentence_opens_no_hole() {
    let terse = (
        "fox = 3. elk = fox. owl = fox + 2.",
        "fox = 3. elk = fox = 3. Answer: 3.",
    );
    for (problem, question) in [
        (terse.0.to_owned(), ""),
        (format!("Hello there. {}", terse.0), "elk?"),
        (terse.0.to_owned(), "What now"),
    ] {
        let gold = Gold::from_texts(&problem, question, terse.1).unwrap();
        let judge = |step: &str| {
            let candidate = terse.1.replace("elk =", &format!("{step} elk ="));
            Verifier::new(Level::Strict)
                .verify(&gold, &candidate)
                .accepted
        };
        assert!(judge("owl = fox + 2 = 3 + 2 = 5."), "{problem} {question}");
        assert!(!judge("owl = 999."), "{problem} {question}");
    }
}

#[test]
fn an_unreadable_problem_changes_nothing() {
    for problem in ["", "Once upon a time.", "The number of equals."] {
        let gold = Gold::from_texts(problem, "?", SOLUTION).unwrap();
        let verdict = Verifier::new(Level::Strict).verify(&gold, SOLUTION);
        assert!(verdict.accepted, "{problem}");
    }
}
