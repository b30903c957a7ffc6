//! A hash of the weights in a model folder.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::InterplayError;

/// A hash of the configuration and the weights in a model folder, in hexadecimal.
pub(crate) fn weights_hash(folder: &Path) -> Result<String, InterplayError> {
    let entries = fs::read_dir(folder).map_err(InterplayError::io("read", folder))?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(InterplayError::io("read", folder))?;
    paths.sort();
    let mut hash = Sha256::new();
    for path in paths {
        let extension = path.extension().unwrap_or_default();
        if extension == "safetensors" || path.ends_with("config.json") {
            let mut add = || -> io::Result<()> {
                let mut file = BufReader::with_capacity(1 << 20, fs::File::open(&path)?);
                loop {
                    let bytes = file.fill_buf()?;
                    if bytes.is_empty() {
                        return Ok(());
                    }
                    hash.update(bytes);
                    let read = bytes.len();
                    file.consume(read);
                }
            };
            add().map_err(InterplayError::io("read", &path))?;
        }
    }
    let digits = hash.finalize();
    Ok(digits.iter().map(|byte| format!("{byte:02x}")).collect())
}
