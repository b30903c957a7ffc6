//! Files that are whole or not there.

use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::TaskError;

/// Writes a small file at once: beside its place, then under its name.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), TaskError> {
    let wrong = |source| io_error("cannot write", path, source);
    let mut file = beside(path).map_err(wrong)?;
    file.write_all(bytes).map_err(wrong)?;
    place(file, path)
}

/// A new file in the folder of `path`, with the permissions of any new file; it is removed unless
/// it gets its name by [`place`].
pub(crate) fn beside(path: &Path) -> io::Result<NamedTempFile> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.prefix(".interplay-").tempfile_in(folder)
}

/// Brings a file to the disk and gives it its name.
pub(crate) fn place(file: NamedTempFile, path: &Path) -> Result<(), TaskError> {
    let wrong = |source| io_error("cannot write", path, source);
    file.as_file().sync_all().map_err(wrong)?;
    file.persist(path)
        .map(drop)
        .map_err(|error| wrong(error.error))
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
