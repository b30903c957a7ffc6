//! Why problems could not be read.

use std::fmt;

use interplay_environment::Split;
use interplay_files::FileError;
use interplay_graph::settings::Issues;

/// How many unreadable lines are reported in full.
const REMEMBERED: usize = 10;

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
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
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
        "{origin}: `min_steps`, `max_steps` and `steps` select none of its {readable} problems; expected at least one"
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

impl Skipped {
    /// What a reader has skipped.
    pub(crate) fn of(skipped: &interplay_files::Skipped) -> Self {
        let first = skipped.first.iter().filter_map(|error| match error {
            FileError::Record { number, reason, .. } => Some(LineError {
                line: *number,
                reason: reason.clone(),
            }),
            _ => None,
        });
        Self {
            count: skipped.count,
            first: first.collect(),
        }
    }

    /// Adds a line.
    pub(crate) fn push(&mut self, line: u64, reason: impl fmt::Display) {
        self.count += 1;
        if self.first.len() < REMEMBERED {
            let reason = reason.to_string();
            self.first.push(LineError { line, reason });
        }
    }
}

/// An unreadable line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct LineError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it, and what was expected.
    pub reason: String,
}
