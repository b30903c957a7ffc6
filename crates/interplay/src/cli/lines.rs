//! Records of a JSONL file, compressed or not, with errors that name file and line.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Result, anyhow};
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

/// A JSONL file under way.
pub(super) struct Lines {
    path: PathBuf,
    input: Box<dyn BufRead>,
    text: Vec<u8>,
    number: u64,
    /// Bytes of the file, for progress.
    size: u64,
    done: Rc<Cell<u64>>,
}

impl Lines {
    /// Opens a file; one whose name ends in `.gz` is decompressed.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let wrong = |error: io::Error| anyhow!("cannot read {}: {error}", path.display());
        let file = File::open(path).map_err(wrong)?;
        let size = file.metadata().map_err(wrong)?.len();
        let done = Rc::new(Cell::new(0));
        let file = BufReader::new(Counted {
            file,
            done: Rc::clone(&done),
        });
        let input: Box<dyn BufRead> = if path.extension().is_some_and(|ending| ending == "gz") {
            Box::new(BufReader::new(MultiGzDecoder::new(file)))
        } else {
            Box::new(file)
        };
        Ok(Self {
            path: path.to_owned(),
            input,
            text: Vec::new(),
            number: 0,
            size,
            done,
        })
    }

    /// The next record with the number of its line, from 1; blank lines are passed over.
    /// `expected` says what a record is, for messages.
    pub(super) fn next<T: DeserializeOwned>(&mut self, expected: &str) -> Result<Option<(u64, T)>> {
        loop {
            self.text.clear();
            self.number += 1;
            let read = self.input.read_until(b'\n', &mut self.text);
            if read.map_err(|error| self.error(&format!("cannot be read: {error}")))? == 0 {
                return Ok(None);
            }
            let text = self.text.trim_ascii();
            if text.is_empty() {
                continue;
            }
            let record = serde_json::from_slice(text).map_err(|error| {
                let cut = if error.is_eof() {
                    ", the line is cut off"
                } else {
                    ""
                };
                // The parser saw one line only, so its own count of lines says nothing.
                let reason = error
                    .to_string()
                    .replace(" at line 1 column ", " at column ");
                self.error(&format!("{reason}{cut}; expected {expected}"))
            })?;
            return Ok(Some((self.number, record)));
        }
    }

    /// An error about the line that was read last.
    pub(super) fn error(&self, reason: &str) -> anyhow::Error {
        self.error_at(self.number, reason)
    }

    /// An error about a line that was read before.
    pub(super) fn error_at(&self, number: u64, reason: &str) -> anyhow::Error {
        anyhow!("{}, line {number}: {reason}", self.path.display())
    }

    /// Bytes of the file, and how many of them are read.
    pub(super) fn progress(&self) -> (u64, u64) {
        (self.size, self.done.get())
    }
}

/// Counts what is read from a file, before it is decompressed.
struct Counted {
    file: File,
    done: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.done.set(self.done.get() + read as u64);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn plain_and_compressed_files_read_alike() {
        let folder = tempfile::tempdir().unwrap();
        let text = b"1\n\n  \n2";
        std::fs::write(folder.path().join("plain.jsonl"), text).unwrap();
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text).unwrap();
        std::fs::write(
            folder.path().join("packed.jsonl.gz"),
            packed.finish().unwrap(),
        )
        .unwrap();
        for name in ["plain.jsonl", "packed.jsonl.gz"] {
            let mut lines = Lines::open(&folder.path().join(name)).unwrap();
            assert_eq!(lines.next::<u8>("a number").unwrap(), Some((1, 1)));
            assert_eq!(lines.next::<u8>("a number").unwrap(), Some((4, 2)));
            assert_eq!(lines.next::<u8>("a number").unwrap(), None);
            let (size, done) = lines.progress();
            assert_eq!(size, done);
        }
    }

    #[test]
    fn a_truncated_line_is_named_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cut.jsonl");
        std::fs::write(&path, "[1]\n[2,").unwrap();
        let mut lines = Lines::open(&path).unwrap();
        lines.next::<Vec<u8>>("a list").unwrap();
        let message = lines.next::<Vec<u8>>("a list").unwrap_err().to_string();
        assert!(message.contains("cut.jsonl, line 2: "), "{message}");
        assert!(
            message.contains("at column 3, the line is cut off; expected a list"),
            "{message}"
        );
    }
}
