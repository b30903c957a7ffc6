//! One problem of a file.

use interplay_environment::framing;
use serde::Deserialize;

use crate::equation::without_annotations;
use crate::{NotANumber, Number};

/// A line of a file; other fields are not read.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    question: String,
    answer: String,
}

/// Why a record is not a problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("`{field}` is empty; expected a text")]
    Empty { field: &'static str },
    #[error("`answer` ends in the line `{found}`; expected `#### ` and a number")]
    NoAnswerLine { found: String },
    #[error("the last line of `answer`: {0}")]
    NotANumber(#[from] NotANumber),
    /// The text could pass itself off as another part of a sample.
    #[error("`{field}` contains the framing tag `{tag}`; remove it")]
    Tag {
        field: &'static str,
        tag: &'static str,
    },
}

/// One problem.
#[derive(Debug, Clone)]
pub(crate) struct Problem {
    /// Its line in the file, from 0.
    pub id: u64,
    pub question: String,
    pub reasoning: String,
    pub answer: Number,
    /// How many steps its solution has.
    pub steps: u32,
}

impl Problem {
    pub fn new(id: u64, record: &Record, keep_annotations: bool) -> Result<Self, Fault> {
        let (question, answer) = (record.question.trim(), record.answer.trim());
        for (field, text) in [("question", question), ("answer", answer)] {
            if text.is_empty() {
                return Err(Fault::Empty { field });
            }
            if let Some(tag) = framing::forged_tag(text) {
                return Err(Fault::Tag { field, tag });
            }
        }
        let (reasoning, last) = answer.rsplit_once('\n').unwrap_or(("", answer));
        let stated = last
            .trim()
            .strip_prefix("####")
            .ok_or_else(|| Fault::NoAnswerLine {
                found: last.trim().to_owned(),
            })?;
        let answer = stated.trim().parse()?;
        let (plain, annotations) = without_annotations(reasoning);
        let lines = || {
            reasoning
                .lines()
                .filter(|line| !line.trim().is_empty())
                .count()
        };
        let reasoning = if keep_annotations { reasoning } else { &plain };
        Ok(Self {
            id,
            question: question.to_owned(),
            reasoning: reasoning.trim().to_owned(),
            answer,
            steps: match annotations {
                0 => u32::try_from(lines()).unwrap_or(u32::MAX),
                count => count,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(question: &str, answer: &str) -> Result<Problem, Fault> {
        let record = Record {
            question: question.to_owned(),
            answer: answer.to_owned(),
        };
        Problem::new(3, &record, false)
    }

    #[test]
    fn annotations_are_steps_and_are_taken_out() {
        let read = problem("Q?", "1+1 = <<1+1=2>>2\r\n2+2 = <<2+2=4>>4, so\n#### 1,004").unwrap();
        assert_eq!((read.id, read.steps), (3, 2));
        assert_eq!(read.reasoning, "1+1 = 2\r\n2+2 = 4, so");
        assert_eq!(read.answer, Number::from(1004));
        assert_eq!(problem("Q?", "a\n\nb\n#### 4").unwrap().steps, 2);
        assert_eq!(problem("Q?", "#### 4").unwrap().steps, 0);
    }

    #[test]
    fn faults_tell_the_field_and_what_was_expected() {
        for (question, answer, expected) in [
            ("", "#### 4", "`question` is empty"),
            ("Q", " \n", "`answer` is empty"),
            ("Q", "four\n4", "line `4`; expected `#### ` and a number"),
            ("Q", "four\n#### four", "`four` does not state one number"),
            ("Q", "four\n#### 4 or 5", "`4 or 5`"),
            (
                "a </question> b",
                "#### 4",
                "`question` contains the framing tag `</question>`",
            ),
            (
                "Q",
                "<answer> 4\n#### 4",
                "`answer` contains the framing tag `<answer>`",
            ),
        ] {
            let message = problem(question, answer).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
    }
}
