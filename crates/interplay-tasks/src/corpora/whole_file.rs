//! Files that are whole or not there.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::TaskError;

/// Writes a small file at once: beside its place, then under its name.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TaskError> {
    let mut file = beside(path)?;
    file.write_all(bytes)
        .map_err(|source| io_error("cannot write", path, source))?;
    place(file, path)
}

/// Refuses what cannot be the name of a file to write: a folder, a device or the like (a file would
/// take its place), or a name in a folder that is not there.
pub(crate) fn check_name(path: &Path) -> Result<(), TaskError> {
    let refuse = |kind: io::ErrorKind, text: &str| {
        let source = io::Error::new(kind, text.to_owned());
        Err(io_error("cannot write", path, source))
    };
    if path.is_dir() {
        let text = "it is a folder; expected the name of a file";
        return refuse(io::ErrorKind::IsADirectory, text);
    }
    if path.exists() && !path.is_file() {
        let text = "it is a device, a pipe or a socket; expected the name of a file";
        return refuse(io::ErrorKind::InvalidInput, text);
    }
    if path.file_name().is_none() {
        return refuse(io::ErrorKind::InvalidInput, "expected the name of a file");
    }
    if !folder_of(path).is_dir() {
        let text = "its folder does not exist; create it first";
        return refuse(io::ErrorKind::NotFound, text);
    }
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A new file in the folder of `path`, with the permissions of any new file; it is removed unless
/// it gets its name by [`place`].
///
/// # Errors
/// What [`check_name`] refuses, and a folder that cannot be written.
pub(crate) fn beside(path: &Path) -> Result<NamedTempFile, TaskError> {
    check_name(path)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
        .prefix(".interplay-")
        .tempfile_in(folder_of(path))
        .map_err(|error| {
            // The name of the temporary file says nothing to a reader.
            let source = error.raw_os_error().map(io::Error::from_raw_os_error);
            io_error("cannot write", path, source.unwrap_or(error))
        })
}

/// Brings a file to the disk and gives it its name.
pub(crate) fn place(file: NamedTempFile, path: &Path) -> Result<(), TaskError> {
    let wrong = |source| io_error("cannot write", path, source);
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(path)
        .map(drop)
        .map_err(|error| wrong(error.error))
}

/// Whether a file of this name holds Parquet.
pub(crate) fn is_parquet(path: &Path) -> bool {
    cfg!(feature = "parquet") && path.extension().is_some_and(|end| end == "parquet")
}

/// Whether a file of this name is compressed.
pub(crate) fn is_gz(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "gz")
}

pub(crate) fn io_error(action: &'static str, path: &Path, source: io::Error) -> TaskError {
    TaskError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}
