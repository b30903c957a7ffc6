//! A file that is written beside its name and renamed when it is complete.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::FileError;
use crate::output::{folder_of, output_target, partial_path};

/// A file under way, beside its final name. Dropping it without [`AtomicFile::commit`] removes it.
///
/// Writes are buffered. A symbolic link is followed, so the file that it names is replaced and the
/// link stays.
///
/// # Example
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("out.txt");
/// std::fs::write(&path, "old")?;
/// let mut file = interplay_files::AtomicFile::create(&path)?;
/// file.write_all(b"new")?;
/// assert_eq!(std::fs::read_to_string(&path)?, "old");
/// file.commit()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "new");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    /// The name as it was given, for messages.
    path: PathBuf,
    /// The file that is replaced: `path`, or what it links to.
    target: PathBuf,
    partial: PathBuf,
    output: BufWriter<File>,
    committed: bool,
}

impl AtomicFile {
    /// Starts a file; whatever has this name stays until [`AtomicFile::commit`].
    ///
    /// # Errors
    /// What [`check_output`](crate::check_output) refuses, a folder that cannot be written, and a
    /// file that another writer has under way.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, FileError> {
        Self::begin(path.as_ref(), |file| match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => Err(io::Error::new(
                io::ErrorKind::ResourceBusy,
                "another process is writing it; wait for it or choose another name",
            )),
            // Some network file systems have no locks; there the name alone has to do.
            Ok(()) | Err(fs::TryLockError::Error(_)) => Ok(()),
        })
    }

    /// As [`AtomicFile::create`], after any other writer of the file.
    fn create_in_turn(path: &Path) -> Result<Self, FileError> {
        Self::begin(path, |file| {
            let _ = file.lock();
            Ok(())
        })
    }

    fn begin(path: &Path, lock: impl Fn(&File) -> io::Result<()>) -> Result<Self, FileError> {
        let wrong = FileError::io("write", path);
        let target = output_target(path)?;
        let partial = partial_path(&target);
        let file = loop {
            let file = open_partial(&partial).map_err(&wrong)?;
            lock(&file).map_err(&wrong)?;
            // The writer before may have renamed or removed the file before it let go of the lock.
            if is_still(&file, &partial) {
                break file;
            }
        };
        file.set_len(0).map_err(&wrong)?;
        Ok(Self {
            path: path.to_owned(),
            target,
            partial,
            output: BufWriter::new(file),
            committed: false,
        })
    }

    /// The name that the file will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Syncs the data, gives the file its name and syncs the folder. An existing file is replaced.
    ///
    /// # Errors
    /// Data that cannot be written, for instance to a full disk; the partial file is removed and
    /// an existing one stays.
    pub fn commit(mut self) -> Result<(), FileError> {
        let wrong = FileError::io("write", self.path.clone());
        self.output.flush().map_err(&wrong)?;
        self.output.get_ref().sync_all().map_err(&wrong)?;
        fs::rename(&self.partial, &self.target).map_err(&wrong)?;
        self.committed = true;
        sync_folder(folder_of(&self.target)).map_err(&wrong)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl io::Seek for AtomicFile {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.output.seek(to)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a file that cannot be removed.
            let _ = fs::remove_file(&self.partial);
        }
    }
}

/// Writes a whole file at once, after any other writer of the same file.
///
/// # Errors
/// As for [`AtomicFile::create`] and [`AtomicFile::commit`].
pub fn write(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> Result<(), FileError> {
    let path = path.as_ref();
    let mut file = AtomicFile::create_in_turn(path)?;
    file.write_all(bytes.as_ref())
        .map_err(FileError::io("write", path))?;
    file.commit()
}

/// Writes a value as indented JSON with a newline at its end.
///
/// # Errors
/// A value that is not JSON, for instance a map whose keys are not texts; otherwise as [`write()`].
pub fn write_json(path: impl AsRef<Path>, value: &impl Serialize) -> Result<(), FileError> {
    let path = path.as_ref();
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(io::Error::from)
        .map_err(FileError::io("write", path))?;
    text.push(b'\n');
    write(path, text)
}

/// Renames a file or a folder that is complete, and syncs the folder that holds the new name.
///
/// The files of a folder are synced as they are written with [`AtomicFile`]. A folder cannot replace
/// one that has files.
///
/// # Errors
/// What the system refuses.
pub fn rename(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), FileError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    fs::rename(from, to).map_err(FileError::io("rename", from))?;
    sync_folder(folder_of(to)).map_err(FileError::io("sync the folder of", to))
}

fn open_partial(partial: &Path) -> io::Result<File> {
    if fs::symlink_metadata(partial).is_ok_and(|found| !found.is_file()) {
        let text = format!(
            "{} is not a file; remove it or choose another name",
            partial.display()
        );
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        // Cut only under the lock.
        .truncate(false)
        .open(partial)
}

/// Whether the open file still has this name.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// Makes the names in a folder durable.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some file systems have nothing to sync there and say so.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced,
    }
}

/// Folders cannot be opened as files here; the system orders a rename itself.
#[cfg(not(unix))]
fn sync_folder(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn an_uncommitted_file_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        fs::write(&path, "old").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["out.jsonl"]);
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.commit().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["out.jsonl"]);
    }

    #[test]
    fn a_stale_partial_file_is_reused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        fs::write(partial_path(&path), "what a killed process has left").unwrap();
        write(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn a_second_writer_is_refused_and_a_whole_write_waits() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out");
        let mut first = AtomicFile::create(&path).unwrap();
        let message = AtomicFile::create(&path).unwrap_err().to_string();
        assert!(message.contains("another process"), "{message}");
        first.write_all(b"first").unwrap();
        std::thread::scope(|scope| {
            let second = scope.spawn(|| write(&path, "second"));
            first.commit().unwrap();
            second.join().unwrap().unwrap();
        });
        assert_eq!(fs::read_to_string(&path).unwrap(), "second");
        std::thread::scope(|scope| {
            for text in ["a", "b", "c", "d"].map(|letter| letter.repeat(10_000)) {
                let path = &path;
                scope.spawn(move || (0..20).for_each(|_| write(path, &text).unwrap()));
            }
        });
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, text[..1].repeat(10_000));
        assert_eq!(names(folder.path()), ["out"]);
    }

    #[test]
    fn a_value_that_is_not_json_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        write_json(&path, &["x"]).unwrap();
        let keys = std::collections::BTreeMap::from([([1], 1)]);
        assert!(write_json(&path, &keys).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "[\n  \"x\"\n]\n");
        assert_eq!(names(folder.path()), ["out.json"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_its_file_is_replaced() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("far")).unwrap();
        let link = folder.path().join("link");
        symlink("far/file", &link).unwrap();
        write(&link, "1").unwrap();
        write(&link, "2").unwrap();
        assert!(link.is_symlink());
        let file = folder.path().join("far/file");
        assert_eq!(fs::read_to_string(&file).unwrap(), "2");
        // The permissions are those of any new file.
        let plain = folder.path().join("plain");
        fs::write(&plain, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&file), mode(&plain));
    }

    #[test]
    fn a_folder_is_renamed_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("partial"), folder.path().join("step-1"));
        fs::create_dir(&from).unwrap();
        write(from.join("progress.json"), "{}").unwrap();
        rename(&from, &to).unwrap();
        assert_eq!(names(&to), ["progress.json"]);
        let message = rename(&from, &to).unwrap_err().to_string();
        assert!(message.contains("partial"), "{message}");
    }
}
