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
fn what_follows_from_the_structure_may_be_computed_too() {
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
fn what_the_problem_has_not_is_rejected() {
    let foreign = with_step("Define purple unicorn in South Zoo as u; so u = 3.");
    assert_eq!(foreign.first_error.unwrap().reason, Reason::UnknownQuantity);
}

#[test]
fn a_quantity_known_by_name_only_is_held_to_its_own_equalities() {
    // It depends on itself, so it has no value; its step cannot be judged further.
    let problem = format!(
        "{PROBLEM} The number of adult owl in North Zoo equals 2 plus the number \
                           of adult owl in North Zoo."
    );
    let gold = Gold::from_texts(&problem, "", SOLUTION).unwrap();
    let judge = |step: &str| {
        let candidate = SOLUTION.replace("Answer", &format!("{step} Answer"));
        Verifier::new(Level::Strict).verify(&gold, &candidate)
    };
    assert!(judge("Define adult owl in North Zoo as w; so w = a + b = 3 + 6 = 9.").accepted);
    let verdict = judge("Define adult owl in North Zoo as w; so w = a + b = 3 + 6 = 8.");
    assert_eq!(verdict.first_error.unwrap().reason, Reason::WrongEquality);
}

#[test]
fn an_unreadable_problem_changes_nothing() {
    for problem in ["", "Once upon a time.", "The number of equals."] {
        let gold = Gold::from_texts(problem, "?", SOLUTION).unwrap();
        let verdict = Verifier::new(Level::Strict).verify(&gold, SOLUTION);
        assert!(verdict.accepted, "{problem}");
    }
}
