//! Problems in the published fields, and files of them.
//!
//! Source: the sample JSONL of arXiv 2512.07783. Deviations: files ending in `.gz` are read and
//! written compressed.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::whole_file::{beside, io_error, is_gz, place};
use crate::error::TaskError;

/// One published record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The statements.
    pub problem: String,
    /// The question.
    pub question: String,
    /// The gold solution, with `Answer: N.` at its end.
    pub solution: String,
    /// The difficulty.
    pub op: u32,
    /// The index in its file or data set.
    pub id: u64,
    /// The context.
    pub template: String,
    /// The mode, for instance `normalforward`.
    pub mode: String,
    /// The published name of the length class.
    pub length: String,
    /// How many layers the structure has.
    pub d: u32,
}

/// The samples of a JSONL file, one after the other; `.gz` files are decompressed.
pub struct SampleReader {
    path: PathBuf,
    line: usize,
    input: Box<dyn BufRead + Send>,
    text: String,
}

impl SampleReader {
    /// Opens a file.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TaskError> {
        let path = path.as_ref();
        let file = File::open(path).map_err(|source| io_error("cannot open", path, source))?;
        let file = BufReader::new(file);
        let input: Box<dyn BufRead + Send> = if is_gz(path) {
            Box::new(BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self {
            path: path.to_owned(),
            line: 0,
            input,
            text: String::new(),
        })
    }
}

impl Iterator for SampleReader {
    type Item = Result<Sample, TaskError>;

    /// The next sample; blank lines are passed over.
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.text.clear();
            self.line += 1;
            match self.input.read_line(&mut self.text) {
                Err(source) => return Some(Err(io_error("cannot read", &self.path, source))),
                Ok(0) => return None,
                Ok(_) if self.text.trim().is_empty() => {}
                Ok(_) => {
                    let (path, line) = (&self.path, self.line);
                    let sample = serde_json::from_str(&self.text);
                    return Some(sample.map_err(|source| TaskError::Line {
                        path: path.clone(),
                        line,
                        source,
                    }));
                }
            }
        }
    }
}

/// Writes samples as JSONL, compressed where the name ends in `.gz`. Returns how many.
///
/// The file appears under its name only when it is complete; an existing one is replaced.
///
/// # Errors
/// The first error among the samples, or a file that cannot be written. Nothing is left behind.
pub fn write_samples<E: From<TaskError>>(
    path: impl AsRef<Path>,
    samples: impl IntoIterator<Item = Result<Sample, E>>,
) -> Result<u64, E> {
    let path = path.as_ref();
    let wrong = |source| io_error("cannot write", path, source);
    let mut file = beside(path)?;
    let count = if is_gz(path) {
        let mut encoder = GzEncoder::new(BufWriter::new(&mut file), Compression::default());
        let count = write_lines(&mut encoder, samples, &wrong)?;
        encoder
            .finish()
            .and_then(|mut buffer| buffer.flush())
            .map_err(wrong)?;
        count
    } else {
        let mut buffer = BufWriter::new(&mut file);
        let count = write_lines(&mut buffer, samples, &wrong)?;
        buffer.flush().map_err(wrong)?;
        count
    };
    place(file, path)?;
    Ok(count)
}

fn write_lines<E: From<TaskError>>(
    output: &mut impl Write,
    samples: impl IntoIterator<Item = Result<Sample, E>>,
    wrong: &impl Fn(io::Error) -> TaskError,
) -> Result<u64, E> {
    let mut count = 0;
    for sample in samples {
        serde_json::to_writer(&mut *output, &sample?).map_err(|error| wrong(error.into()))?;
        output.write_all(b"\n").map_err(wrong)?;
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(id: u64) -> Sample {
        Sample {
            problem: "fox = 3.".into(),
            question: "fox?".into(),
            solution: "fox = 3. Answer: 3.".into(),
            op: 1,
            id,
            template: "zoo".into(),
            mode: "normalforward".into(),
            length: "zero_context".into(),
            d: 2,
        }
    }

    #[test]
    fn files_come_back_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["samples.jsonl", "samples.jsonl.gz"] {
            let path = folder.path().join(name);
            let samples: Vec<Sample> = (0..50).map(sample).collect();
            let count = write_samples(&path, samples.iter().cloned().map(Ok::<_, TaskError>));
            assert_eq!(count.unwrap(), 50);
            let read: Vec<Sample> = SampleReader::open(&path)
                .unwrap()
                .map(Result::unwrap)
                .collect();
            assert_eq!(read, samples);
        }
    }

    #[test]
    fn a_truncated_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broken.jsonl");
        let line = serde_json::to_string(&sample(0)).unwrap();
        std::fs::write(&path, format!("{line}\n\n{}", &line[..30])).unwrap();
        let read: Vec<_> = SampleReader::open(&path).unwrap().collect();
        assert_eq!(read.len(), 2);
        let message = read[1].as_ref().unwrap_err().to_string();
        assert!(message.contains("broken.jsonl, line 3"), "{message}");
    }

    #[test]
    fn a_failing_source_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kept.jsonl");
        std::fs::write(&path, "old").unwrap();
        let broken = TaskError::UnknownContext {
            name: "x".into(),
            known: "y".into(),
        };
        assert!(write_samples(&path, [Ok(sample(0)), Err(broken)]).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
