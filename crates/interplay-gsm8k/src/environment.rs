//! Problems in GSM8K's form as an environment.
//!
//! Source: GSM8K (arXiv 2110.14168).
//!
//! Deviations: answers are compared as numbers, not as texts (see [`crate::read_answer`]); targets
//! state the answer in this project's tags instead of a `#### ` line, and without the calculator
//! annotations.

use std::path::Path;

use interplay_environment::framing::{self, Completion};
use interplay_environment::{
    Blame, Environment, EnvironmentError, Example, FirstError, Score, Split, StepScore, components,
};
use interplay_files::RecordReader;

use crate::error::Skipped;
use crate::order::Order;
use crate::problem::{Problem, Record};
use crate::{
    Equation, Gsm8kError, Gsm8kSpec, Number, StatedAnswer, Unclear, equations, read_answer,
};

/// What a line holds, for messages.
const EXPECTED: &str = "an object with the texts `question` and `answer`";

/// An environment of problems in GSM8K's form.
///
/// Index `i` of `n` problems is in epoch `i / n`. Every epoch holds every problem once, shuffled by
/// seed and epoch, the first training epoch included; the first epoch of the test split keeps the
/// order of the file. An example's id is its line in the file, from 0, in every epoch.
///
/// | of an example | is |
/// |---|---|
/// | `prompt` | the question, [framed](framing::prompt) |
/// | `target` | the solution without annotations, then the answer, [framed](framing::target) |
/// | `answer` | the number, as a decimal without grouping |
/// | `labels.op` | the number of solution steps: calculator annotations, or lines if it has none |
/// | `labels.context` | the name of the environment |
///
/// A completion is accepted if [`read_answer`] reads the right number from it, whatever its steps; the
/// components `outcome` and `accepted` are then 1, otherwise 0. `steps` are the [`equations`] before
/// the answer, and `process` is the share of them that hold, or `outcome` if there are none. This
/// checks arithmetic only. It does not verify the reasoning, and a model rewarded for it may learn to
/// write `1 + 1 = 2`.
#[derive(Debug)]
pub struct Gsm8k {
    name: String,
    split: Split,
    problems: Vec<Problem>,
    order: Order,
    skipped: Skipped,
}

impl Gsm8k {
    /// Reads the file of a split, [`Split::Train`] or [`Split::Test`]. `seed` shuffles the epochs.
    ///
    /// # Errors
    /// Invalid settings, an unreadable file, a selection that leaves no problem, and unreadable lines,
    /// unless the spec skips those. All unreadable lines are reported together.
    pub fn load(spec: &Gsm8kSpec, split: Split, seed: u64) -> Result<Self, Gsm8kError> {
        let issues = spec.validate();
        if !issues.0.is_empty() {
            return Err(Gsm8kError::Settings(issues));
        }
        let path: &Path = match split {
            Split::Train => &spec.train,
            Split::Test => &spec.test,
            Split::Validation => return Err(Gsm8kError::NoSuchSplit { split }),
        };
        let mut reader = RecordReader::open(path)?.skip_unreadable(true);
        let mut problems = Vec::new();
        while let Some((line, record)) = reader.next::<Record>(EXPECTED)? {
            match Problem::new(line - 1, &record, spec.keep_annotations) {
                Ok(problem) => problems.push(problem),
                Err(fault) => reader.reject(reader.error(&fault.to_string()))?,
            }
        }
        let skipped = Skipped::of(reader.skipped());
        Self::select(
            path.display().to_string(),
            problems,
            skipped,
            spec,
            split,
            seed,
        )
    }

    /// Reads problems from lines of strict JSON in memory. The files of `spec` are not opened.
    ///
    /// ```
    /// use interplay_environment::{Environment, Split};
    /// use interplay_gsm8k::{Gsm8k, Gsm8kSpec};
    ///
    /// let lines = [r#"{"question": "2 + 3?", "answer": "2 + 3 = <<2+3=5>>5\n#### 5"}"#];
    /// let problems = Gsm8k::from_lines(lines, &Gsm8kSpec::default(), Split::Train, 1)?;
    /// assert_eq!(problems.example(0)?.target, " 2 + 3 = 5 </solution> <answer> 5 </answer>");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Gsm8k::load`].
    pub fn from_lines<L: AsRef<str>>(
        lines: impl IntoIterator<Item = L>,
        spec: &Gsm8kSpec,
        split: Split,
        seed: u64,
    ) -> Result<Self, Gsm8kError> {
        let issues = spec.validate_selection();
        if !issues.0.is_empty() {
            return Err(Gsm8kError::Settings(issues));
        }
        let (mut problems, mut skipped) = (Vec::new(), Skipped::default());
        for (id, line) in (0..).zip(lines) {
            let line = line.as_ref();
            if line.trim().is_empty() {
                continue;
            }
            match serde_json::from_str::<Record>(line) {
                Err(error) => {
                    // The parser saw one line only.
                    let reason = error
                        .to_string()
                        .replace(" at line 1 column ", " at column ");
                    skipped.push(id + 1, format!("{reason}; expected {EXPECTED}"));
                }
                Ok(record) => match Problem::new(id, &record, spec.keep_annotations) {
                    Ok(problem) => problems.push(problem),
                    Err(fault) => skipped.push(id + 1, fault),
                },
            }
        }
        Self::select(spec.name.clone(), problems, skipped, spec, split, seed)
    }

