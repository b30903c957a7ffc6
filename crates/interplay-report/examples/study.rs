//! Writes a page with every kind of block, filled with made-up results of a study, to standard
//! output, or to a file if one is named:
//!
//! ```text
//! cargo run -p interplay-report --example study > study.html
//! cargo run -p interplay-report --example study -- study.html
//! ```

use std::io::{self, Write};
use std::ops::Range;

use interplay_report::{
    AnnotatedText, BarPlot, BarSeries, GraphDrawing, Judgment, LinePlot, Mark, Node, NodeStatus,
    Page, Role, Sample, Section, Series,
};

/// The names of ten arms.
const ARMS: [&str; 10] = [
    "base",
    "outcome",
    "process",
    "strict",
    "outcome + process",
    "strict gate",
    "answer gate",
    "curriculum",
    "curriculum, strict gate",
    "mid-training only, with twice the tokens",
];

fn main() -> io::Result<()> {
    let html = page().to_html();
    match std::env::args_os().nth(1) {
        Some(path) => std::fs::write(path, html),
        None => io::stdout().write_all(html.as_bytes()),
    }
}

fn page() -> Page {
    Page::new("Which reward extends what a model can do?")
        .subtitle("Every block of interplay-report, with made-up numbers")
        .fact("seeds", "1, 2, 3")
        .fact("model", "3,412,992 parameters")
        .fact(
            "evaluation",
            "256 problems per op, 32 completions each at temperature 0.7",
        )
        .section(lines())
        .section(bars())
        .section(samples())
        .section(tables())
}

/// Ten arms by k, two with bands, and ten long curves.
fn lines() -> Section {
    let ks = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
    let level = |arm: f64, k: f64| 1.0 - (0.9 - 0.035 * arm) * f64::powf(k, -0.15 - 0.02 * arm);
    let pass = (0_u8..10).map(|arm| {
        let arm_level = f64::from(arm);
        Series::new(ARMS[usize::from(arm)], ks.map(|k| (k, level(arm_level, k))))
    });
    let two = [(1_u8, 0.0), (3, 2.5)].map(|(arm, shift)| {
        let points = ks.map(|k| (k, level(f64::from(arm) + shift, k)));
        let ends = points.map(|(_, share)| (share - 0.04, share + 0.04));
        Series::new(ARMS[usize::from(arm)], points).band(ends)
    });
    let curve = |arm: u8| {
        let points = (0_u16..600).map(move |step| {
            let (arm, step) = (f64::from(arm), f64::from(step));
            let noise = (step * 12.9898 + arm * 78.233).sin() * 43758.5453;
            let noise = (noise - noise.floor() - 0.5) * 0.08;
            (
                step,
                0.8 - 0.75 * (-step / (60.0 + 40.0 * arm)).exp() + noise,
            )
        });
        Series::new(ARMS[usize::from(arm)], points)
    };
    Section::new("Sharpening or extending")
        .text("Where a line stays above that of the model it started from, training extended it.")
        .plot(
            LinePlot::new("Verified pass@k, edge band", "k", "verified pass@k")
                .log2()
                .y_range(0.0, 1.0)
                .all_series(pass),
        )
        .plot(
            LinePlot::new("Two arms with intervals", "k", "verified pass@k")
                .log2()
                .y_range(0.0, 1.0)
                .all_series(two),
        )
        .plot(
            LinePlot::new("Mean reward of the rollouts", "step", "reward")
                .all_series((0..10).map(curve)),
        )
        .plot(LinePlot::new("One curve alone", "step", "reward").series(curve(2)))
}

