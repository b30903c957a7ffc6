//! The environment gives what generator and verifier give.

use interplay_dag::{DagEnvironment, RELEASED_PROCESS};
use interplay_environment::{Environment, EnvironmentError, Example, components};
use interplay_graph::SeedStreams;
use interplay_tasks::datasets::{Part, Split};
use interplay_tasks::{ContextLibrary, Counts, Dataset, Dialect, Mode, TaskSpec, framing};
use interplay_verify::{Gold, Level, Noise, Verifier, Weighted};

fn dataset(mode: Mode) -> Dataset {
    let mut spec = TaskSpec::single(Counts::range(3, 9).unwrap(), "zoo", Dialect::Prose);
    spec.mixture[0].mode = mode;
    let library = ContextLibrary::embedded();
    Dataset::new(spec, &library, SeedStreams::new(5), "dag").unwrap()
}

#[test]
fn examples_are_the_problems_of_the_data_set() {
    for mode in [Mode::Forward, Mode::Reverse] {
        let data = dataset(mode);
        let environment = DagEnvironment::new(data.clone());
        for index in 0..40 {
            let (problem, example) = (
                data.get(index).unwrap(),
                environment.example(index).unwrap(),
            );
            assert_eq!(example.id, problem.id());
            assert_eq!(example.prompt, framing::prompt_text(&problem));
            assert_eq!(example.labels.op, Some(problem.op()));
            assert_eq!(example.answer, problem.answer().to_string());
            let score = environment.score(&example, &example.target, 0).unwrap();
            assert!(score.accepted && score.answer_correct && score.first_error.is_none());
            assert!(
                environment
                    .components()
                    .iter()
                    .all(|name| score.component(name) == Some(1.0))
            );
        }
    }
}

#[test]
fn a_score_says_what_the_verdict_says() {
    let data = dataset(Mode::Forward);
    let environment = DagEnvironment::new(data.clone()).with_verifier(Verifier::new(Level::Paper));
    assert_eq!(environment.level(), "paper");
    let problem = data.get(3).unwrap();
    let gold = Gold::from_goal(problem.graph(), problem.goal()).unwrap();
    let example = environment.example(3).unwrap();
    // Every number of the target in turn is made wrong.
    let digits = example
        .target
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit());
    for (at, digit) in digits {
        let other = if digit == '1' { "2" } else { "1" };
        let mut text = example.target.clone();
        text.replace_range(at..=at, other);
        let verdict = Verifier::new(Level::Paper).verify(&gold, &text);
        let score = environment.score(&example, &text, 0).unwrap();
        assert_eq!(score.accepted, verdict.accepted);
        assert_eq!(score.answer_correct, verdict.answer_correct);
        assert_eq!(
            score.component(components::PROCESS),
            Some(verdict.process_accuracy)
        );
        assert_eq!(score.steps.len(), verdict.steps.len());
        let error = verdict.first_error.as_ref().map(|error| error.span.clone());
        assert_eq!(score.first_error.map(|error| error.span), error);
    }
}

#[test]
fn noise_changes_what_is_paid_and_nothing_that_is_measured() {
    let stream = SeedStreams::new(1).stream("noise");
    let environment = DagEnvironment::new(dataset(Mode::Forward))
        .with_noise(Noise::Flip { rate: 1.0 }, stream)
        .unwrap();
    let example = environment.example(0).unwrap();
    let score = environment.score(&example, &example.target, 7).unwrap();
    assert!(score.accepted && score.answer_correct);
    assert_eq!(score.process_accuracy, 1.0);
    assert_eq!(score.component(components::ACCEPTED), Some(0.0));
    assert_eq!(
        score,
        environment.score(&example, &example.target, 7).unwrap()
    );
}

#[test]
fn a_reward_of_ones_own_is_a_component() {
    let reward = Weighted::new()
        .with(0.25, interplay_verify::Outcome)
        .unwrap();
    let environment = DagEnvironment::new(dataset(Mode::Forward)).with_reward(reward);
    let example = environment.example(0).unwrap();
    let score = environment.score(&example, &example.target, 0).unwrap();
    let name = environment.components().pop().unwrap();
    assert_eq!(score.component(&name), Some(0.25));
}

