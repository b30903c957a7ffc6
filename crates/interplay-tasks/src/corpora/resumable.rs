//! JSONL and Parquet files that can be resumed after a kill, and that appear when they are whole.
//!
//! Lines are gathered into blocks of a fixed number of records. A block is written, compressed by
//! itself where the file is compressed, and synced; only then a small state file records the durable
//! progress. A later process truncates the files to that and resumes; since blocks end at fixed
//! records, the bytes are those of a process that was never interrupted. At the end the files get
//! their names.
//!
//! A Parquet file ends with its table of contents, so a block is a file of one row group there. At
//! the end these are copied into one file, for which there has to be room.
//!
//! Deviations: a compressed file is a series of gzip members, one per block, which all common readers
//! take as one file.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use interplay_files::{FileError, output_target, rename};
use serde::{Deserialize, Serialize};

use crate::error::TaskError;

/// Records in a block.
const BLOCK: u64 = 4096;

/// The format of the state file, with its version. Before it had one, keys were of another kind.
const FORMAT: &str = "interplay-partial/2";

/// Durable progress.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    format: String,
    key: String,
    records: u64,
    next: u64,
    bytes: Vec<u64>,
}

/// Files that grow together, a line each per record, and survive a kill.
///
/// A file whose name ends in `.gz` is compressed. With the feature `parquet`, one that ends in
/// `.parquet` becomes a Parquet file; its lines have to be [`Sample`](crate::Sample)s.
///
/// ```
/// use interplay_tasks::corpora::ResumableWriter;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("squares.jsonl");
/// let mut output = ResumableWriter::open(&[&path], "squares, version 1")?;
/// // A second run would resume at `output.next()`.
/// for number in output.next()..1_000 {
///     output.line(0, &(number * number))?;
///     output.end_record(number + 1)?;
/// }
/// assert!(!path.exists());
/// output.finish()?;
/// assert!(std::fs::read_to_string(&path)?.starts_with("0\n1\n4\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ResumableWriter {
    files: Vec<Partial>,
    state: State,
    state_path: PathBuf,
    /// The position of the source after the last whole record.
    next: u64,
    unwritten: u64,
    resumed: u64,
}

#[derive(Debug)]
struct Partial {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    block: Vec<u8>,
}

impl ResumableWriter {
    /// Starts the files, or resumes what an earlier process left of them.
    ///
    /// `key` stands for everything that determines the bytes; files that were left under another key
    /// are started over. At least one path is needed. Until [`ResumableWriter::finish`], the data of
    /// each file lie beside it, in a hidden file that ends in `.partial`.
    ///
    /// # Errors
    /// A folder that does not exist or cannot be written, a path that is a folder or that is given
    /// twice, files that another process is writing, and files that a version with another format
    /// has left.
    pub fn open(paths: &[&Path], key: &str) -> Result<Self, TaskError> {
        let mut files = Vec::with_capacity(paths.len());
        for (index, path) in paths.iter().enumerate() {
            let same = |other: &&&Path| absolute(other) == absolute(path);
            if paths[..index].iter().any(|other| same(&other)) {
                return Err(io_error(
                    "write twice to",
                    path,
                    io::ErrorKind::InvalidInput.into(),
                ));
            }
            files.push(Partial::open(path)?);
        }
        let state_path = match files.first() {
            Some(first) => first.partial.with_extension("partial.json"),
            None => {
                let source = io::Error::new(io::ErrorKind::InvalidInput, "no path was given");
                return Err(io_error("write", Path::new(""), source));
            }
        };
        let fresh = State {
            format: FORMAT.to_owned(),
            key: key.to_owned(),
            records: 0,
            next: 0,
            bytes: vec![0; files.len()],
        };
        let mut output = Self {
            state: read_state(&state_path, key, &files)?.unwrap_or(fresh),
            files,
            state_path,
            next: 0,
            unwritten: 0,
            resumed: 0,
        };
        output.next = output.state.next;
        output.resumed = output.state.records;
        for (file, bytes) in output.files.iter_mut().zip(&output.state.bytes) {
            file.cut(*bytes)?;
        }
        Ok(output)
    }