    /// Takes the problems that the spec selects. `origin` names their source in errors.
    fn select(
        origin: String,
        mut problems: Vec<Problem>,
        skipped: Skipped,
        spec: &Gsm8kSpec,
        split: Split,
        seed: u64,
    ) -> Result<Self, Gsm8kError> {
        if skipped.count > 0 && !spec.skip_unreadable {
            return Err(Gsm8kError::Lines { origin, skipped });
        }
        let readable = problems.len() as u64;
        problems.retain(|problem| spec.selects(problem.steps));
        let limit = spec.limit.and_then(|limit| usize::try_from(limit).ok());
        problems.truncate(limit.unwrap_or(usize::MAX));
        if problems.is_empty() {
            return Err(Gsm8kError::NoProblems { origin, readable });
        }
        let unshuffled = u64::from(split == Split::Test);
        let order = Order::new(
            problems.len() as u64,
            seed,
            &format!("gsm8k/{split}"),
            unshuffled,
        );
        Ok(Self {
            name: spec.name.clone(),
            split,
            problems,
            order,
            skipped,
        })
    }

    /// The example with this id, its line in the file from 0; `None` if it was not selected.
    #[must_use]
    pub fn by_id(&self, id: u64) -> Option<Example> {
        let found = self
            .problems
            .binary_search_by_key(&id, |problem| problem.id);
        Some(self.example_of(&self.problems[found.ok()?]))
    }

    fn example_of(&self, problem: &Problem) -> Example {
        let answer = problem.answer.to_string();
        let prompt = framing::prompt(&problem.question);
        let target = framing::target(&problem.reasoning, &answer);
        Example::new(problem.id, prompt, target, answer)
            .with_op(problem.steps)
            .with_context(self.name.clone())
            .in_split(self.split)
            .with_reference(problem.answer.clone())
    }

    /// The split that was read.
    #[must_use]
    pub fn split(&self) -> Split {
        self.split
    }

    /// The unreadable lines that were skipped.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }
}

impl Environment for Gsm8k {
    fn name(&self) -> &str {
        &self.name
    }

    fn num_examples(&self) -> Option<u64> {
        Some(self.problems.len() as u64)
    }

    fn example(&self, index: u64) -> Result<Example, EnvironmentError> {
        let position = self.order.position(index) as usize;
        Ok(self.example_of(&self.problems[position]))
    }

    fn score(
        &self,
        example: &Example,
        completion: &str,
        _draw: u64,
    ) -> Result<Score, EnvironmentError> {
        let gold: &Number =
            example
                .reference()
                .ok_or_else(|| EnvironmentError::ForeignExample {
                    environment: self.name.clone(),
                    id: example.id,
                })?;
        Ok(score(gold, completion))
    }

    fn components(&self) -> Vec<String> {
        [
            components::OUTCOME,
            components::PROCESS,
            components::ACCEPTED,
        ]
        .map(str::to_owned)
        .to_vec()
    }
}

fn score(gold: &Number, completion: &str) -> Score {
    let stated = read_answer(completion);
    let correct =
        matches!(&stated, Some(StatedAnswer { number: Ok(number), .. }) if number == gold);
    let equations = equations_before_answer(completion);
    let number = stated
        .as_ref()
        .and_then(|stated| stated.number.as_ref().ok());
    let mut score = Score::of_answer(correct).stating(number.map(Number::to_string));
    if !equations.is_empty() {
        let hold = equations.iter().filter(|equation| equation.holds).count();
        score.process_accuracy = hold as f64 / equations.len() as f64;
    }
    let share = score.process_accuracy;
    score = score.with_component(components::PROCESS, share);
    let wrong = equations.iter().find(|equation| !equation.holds);
    score.first_error = match wrong {
        Some(equation) => Some(wrong_equation(completion, equation, correct)),
        None if !correct => Some(wrong_answer(completion, gold, stated.as_ref())),
        None => None,
    };
    let equations = equations.into_iter();
    let steps = equations.map(|equation| StepScore::new(equation.span, equation.holds));
    score.steps = steps.collect();
    score
}