/// A budget split, gains of either sign, and error types.
fn bars() -> Section {
    let band = |name: &str, values: [f64; 7]| {
        BarSeries::new(name, values)
            .intervals(values.map(|v| ((v - 0.024_f64).max(0.0), v + 0.024)))
    };
    let types = [
        "wrong value",
        "wrong parents",
        "missing quantity",
        "unreadable",
    ]
    .into_iter()
    .chain([
        "wrong equality",
        "undefined symbol",
        "missing answer",
        "other",
    ]);
    let errors = types.enumerate().map(|(kind, name)| {
        let shares = (1_u8..6).map(|reward| {
            let all: f64 = (0_u8..8).map(|i| weight(i, reward)).sum();
            weight(u8::try_from(kind).unwrap_or(0), reward) / all
        });
        BarSeries::new(name, shares)
    });
    let rewards = [
        "outcome",
        "process",
        "outcome_and_process",
        "strict gate",
        "answer gate",
    ];
    let gain = [3.4, -1.25, 0.4, 12.7, -6.1];
    let budget = BarPlot::new(
        "Accuracy by share of the budget spent on RL",
        "beta",
        "verified pass@1 (%)",
    );
    Section::new("Budgets and errors")
        .bars(
            budget
                .categories(["0", "0.1", "0.2", "0.3", "0.5", "0.8", "1"])
                .series(band(
                    "id, op 2-5",
                    [0.711, 0.802, 0.79, 0.783, 0.76, 0.7, 0.604],
                ))
                .series(band(
                    "edge, op 6-7",
                    [0.024, 0.266, 0.31, 0.393, 0.41, 0.36, 0.22],
                ))
                .series(band(
                    "hard, op 8-10",
                    [0.0, 0.01, 0.02, 0.057, 0.083, 0.06, 0.03],
                ))
                .percent(),
        )
        .bars(
            BarPlot::new(
                "First errors of rejected completions",
                "reward",
                "share (%)",
            )
            .categories(rewards)
            .all_series(errors)
            .stacked()
            .percent(),
        )
        .bars(
            BarPlot::new(
                "Points of verified pass@1 over the base",
                "reward",
                "points",
            )
            .categories(rewards)
            .series(BarSeries::new("gain", gain).intervals(gain.map(|v| (v - 2.9, v + 2.9)))),
        )
}

/// A made-up number of errors of a kind.
fn weight(kind: u8, reward: u8) -> f64 {
    f64::from((kind * 5 + reward * 3) % 7) + 0.4
}

const PROBLEM: &str = "The number of adult fox in South Zoo equals 3. The number of adult elk in \
    South Zoo equals 2 times the number of adult fox in South Zoo. The number of adult owl in \
    South Zoo equals 4. The number of adult crow in South Zoo equals the sum of the number of \
    adult elk in South Zoo and the number of adult fox in South Zoo. How many adult crow does \
    South Zoo have?";

const COMPLETION: &str = "Define adult fox in South Zoo as q; so q = 3. Define adult owl in South \
    Zoo as w; so w = 4. Define adult elk in South Zoo as e; so e = 2 * q = 2 + 3 = 5. Define \
    adult crow in South Zoo as c; so c = e + q = 5 + 3 = 8. Answer: 8.";

/// The range of a part of the completion.
fn part(words: &str) -> Range<usize> {
    let start = COMPLETION.find(words).unwrap_or(0);
    start..start + words.len()
}

