//! Rules for dependencies between crates: who never sees a tensor, and who never sees a task.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::Result;
use toml::{Table, Value};

use super::finding::Finding;
use crate::repository;

/// The only crates that may see a tensor; every other crate must not, in its tests neither.
const WITH_TENSORS: [&str; 3] = ["interplay", "interplay-model", "interplay-train"];

/// Beginnings of the names of crates that hold tensors.
const TENSORS: [&str; 3] = ["burn", "cubecl", "candle"];

/// What trains or measures knows an environment, and no task or verifier behind it.
const BEHIND_THE_SEAM: [&str; 2] = ["interplay-eval", "interplay-train"];

/// What the crates behind the seam must not see.
const TASKS: [&str; 2] = ["interplay-tasks", "interplay-verify"];

/// Dependencies across the seam that are tolerated. Remove an entry together with its cause.
const STILL_ACROSS_THE_SEAM: &[(&str, &str)] = &[];

/// Crates that depend on no other crate of the workspace.
const ALONE: [&str; 1] = ["interplay-report"];

/// What the names of the workspace's crates begin with.
const OURS: &str = "interplay";

/// The names of the crates that a crate depends on.
#[derive(Default)]
struct Dependencies {
    /// For the library and its build script, optional ones included.
    normal: BTreeSet<String>,
    /// For tests, examples and benchmarks alone.
    dev: BTreeSet<String>,
}

type Workspace = BTreeMap<String, Dependencies>;

/// Reads every crate's manifest and follows its dependencies inside the workspace.
pub(super) fn check(root: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    let mut workspace = Workspace::new();
    for name in repository::crates(root)? {
        let manifest = repository::manifest(root, &name)?;
        workspace.insert(name, dependencies(&manifest));
    }
    check_tensors(&workspace, findings);
    check_seam(&workspace, STILL_ACROSS_THE_SEAM, findings);
    check_alone(&workspace, findings);
    Ok(())
}

fn check_tensors(workspace: &Workspace, findings: &mut Vec<Finding>) {
    let is_tensor = |name: &str| TENSORS.iter().any(|start| name.starts_with(start));
    for name in workspace.keys() {
        if WITH_TENSORS.contains(&name.as_str()) {
            continue;
        }
        let chain = chain(name, |name| workspace.get(name).map(all), is_tensor);
        if let Some(chain) = chain {
            let message = format!("must not see a tensor, but depends on {chain}");
            findings.push(finding(name, message));
        }
    }
}

fn check_seam(workspace: &Workspace, still: &[(&str, &str)], findings: &mut Vec<Finding>) {
    for name in BEHIND_THE_SEAM {
        let Some(own) = workspace.get(name) else {
            continue;
        };
        for task in TASKS {
            let normal = |name: &str| workspace.get(name).map(|found| names(&found.normal));
            let mut chain = chain(name, normal, |found| found == task);
            if chain.is_none() && own.dev.contains(task) {
                chain = Some(format!("{task} (in its tests)"));
            }
            let message = match (chain, still.contains(&(name, task))) {
                (Some(chain), false) => format!(
                    "trains or measures through `interplay-environment` alone, \
                     but depends on {chain}"
                ),
                (None, true) => format!(
                    "no longer depends on {task}; remove the entry from \
                     STILL_ACROSS_THE_SEAM in `xtask/src/tidy/architecture.rs`"
                ),
                _ => continue,
            };
            findings.push(finding(name, message));
        }
    }
}

fn check_alone(workspace: &Workspace, findings: &mut Vec<Finding>) {
    for name in ALONE {
        let own = workspace.get(name).map(all).unwrap_or_default();
        for other in own.iter().filter(|other| other.starts_with(OURS)) {
            let message = format!("must not know the project's other crates, but uses {other}");
            findings.push(finding(name, message));
        }
    }
}

fn finding(name: &str, message: String) -> Finding {
    Finding::new(format!("crates/{name}/Cargo.toml"), 0, message)
}

