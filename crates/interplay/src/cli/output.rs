//! What subcommands print: results on standard output, warnings on standard error.

use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
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
        eprintln!("  and {} more", skipped.count - skipped.first.len() as u64);
    }
}

/// Refuses an output that would replace an input; flags are named as they are written.
pub(super) fn check_other_file(
    input_flag: &str,
    input: &Path,
    output_flag: &str,
    output: &Path,
) -> Result<()> {
    if interplay_files::same_file(input, output) {
        bail!(
            "{input_flag} and {output_flag} are both {}; choose two files",
            input.display()
        );
    }
    Ok(())
}
