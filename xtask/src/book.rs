//! `book`: builds the book with mdBook, which it installs below `target` if the machine has none.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// The version of mdBook that is installed: pages look the same everywhere.
const VERSION: &str = "0.5.4";

/// The folder of the book.
const BOOK: &str = "docs/book";

/// Builds the book into `target/book`.
pub fn run(root: &Path) -> Result<()> {
    let program = mdbook(root)?;
    execute(Command::new(&program).arg("build").arg(root.join(BOOK)))?;
    println!("{}", root.join("target/book/index.html").display());
    Ok(())
}

/// An mdBook of the right version: the one on the path, the one that was installed before, or a new one.
fn mdbook(root: &Path) -> Result<PathBuf> {
    let folder = root.join("target/mdbook");
    let installed = folder
        .join("bin")
        .join(format!("mdbook{}", std::env::consts::EXE_SUFFIX));
    for program in [PathBuf::from("mdbook"), installed.clone()] {
        if version(&program).is_some_and(|found| found == VERSION) {
            return Ok(program);
        }
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Neither the search nor the server is needed, and each brings many crates; a debug build takes a third of the time,
    // and renders the book in a moment as well.
    execute(
        Command::new(cargo)
            .args([
                "install",
                "mdbook",
                "--locked",
                "--debug",
                "--no-default-features",
            ])
            .args(["--version", VERSION, "--root"])
            .arg(&folder),
    )?;
    Ok(installed)
}

/// The version that a program names, such as `0.5.1` of `mdbook v0.5.1`; none where there is no such program.
fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    let output = command
        .arg("--version")
        .stderr(Stdio::null())
        .output()
        .ok()?;
    named(&String::from_utf8_lossy(&output.stdout))
}

fn named(text: &str) -> Option<String> {
    let word = text.split_whitespace().nth(1)?;
    Some(word.trim_start_matches('v').to_owned())
}

fn execute(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("starting `{name}`"))?;
    if !status.success() {
        bail!("`{name}` failed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_what_mdbook_prints() {
        assert_eq!(named("mdbook v0.5.1\n").as_deref(), Some("0.5.1"));
        assert_eq!(named("mdbook 0.4.52").as_deref(), Some("0.4.52"));
        assert_eq!(named(""), None);
    }
}
