//! The published problems, and the graded solutions of four models to the test problems.
//!
//! The data are not part of the repository: the environment variable `INTERPLAY_GSM8K` names their
//! folder, and without it these tests say that they were skipped. The figures are explained in
//! `docs/gsm8k.md`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

use flate2::read::GzDecoder;
use interplay_environment::{Environment, Split, framing};
use interplay_gsm8k::{AnswerForm, Gsm8k, Gsm8kSpec, Number, equations, read_answer};
use serde_json::Value;

const MODELS: [&str; 4] = [
    "6b_finetuning",
    "6b_verification",
    "175b_finetuning",
    "175b_verification",
];

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("INTERPLAY_GSM8K");
    if folder.is_none() {
        println!("skipped: INTERPLAY_GSM8K is not set, so the published problems are not checked");
    }
    folder.map(PathBuf::from)
}

fn load(split: Split) -> Option<Gsm8k> {
    let folder = folder()?;
    let spec = Gsm8kSpec::new(folder.join("train.jsonl.gz"), folder.join("test.jsonl.gz"));
    Some(Gsm8k::load(&spec, split, 1).unwrap())
}

fn records(file: &str) -> Option<Vec<Value>> {
    let path = folder()?.join(file);
    let opened = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines = BufReader::new(GzDecoder::new(opened)).lines();
    Some(
        lines
            .map(|line| serde_json::from_str(&line.unwrap()).unwrap())
            .collect(),
    )
}

fn text<'r>(record: &'r Value, field: &str) -> &'r str {
    record[field].as_str().unwrap()
}

/// A solution to one test problem.
struct Graded {
    /// From 1.
    line: usize,
    model: &'static str,
    solution: String,
    gold: Number,
    is_correct: bool,
}

impl Graded {
    fn is_accepted(&self, completion: &str) -> bool {
        let number = read_answer(completion).and_then(|stated| stated.number.ok());
        number.as_ref() == Some(&self.gold)
    }
}

fn graded() -> Option<Vec<Graded>> {
    let (solutions, problems) = (
        records("example_model_solutions.jsonl.gz")?,
        records("test.jsonl.gz")?,
    );
    assert_eq!((solutions.len(), problems.len()), (1_319, 1_319));
    let mut graded = Vec::new();
    for (index, (record, problem)) in solutions.iter().zip(&problems).enumerate() {
        assert_eq!(record["question"], problem["question"]);
        let gold = read_answer(text(problem, "answer"))
            .unwrap()
            .number
            .unwrap();
        for model in MODELS {
            graded.push(Graded {
                line: index + 1,
                model,
                solution: text(&record[model], "solution").to_owned(),
                gold: gold.clone(),
                is_correct: record[model]["is_correct"].as_bool().unwrap(),
            });
        }
    }
    Some(graded)
}

#[test]
fn all_answers_are_read_and_all_targets_are_accepted() {
    for (split, file, count) in [
        (Split::Train, "train.jsonl.gz", 7_473),
        (Split::Test, "test.jsonl.gz", 1_319),
    ] {
        let (Some(problems), Some(records)) = (load(split), records(file)) else {
            return;
        };
        assert_eq!(problems.num_examples(), Some(count));
        assert_eq!(problems.skipped().count, 0);
        for index in 0..count {
            let example = problems.example(index).unwrap();
            let answer = text(&records[example.id as usize], "answer");
            // The published answers are whole numbers, some with commas.
            let published = answer.rsplit("#### ").next().unwrap().replace(',', "");
            assert_eq!(example.answer, published);
            assert_eq!(framing::forged_tag(answer), None);
            for completion in [&*example.target, answer] {
                let score = problems.score(&example, completion, 0).unwrap();
                assert!(score.accepted, "{file}, line {}", example.id + 1);
            }
        }
    }
}

