//! A file of JSON lines that appears when it is complete.

use std::io::{self, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::records::ends_in;
use crate::{AtomicFile, FileError};

/// A file of JSON lines under way, compressed where its name ends in `.gz`. Dropping it without
/// [`RecordWriter::finish`] removes it.
///
/// ```
/// use interplay_files::{RecordReader, RecordWriter};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("squares.jsonl.gz");
/// let mut output = RecordWriter::create(&path)?;
/// for number in 1..=3 {
///     output.record(&[number, number * number])?;
/// }
/// output.finish()?;
/// let mut input = RecordReader::open(&path)?;
/// assert_eq!(input.next::<[u32; 2]>("a pair")?, Some((1, [1, 1])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordWriter {
    output: TextOutput,
}

impl RecordWriter {
    /// Starts a file; whatever has this name stays until [`RecordWriter::finish`].
    ///
    /// # Errors
    /// As for [`AtomicFile::create`]; a name that ends in `.parquet`, which would be read as what it
    /// is not.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        if ends_in(path, "parquet") {
            return Err(FileError::NotAnOutput {
                path: path.to_owned(),
                reason: "it would hold JSON lines; expected a name that ends in .jsonl or .jsonl.gz",
            });
        }
        let output = TextOutput::create(path)?;
        Ok(Self { output })
    }

    /// Appends a record as one line.
    ///
    /// # Errors
    /// A value that is not JSON, and data that cannot be written.
    pub fn record(&mut self, record: &impl Serialize) -> Result<(), FileError> {
        let written = match &mut self.output {
            TextOutput::Plain(output) => line(output, record),
            TextOutput::Compressed(output) => line(output, record),
        };
        written.map_err(|source| self.output.error(source))
    }

    /// Gives the file its name; what was there before is replaced.
    ///
    /// # Errors
    /// As for [`AtomicFile::commit`].
    pub fn finish(self) -> Result<(), FileError> {
        self.output.finish()
    }
}

/// A text file under way, compressed where its name ends in `.gz`.
#[derive(Debug)]
pub(crate) enum TextOutput {
    Plain(AtomicFile),
    Compressed(GzEncoder<AtomicFile>),
}

impl TextOutput {
    pub(crate) fn create(path: &Path) -> Result<Self, FileError> {
        let file = AtomicFile::create(path)?;
        Ok(match ends_in(path, "gz") {
            true => Self::Compressed(GzEncoder::new(file, Compression::default())),
            false => Self::Plain(file),
        })
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), FileError> {
        let written = match self {
            Self::Plain(output) => output.write_all(text.as_bytes()),
            Self::Compressed(output) => output.write_all(text.as_bytes()),
        };
        written.map_err(|source| self.error(source))
    }

    pub(crate) fn finish(self) -> Result<(), FileError> {
        match self {
            Self::Plain(file) => file.commit(),
            Self::Compressed(encoder) => {
                let path = encoder.get_ref().path().to_owned();
                let file = encoder.finish().map_err(FileError::io("write", path))?;
                file.commit()
            }
        }
    }

    fn error(&self, source: io::Error) -> FileError {
        let file = match self {
            Self::Plain(file) => file,
            Self::Compressed(encoder) => encoder.get_ref(),
        };
        FileError::io("write", file.path())(source)
    }
}

fn line(output: &mut impl Write, record: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, record)?;
    output.write_all(b"\n")
}