    /// Where the source resumes: what the last [`ResumableWriter::end_record`] that reached the disk
    /// was given, or 0.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// The number of records, including those not yet on the disk.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.state.records + self.unwritten
    }

    /// The number of records that an earlier process left.
    #[must_use]
    pub fn resumed(&self) -> u64 {
        self.resumed
    }

    /// Adds the line of the current record to one of the files, by its index among the paths.
    ///
    /// # Errors
    /// A value that is not JSON, for instance a map whose keys are not texts.
    ///
    /// # Panics
    /// Where there is no such file.
    pub fn line(&mut self, file: usize, value: &impl Serialize) -> Result<(), TaskError> {
        let file = &mut self.files[file];
        serde_json::to_writer(&mut file.block, value)
            .map_err(|source| io_error("write", &file.path, source.into()))?;
        file.block.push(b'\n');
        Ok(())
    }

    /// Ends a record; `next` is where the source continues after it.
    ///
    /// # Errors
    /// A block that cannot be written, for instance on a full disk. What was written before is
    /// kept for a later process.
    pub fn end_record(&mut self, next: u64) -> Result<(), TaskError> {
        self.unwritten += 1;
        self.next = next;
        if self.unwritten == BLOCK {
            self.write_block()?;
        }
        Ok(())
    }

    fn write_block(&mut self) -> Result<(), TaskError> {
        let mut state = self.state.clone();
        for (file, bytes) in self.files.iter_mut().zip(&mut state.bytes) {
            *bytes += file.write_block()?;
        }
        state.records += self.unwritten;
        state.next = self.next;
        let text = serde_json::to_string(&state)
            .map_err(|source| io_error("write", &self.state_path, source.into()))?;
        interplay_files::write(&self.state_path, text)?;
        self.state = state;
        self.unwritten = 0;
        Ok(())
    }

    /// Removes what is written so far, where resuming would be of no use.
    ///
    /// # Errors
    /// A file that cannot be removed.
    pub fn discard(self) -> Result<(), TaskError> {
        let partials = self.files.iter().map(|file| &file.partial);
        for path in partials.chain([&self.state_path]) {
            match fs::remove_file(path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(io_error("remove", path, source));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Writes what is left and gives the files their names; what was there before is replaced.
    /// Returns how many records there are.
    ///
    /// # Errors
    /// A file that cannot be written or renamed.
    pub fn finish(mut self) -> Result<u64, TaskError> {
        if self.unwritten > 0 || self.state.records == 0 {
            self.write_block()?;
        }
        for file in &mut self.files {
            file.publish()?;
        }
        let records = self.state.records;
        self.discard()?;
        Ok(records)
    }
}

impl Partial {
    fn open(path: &Path) -> Result<Self, TaskError> {
        let wrong = |source| io_error("write", path, source);
        let target = output_target(path)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(target.file_name().unwrap_or_default());
        hidden.push(".partial");
        let partial = target.with_file_name(hidden);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&partial)
            .map_err(wrong)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = "another process is writing it; wait for it or choose another name";
                let busy = io::Error::new(io::ErrorKind::ResourceBusy, text);
                return Err(wrong(busy));
            }
            Err(TryLockError::Error(source)) => return Err(wrong(source)),
        }
        Ok(Self {
            path: target,
            partial,
            file,
            block: Vec::new(),
        })
    }

    fn cut(&mut self, bytes: u64) -> Result<(), TaskError> {
        self.file
            .set_len(bytes)
            .and_then(|()| self.file.seek(SeekFrom::Start(bytes)))
            .map(drop)
            .map_err(|source| io_error("write", &self.partial, source))
    }

    /// Writes the block and returns its size on the disk.
    fn write_block(&mut self) -> Result<u64, TaskError> {
        let packed = self.packed();
        self.block.clear();
        let written = packed.and_then(|bytes| {
            self.file.write_all(&bytes)?;
            self.file.sync_data()?;
            Ok(bytes.len() as u64)
        });
        written.map_err(|source| self.unfinished(source))
    }

    fn unfinished(&self, source: io::Error) -> TaskError {
        TaskError::Unfinished {
            path: self.path.clone(),
            partial: self.partial.clone(),
            source,
        }
    }

    /// The block as it lies on the disk.
    fn packed(&mut self) -> io::Result<Vec<u8>> {
        if is_parquet(&self.path) {
            piece(&self.block)
        } else if is_gz(&self.path) {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&self.block)?;
            encoder.finish()
        } else {
            Ok(std::mem::take(&mut self.block))
        }
    }

    /// Renames the finished file to its final name.
    fn publish(&mut self) -> Result<(), TaskError> {
        #[cfg(feature = "parquet")]
        if is_parquet(&self.path) {
            let joined = super::parquet_file::join(&mut self.file, &self.path);
            return joined.map_err(|error| match error {
                TaskError::File(FileError::Io { source, .. }) => self.unfinished(source),
                error => error,
            });
        }
        Ok(rename(&self.partial, &self.path)?)
    }
}

/// A block as it lies in a Parquet file under way.
#[cfg(feature = "parquet")]
fn piece(block: &[u8]) -> io::Result<Vec<u8>> {
    if block.is_empty() {
        return Ok(Vec::new());
    }
    super::parquet_file::piece(block)
}

