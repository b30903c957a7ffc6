//! `tidy`: rules that no compiler knows, also run as an ordinary test.

mod architecture;
mod docs;
mod sources;

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use crate::repository;

/// A broken rule and where it is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// Counted from one; zero where the whole file is meant.
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: impl Into<String>, line: usize, message: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            line,
            message: message.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(out, "{}: {}", self.path, self.message),
            line => write!(out, "{}:{line}: {}", self.path, self.message),
        }
    }
}

/// Checks every rule and reports all that is broken at once.
pub fn run(root: &Path) -> Result<()> {
    let findings = findings(root)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("tidy found 1 broken rule"),
        several => bail!("tidy found {several} broken rules"),
    }
}

fn findings(root: &Path) -> Result<Vec<Finding>> {
    let files = repository::text_files(root)?;
    let mut findings = Vec::new();
    for file in &files {
        sources::check(file, &mut findings);
        docs::check(root, file, &mut findings);
    }
    docs::check_presence(root, &files, &repository::crates(root)?, &mut findings);
    architecture::check(root, &mut findings)?;
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let findings = findings(&repository::root()).expect("the repository can be read");
        let lines: Vec<String> = findings.iter().map(Finding::to_string).collect();
        assert!(lines.is_empty(), "\n{}", lines.join("\n"));
    }
}
