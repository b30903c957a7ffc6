//! Records of a file, one after the other: JSON lines, compressed JSON lines, or Parquet.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use crate::error::Unit;
use crate::{FileError, lenient};

/// The first bytes of a file that say what it holds.
const GZIP: &[u8] = &[0x1f, 0x8b];
const PARQUET: &[u8] = b"PAR1";
const UTF8_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
const UTF16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// How many unusable records are remembered with what is wrong with them.
const REMEMBERED: usize = 20;

/// The records of a file.
///
/// A file is read as Parquet (with the feature `parquet`) or as gzip where it begins like one or
/// where its name ends in `.parquet` or `.gz`, and as JSON lines otherwise.
///
/// JSON lines are read as other programs write them. A UTF-8 byte order mark and blank lines are
/// passed over, lines end in LF or CR LF, bare `NaN`, `Infinity` and `-Infinity` count as `null`, and
/// half of a surrogate pair, like any byte that is not UTF-8, becomes U+FFFD.
///
/// ```
/// use interplay_files::RecordReader;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Graded {
///     id: u64,
///     right: bool,
/// }
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("graded.jsonl");
/// std::fs::write(&path, "\u{feff}{\"id\": 7, \"right\": true, \"reward\": NaN}\r\nnot JSON\r\n")?;
/// let mut records = RecordReader::open(&path)?;
/// let (line, graded) = records.next::<Graded>("an object with id and right")?.unwrap();
/// assert!(line == 1 && graded.id == 7 && graded.right);
/// let error = records.next::<Graded>("an object with id and right").unwrap_err();
/// assert!(error.to_string().contains("graded.jsonl, line 2: "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct RecordReader {
    path: PathBuf,
    source: Source,
    /// The record that was read last, from 1.
    number: u64,
    /// Bytes of the file, and how many of them are read.
    size: u64,
    done: Arc<AtomicU64>,
    skips: bool,
    reports: bool,
    skipped: Skipped,
}

/// Records that were passed over because they could not be used.
#[derive(Debug, Default)]
pub struct Skipped {
    /// How many.
    pub count: u64,
    /// What is wrong with the first twenty.
    pub first: Vec<FileError>,
}

enum Source {
    Lines {
        input: Box<dyn BufRead + Send>,
        line: Vec<u8>,
    },
    #[cfg(feature = "parquet")]
    Parquet(Box<crate::parquet_rows::Rows>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Lines { .. } => "Lines",
            #[cfg(feature = "parquet")]
            Self::Parquet(_) => "Parquet",
        })
    }
}

impl RecordReader {
    /// Opens a file.
    ///
    /// # Errors
    /// A file that cannot be opened, text in UTF-16, and a Parquet file that is broken or whose
    /// reader is not part of this build.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, FileError> {
        let path = path.as_ref();
        let wrong = FileError::io("read", path);
        let file = File::open(path).map_err(&wrong)?;
        let metadata = file.metadata().map_err(&wrong)?;
        if metadata.is_dir() {
            return Err(wrong(io::ErrorKind::IsADirectory.into()));
        }
        let done = Arc::new(AtomicU64::new(0));
        let mut file = BufReader::new(Counted {
            file,
            done: Arc::clone(&done),
        });
        let start = file.fill_buf().map_err(&wrong)?;
        let source = if start.starts_with(PARQUET) || ends_in(path, "parquet") {
            done.store(0, Ordering::Relaxed);
            open_parquet(path)?
        } else if start.starts_with(GZIP) || (ends_in(path, "gz") && !start.is_empty()) {
            Source::lines(BufReader::new(MultiGzDecoder::new(file)))
        } else if UTF16_MARKS.iter().any(|mark| start.starts_with(mark)) {
            let text = "it is text in UTF-16; expected UTF-8, so convert it first";
            return Err(wrong(io::Error::new(io::ErrorKind::InvalidData, text)));
        } else {
            Source::lines(file)
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            number: 0,
            size: metadata.len(),
            done,
            skips: false,
            reports: false,
            skipped: Skipped::default(),
        })
    }

    /// Whether records that cannot be used are passed over and counted; otherwise the first one is
    /// an error.
    #[must_use]
    pub fn skip_unreadable(mut self, skips: bool) -> Self {
        self.skips = skips;
        self
    }

    /// Reads on after a record that cannot be used, so that [`RecordReader::finish`], which then has
    /// to be called at the end, names all of them at once. Where such records are skipped, this
    /// changes nothing.
    ///
    /// ```
    /// use interplay_files::RecordReader;
    ///
    /// let folder = tempfile::tempdir()?;
    /// let path = folder.path().join("numbers.jsonl");
    /// std::fs::write(&path, "1\ntwo\n3\nfour\n")?;
    /// let mut records = RecordReader::open(&path)?.report_all();
    /// let mut sum = 0;
    /// while let Some((_, number)) = records.next::<u32>("a number")? {
    ///     sum += number;
    /// }
    /// let message = records.finish().unwrap_err().to_string();
    /// assert!(sum == 4 && message.contains("line 2: ") && message.contains("line 4: "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn report_all(mut self) -> Self {
        self.reports = true;
        self
    }

    /// The next record and its number: its line from 1 (blank lines count), or its row from 1.
    /// `expected` says what a record is, for messages.
    ///
    /// # Errors
    /// A record that is not a `T`, unless those are skipped or reported by
    /// [`RecordReader::finish`]; a file that cannot be read further.
    pub fn next<T: DeserializeOwned>(
        &mut self,
        expected: &str,
    ) -> Result<Option<(u64, T)>, FileError> {
        loop {
            match self.source.next(&mut self.number) {
                Ok(Some(Ok(record))) => {
                    #[cfg(feature = "parquet")]
                    if let Source::Parquet(rows) = &self.source {
                        self.done.store(rows.done(self.size), Ordering::Relaxed);
                    }
                    return Ok(Some((self.number, record)));
                }
                Ok(Some(Err(reason))) => {
                    let error = self.error(&format!("{reason}; expected {expected}"));
                    self.reject(error)?;
                }
                Ok(None) => {
                    self.done.store(self.size, Ordering::Relaxed);
                    return Ok(None);
                }
                Err(reason) => return Err(self.error(&format!("cannot be read: {reason}"))),
            }
        }
    }

    /// Passes over a record that was read but cannot be used, where such records are skipped or
    /// reported by [`RecordReader::finish`].
    ///
    /// # Errors
    /// The error itself, where they are not.
    pub fn reject(&mut self, error: FileError) -> Result<(), FileError> {
        if !self.skips && !self.reports {
            return Err(error);
        }
        self.skipped.count += 1;
        if self.skipped.first.len() < REMEMBERED {
            self.skipped.first.push(error);
        }
        Ok(())
    }

    /// The end of a file whose unusable records are reported together.
    ///
    /// # Errors
    /// All records that were rejected since the last call, unless such records are skipped: how many,
    /// and what is wrong with the first twenty.
    pub fn finish(&mut self) -> Result<(), FileError> {
        if self.skips {
            return Ok(());
        }
        let Skipped { count, mut first } = std::mem::take(&mut self.skipped);
        // Rejected in the order in which they were found to be bad, which may be later than read.
        first.sort_by_key(FileError::number);
        match (count, first.pop()) {
            (0, _) | (_, None) => Ok(()),
            (1, Some(only)) => Err(only),
            (count, Some(last)) => {
                first.push(last);
                let path = self.path.clone();
                Err(FileError::Records { path, count, first })
            }
        }
    }

    /// What was skipped so far.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// An error about the record that was read last.
    #[must_use]
    pub fn error(&self, reason: &str) -> FileError {
        self.error_at(self.number, reason)
    }

    /// An error about a record that was read before.
    #[must_use]
    pub fn error_at(&self, number: u64, reason: &str) -> FileError {
        FileError::Record {
            path: self.path.clone(),
            unit: self.unit(),
            number,
            reason: reason.to_owned(),
        }
    }

    /// The size of the file in bytes, and about how many of them are read.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        (self.size, self.done.load(Ordering::Relaxed))
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn unit(&self) -> Unit {
        match &self.source {
            Source::Lines { .. } => Unit::Line,
            #[cfg(feature = "parquet")]
            Source::Parquet(_) => Unit::Row,
        }
    }
}