/// Never called: without the feature no file is taken for Parquet.
#[cfg(not(feature = "parquet"))]
fn piece(_block: &[u8]) -> io::Result<Vec<u8>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The state that fits the key and the files, if there is one.
///
/// # Errors
/// A state in another format: starting over would throw away what may be hours of work.
fn read_state(path: &Path, key: &str, files: &[Partial]) -> Result<Option<State>, TaskError> {
    let Ok(bytes) = fs::read(path) else {
        return Ok(None);
    };
    let Ok(found) = serde_json::from_slice::<serde_json::Value>(&bytes) else {
        return Ok(None);
    };
    let format = found.get("format").and_then(|format| format.as_str());
    if format != Some(FORMAT) {
        return Err(TaskError::OtherFormat {
            path: files
                .first()
                .map(|file| file.path.clone())
                .unwrap_or_default(),
            state: path.to_owned(),
            found: format.map(str::to_owned),
            expected: FORMAT,
        });
    }
    let Ok(state) = serde_json::from_value::<State>(found) else {
        return Ok(None);
    };
    let fits = state.key == key && state.bytes.len() == files.len();
    let long_enough = |(file, bytes): (&Partial, &u64)| {
        file.file
            .metadata()
            .is_ok_and(|found| found.len() >= *bytes)
    };
    Ok((fits && files.iter().zip(&state.bytes).all(long_enough)).then_some(state))
}

/// Whether a file of this name holds Parquet.
fn is_parquet(path: &Path) -> bool {
    cfg!(feature = "parquet") && path.extension().is_some_and(|end| end == "parquet")
}

/// Whether a file of this name is compressed.
fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "gz")
}

