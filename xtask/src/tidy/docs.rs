//! Rules for documents: paths that they name exist, links work where the documents are shown, and
//! the documents themselves are there.

use std::path::Path;

use super::finding::Finding;
use crate::repository::TextFile;

/// Commands that the README must show.
const COMMANDS: [&str; 2] = [
    "cargo run --example staged_pipeline",
    "cargo test --workspace",
];

/// Folders whose paths are relative to the root.
const FROM_ROOT: [&str; 6] = [".cargo", ".ci", ".github", "crates", "docs", "xtask"];

/// Folders whose paths are relative to the document.
const FROM_DOCUMENT: [&str; 3] = ["src", "tests", "benches"];

/// The folder of examples, which both the workspace and its crates have.
const EXAMPLES: &str = "examples";

/// Checks the paths that a Markdown file names, and the links of a crate's documentation.
pub(super) fn check(root: &Path, file: &TextFile, findings: &mut Vec<Finding>) {
    check_links(file, findings);
    if !file.is_markdown() {
        return;
    }
    let folder = root.join(&file.path).parent().map(Path::to_owned);
    let folder = folder.as_deref().unwrap_or(root);
    for (line, name) in quoted(&file.text) {
        let first = name.split('/').next().unwrap_or(name);
        let from: &[&Path] = match first {
            _ if !looks_like_path(name) => continue,
            EXAMPLES => &[folder, root],
            first if FROM_ROOT.contains(&first) => &[root],
            first if FROM_DOCUMENT.contains(&first) => &[folder],
            _ => continue,
        };
        // A path may have a line number, and an example may be named without its extension.
        let path = name.split(':').next().unwrap_or(name);
        let source = format!("{path}.rs");
        let exists = |from: &&Path| from.join(path).exists() || from.join(&source).exists();
        if !from.iter().any(exists) {
            let message = format!("`{name}` does not exist");
            findings.push(Finding::new(&file.path, line, message));
        }
    }
}

/// A crate's README and documentation are shown by crates.io and docs.rs, where a link out of the
/// crate's folder leads nowhere.
fn check_links(file: &TextFile, findings: &mut Vec<Finding>) {
    if !file.path.starts_with("crates/") {
        return;
    }
    for (number, line) in file.text.lines().enumerate() {
        let is_doc = file.is_markdown() || line.trim_start().starts_with("//");
        if is_doc && line.contains("](../") {
            let message = "a relative link works in the repository alone; link to its web address";
            findings.push(Finding::new(&file.path, number + 1, message));
        }
    }
}

/// Checks that the documents every reader looks for exist.
pub(super) fn check_presence(
    root: &Path,
    files: &[TextFile],
    crates: &[String],
    findings: &mut Vec<Finding>,
) {
    let readme = files.iter().find(|file| file.path == "README.md");
    let text = readme.map_or("", |file| file.text.as_str());
    for command in COMMANDS {
        if !text.contains(command) {
            findings.push(Finding::new(
                "README.md",
                0,
                format!("does not show `{command}`"),
            ));
        }
    }
    let of_crates = crates.iter().map(|name| format!("crates/{name}/README.md"));
    let fixed = [
        "CHANGELOG.md",
        "CITATION.cff",
        "CONTRIBUTING.md",
        "docs/ARCHITECTURE.md",
        "docs/LOG.md",
        "docs/glossary.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
    ];
    for path in of_crates.chain(fixed.map(str::to_owned)) {
        if !root.join(&path).exists() {
            findings.push(Finding::new(path, 0, "is missing"));
        }
    }
}

/// Everything in single backticks outside fenced blocks, with its line.
fn quoted(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines()
        .enumerate()
        .filter(move |(_, line)| {
            let fence = line.trim_start().starts_with("```");
            fenced ^= fence;
            !fenced && !fence
        })
        .flat_map(|(number, line)| {
            let inside = line.split('`').skip(1).step_by(2);
            inside.map(move |name| (number + 1, name))
        })
}

/// Whether a quoted name is a path rather than a command, a pattern or a placeholder.
fn looks_like_path(name: &str) -> bool {
    name.contains('/')
        && !name.contains("//")
        && !name.contains(|letter: char| letter.is_whitespace() || "*<>{}$()…".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_backticks_are_read_outside_of_fences() {
        let text = "a `docs/a.md` and `b`\n```\n`docs/c.md`\n```\n`docs/d.md`";
        let found: Vec<_> = quoted(text).collect();
        assert_eq!(found, [(1, "docs/a.md"), (1, "b"), (5, "docs/d.md")]);
    }

    #[test]
    fn patterns_and_commands_are_no_paths() {
        assert!(looks_like_path("crates/interplay-graph/src/lib.rs"));
        for other in [
            "crates/*",
            "cargo run -p a/b",
            "runs/<name>/",
            "https://a.org/b",
            "word",
        ] {
            assert!(!looks_like_path(other), "{other}");
        }
    }

    #[test]
    fn a_path_that_is_gone_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("docs")).unwrap();
        std::fs::write(folder.path().join("docs/here.md"), "").unwrap();
        let file = TextFile {
            path: "README.md".into(),
            text: "`docs/here.md`\n`docs/gone.md` `runs/any/file`".into(),
        };
        let mut findings = Vec::new();
        check(folder.path(), &file, &mut findings);
        assert_eq!(
            findings,
            [Finding::new(
                "README.md",
                2,
                "`docs/gone.md` does not exist"
            )]
        );
    }

    #[test]
    fn a_link_out_of_a_crate_is_reported_with_its_line() {
        let check = |path: &str, text: &str| {
            let file = TextFile {
                path: path.into(),
                text: text.into(),
            };
            let mut findings = Vec::new();
            check_links(&file, &mut findings);
            findings.len()
        };
        assert_eq!(check("crates/a/README.md", "see [b](../../docs/b.md)"), 1);
        assert_eq!(check("crates/a/src/lib.rs", "//! [b](../README.md)"), 1);
        assert_eq!(check("crates/a/src/lib.rs", "let a = \"](../b\";"), 0);
        assert_eq!(
            check("crates/a/README.md", "[b](https://a.org) [c](src/c.rs)"),
            0
        );
        assert_eq!(check("docs/a.md", "[b](../README.md)"), 0);
    }

    #[test]
    fn missing_documents_and_commands_are_reported() {
        let folder = tempfile::tempdir().unwrap();
        let mut findings = Vec::new();
        check_presence(folder.path(), &[], &["a".into()], &mut findings);
        let lines: Vec<_> = findings.iter().map(Finding::to_string).collect();
        assert!(
            lines
                .iter()
                .any(|line| line.contains("cargo test --workspace"))
        );
        assert!(lines.contains(&"crates/a/README.md: is missing".to_owned()));
    }
}