fn names(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

fn all(dependencies: &Dependencies) -> Vec<&str> {
    let Dependencies { normal, dev } = dependencies;
    normal.union(dev).map(String::as_str).collect()
}

/// The names of all dependencies of a manifest, those of single targets included.
fn dependencies(manifest: &Table) -> Dependencies {
    let mut found = Dependencies::default();
    collect(manifest, &mut found);
    found
}

fn collect(manifest: &Table, found: &mut Dependencies) {
    for table in ["dependencies", "build-dependencies", "dev-dependencies"] {
        let names = match table {
            "dev-dependencies" => &mut found.dev,
            _ => &mut found.normal,
        };
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
        collect(target, found);
    }
}

/// The shortest chain of dependencies from a crate to one that is meant, if there is one.
fn chain<'a>(
    name: &'a str,
    dependencies: impl Fn(&str) -> Option<Vec<&'a str>>,
    meant: impl Fn(&str) -> bool,
) -> Option<String> {
    let mut seen = BTreeSet::from([name]);
    let mut chains = VecDeque::from([vec![name]]);
    while let Some(chain) = chains.pop_front() {
        let last = chain.last().copied().unwrap_or(name);
        for next in dependencies(last).into_iter().flatten() {
            let mut longer = chain.clone();
            longer.push(next);
            if meant(next) {
                return Some(longer[1..].join(" -> "));
            }
            if seen.insert(next) {
                chains.push_back(longer);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(manifests: &[(&str, &str)]) -> Workspace {
        manifests
            .iter()
            .map(|(name, text)| ((*name).to_owned(), dependencies(&text.parse().unwrap())))
            .collect()
    }

    fn lines(check: impl FnOnce(&mut Vec<Finding>)) -> Vec<String> {
        let mut findings = Vec::new();
        check(&mut findings);
        findings.iter().map(Finding::to_string).collect()
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
        let found = dependencies(&manifest);
        assert_eq!(names(&found.normal), ["a", "burn", "c"]);
        assert_eq!(names(&found.dev), ["b"]);
    }

    #[test]
    fn a_way_to_tensors_through_another_crate_is_found() {
        let workspace = workspace(&[
            (
                "interplay-eval",
                "[dependencies]\ninterplay-new = '1'\nserde = '1'",
            ),
            ("interplay-new", "[dev-dependencies]\ninterplay-model = '1'"),
            ("interplay-model", "[dependencies]\nburn = '1'"),
        ]);
        let lines = lines(|findings| check_tensors(&workspace, findings));
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(
            lines[0].ends_with("interplay-new -> interplay-model -> burn"),
            "{lines:?}"
        );
    }

    #[test]
    fn a_trainer_sees_no_task_through_another_crate_and_none_in_its_tests() {
        let workspace = workspace(&[
            ("interplay-train", "[dependencies]\ninterplay-eval = '1'"),
            (
                "interplay-eval",
                "[dependencies]\ninterplay-dag = '1'\n[dev-dependencies]\ninterplay-tasks = '1'",
            ),
            ("interplay-dag", "[dependencies]\ninterplay-verify = '1'"),
            (
                "interplay-verify",
                "[dev-dependencies]\ninterplay-tasks = '1'",
            ),
        ]);
        let found = lines(|findings| check_seam(&workspace, &[], findings));
        let ends = [
            "depends on interplay-tasks (in its tests)",
            "depends on interplay-dag -> interplay-verify",
            "depends on interplay-eval -> interplay-dag -> interplay-verify",
        ];
        assert_eq!(found.len(), ends.len(), "{found:?}");
        for (line, end) in found.iter().zip(ends) {
            assert!(line.ends_with(end), "{line}");
        }
    }

    #[test]
    fn an_exception_that_nothing_needs_is_reported() {
        let workspace = workspace(&[("interplay-eval", "[dependencies]\ninterplay-tasks = '1'")]);
        let still = [
            ("interplay-eval", "interplay-tasks"),
            ("interplay-eval", "interplay-verify"),
            ("interplay-train", "interplay-tasks"),
        ];
        let found = lines(|findings| check_seam(&workspace, &still, findings));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("no longer depends on interplay-verify"));
    }

    #[test]
    fn the_report_knows_no_other_crate() {
        let workspace = workspace(&[(
            "interplay-report",
            "[dependencies]\nserde = '1'\n[dev-dependencies]\ninterplay-eval = '1'",
        )]);
        let found = lines(|findings| check_alone(&workspace, findings));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].ends_with("uses interplay-eval"));
    }
}
