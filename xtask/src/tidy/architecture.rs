//! Rules for dependencies: crates without tensors stay without them, also through others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Finding;
use crate::repository;

/// Crates that never see a tensor, in libraries and in tests.
const WITHOUT_TENSORS: [&str; 6] = [
    "interplay-audit",
    "interplay-eval",
    "interplay-files",
    "interplay-graph",
    "interplay-tasks",
    "interplay-tokenizer",
    "interplay-verify",
];

/// Beginnings of the names of crates that hold tensors.
const TENSORS: [&str; 3] = ["burn", "cubecl", "candle"];

/// The tables of a manifest that name dependencies.
const TABLES: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// Reads every crate's manifest and follows its dependencies inside the workspace.
pub(super) fn check(root: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    let mut dependencies = BTreeMap::new();
    for name in repository::crates(root)? {
        let path = root.join("crates").join(&name).join("Cargo.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
        let manifest: Table = text
            .parse()
            .with_context(|| format!("parsing {}", path.display()))?;
        let mut names = BTreeSet::new();
        collect(&manifest, &mut names);
        dependencies.insert(name, names);
    }
    check_names(&dependencies, findings);
    Ok(())
}

fn check_names(dependencies: &BTreeMap<String, BTreeSet<String>>, findings: &mut Vec<Finding>) {
    for name in WITHOUT_TENSORS {
        if let Some(chain) = chain_to_tensors(name, dependencies) {
            let message = format!(
                "must not see a tensor, but depends on {}",
                chain.join(" -> ")
            );
            findings.push(Finding::new(
                format!("crates/{name}/Cargo.toml"),
                0,
                message,
            ));
        }
    }
}

/// The names of all dependencies of a manifest, those of single targets included.
fn collect(manifest: &Table, names: &mut BTreeSet<String>) {
    for table in TABLES {
        let entries = manifest.get(table).and_then(Value::as_table);
        for (key, value) in entries.into_iter().flatten() {
            // `package` names the crate where the key is another name for it.
            let package = value.get("package").and_then(Value::as_str);
            names.insert(package.unwrap_or(key).to_owned());
        }
    }
    let targets = manifest.get("target").and_then(Value::as_table);
    for target in targets
        .into_iter()
        .flatten()
        .filter_map(|(_, value)| value.as_table())
    {
        collect(target, names);
    }
}

/// How a crate comes to depend on tensors, if it does: breadth first, so the shortest way.
fn chain_to_tensors(
    name: &str,
    dependencies: &BTreeMap<String, BTreeSet<String>>,
) -> Option<Vec<String>> {
    let mut seen = BTreeSet::from([name.to_owned()]);
    let mut chains = std::collections::VecDeque::from([vec![name.to_owned()]]);
    while let Some(chain) = chains.pop_front() {
        for next in chain
            .last()
            .and_then(|last| dependencies.get(last))
            .into_iter()
            .flatten()
        {
            let mut longer = chain.clone();
            longer.push(next.clone());
            if TENSORS.iter().any(|start| next.starts_with(start)) {
                longer.remove(0);
                return Some(longer);
            }
            if seen.insert(next.clone()) {
                chains.push_back(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn every_kind_of_dependency_is_read() {
        let manifest: Table = r#"
            [dependencies]
            a.workspace = true
            other = { package = "burn", version = "1" }
            [dev-dependencies]
            b = "1"
            [target.'cfg(unix)'.build-dependencies]
            c = "1"
        "#
        .parse()
        .unwrap();
        let mut found = BTreeSet::new();
        collect(&manifest, &mut found);
        assert_eq!(found, names(&["a", "b", "burn", "c"]));
    }

    #[test]
    fn a_way_to_tensors_through_another_crate_is_found() {
        let dependencies = BTreeMap::from([
            (
                "interplay-eval".into(),
                names(&["interplay-verify", "serde"]),
            ),
            ("interplay-verify".into(), names(&["interplay-model"])),
            ("interplay-model".into(), names(&["burn"])),
        ]);
        let mut findings = Vec::new();
        check_names(&dependencies, &mut findings);
        assert_eq!(findings.len(), 2);
        assert!(
            findings[0]
                .message
                .ends_with("interplay-verify -> interplay-model -> burn"),
            "{}",
            findings[0]
        );
    }
}
