//! Why a file could not be written or read.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a file could not be written or read.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The system refused an operation.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as a verb: `write`, `read`, `rename`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A path that cannot be the name of an output file.
    #[error("cannot write {}: {reason}", path.display())]
    NotAnOutput {
        /// The path.
        path: PathBuf,
        /// What the path is, and what was expected.
        reason: &'static str,
    },
    /// A record that cannot be used.
    #[error("{}, {unit} {number}: {reason}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is counted.
        unit: Unit,
        /// Which record, from 1.
        number: u64,
        /// What is wrong with it, and what was expected.
        reason: String,
    },
    /// Several records that cannot be used.
    #[error("{}: {count} records cannot be used:{}", path.display(), list(first, *count))]
    Records {
        /// The file.
        path: PathBuf,
        /// How many.
        count: u64,
        /// The first of them, each a [`FileError::Record`].
        first: Vec<FileError>,
    },
}

/// Errors, one per line, and how many more there are.
fn list(first: &[FileError], count: u64) -> String {
    let mut text: String = first.iter().map(|error| format!("\n  {error}")).collect();
    let listed = first.len() as u64;
    if count > listed {
        text.push_str(&format!("\n  and {} more", count - listed));
    }
    text
}

/// What the records of a file are.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Lines of a text, blank ones among them.
    Line,
    /// Rows of a table.
    Row,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Line => "line",
            Self::Row => "row",
        })
    }
}

impl FileError {
    /// For `map_err` on file operations.
    ///
    /// ```
    /// use interplay_files::FileError;
    ///
    /// let read = std::fs::read("gone.txt").map_err(FileError::io("read", "gone.txt"));
    /// assert!(read.unwrap_err().to_string().starts_with("cannot read gone.txt: "));
    /// ```
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io {
            action,
            path: path.as_ref().to_owned(),
            source,
        }
    }

    /// The file or folder that the error is about.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::NotAnOutput { path, .. }
            | Self::Record { path, .. }
            | Self::Records { path, .. } => path,
        }
    }

    /// The number of the record that the error is about, 0 where it is about the file.
    pub(crate) fn number(&self) -> u64 {
        match self {
            Self::Record { number, .. } => *number,
            Self::Io { .. } | Self::NotAnOutput { .. } | Self::Records { .. } => 0,
        }
    }
}

/// The cause as an I/O error, with the path in its message; for callers such as `serde` writers that
/// know no other kind.
impl From<FileError> for io::Error {
    fn from(error: FileError) -> Self {
        let kind = match &error {
            FileError::Io { source, .. } => source.kind(),
            FileError::NotAnOutput { .. } => io::ErrorKind::InvalidInput,
            FileError::Record { .. } | FileError::Records { .. } => io::ErrorKind::InvalidData,
        };
        Self::new(kind, error)
    }
}