#[test]
fn the_answer_check_agrees_with_the_published_grading() {
    let Some(graded) = graded() else { return };
    assert_eq!(graded.len(), 5_276);
    let disagree = |graded: &&Graded| graded.is_accepted(&graded.solution) != graded.is_correct;
    let disagreements: Vec<_> = graded.iter().filter(disagree).collect();
    let found_at = disagreements
        .iter()
        .map(|graded| (graded.line, graded.model));
    assert_eq!(found_at.collect::<Vec<_>>(), []);
    let accepted = MODELS.map(|model| {
        let accepted = graded
            .iter()
            .filter(|graded| graded.model == model && graded.is_accepted(&graded.solution));
        accepted.count()
    });
    assert_eq!(accepted, [286, 515, 458, 742]);
}

/// How the solutions state their answers: all but 12 in a line `A: ` with a number.
#[test]
fn the_graded_solutions_state_their_answers_in_a_line() {
    let Some(graded) = graded() else { return };
    let mut others = Vec::new();
    for solution in &graded {
        let stated = read_answer(&solution.solution).unwrap();
        if stated.form != AnswerForm::Line || stated.number.is_err() {
            assert!(!solution.is_correct);
            others.push((solution.line, solution.model, stated.form));
        }
    }
    use AnswerForm::{LastNumber, Line};
    let expected = [
        (6, "175b_finetuning", LastNumber),
        (49, "175b_finetuning", LastNumber),
        (151, "6b_finetuning", LastNumber),
        (151, "175b_finetuning", LastNumber),
        (163, "175b_finetuning", LastNumber),
        (594, "6b_finetuning", LastNumber),
        (634, "6b_finetuning", LastNumber),
        (757, "175b_finetuning", LastNumber),
        (853, "175b_verification", LastNumber),
        (932, "175b_finetuning", Line),
        (937, "6b_finetuning", LastNumber),
        (1265, "6b_verification", LastNumber),
    ];
    assert_eq!(others, expected);
}

/// What the weakest form is worth: the same solutions without their `A: ` lines.
#[test]
fn the_last_number_alone_mostly_agrees_with_the_published_grading() {
    let Some(graded) = graded() else { return };
    let (mut missed, mut found) = (0, Vec::new());
    for solution in &graded {
        let text = &solution.solution;
        let text = text.rsplit_once("\nA: ").map_or(&**text, |(text, _)| text);
        match (solution.is_accepted(text), solution.is_correct) {
            (false, true) => missed += 1,
            (true, false) => found.push((solution.line, solution.model)),
            _ => {}
        }
    }
    let expected = [
        (258, "6b_verification"),
        (258, "175b_verification"),
        (420, "6b_verification"),
        (452, "6b_verification"),
        (583, "6b_verification"),
        (1294, "175b_verification"),
    ];
    assert_eq!((missed, found.as_slice()), (50, &expected[..]));
}

/// Equations that were judged, and how many of them do not hold.
#[test]
fn the_arithmetic_of_the_published_solutions_holds_but_for_slips() {
    for (split, file, annotated, plain) in [
        (Split::Train, "train.jsonl.gz", (23_350, 0), (20_371, 47)),
        (Split::Test, "test.jsonl.gz", (4_206, 0), (3_708, 4)),
    ] {
        let (Some(problems), Some(records)) = (load(split), records(file)) else {
            return;
        };
        let mut with_annotations = (0, 0);
        for record in &records {
            let answer = text(record, "answer");
            if answer.contains("<<") {
                let judged = equations(answer);
                with_annotations.0 += judged.len();
                with_annotations.1 += judged.iter().filter(|equation| !equation.holds).count();
            }
        }
        assert_eq!(with_annotations, annotated, "{file}");
        let mut without = (0, 0);
        for index in 0..problems.num_examples().unwrap() {
            let example = problems.example(index).unwrap();
            let score = problems.score(&example, &example.target, 0).unwrap();
            without.0 += score.steps.len();
            without.1 += score.steps.iter().filter(|step| !step.correct).count();
        }
        assert_eq!(without, plain, "{file}");
    }
}
