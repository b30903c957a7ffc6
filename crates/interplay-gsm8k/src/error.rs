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
    #[error("invalid settings for GSM8K problems:{0}")]
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
    /// Unreadable lines.
    #[error("{origin}: {skipped}; correct them, or set `skip_unreadable` to skip them")]
    Lines {
        /// The file.
        origin: String,
        /// The lines.
        skipped: Skipped,
    },
    /// The selection leaves no problem.
    #[error(
        "{origin}: `min_steps` and `max_steps` select none of its {readable} problems; expected at least one"
    )]
    NoProblems {
        /// The file.
        origin: String,
        /// How many problems it has.
        readable: u64,
    },
}

/// Unreadable lines.
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
        write!(f, "{} unreadable {lines}", self.count)?;
        for error in &self.first {
            write!(f, "\n  {error}")?;
        }
        match self.count - self.first.len() as u64 {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// An unreadable line.
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
    /// It is not a JSON object with the required fields.
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
    /// The last line does not state one number.
    #[error("the last line of `answer`: {0}")]
    NotANumber(#[from] NotANumber),
    /// A field contains a framing tag, and could pass off its text as another part of the sample.
    #[error("`{field}` contains the framing tag `{tag}`; remove it")]
    Tag {
        /// The field.
        field: &'static str,
        /// The tag.
        tag: &'static str,
    },
}
