//! Why problems could not be read.

use std::fmt;
use std::io;
use std::path::PathBuf;

use interplay_environment::Split;
use interplay_graph::settings::Issues;

use crate::NotANumber;

/// Why problems could not be read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Gsm8kError {
    /// Settings that contradict each other or that are out of range.
    #[error("the settings of GSM8K problems are wrong:{0}")]
    Settings(Issues),
    /// A split that has no file.
    #[error("GSM8K problems have no {split} split; expected train or test")]
    NoSuchSplit {
        /// The split that was asked for.
        split: Split,
    },
    /// The system refused to read a file.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Lines that are no problems.
    #[error("{origin}: {skipped}; correct them, or set `skip_unreadable` to leave them out")]
    Lines {
        /// The file.
        origin: String,
        /// The lines.
        skipped: Skipped,
    },
    /// A file of which no problem is left.
    #[error(
        "{origin}: none of its {readable} problems is selected; expected at least one, so widen `min_steps` and `max_steps`"
    )]
    NoProblems {
        /// The file.
        origin: String,
        /// How many problems it has.
        readable: u64,
    },
}

/// Lines that are no problems.
#[derive(Debug, Default)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// What is wrong with the first ten.
    pub first: Vec<LineError>,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = if self.count == 1 { "line" } else { "lines" };
        write!(f, "{} {lines} without a readable problem", self.count)?;
        for error in &self.first {
            write!(f, "\n  {error}")?;
        }
        match self.count - self.first.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// A line that is no problem.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct LineError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    #[source]
    pub fault: LineFault,
}

/// What is wrong with a line.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum LineFault {
    /// It is not a JSON object with the needed fields.
    #[error(
        "{reason} (column {column}); expected an object with the texts `question` and `answer`"
    )]
    Json {
        /// What the parser says.
        reason: String,
        /// Where, in bytes of the line from 1.
        column: usize,
    },
    /// A field is empty.
    #[error("`{field}` is empty; expected a text")]
    Empty {
        /// The field.
        field: &'static str,
    },
    /// The solution does not end in an answer.
    #[error("`answer` ends in the line `{found}`; expected `#### ` and a number")]
    NoAnswerLine {
        /// The last line of the solution.
        found: String,
    },
    /// The answer is not one number.
    #[error("the last line of `answer`: {0}")]
    NotANumber(#[from] NotANumber),
    /// A field has a tag of the model's text, with which it could pass for another part of it.
    #[error("`{field}` holds the tag `{tag}`, which frames prompts and solutions; remove it")]
    Tag {
        /// The field.
        field: &'static str,
        /// The tag.
        tag: &'static str,
    },
}
