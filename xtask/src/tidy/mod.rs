//! `tidy`: rules that the compiler does not check; they also run as an ordinary test.

mod architecture;
mod book;
pub mod circles;
mod docs;
mod finding;
mod links;
mod manifests;
mod sources;

use std::path::Path;

use anyhow::{Result, bail};

use self::finding::Finding;
use crate::repository;

/// Checks every rule and reports all violations at once.
pub fn run(root: &Path) -> Result<()> {
    let findings = findings(root)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("tidy found 1 violation"),
        several => bail!("tidy found {several} violations"),
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
    book::check(root, &files, &mut findings)?;
    architecture::check(root, &mut findings)?;
    manifests::check(root, &mut findings)?;
    circles::check(root, &mut findings)?;
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
