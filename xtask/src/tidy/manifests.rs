//! Rules for manifests: what crates.io and docs.rs show of a crate is there, and is accepted there.

use std::path::Path;

use anyhow::Result;
use toml::{Table, Value};

use super::finding::Finding;
use crate::repository;

/// What a package says of itself.
const FIELDS: [&str; 7] = [
    "description",
    "license",
    "repository",
    "documentation",
    "readme",
    "keywords",
    "categories",
];

/// The most keywords of a crate, and the most letters of each, that crates.io accepts.
const KEYWORD_LIMITS: (usize, usize) = (5, 20);

/// Reads every crate's manifest.
pub(super) fn check(root: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    for name in repository::crates(root)? {
        check_manifest(&name, &repository::manifest(root, &name)?, findings);
    }
    Ok(())
}

fn check_manifest(name: &str, manifest: &Table, findings: &mut Vec<Finding>) {
    let mut report = |message: String| {
        findings.push(Finding::new(
            format!("crates/{name}/Cargo.toml"),
            0,
            message,
        ));
    };
    let package = manifest.get("package").and_then(Value::as_table);
    let get = |field: &str| package.and_then(|package| package.get(field));
    for field in FIELDS {
        if get(field).is_none() {
            report(format!("[package] has no `{field}`"));
        }
    }
    let docs = get("metadata").and_then(|metadata| metadata.get("docs")?.get("rs"));
    if docs.is_none() {
        report("[package.metadata.docs.rs] does not say which features docs.rs turns on".into());
    }
    let keywords = get("keywords").and_then(Value::as_array);
    let keywords: Vec<&str> = keywords
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let (most, longest) = KEYWORD_LIMITS;
    if keywords.len() > most {
        report(format!("{} keywords, at most {most}", keywords.len()));
    }
    for keyword in keywords.iter().filter(|keyword| keyword.len() > longest) {
        report(format!(
            "the keyword `{keyword}` is longer than {longest} letters"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let mut findings = Vec::new();
        check_manifest("a", &text.parse().unwrap(), &mut findings);
        findings.iter().map(Finding::to_string).collect()
    }

    const COMPLETE: &str = r#"
        [package]
        description = "A"
        license.workspace = true
        repository.workspace = true
        documentation = "https://docs.rs/a"
        readme = "README.md"
        keywords = ["reasoning"]
        categories.workspace = true
        [package.metadata.docs.rs]
        all-features = true
    "#;

    #[test]
    fn a_complete_manifest_passes() {
        assert_eq!(findings(COMPLETE), [""; 0]);
    }

    #[test]
    fn every_missing_field_is_named() {
        let found = findings("[package]\ndescription = 'A'");
        assert_eq!(found.len(), FIELDS.len(), "{found:?}");
        assert!(found.contains(&"crates/a/Cargo.toml: [package] has no `readme`".to_owned()));
    }

    #[test]
    fn keywords_that_the_index_refuses_are_named() {
        let long = COMPLETE.replace("\"reasoning\"", "\"reinforcement-learning\"");
        assert!(findings(&long)[0].contains("`reinforcement-learning` is longer"));
        let many = COMPLETE.replace("\"reasoning\"", "'a', 'b', 'c', 'd', 'e', 'f'");
        assert!(findings(&many)[0].contains("6 keywords"));
    }
}
