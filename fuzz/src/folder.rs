//! A folder in memory, written anew for each input.

use std::fs;
use std::path::{Path, PathBuf};

/// Separates the files in an input. It is not UTF-8, so it stands in no text.
pub const SEPARATOR: &[u8] = b"\xff\xfe\xff";

/// The parts of an input between separators.
pub fn parts(mut input: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let Some(at) = input.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
        parts.push(&input[..at]);
        input = &input[at + SEPARATOR.len()..];
    }
    parts.push(input);
    parts
}

/// A folder of this process.
pub struct Folder(PathBuf);

impl Folder {
    /// A folder in memory, or in the temporary folder where there is none.
    pub fn new(name: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("interplay-fuzz-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder for the inputs");
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, or removes it where there are no bytes.
    pub fn put(&self, name: &str, bytes: Option<&[u8]>) {
        let path = self.0.join(name);
        match bytes.filter(|bytes| !bytes.is_empty()) {
            Some(bytes) => fs::write(path, bytes).expect("a file of the input"),
            None => drop(fs::remove_file(path)),
        }
    }
}