fn io_error(action: &'static str, path: &Path, source: io::Error) -> TaskError {
    FileError::io(action, path)(source).into()
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// Writes records up to `end`, and the files' names only where `whole` holds.
    fn write(folder: &Path, key: &str, end: u64, whole: bool) -> u64 {
        let paths = [folder.join("a.jsonl"), folder.join("b.jsonl.gz")];
        let mut output = ResumableWriter::open(&[&paths[0], &paths[1]], key).unwrap();
        let resumed = output.resumed();
        assert_eq!(output.next(), 2 * resumed);
        for number in resumed..end {
            output.line(0, &format!("{key} {number}")).unwrap();
            output.line(1, &number).unwrap();
            output.end_record(2 * (number + 1)).unwrap();
        }
        assert_eq!(output.records(), end.max(resumed));
        if whole {
            assert_eq!(output.finish().unwrap(), end);
        }
        resumed
    }

    #[test]
    fn an_interrupted_file_ends_in_the_same_bytes() {
        let end = 3 * BLOCK + 17;
        let expected = tempfile::tempdir().unwrap();
        write(expected.path(), "k", end, true);
        for stop in [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 5, end] {
            let folder = tempfile::tempdir().unwrap();
            write(folder.path(), "k", stop, false);
            assert!(!folder.path().join("a.jsonl").exists());
            let resumed = write(folder.path(), "k", end, true);
            assert_eq!(resumed, stop / BLOCK * BLOCK);
            for name in ["a.jsonl", "b.jsonl.gz"] {
                let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
                assert!(
                    read(folder.path()) == read(expected.path()),
                    "{name} at {stop}"
                );
            }
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
        }
        let mut text = String::new();
        let packed = File::open(expected.path().join("b.jsonl.gz")).unwrap();
        flate2::read::MultiGzDecoder::new(packed)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text.lines().count() as u64, end);
    }

    #[test]
    fn torn_and_foreign_leftovers_are_started_over() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "k", BLOCK + 9, false);
        assert_eq!(write(folder.path(), "other", 5, false), 0);
        write(folder.path(), "k", BLOCK + 9, false);
        let partial = folder.path().join(".a.jsonl.partial");
        // A tail that no state knows of is cut off.
        let mut file = OpenOptions::new().append(true).open(&partial).unwrap();
        file.write_all(b"{\"half").unwrap();
        drop(file);
        assert_eq!(write(folder.path(), "k", BLOCK + 9, false), BLOCK);
        // A file that was given up leaves nothing.
        let path = folder.path().join("c.jsonl");
        let mut given_up = ResumableWriter::open(&[&path], "k").unwrap();
        given_up.end_record(1).unwrap();
        given_up.discard().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
        // A file that is shorter than its state says is not trusted.
        fs::write(&partial, "short").unwrap();
        assert_eq!(write(folder.path(), "k", BLOCK + 9, true), 0);
    }

    #[test]
    fn files_of_another_format_are_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "k", BLOCK, false);
        let state = folder.path().join(".a.jsonl.partial.json");
        let text = fs::read_to_string(&state).unwrap();
        let paths = ["a.jsonl", "b.jsonl.gz"].map(|name| folder.path().join(name));
        for (format, told) in [("", "before its versions"), ("x/1", "`x/1`")] {
            let format = match format {
                "" => String::new(),
                format => format!("\"format\":\"{format}\","),
            };
            let other = text.replace(&format!("\"format\":\"{FORMAT}\","), &format);
            assert_ne!(text, other);
            fs::write(&state, &other).unwrap();
            let error = ResumableWriter::open(&[&paths[0], &paths[1]], "k").unwrap_err();
            let message = error.to_string();
            for part in [".a.jsonl.partial.json", told, FORMAT, "remove"] {
                assert!(message.contains(part), "{message}");
            }
            assert_eq!(fs::read_to_string(&state).unwrap(), other);
        }
        fs::write(&state, text).unwrap();
        assert_eq!(write(folder.path(), "k", BLOCK + 1, true), BLOCK);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn an_interrupted_parquet_file_ends_in_the_same_bytes() {
        use crate::contexts::ContextLibrary;
        use crate::corpora::Sample;
        use crate::counts::Counts;
        use crate::datasets::Dataset;
        use crate::spec::{Dialect, TaskSpec};
        use parquet::file::reader::{FileReader, SerializedFileReader};
        use parquet::record::RowAccessor;

        let spec = TaskSpec::single(Counts::one(3), "zoo", Dialect::Terse);
        let streams = interplay_graph::SeedStreams::new(1);
        let data = Dataset::new(spec, &ContextLibrary::embedded(), streams, "parquet").unwrap();
        let end = 2 * BLOCK + 5;
        let samples: Vec<Sample> = data
            .first(end)
            .iter()
            .map(|problem| problem.unwrap().to_sample())
            .collect();
        let write = |path: &Path, stop: u64| {
            let mut output = ResumableWriter::open(&[path], "k").unwrap();
            for index in output.next()..stop {
                output.line(0, &samples[index as usize]).unwrap();
                output.end_record(index + 1).unwrap();
            }
            output
        };
        let folder = tempfile::tempdir().unwrap();
        let [whole, killed] = ["whole", "killed"].map(|name| folder.path().join(name));
        let [whole, killed] = [whole, killed].map(|path| path.with_extension("parquet"));
        assert_eq!(write(&whole, end).finish().unwrap(), end);
        drop(write(&killed, BLOCK + 7));
        assert!(!killed.exists());
        let output = write(&killed, end);
        assert_eq!(output.resumed(), BLOCK);
        output.finish().unwrap();
        assert!(fs::read(&killed).unwrap() == fs::read(&whole).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);

        let reader = SerializedFileReader::new(File::open(&whole).unwrap()).unwrap();
        assert_eq!(reader.num_row_groups(), 3);
        let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
        let read: Vec<_> = rows
            .map(|row| {
                (
                    row.get_ulong(4).unwrap(),
                    row.get_string(2).unwrap().clone(),
                )
            })
            .collect();
        let expected = samples.iter().map(|one| (one.id, one.solution.clone()));
        assert!(read == expected.collect::<Vec<_>>());

        // A file without records is a Parquet file too.
        let empty = folder.path().join("empty.parquet");
        write(&empty, 0).finish().unwrap();
        let reader = SerializedFileReader::new(File::open(&empty).unwrap()).unwrap();
        assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
        // Lines of something else are refused, not written.
        let mut other = ResumableWriter::open(&[&folder.path().join("n.parquet")], "k").unwrap();
        other.line(0, &1).unwrap();
        other.end_record(1).unwrap();
        assert!(other.finish().is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let message = ResumableWriter::open(&[&path], "k").unwrap_err();
        assert!(message.to_string().contains("socket: it is a device"));
        let message = crate::corpora::write_samples::<TaskError>(&path, []).unwrap_err();
        assert!(message.to_string().contains("socket: it is a device"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn two_writers_and_wrong_paths_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jsonl");
        let first = ResumableWriter::open(&[&path], "k").unwrap();
        let message = |paths: &[&Path]| ResumableWriter::open(paths, "k").unwrap_err().to_string();
        assert!(message(&[&path]).contains("another process"));
        drop(first);
        let gone = folder.path().join("gone/a.jsonl");
        assert!(message(&[&gone]).contains("does not exist"));
        assert!(message(&[folder.path()]).contains("is a folder"));
        assert!(message(&[&path, &path]).contains("twice"));
        assert!(ResumableWriter::open(&[], "k").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_that_keeps_what_is_good() {
        // Every write to this device fails as on a full disk.
        let mut file = Partial {
            path: "full.jsonl".into(),
            partial: "/dev/full".into(),
            file: OpenOptions::new().write(true).open("/dev/full").unwrap(),
            block: b"1\n".to_vec(),
        };
        let message = file.write_block().unwrap_err().to_string();
        assert!(message.contains("full.jsonl"), "{message}");
        assert!(message.contains("run it again"), "{message}");
    }
}
