//! A file that appears under its name when it is complete, or not at all.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;
use tempfile::NamedTempFile;

/// A file under way, beside its final place. Dropping it removes it.
pub(super) struct WholeFile {
    path: PathBuf,
    output: Output,
}

enum Output {
    Plain(BufWriter<NamedTempFile>),
    Packed(GzEncoder<BufWriter<NamedTempFile>>),
}

/// A file whose content is complete and on the disk, but not yet under its name.
pub(super) struct Complete {
    path: PathBuf,
    file: NamedTempFile,
}

impl WholeFile {
    /// Begins a file; one whose name ends in `.gz` is compressed.
    pub(super) fn create(path: &Path) -> Result<Self> {
        if path.is_dir() {
            bail!(
                "cannot write {}: it is a folder; expected the name of a file",
                path.display()
            );
        }
        if path.exists() && !path.is_file() {
            bail!(
                "cannot write {}: it is a device, a pipe or a socket; expected the name of a file",
                path.display()
            );
        }
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        if !folder.is_dir() {
            let (path, folder) = (path.display(), folder.display());
            bail!("cannot write {path}: there is no folder {folder}; create it first");
        }
        let file = new_file(folder).map_err(|error| cannot_write(path, &error))?;
        let file = BufWriter::new(file);
        let output = if path.extension().is_some_and(|ending| ending == "gz") {
            Output::Packed(GzEncoder::new(file, Compression::default()))
        } else {
            Output::Plain(file)
        };
        Ok(Self {
            path: path.to_owned(),
            output,
        })
    }

    /// Appends a record as one line.
    pub(super) fn record(&mut self, record: &impl Serialize) -> Result<()> {
        let output: &mut dyn Write = match &mut self.output {
            Output::Plain(output) => output,
            Output::Packed(output) => output,
        };
        serde_json::to_writer(&mut *output, record)
            .map_err(io::Error::from)
            .and_then(|()| output.write_all(b"\n"))
            .map_err(|error| cannot_write(&self.path, &error))
    }

    /// Appends text as it is.
    pub(super) fn text(&mut self, text: &str) -> Result<()> {
        let output: &mut dyn Write = match &mut self.output {
            Output::Plain(output) => output,
            Output::Packed(output) => output,
        };
        output
            .write_all(text.as_bytes())
            .map_err(|error| cannot_write(&self.path, &error))
    }

    /// Brings everything to the disk.
    pub(super) fn complete(self) -> Result<Complete> {
        let file = match self.output {
            Output::Plain(output) => Ok(output),
            Output::Packed(output) => output.finish(),
        };
        let file = file
            .and_then(|output| output.into_inner().map_err(io::IntoInnerError::into_error))
            .and_then(|file| file.as_file().sync_all().map(|()| file))
            .map_err(|error| cannot_write(&self.path, &error))?;
        Ok(Complete {
            path: self.path,
            file,
        })
    }
}

impl Complete {
    /// Gives the file its name; what was there before is replaced.
    pub(super) fn place(self) -> Result<()> {
        let placed = self.file.persist(&self.path);
        placed
            .map(drop)
            .map_err(|error| cannot_write(&self.path, &error.error))
    }
}

/// A file with the permissions of any new file, not the private ones of a temporary file.
fn new_file(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    if let Some(permissions) = usual_permissions() {
        builder.permissions(permissions);
    }
    builder.prefix(".interplay-").tempfile_in(folder)
}

#[cfg(unix)]
fn usual_permissions() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o666))
}

#[cfg(not(unix))]
fn usual_permissions() -> Option<Permissions> {
    None
}

fn cannot_write(path: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!("cannot write {}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_completed_leaves_no_trace() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        std::fs::write(&path, "old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.record(&1).unwrap();
        drop(file);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let mut file = WholeFile::create(&path).unwrap();
        file.record(&2).unwrap();
        file.complete().unwrap().place().unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "2\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = WholeFile::create(&folder.path().join("gone/out.jsonl"))
            .err()
            .unwrap();
        assert!(error.to_string().contains("there is no folder"), "{error}");
        assert!(WholeFile::create(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_file_is_not_replaced_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let error = WholeFile::create(&path).err().unwrap();
        assert!(error.to_string().contains("it is a device"), "{error}");
    }
}
