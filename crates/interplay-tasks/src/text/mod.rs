//! The texts of a problem: statements, question and gold solution, in the problem's dialect.
//!
//! One writer per dialect; the readers of the same sentences are in `interplay-graph`
//! (`statements`) and `interplay-verify` (`parse`).

pub mod framing;
mod prose;
mod terse;

use std::fmt::Write;

use crate::generation::Problem;
use crate::spec::Dialect;

impl Problem {
    /// The statements.
    #[must_use]
    pub fn problem_text(&self) -> String {
        let mut text = String::new();
        self.write_problem(&mut text);
        text
    }

    /// Appends the statements to a text.
    pub fn write_problem(&self, text: &mut String) {
        match self.dialect {
            Dialect::Prose => prose::problem(self, text),
            Dialect::Terse => terse::problem(self, text),
        }
    }

    /// The question.
    #[must_use]
    pub fn question_text(&self) -> String {
        let mut text = String::new();
        self.write_question(&mut text);
        text
    }

    /// Appends the question to a text.
    pub fn write_question(&self, text: &mut String) {
        match self.dialect {
            Dialect::Prose => prose::question(self, text),
            Dialect::Terse => terse::question(self, text),
        }
    }

    /// The gold solution as published files hold it: its steps, then `Answer: N.`
    #[must_use]
    pub fn solution_text(&self) -> String {
        let mut text = String::new();
        self.write_solution(&mut text);
        text
    }

    /// Appends [`Problem::solution_text`] to a text.
    pub fn write_solution(&self, text: &mut String) {
        self.write_steps(text);
        let _ = write!(text, " Answer: {}.", self.answer());
    }

    /// The gold solution between `<solution>` and `</solution>`. The terse dialect leaves out
    /// `Answer: N.`, since the answer tag follows.
    #[must_use]
    pub fn reasoning_text(&self) -> String {
        let mut text = String::new();
        match self.dialect {
            Dialect::Prose => self.write_solution(&mut text),
            Dialect::Terse => self.write_steps(&mut text),
        }
        text
    }

    fn write_steps(&self, text: &mut String) {
        match self.dialect {
            Dialect::Prose => prose::steps(self, text),
            Dialect::Terse => terse::steps(self, text),
        }
    }
}