/// The equations of the reasoning, with spans in the completion.
fn equations_before_answer(completion: &str) -> Vec<Equation> {
    let reasoning = Completion::of(completion).reasoning;
    // The reasoning is the start of the completion without its white space.
    let offset = completion.len() - completion.trim_start().len();
    let mut equations = equations(reasoning);
    for equation in &mut equations {
        equation.span = equation.span.start + offset..equation.span.end + offset;
    }
    equations
}

fn wrong_equation(completion: &str, equation: &Equation, accepted: bool) -> FirstError {
    let span = equation.span.clone();
    let blame = Blame {
        start: span.start,
        end: Some(span.end),
    };
    FirstError {
        step: sentences_before(completion, span.start),
        span,
        reason: "wrong_arithmetic".into(),
        expected: format!("`{}`", equation.left),
        found: format!("`{}`", equation.right),
        // An accepted completion has no failure to charge.
        blame: (!accepted).then_some(blame),
    }
}

fn wrong_answer(completion: &str, gold: &Number, stated: Option<&StatedAnswer>) -> FirstError {
    let end = completion.len();
    let (span, reason) = match stated {
        None => (end..end, "no_answer"),
        Some(stated) => {
            let reason = match stated.number {
                Ok(_) => "wrong_answer",
                Err(Unclear::Unclosed) => "cut_answer",
                Err(Unclear::NotOneNumber) => "unclear_answer",
                Err(Unclear::Contradiction) => "contradictory_answers",
            };
            (stated.span.clone(), reason)
        }
    };
    FirstError {
        step: sentences_before(completion, span.start),
        reason: reason.into(),
        expected: format!("`{gold}`"),
        found: match &completion[span.clone()] {
            "" => "nothing".to_owned(),
            text => format!("`{text}`"),
        },
        span,
        // Where the reasoning went wrong is not known.
        blame: None,
    }
}

