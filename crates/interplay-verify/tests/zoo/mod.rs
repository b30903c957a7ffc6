//! Two small problems, one in each dialect, and edits of their solutions.
#![allow(dead_code)] // Each test file uses a part of it.

use interplay_graph::{Definition, ReasoningGraph};
use interplay_verify::{Gold, Level, Reason, Verdict, Verifier};

/// The gold solution of [`terse`].
pub const TERSE: &str = "fox = 3. elk = fox + 2 = 3 + 2 = 5. owl = elk = 5. \
                     bee = 2 * (fox + elk) = 2 * (3 + 5) = 16. Answer: 16.";
/// The gold solution of [`prose`].
pub const PROSE: &str = "Define adult fox in South Zoo as a; so a = 3. \
                     Define adult elk in South Zoo as b; m = a = 3; so b = 2 + m = 2 + 3 = 5. \
                     Define total number of adult animals in South Zoo as c; so c = a + b = 3 + 5 = 8. \
                     Define adult owl in North Zoo as d; p = c - a = 8 - 3 = 5; so d = 4 * p = 4 * 5 = 20. \
                     Answer: 20.";

/// `fox`, `elk` and `bee` are needed (`owl` too, where `through_owl`); `ant` never is.
pub fn terse(through_owl: bool) -> Gold {
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

pub fn prose() -> Gold {
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

pub fn strict(gold: &Gold, candidate: &str) -> Verdict {
    Verifier::new(Level::Strict).verify(gold, candidate)
}

/// The reason for which a candidate is rejected; none where it is accepted.
pub fn reason(gold: &Gold, candidate: &str) -> Option<Reason> {
    let verdict = strict(gold, candidate);
    assert_eq!(verdict.accepted, verdict.first_error.is_none(), "{verdict}");
    verdict.first_error.map(|error| error.reason)
}

pub fn edited(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

pub fn assert_rejected(gold: &Gold, text: &str, edits: &[(&str, &str, Reason)]) {
    for (from, to, why) in edits {
        let candidate = edited(text, from, to);
        assert_eq!(
            reason(gold, &candidate),
            Some(*why),
            "{from} -> {to}\n{candidate}"
        );
    }
}

pub fn assert_accepted(gold: &Gold, text: &str, edits: &[(&str, &str)]) {
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
