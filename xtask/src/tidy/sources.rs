//! Rules for source files: headers, names, sizes, no unfinished code, no machine-specific paths.

use super::finding::Finding;
use crate::repository::TextFile;

/// Names that say nothing about the content of a file.
const EMPTY_NAMES: [&str; 9] = [
    "base", "common", "helper", "helpers", "misc", "type", "types", "util", "utils",
];

/// The maximum number of lines before a file's tests.
const LINE_LIMIT: usize = 600;

/// Marks of unfinished code. Written in halves, so that this file does not contain them.
const UNFINISHED: [&str; 6] = [
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
    concat!("#[", "ignore"),
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X"),
];

/// Prefixes of machine-specific absolute paths; in halves, as above.
const MACHINE_PATHS: [&str; 6] = [
    concat!("/ho", "me/"),
    concat!("/ro", "ot/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
    concat!("/mn", "t/"),
    concat!("C:", "\\"),
];

/// Checks one text file.
pub(super) fn check(file: &TextFile, findings: &mut Vec<Finding>) {
    check_machine_paths(file, findings);
    if !file.is_rust() {
        return;
    }
    if !file.text.starts_with("//!") {
        let message = "expected the file to open with a `//!` comment that states its purpose";
        findings.push(Finding::new(&file.path, 1, message));
    }
    for name in file.path.trim_end_matches(".rs").split('/') {
        if EMPTY_NAMES.contains(&name) {
            let message =
                format!("`{name}` is not descriptive; name it after the concept it holds");
            findings.push(Finding::new(&file.path, 0, message));
        }
    }
    let lines = file
        .text
        .lines()
        .take_while(|line| *line != "#[cfg(test)]")
        .count();
    if lines > LINE_LIMIT {
        let message = format!(
            "{lines} lines before the tests, the limit is {LINE_LIMIT}; split it by concept"
        );
        findings.push(Finding::new(&file.path, 0, message));
    }
    for (number, line) in file.text.lines().enumerate() {
        if let Some(mark) = UNFINISHED.iter().find(|mark| line.contains(**mark)) {
            let message = format!("`{mark}` marks unfinished code; finish it");
            findings.push(Finding::new(&file.path, number + 1, message));
        }
    }
}

fn check_machine_paths(file: &TextFile, findings: &mut Vec<Finding>) {
    for (number, line) in file.text.lines().enumerate() {
        if let Some(start) = MACHINE_PATHS.iter().find(|start| begins_path(line, start)) {
            let message = format!("machine-specific path (`{start}…`); make it relative");
            findings.push(Finding::new(&file.path, number + 1, message));
        }
    }
}

/// Whether the line contains an absolute path with this prefix, not inside a longer path or URL.
fn begins_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !(letter.is_alphanumeric() || "/._-~}>".contains(letter)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        let file = TextFile {
            path: path.into(),
            text: text.into(),
        };
        let mut findings = Vec::new();
        check(&file, &mut findings);
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn accepts_a_proper_file() {
        assert!(findings("crates/a/src/edge.rs", "//! What an edge is.\n").is_empty());
    }

    #[test]
    fn checks_headers_names_and_sizes() {
        assert!(
            findings("a/edge.rs", "use b;\n")[0].contains("a/edge.rs:1: expected the file to open")
        );
        assert!(findings("a/tests/common/mod.rs", "//! x\n")[0].contains("`common`"));
        let long = format!("//! x\n{}", "\n".repeat(600));
        assert!(findings("a/edge.rs", &long)[0].contains("601 lines"));
        let tests = format!("//! x\n#[cfg(test)]\n{}", "\n".repeat(600));
        assert!(findings("a/edge.rs", &tests).is_empty());
    }

    #[test]
    fn reports_unfinished_code_with_its_line() {
        for mark in UNFINISHED {
            let text = format!("//! x\n{mark}\n");
            assert!(
                findings("a/edge.rs", &text)[0].starts_with("a/edge.rs:2:"),
                "{mark}"
            );
        }
    }

    #[test]
    fn reports_machine_paths_but_not_inside_other_paths() {
        for start in MACHINE_PATHS {
            assert_eq!(
                findings("docs/a.md", &format!("see `{start}x`")).len(),
                1,
                "{start}"
            );
        }
        let inside = format!("https://a.org{}x and a{0}x", MACHINE_PATHS[0]);
        assert!(findings("docs/a.md", &inside).is_empty());
    }
}