fn samples() -> Section {
    let rejected = AnnotatedText::new(COMPLETION).all_marks([
        Mark::new(
            part("Define adult fox in South Zoo as q; so q = 3."),
            Judgment::Right,
        ),
        Mark::new(
            part("Define adult owl in South Zoo as w; so w = 4."),
            Judgment::Unneeded,
        )
        .note("true, but the answer does not need it"),
        Mark::new(
            part("Define adult elk in South Zoo as e; so e = 2 * q = 2 + 3 = 5."),
            Judgment::Wrong,
        )
        .note("the quantity is 6"),
        Mark::new(part("2 + 3"), Judgment::FirstError).note(
            "the numeric form does not mirror the symbolic one; expected the values of `2 * q`",
        ),
        Mark::new(
            part("Define adult crow in South Zoo as c; so c = e + q = 5 + 3 = 8."),
            Judgment::Wrong,
        )
        .note("follows from the wrong value of e"),
        Mark::new(part("Answer: 8."), Judgment::Unread),
    ]);
    let accepted = AnnotatedText::new("fox = 3.\nelk = 2 * fox = 6.\ncrow = elk + fox = 9.")
        .mark(Mark::new(0..51, Judgment::Right))
        .mark(Mark::new(51..51, Judgment::Wrong).note("no answer is stated"));
    Section::new("Completions")
        .sample(
            Sample::new(PROBLEM, rejected)
                .title("op 3, arm outcome, problem 17")
                .rejected("the numeric form does not mirror the symbolic one")
                .fact("reward", 0)
                .fact("process accuracy", "1/3")
                .graph(graph(true)),
        )
        .sample(
            Sample::new("fox = 3. elk = 2 * fox. crow = elk + fox. crow?", accepted)
                .title("A terse solution without a graph")
                .rejected("no answer is stated"),
        )
        .sample(
            Sample::new(PROBLEM, AnnotatedText::new("c = 9. Answer: 9."))
                .title("A graph without statuses")
                .accepted()
                .graph(graph(false)),
        )
        .sample(
            Sample::new("A problem.", AnnotatedText::new("c = 34. Answer: 34."))
                .title("A wide graph")
                .graph(wide_graph()),
        )
}

fn graph(judged: bool) -> GraphDrawing {
    use NodeStatus::{Missing, Right, Unneeded, Wrong};
    let nodes: [(&str, &str, NodeStatus, &[usize]); 5] = [
        ("adult fox in South Zoo", "3", Right, &[]),
        ("adult owl in South Zoo", "4", Unneeded, &[]),
        ("adult elk in South Zoo", "2 * parent = 6", Wrong, &[0]),
        ("adult bee in South Zoo", "parent + 1 = 4", Missing, &[0]),
        ("adult crow in South Zoo", "sum = 9", Wrong, &[0, 2, 3]),
    ];
    let mut drawing = GraphDrawing::new("How many adult crow does South Zoo have?");
    for (name, detail, status, reads) in nodes {
        let mut node = Node::new(name).detail(detail);
        node.status = judged.then_some(status);
        node.reads = reads.iter().map(|from| (*from, String::new())).collect();
        drawing.nodes.push(node);
    }
    drawing.nodes[1].role = Role::Unneeded;
    drawing.nodes[4].role = Role::Asked;
    drawing
}

/// A chain that skips rows, with four nodes beside each other.
fn wide_graph() -> GraphDrawing {
    let mut drawing = GraphDrawing::new("total number of movies?");
    for name in [
        "calm road movie",
        "solemn period drama",
        "upbeat metropolis comedy",
        "futuristic sci-fi movie",
    ] {
        drawing = drawing.node(Node::new(format!("{name} in West Sahara")).detail("2"));
    }
    drawing
        .node(
            Node::new("in West Sahara")
                .detail("sum = 8")
                .reads(0)
                .reads(1)
                .reads(2)
                .reads(3),
        )
        .node(
            Node::new("in Golden Banana")
                .detail("3 * parent = 24")
                .reads(4)
                .role(Role::Given),
        )
        .node(
            Node::new("in all")
                .detail("sum = 34")
                .reads(0)
                .reads(3)
                .reads(4)
                .reads(5)
                .role(Role::Asked),
        )
}

fn tables() -> Section {
    let columns = [
        "arm",
        "band",
        "verified pass@1",
        "verified pass@128",
        "p",
        "what to change",
    ];
    let rows = ARMS.iter().enumerate().map(|(i, arm)| {
        let advice = match i % 3 {
            0 => {
                "Train on problems at the edge of competence: most groups of rollouts are all \
                  right or all wrong, so that they teach nothing."
            }
            1 => "",
            _ => "Nothing.",
        };
        [
            (*arm).to_owned(),
            "edge".to_owned(),
            format!("{}.4 [{}.9, {}.0]", 20 + i, 18 + i, 22 + i),
            format!("{}.1 [{}.9, {}.8]", 60 + i, 58 + i, 62 + i),
            "0.013".to_owned(),
            advice.to_owned(),
        ]
    });
    Section::new("What separates the arms").table(columns, rows)
}
