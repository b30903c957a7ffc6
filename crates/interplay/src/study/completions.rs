//! The completions on a study's page: the verifier's judgment drawn into the text, and the problem's graph.

use interplay_environment::FirstError;
use interplay_environment::framing::TAGS;
use interplay_report::{
    AnnotatedText, GraphDrawing, Judgment, Mark, Node, NodeStatus as Drawn, Sample, Section,
};

use super::results::StudyResults;
use super::samples::{NodeStatus, SampleNode, Shows, StudySample};

/// The section of completions; none where there are none.
pub(super) fn section(results: &StudyResults) -> Option<Section> {
    let mut section = Section::new("Completions to look at").text(
        "Of each comparison, the problem beyond the id band that B gained most: a wrong completion of A and an accepted \
         one of B; and a right answer of B by wrong steps, which a check of answers would take for reasoning. In the \
         graph an arrow leads from a quantity to one that reads it.",
    );
    for sample in &results.samples {
        section = section.sample(drawn(sample));
    }
    (!results.samples.is_empty()).then_some(section)
}

fn drawn(sample: &StudySample) -> Sample {
    let op = sample.op.map(|op| format!(", op {op}")).unwrap_or_default();
    let shows = match sample.shows {
        Shows::Before => "before",
        Shows::After => "after",
        Shows::RightAnswerByWrongSteps => "a right answer by wrong steps",
    };
    let [solved, completions] = sample.solved;
    let title = format!("{}: {shows}{op}", sample.arm);
    let problem = TAGS
        .iter()
        .fold(sample.prompt.clone(), |text, tag| text.replace(tag, ""));
    let mut shown = Sample::new(problem.trim(), text(sample))
        .title(title)
        .fact("seed", sample.seed)
        .fact("problem", sample.id)
        .fact("solved", format!("{solved} of {completions}"));
    shown = match (&sample.first_error, sample.accepted) {
        (_, true) => shown.accepted(),
        (Some(error), false) => shown.rejected(why(error)),
        (None, false) => shown.rejected("it did not end by itself"),
    };
    if sample.graph.is_empty() {
        return shown;
    }
    let nodes = sample.graph.iter().map(node).collect();
    shown.graph(GraphDrawing {
        title: "The problem's graph".into(),
        nodes,
    })
}

/// The completion with its steps and its first mistake marked.
fn text(sample: &StudySample) -> AnnotatedText {
    let steps = sample.steps.iter().map(|step| {
        let judgment = match (step.correct, step.needed) {
            (true, true) => Judgment::Right,
            (true, false) => Judgment::Unneeded,
            (false, _) => Judgment::Wrong,
        };
        Mark::new(step.start..step.end, judgment)
    });
    let error = sample
        .first_error
        .iter()
        .map(|error| Mark::new(error.span.clone(), Judgment::FirstError).note(why(error)));
    AnnotatedText::new(&sample.completion)
        .all_marks(steps)
        .all_marks(error)
}

fn why(error: &FirstError) -> String {
    let reason = error.reason.replace('_', " ");
    format!(
        "{reason}; expected {}, found {}",
        error.expected, error.found
    )
}

fn node(node: &SampleNode) -> Node {
    Node {
        name: node.name.clone(),
        detail: node.detail.clone(),
        role: node.role.into(),
        status: node.status.map(|status| match status {
            NodeStatus::Right => Drawn::Right,
            NodeStatus::Wrong => Drawn::Wrong,
            NodeStatus::Missing => Drawn::Missing,
        }),
        reads: node
            .reads
            .iter()
            .map(|index| (*index, String::new()))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use interplay_report::SampleVerdict;

    use super::super::samples::{NodeRole, SampleStep};
    use super::*;

    #[test]
    fn steps_and_the_first_mistake_are_marked() {
        let step = |start, end, correct| SampleStep {
            start,
            end,
            correct,
            needed: true,
        };
        let sample = StudySample {
            arm: "grpo".to_owned().into(),
            seed: 7,
            shows: Shows::Before,
            id: 7_000_001,
            op: Some(7),
            solved: [0, 64],
            prompt: "a = 1. b = a + 1. b?".into(),
            completion: "a = 1. b = 3.".into(),
            accepted: false,
            answer_correct: false,
            steps: vec![step(0, 5, true), step(7, 12, false)],
            first_error: Some(FirstError {
                step: 1,
                span: 11..12,
                reason: "wrong_value".into(),
                expected: "2".into(),
                found: "3".into(),
                blame: None,
            }),
            graph: vec![SampleNode {
                name: "a".into(),
                detail: "1".into(),
                role: NodeRole::Needed,
                status: Some(NodeStatus::Right),
                reads: Vec::new(),
            }],
        };
        let shown = drawn(&sample);
        let judgments: Vec<Judgment> = shown
            .completion
            .marks
            .iter()
            .map(|one| one.judgment)
            .collect();
        assert_eq!(
            judgments,
            [Judgment::Right, Judgment::Wrong, Judgment::FirstError]
        );
        assert_eq!(
            shown.completion.marks[2].note,
            "wrong value; expected 2, found 3"
        );
        assert!(matches!(shown.verdict, SampleVerdict::Rejected { .. }));
        let status = shown.graph.and_then(|graph| graph.nodes[0].status);
        assert_eq!(status, Some(Drawn::Right));
    }
}