#[test]
fn an_example_of_another_environment_is_refused() {
    let environment = DagEnvironment::new(dataset(Mode::Forward));
    let error = environment
        .score(&Example::new(9, "", "", ""), "", 0)
        .unwrap_err();
    assert!(
        matches!(error, EnvironmentError::ForeignExample { id: 9, .. }),
        "{error}"
    );
}

#[test]
fn a_part_of_a_split_says_which_it_is() {
    let split = Split::hold_out(0.2).unwrap();
    for (part, name) in [(Part::Train, "train"), (Part::Test, "test")] {
        let data = dataset(Mode::Forward).restrict(split, part).unwrap();
        let environment = DagEnvironment::of_part(data.clone());
        for index in 0..20 {
            let example = environment.example(index).unwrap();
            assert_eq!(example.split.name(), name);
            let problem = data.get(index).unwrap().problem;
            assert_eq!(example.prompt, framing::prompt_text(&problem));
            assert_eq!(environment.problem(index).unwrap().id(), problem.id());
        }
    }
}

#[test]
fn a_part_without_such_problems_is_an_error_and_never_a_problem_of_another_part() {
    let split = Split::hold_out(0.0).unwrap();
    let data = dataset(Mode::Forward).restrict(split, Part::Test).unwrap();
    let error = DagEnvironment::of_part(data)
        .example(3)
        .unwrap_err()
        .to_string();
    assert!(error.contains("part test"), "{error}");
}

#[test]
fn steps_say_what_they_state_and_what_they_use() {
    let environment = DagEnvironment::new(dataset(Mode::Forward));
    let example = environment.example(0).unwrap();
    let score = environment.score(&example, &example.target, 0).unwrap();
    let stated = score.steps.iter().filter_map(|step| step.node);
    assert_eq!(stated.count(), score.needed);
    // An op is an edge of the graph: the edges between steps, and one for each constant.
    let edges: usize = score.steps.iter().map(|step| step.uses.len()).sum();
    assert!(edges > 0 && edges < example.labels.op.unwrap() as usize);
    for (index, step) in score.steps.iter().enumerate() {
        assert!(step.uses.iter().all(|used| *used < index));
    }
    // The same node has the same number in every completion.
    let half = &example.target[..example.target.len() / 2];
    let other = environment.score(&example, half, 0).unwrap();
    assert_eq!(other.needed, score.needed);
    for (left, right) in other.steps.iter().zip(&score.steps).take(1) {
        assert_eq!(left.node, right.node);
    }
}

#[test]
fn the_released_process_score_penalizes_extra_quantities_and_needs_exact_verdicts() {
    let environment = DagEnvironment::new(dataset(Mode::Forward))
        .with_verifier(Verifier::new(Level::Paper))
        .with_released_process();
    assert!(
        environment
            .components()
            .contains(&RELEASED_PROCESS.to_owned())
    );
    let example = environment.example(0).unwrap();
    let needed = f64::from(example.reference::<Gold>().unwrap().needed());
    let component = |text: &str| {
        let score = environment.score(&example, text, 0).unwrap();
        score.component(RELEASED_PROCESS).unwrap()
    };
    assert_eq!(component(&example.target), 1.0);
    let padded = format!(" Define moon as Q; so Q = 3.{}", example.target);
    assert!((component(&padded) - (1.0 - 1.0 / needed)).abs() < 1e-12);
    assert_eq!(
        environment
            .score(&example, &padded, 0)
            .unwrap()
            .component("process"),
        Some(1.0)
    );
    let stream = SeedStreams::new(1).stream("noise");
    let noisy = environment
        .with_noise(Noise::Flip { rate: 0.1 }, stream)
        .unwrap();
    assert!(!noisy.components().contains(&RELEASED_PROCESS.to_owned()));
    let score = noisy.score(&example, &example.target, 0).unwrap();
    assert_eq!(score.component(RELEASED_PROCESS), None);
}
