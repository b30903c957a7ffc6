//! What subcommands print: results on standard output, warnings on standard error.

use std::io::{self, Write};

use anyhow::{Context, Result};
use interplay_files::Skipped;

/// Prints to standard output; a reader that stopped reading (`| head`) is no error.
pub(super) fn print(text: &str) -> Result<()> {
    let mut output = io::stdout().lock();
    match output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
    {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("standard output cannot be written"),
    }
}

/// Warns of records that were skipped because they cannot be used.
pub(super) fn warn_of(skipped: &Skipped) {
    if skipped.count == 0 {
        return;
    }
    eprintln!("warning: skipped {} unusable records:", skipped.count);
    for error in &skipped.first {
        eprintln!("  {error}");
    }
    if skipped.count > skipped.first.len() as u64 {
        eprintln!("  ...");
    }
}