/// How many sentences end before `at`: at a line break, or at a period before white space.
fn sentences_before(text: &str, at: usize) -> usize {
    let before = text[..at].trim_start();
    let sentences = before.split_inclusive(['\n', ' ']).filter(|word| {
        let word = word
            .strip_suffix([' ', '\n'])
            .map(|stem| (stem, word.ends_with('\n')));
        word.is_some_and(|(stem, line_ends)| stem.ends_with('.') || (line_ends && !stem.is_empty()))
    });
    sentences.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(count: u64, split: Split) -> Gsm8k {
        let line = |n: u64| {
            let steps = "1 + 1 = <<1+1=2>>2\\n".repeat(n as usize % 4);
            format!(r#"{{"question": "{n}?", "answer": "{steps}#### {n},000"}}"#)
        };
        Gsm8k::from_lines((1..=count).map(line), &Gsm8kSpec::default(), split, 5).unwrap()
    }

    fn ids(problems: &Gsm8k, range: std::ops::Range<u64>) -> Vec<u64> {
        range
            .map(|index| problems.example(index).unwrap().id)
            .collect()
    }

    #[test]
    fn an_epoch_holds_every_problem_once() {
        let train = problems(9, Split::Train);
        let all: Vec<u64> = (0..9).collect();
        for epoch in 0..3 {
            let mut ids = ids(&train, epoch * 9..epoch * 9 + 9);
            assert_ne!(ids, all);
            ids.sort_unstable();
            assert_eq!(ids, all);
        }
        let test = problems(9, Split::Test);
        assert_eq!(ids(&test, 0..9), all);
        assert_ne!(ids(&test, 9..18), all);
        assert_eq!(test.num_examples(), Some(9));
    }

    #[test]
    fn an_example_has_its_labels() {
        let test = problems(9, Split::Test);
        let example = test.example(5).unwrap();
        assert_eq!(example.prompt, "<question> 6? </question> <solution>");
        assert_eq!(example.answer, "6000");
        assert_eq!((example.labels.op, example.split), (Some(2), Split::Test));
        assert_eq!(example.labels.context.as_deref(), Some("gsm8k"));
        let score = test.score(&example, &example.target, 0).unwrap();
        assert!(score.accepted && score.first_error.is_none());
        assert_eq!(score.component("process"), Some(1.0));
        let names: Vec<_> = score.components.iter().map(|part| &*part.name).collect();
        assert!(
            test.components()
                .iter()
                .all(|name| names.contains(&name.as_str()))
        );
    }

    #[test]
    fn arithmetic_does_not_decide() {
        let text = " 2 + 2 = 4. 4 * 2 = 9 eggs. </solution> <answer> 8 </answer>";
        let right = score(&Number::from(8), text);
        assert!(right.accepted);
        assert_eq!(right.process_accuracy, 0.5);
        let error = right.first_error.unwrap();
        assert_eq!(&text[error.span.clone()], "4 * 2 = 9");
        assert_eq!(
            error.to_string(),
            "step 1, bytes 12..21: wrong arithmetic; expected `8`, found `9`"
        );
        assert_eq!((error.blame, right.steps.len()), (None, 2));
        let wrong = score(&Number::from(9), text).first_error.unwrap();
        assert_eq!(wrong.blame.map(|blame| blame.start), Some(12));
    }

    #[test]
    fn a_wrong_answer_is_pointed_at() {
        for (text, reason, found) in [
            (
                "2 eggs. </solution> <answer> 8 </answer>",
                "wrong_answer",
                "`8`",
            ),
            ("<answer> 8 or 9 </answer>", "unclear_answer", "`8 or 9`"),
            ("<answer> 9", "cut_answer", "`9`"),
            ("#### 9\n#### 8", "contradictory_answers", "`9`"),
            ("none", "no_answer", "nothing"),
        ] {
            let score = score(&Number::from(9), text);
            assert!(!score.accepted && score.process_accuracy == 0.0);
            let error = score.first_error.unwrap();
            assert_eq!(
                (&*error.reason, error.found.as_str()),
                (reason, found),
                "{text}"
            );
        }
    }

    #[test]
    fn sentences_are_counted() {
        for (text, count) in [
            ("", 0),
            (" a", 0),
            ("a. ", 1),
            ("a. b", 1),
            ("a\n", 1),
            ("a.\nb", 1),
            ("a\n\nb. c", 2),
        ] {
            assert_eq!(sentences_before(text, text.len()), count, "{text:?}");
        }
    }

    #[test]
    fn a_foreign_example_is_refused() {
        let example = Example::new(4, "", "", "4");
        let error = problems(1, Split::Test)
            .score(&example, "4", 0)
            .unwrap_err();
        assert!(matches!(
            error,
            EnvironmentError::ForeignExample { id: 4, .. }
        ));
    }

    #[test]
    fn unreadable_lines_are_all_reported_or_skipped() {
        let good = r#"{"question": "2?", "answer": "\n#### 2"}"#;
        let lines = || (0..13).map(|n| if n == 5 { good } else { "{}" });
        let read = |spec: &Gsm8kSpec| Gsm8k::from_lines(lines(), spec, Split::Test, 0);
        let message = read(&Gsm8kSpec::default()).unwrap_err().to_string();
        for part in [
            "gsm8k: 12 unreadable lines",
            "\n  line 1: ",
            "`question`",
            "\n  and 2 more",
            "skip_unreadable",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let spec = Gsm8kSpec {
            skip_unreadable: true,
            ..Gsm8kSpec::default()
        };
        let read = read(&spec).unwrap();
        assert_eq!((read.skipped().count, read.num_examples()), (12, Some(1)));
        assert_eq!(read.example(0).unwrap().id, 5);
        assert_eq!(read.by_id(5).unwrap().answer, "2");
        assert!(read.by_id(0).is_none());
    }

    #[test]
    fn problems_are_selected_by_their_steps() {
        let lines: Vec<String> = (0..6)
            .map(|n| {
                format!(
                    r#"{{"question": "?", "answer": "{}#### 1"}}"#,
                    "step\\n".repeat(n)
                )
            })
            .collect();
        let read = |spec: &Gsm8kSpec| Gsm8k::from_lines(&lines, spec, Split::Test, 0);
        let mut spec = Gsm8kSpec {
            min_steps: 2,
            max_steps: Some(4),
            ..Gsm8kSpec::default()
        };
        assert_eq!(ids(&read(&spec).unwrap(), 0..3), [2, 3, 4]);
        spec.limit = Some(2);
        assert_eq!(read(&spec).unwrap().num_examples(), Some(2));
        (spec.min_steps, spec.max_steps) = (9, None);
        let message = read(&spec).unwrap_err().to_string();
        assert!(
            message.contains("select none of its 6 problems"),
            "{message}"
        );
    }
}