impl Source {
    fn lines(input: impl BufRead + Send + 'static) -> Self {
        Self::Lines {
            input: Box::new(input),
            line: Vec::new(),
        }
    }

    /// The next record, or what is wrong with it; none at the end. The outer error is that of a file
    /// of which nothing more can be read. `number` counts lines or rows.
    fn next<T: DeserializeOwned>(
        &mut self,
        number: &mut u64,
    ) -> Result<Option<Result<T, String>>, String> {
        match self {
            Self::Lines { input, line } => loop {
                line.clear();
                *number += 1;
                let read = input.read_until(b'\n', line);
                if read.map_err(|error| error.to_string())? == 0 {
                    return Ok(None);
                }
                let text = without_marks(line);
                if !text.is_empty() {
                    return Ok(Some(parse(text)));
                }
            },
            #[cfg(feature = "parquet")]
            Self::Parquet(rows) => {
                *number += 1;
                let row = rows.next()?;
                Ok(row.map(|row| T::deserialize(row).map_err(|error| error.to_string())))
            }
        }
    }
}

#[cfg(feature = "parquet")]
fn open_parquet(path: &Path) -> Result<Source, FileError> {
    let rows = crate::parquet_rows::Rows::open(path)?;
    Ok(Source::Parquet(Box::new(rows)))
}

#[cfg(not(feature = "parquet"))]
fn open_parquet(path: &Path) -> Result<Source, FileError> {
    let text = "it is a Parquet file, and this program was built without the feature `parquet`; \
                build it with that feature, or convert the file to JSON lines";
    let source = io::Error::new(io::ErrorKind::Unsupported, text);
    Err(FileError::io("read", path)(source))
}

/// The text of a line: without white space around it and byte order marks before it. Marks stand at
/// the start of a file, and inside where files were joined.
fn without_marks(line: &[u8]) -> &[u8] {
    let mut line = line.trim_ascii();
    while let Some(rest) = line.strip_prefix(UTF8_MARK) {
        line = rest.trim_ascii();
    }
    line
}

/// Reads a line as it is and, where that fails, as [`lenient`] mends it.
fn parse<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    // A text that is known to be UTF-8 is parsed without a check of every string.
    let parsed = match std::str::from_utf8(line) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(line),
    };
    let error = match parsed {
        Ok(record) => return Ok(record),
        Err(error) => error,
    };
    let error = match lenient::mended(line) {
        None => error,
        Some(mended) => match serde_json::from_slice(&mended) {
            Ok(record) => return Ok(record),
            Err(error) => error,
        },
    };
    let cut = match error.is_eof() {
        true => ", the line is cut off",
        false => "",
    };
    // The parser saw one line only, so its own count of lines says nothing.
    let reason = error
        .to_string()
        .replace(" at line 1 column ", " at column ");
    Err(format!("{reason}{cut}"))
}

pub(crate) fn ends_in(path: &Path, ending: &str) -> bool {
    path.extension().is_some_and(|found| found == ending)
}

/// Counts what is read from a file, before it is decompressed.
struct Counted {
    file: File,
    done: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.done.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}
