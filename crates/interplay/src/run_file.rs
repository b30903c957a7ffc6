//! Reading and writing of single files in a run folder.

use std::fs;
use std::path::Path;

use interplay_files::AtomicFile;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::InterplayError;

/// Writes a file as a whole or not at all, and creates its folder if it is missing.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), InterplayError> {
    create_folder_of(path)?;
    Ok(interplay_files::write(path, bytes)?)
}

/// Writes a value as JSON, as a whole or not at all, and creates its folder if it is missing.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), InterplayError> {
    create_folder_of(path)?;
    Ok(interplay_files::write_json(path, value)?)
}

/// Starts a file that gets its name when it is complete, and creates its folder if it is missing.
pub(crate) fn create_file(path: &Path) -> Result<AtomicFile, InterplayError> {
    create_folder_of(path)?;
    Ok(AtomicFile::create(path)?)
}

fn create_folder_of(path: &Path) -> Result<(), InterplayError> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).map_err(InterplayError::io("create", folder)),
        None => Ok(()),
    }
}

/// Reads a JSON file of a run; `None` if it does not exist.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, InterplayError> {
    if !path.exists() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(InterplayError::io("read", path))?;
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|error| InterplayError::BadFile {
            path: path.to_owned(),
            reason: format!("{error}; remove the file to make it again"),
        })
}
