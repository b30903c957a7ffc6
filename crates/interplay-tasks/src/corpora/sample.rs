//! Problems in the published fields, and files of them.
//!
//! Source: the sample JSONL of arXiv 2512.07783. Deviations: files ending in `.gz` are read and
//! written compressed; only the texts are required of what is read.

use std::path::Path;

use interplay_files::{FileError, RecordReader, RecordWriter, Skipped};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

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

/// The samples of a file, one after the other: JSONL, plain or compressed, or Parquet.
///
/// What a sample needs are its texts; other fields that are missing are filled in. An `op` is
/// computed from the texts, `id` (also one that is no number) becomes the index of the record from 0,
/// the others stay empty.
///
/// ```
/// use interplay_tasks::corpora::SampleReader;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("samples.jsonl");
/// let texts = r#""problem": "fox = 3.", "question": "fox?", "solution": "fox = 3. Answer: 3.""#;
/// std::fs::write(&path, format!("{{{texts}, \"id\": \"p-17\"}}\ncut off"))?;
/// let mut samples = SampleReader::open(&path)?.skip_unreadable(true);
/// let sample = samples.next().unwrap()?;
/// assert_eq!((sample.op, sample.id), (1, 0));
/// assert!(samples.next().is_none());
/// assert_eq!(samples.skipped().count, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SampleReader {
    records: RecordReader,
    /// How many samples were read.
    count: u64,
}

const EXPECTED: &str = "a sample with the texts problem, question and solution, and where known op, \
                        id, template, mode, length, d";

impl SampleReader {
    /// Opens a file.
    ///
    /// # Errors
    /// A file that cannot be opened.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, TaskError> {
        let records = RecordReader::open(path)?;
        Ok(Self { records, count: 0 })
    }

    /// Whether records that are no samples are passed over and counted; otherwise each of them is
    /// an error.
    #[must_use]
    pub fn skip_unreadable(mut self, skips: bool) -> Self {
        self.records = self.records.skip_unreadable(skips);
        self
    }

    /// Reads to the end, where all records that are no samples are one error. Where such records are
    /// skipped, this changes nothing.
    #[must_use]
    pub fn report_all(mut self) -> Self {
        self.records = self.records.report_all();
        self
    }

    /// What was skipped so far.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        self.records.skipped()
    }

    fn read(&mut self) -> Result<Option<Sample>, FileError> {
        while let Some((_, record)) = self.records.next::<Record>(EXPECTED)? {
            match record.sample(self.count) {
                Ok(sample) => {
                    self.count += 1;
                    return Ok(Some(sample));
                }
                Err(reason) => {
                    let error = self.records.error(&reason);
                    self.records.reject(error)?;
                }
            }
        }
        self.records.finish()?;
        Ok(None)
    }
}

impl Iterator for SampleReader {
    type Item = Result<Sample, TaskError>;

    /// The next sample; blank lines are passed over.
    fn next(&mut self) -> Option<Self::Item> {
        self.read().map_err(TaskError::from).transpose()
    }
}

/// A sample as stored in a file.
#[derive(Deserialize)]
struct Record {
    problem: String,
    question: String,
    solution: String,
    op: Option<u32>,
    id: Option<Id>,
    template: Option<String>,
    mode: Option<String>,
    length: Option<String>,
    d: Option<u32>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Id {
    Number(u64),
    Other(IgnoredAny),
}

impl Record {
    fn sample(self, record_index: u64) -> Result<Sample, String> {
        let mut sample = Sample {
            problem: self.problem,
            question: self.question,
            solution: self.solution,
            op: self.op.unwrap_or_default(),
            id: match self.id {
                Some(Id::Number(id)) => id,
                Some(Id::Other(_)) | None => record_index,
            },
            template: self.template.unwrap_or_default(),
            mode: self.mode.unwrap_or_default(),
            length: self.length.unwrap_or_default(),
            d: self.d.unwrap_or_default(),
        };
        if self.op.is_none() {
            let told = sample.read_back();
            let told = told.map_err(|error| format!("`op` is missing, and {error}"))?;
            sample.op = told.op();
        }
        Ok(sample)
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
    let mut output = RecordWriter::create(path).map_err(TaskError::from)?;
    let mut count = 0;
    for sample in samples {
        output.record(&sample?).map_err(TaskError::from)?;
        count += 1;
    }
    output.finish().map_err(TaskError::from)?;
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
    fn only_texts_are_required_and_ids_may_be_texts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign.jsonl");
        let texts = r#""problem": "elk = 2. fox = elk + 3.", "question": "fox?", "solution": "x""#;
        let ids = [r#""p-\ud83d""#, "NaN", "-1", "1.5", "7", "[NaN]"];
        let lines = ids.map(|id| format!("{{{texts}, \"id\": {id}, \"reward\": NaN}}\r\n"));
        std::fs::write(&path, format!("\u{feff}{}", lines.concat())).unwrap();
        let read: Vec<Sample> = SampleReader::open(&path)
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let ids: Vec<u64> = read.iter().map(|sample| sample.id).collect();
        assert_eq!(ids, [0, 1, 2, 3, 7, 5]);
        assert!(read.iter().all(|sample| sample.op == 3));
        assert_eq!((read[0].template.as_str(), read[0].d), ("", 0));

        let untold = r#"{"problem": "elk is", "question": "fox?", "solution": "x"}"#;
        std::fs::write(&path, format!("{untold}\n{}{{}}\n", lines[4])).unwrap();
        let mut strict = SampleReader::open(&path).unwrap();
        let message = strict.next().unwrap().unwrap_err().to_string();
        assert!(
            message.contains("foreign.jsonl, line 1: `op` is missing"),
            "{message}"
        );
        let mut lenient = SampleReader::open(&path).unwrap().skip_unreadable(true);
        assert_eq!(
            lenient
                .by_ref()
                .map(|sample| sample.unwrap().id)
                .collect::<Vec<_>>(),
            [7]
        );
        assert_eq!(lenient.skipped().count, 2);
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
