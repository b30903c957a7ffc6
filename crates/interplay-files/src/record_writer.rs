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
    output: Output,
}

#[derive(Debug)]
enum Output {
    Plain(AtomicFile),
    Compressed(GzEncoder<AtomicFile>),
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
        let file = AtomicFile::create(path)?;
        let output = match ends_in(path, "gz") {
            true => Output::Compressed(GzEncoder::new(file, Compression::default())),
            false => Output::Plain(file),
        };
        Ok(Self { output })
    }

    /// Appends a record as one line.
    ///
    /// # Errors
    /// A value that is not JSON, and data that cannot be written.
    pub fn record(&mut self, record: &impl Serialize) -> Result<(), FileError> {
        let written = match &mut self.output {
            Output::Plain(output) => line(output, record),
            Output::Compressed(output) => line(output, record),
        };
        written.map_err(|source| self.error(source))
    }

    /// Gives the file its name; what was there before is replaced.
    ///
    /// # Errors
    /// As for [`AtomicFile::commit`].
    pub fn finish(self) -> Result<(), FileError> {
        match self.output {
            Output::Plain(file) => file.commit(),
            Output::Compressed(encoder) => {
                let path = encoder.get_ref().path().to_owned();
                let file = encoder.finish().map_err(FileError::io("write", path))?;
                file.commit()
            }
        }
    }

    fn error(&self, source: io::Error) -> FileError {
        let file = match &self.output {
            Output::Plain(file) => file,
            Output::Compressed(encoder) => encoder.get_ref(),
        };
        FileError::io("write", file.path())(source)
    }
}

fn line(output: &mut impl Write, record: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, record)?;
    output.write_all(b"\n")
}
