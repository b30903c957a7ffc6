//! What may be the name of an output file.

use std::fs;
use std::path::{Path, PathBuf};

use crate::FileError;

/// Links followed before a chain of them counts as a circle, as in Linux.
const MAX_LINKS: usize = 40;

/// Refuses a path that cannot name an output file, before any work is done.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// interplay_files::check_output(&folder.path().join("new.jsonl"))?;
/// assert!(interplay_files::check_output(folder.path()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// A folder; a device, a pipe or a socket; an open stream such as `/dev/stdout`, even where it is
/// redirected to a file, since a rename would cut that file off from the stream; a name in a folder
/// that does not exist.
pub fn check_output(path: &Path) -> Result<(), FileError> {
    output_target(path).map(drop)
}

/// Whether two paths name one file that exists, links followed.
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("a.jsonl");
/// assert!(!interplay_files::same_file(&path, &path));
/// std::fs::write(&path, "")?;
/// assert!(interplay_files::same_file(&path, &folder.path().join("./a.jsonl")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Where the data of an unfinished file lie: `NAME.partial` beside it.
///
/// A killed process may leave this file; the next writer of the same file reuses it.
#[must_use]
pub fn partial_path(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}

/// The file that will be written: `path`, or what it links to.
///
/// # Errors
/// As for [`check_output`].
pub fn output_target(path: &Path) -> Result<PathBuf, FileError> {
    let refuse = |reason| {
        let path = path.to_owned();
        Err(FileError::NotAnOutput { path, reason })
    };
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        if is_stream(&target) {
            return refuse("it is a device or an open stream; expected the name of a file");
        }
        let Ok(link) = fs::read_link(&target) else {
            break;
        };
        // A relative link starts from the folder that holds it; an absolute one replaces all.
        target = folder_of(&target).join(link);
    }
    if target.is_dir() {
        return refuse("it is a folder; expected the name of a file");
    }
    if target.exists() && !target.is_file() {
        return refuse("it is a device, a pipe or a socket; expected the name of a file");
    }
    if target.is_symlink() {
        return refuse("its links lead in a circle; expected the name of a file");
    }
    if target.file_name().is_none() {
        return refuse("expected the name of a file");
    }
    if !folder_of(&target).is_dir() {
        return refuse("its folder does not exist; create it first");
    }
    Ok(target)
}

/// The folder that holds a file.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether a path lies where the system keeps devices and the open files of processes.
fn is_stream(path: &Path) -> bool {
    cfg!(unix)
        && !path.starts_with("/dev/shm")
        && (path.starts_with("/dev") || path.starts_with("/proc"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_what_is_wrong_with_a_path() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path| check_output(path).unwrap_err().to_string();
        assert!(refused(folder.path()).contains("it is a folder"));
        let gone = folder.path().join("gone/out.jsonl");
        assert!(refused(&gone).contains("its folder does not exist; create it first"));
        assert!(refused(Path::new("")).contains("expected the name of a file"));
        assert!(check_output(Path::new("new.jsonl")).is_ok());
        assert!(check_output(&folder.path().join("new.jsonl")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn refuses_sockets_devices_and_streams() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let _socket = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in ["/dev/stdout", "/dev/null", "/proc/self/fd/1"].map(Path::new) {
            let message = check_output(path).unwrap_err().to_string();
            assert!(message.contains("it is a device"), "{message}");
        }
        let message = check_output(&socket).unwrap_err().to_string();
        assert!(message.contains("socket: it is a device"), "{message}");
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
        assert!(check_output(&link).is_err());
        std::os::unix::fs::symlink("circle", folder.path().join("circle")).unwrap();
        let message = check_output(&folder.path().join("circle")).unwrap_err();
        assert!(message.to_string().contains("circle"), "{message}");
    }
}
