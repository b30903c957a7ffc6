//! Rules for the book: the summary lists every chapter once, what chapters include and link exists, their Rust blocks are
//! doctests, and the names in the table from the paper to the code stand in the files beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::finding::Finding;
use super::links::{Targets, links, prose, resolved};
use crate::repository::TextFile;

/// The folder of the chapters.
const CHAPTERS: &str = "docs/book/src/";

/// The chapter list.
const SUMMARY: &str = "docs/book/src/SUMMARY.md";

/// The file that makes chapters doctests.
const DOCTESTS: &str = "docs/book/doctests.rs";

/// The chapter whose tables name files and what stands in them.
const PAPER_TO_CODE: &str = "docs/book/src/paper-to-code.md";

/// Checks the book, and the links of every other Markdown file.
pub(super) fn check(root: &Path, files: &[TextFile], findings: &mut Vec<Finding>) -> Result<()> {
    let by_path: BTreeMap<&str, &str> = files
        .iter()
        .map(|file| (file.path.as_str(), file.text.as_str()))
        .collect();
    let markdown = || by_path.iter().filter(|(path, _)| path.ends_with(".md"));
    let shown = markdown().map(|(path, text)| {
        let included = includes(path, text).into_iter();
        let included = included.filter_map(|include| by_path.get(include.path?.as_str()));
        let texts: Vec<&str> = std::iter::once(*text).chain(included.copied()).collect();
        ((*path).to_owned(), texts.join("\n"))
    });
    let targets = Targets::new(root, &repository(root)?, shown.collect());
    for (path, text) in markdown() {
        targets.check(path, path, text, findings);
    }
    let chapters: BTreeMap<&str, &str> = markdown()
        .filter(|(path, _)| path.starts_with(CHAPTERS) && **path != SUMMARY)
        .map(|(path, text)| (*path, *text))
        .collect();
    check_summary(
        by_path.get(SUMMARY).copied().unwrap_or_default(),
        &chapters,
        findings,
    );
    let doctests = by_path.get(DOCTESTS).copied().unwrap_or_default();
    for (path, text) in &chapters {
        check_includes(path, text, &by_path, &targets, findings);
        check_inside(path, path, text, &chapters, findings);
        for include in includes(path, text) {
            let file = include.path.unwrap_or_default();
            if let Some(text) = by_path.get(file.as_str()) {
                check_inside(&file, path, text, &chapters, findings);
            }
        }
        check_doctest(path, text, doctests, findings);
    }
    if let Some(table) = chapters.get(PAPER_TO_CODE) {
        check_names(PAPER_TO_CODE, table, &by_path, findings);
    }
    Ok(())
}

/// The web address of the repository.
fn repository(root: &Path) -> Result<String> {
    let path = root.join("Cargo.toml");
    let text =
        std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let manifest: Table = text
        .parse()
        .with_context(|| format!("parsing {}", path.display()))?;
    let package = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("package"));
    let repository = package
        .and_then(|package| package.get("repository"))
        .and_then(Value::as_str);
    let missing = || format!("{}: expected workspace.package.repository", path.display());
    Ok(repository
        .with_context(missing)?
        .trim_end_matches('/')
        .to_owned())
}

/// Every chapter is listed once, and everything listed is a chapter.
fn check_summary(summary: &str, chapters: &BTreeMap<&str, &str>, findings: &mut Vec<Finding>) {
    let mut listed = BTreeSet::new();
    for link in links(summary) {
        let chapter = resolved(SUMMARY, link.target).unwrap_or_default();
        if !chapters.contains_key(chapter.as_str()) {
            let message = format!("lists `{}`, which is no chapter", link.target);
            findings.push(Finding::new(SUMMARY, link.line, message));
        }
        if !listed.insert(chapter) {
            let message = format!("lists `{}` twice", link.target);
            findings.push(Finding::new(SUMMARY, link.line, message));
        }
    }
    for path in chapters.keys().filter(|path| !listed.contains(**path)) {
        let message = format!("is not listed in `{SUMMARY}`, so that the book leaves it out");
        findings.push(Finding::new(*path, 0, message));
    }
}

/// A directive `{{#include FILE}}`.
struct Include<'t> {
    line: usize,
    target: &'t str,
    /// The path from the root; none outside of the repository.
    path: Option<String>,
}

fn includes<'t>(from: &str, text: &'t str) -> Vec<Include<'t>> {
    let mut found = Vec::new();
    for (line, words) in (1..).zip(text.lines()) {
        for inside in words.split("{{#include ").skip(1) {
            let target = inside.split("}}").next().unwrap_or_default().trim();
            let file = target.split(':').next().unwrap_or_default();
            found.push(Include {
                line,
                target,
                path: resolved(from, file),
            });
        }
    }
    found
}

/// What a chapter includes exists, and its links lead somewhere from the chapter as well.
fn check_includes(
    chapter: &str,
    text: &str,
    files: &BTreeMap<&str, &str>,
    targets: &Targets<'_>,
    findings: &mut Vec<Finding>,
) {
    for Include { line, target, path } in includes(chapter, text) {
        let found = path.as_deref().and_then(|path| files.get_key_value(path));
        match found {
            Some((path, text)) if path.ends_with(".md") => {
                targets.check(path, chapter, text, findings);
            }
            Some(_) => {}
            None => {
                let message = format!("includes `{target}`, which does not exist");
                findings.push(Finding::new(chapter, line, message));
            }
        }
    }
}

/// The built book holds chapters alone, so a relative link out of it leads nowhere; also where the text of a chapter
/// stands in another file.
fn check_inside(
    path: &str,
    chapter: &str,
    text: &str,
    chapters: &BTreeMap<&str, &str>,
    findings: &mut Vec<Finding>,
) {
    for link in links(text) {
        let file = link.target.split('#').next().unwrap_or_default();
        if file.is_empty() || file.contains("://") {
            continue;
        }
        let leads_to = resolved(chapter, file).unwrap_or_default();
        let inside = match leads_to.ends_with(".md") {
            true => chapters.contains_key(leads_to.as_str()),
            false => leads_to.starts_with(CHAPTERS),
        };
        if !inside {
            let message = format!("the link `{file}` leaves the book; link to its web address");
            findings.push(Finding::new(path, link.line, message));
        }
    }
}

/// A chapter with Rust blocks is compiled.
fn check_doctest(chapter: &str, text: &str, doctests: &str, findings: &mut Vec<Finding>) {
    let opens = |line: &str| line.starts_with("```rust") && !line.contains("ignore");
    let block = (1..).zip(text.lines()).find(|(_, line)| opens(line));
    let named = chapter.strip_prefix("docs/book/").unwrap_or(chapter);
    if let Some((line, _)) = block
        && !doctests.contains(&format!("\"{named}\""))
    {
        let message = format!("this block is not compiled; add the chapter to `{DOCTESTS}`");
        findings.push(Finding::new(chapter, line, message));
    }
}

/// In a row of a table, the names in the cell behind a path stand in that file.
fn check_names(
    chapter: &str,
    text: &str,
    files: &BTreeMap<&str, &str>,
    findings: &mut Vec<Finding>,
) {
    for (line, row) in prose(text).filter(|(_, line)| line.starts_with('|')) {
        // A bar inside a cell is written `\|`.
        let row = row.replace("\\|", "");
        let cells: Vec<Vec<&str>> = row.split('|').map(|cell| quoted(cell).collect()).collect();
        for pair in cells.windows(2) {
            let Some((file, code)) = pair[0].first().and_then(|path| files.get_key_value(*path))
            else {
                continue;
            };
            for name in pair[1].iter().filter(|name| !has_word(code, name)) {
                let message = format!("`{file}` does not have `{name}`");
                findings.push(Finding::new(chapter, line, message));
            }
        }
    }
}

fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(run: impl FnOnce(&mut Vec<Finding>)) -> Vec<String> {
        let mut findings = Vec::new();
        run(&mut findings);
        findings.iter().map(Finding::to_string).collect()
    }

    #[test]
    fn the_summary_lists_each_chapter_once() {
        let chapters = ["a.md", "b.md", "c/d.md"].map(|name| format!("{CHAPTERS}{name}"));
        let chapters = chapters.iter().map(|path| (path.as_str(), "")).collect();
        let summary = "# Summary\n\n- [A](a.md)\n  - [D](c/d.md)\n- [A](a.md)\n- [E](e.md)\n";
        let found = told(|findings| check_summary(summary, &chapters, findings));
        assert_eq!(found.len(), 3, "{found:?}");
        assert!(found[0].contains("SUMMARY.md:5: lists `a.md` twice"));
        assert!(found[1].contains("SUMMARY.md:6: lists `e.md`, which is no chapter"));
        assert!(found[2].starts_with("docs/book/src/b.md: is not listed"));
    }

    #[test]
    fn includes_exist_and_their_links_work_from_the_chapter() {
        let chapter = "docs/book/src/reference/a.md";
        let text = "{{#include ../../../a.md}}\n{{#include ../../../b.md:3:5}}\n";
        let folder = tempfile::tempdir().unwrap();
        let targets = Targets::new(folder.path(), "https://a.org", BTreeMap::new());
        // From the chapter, `c.md` would be another file.
        let files = BTreeMap::from([("docs/a.md", "# A\n[c](c.md)")]);
        let found = told(|findings| check_includes(chapter, text, &files, &targets, findings));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("docs/a.md:2: the link `c.md`"));
        assert!(found[1].contains(":2: includes `../../../b.md:3:5`"));
    }

    #[test]
    fn relative_links_stay_in_the_book() {
        let (one, two) = ("docs/book/src/a.md", "docs/book/src/b/c.md");
        let chapters = BTreeMap::from([(one, ""), (two, "")]);
        let text = "[c](b/c.md#d) [w](https://a.org/b.md) [h](#h)\n[g](../../glossary.md)";
        let found = told(|findings| check_inside(one, one, text, &chapters, findings));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("a.md:2: the link `../../glossary.md` leaves the book"));
    }

    #[test]
    fn rust_blocks_are_doctests() {
        let check = |text: &str| {
            let doctests = "chapters! { A: \"src/a.md\" }";
            told(|findings| check_doctest("docs/book/src/b.md", text, doctests, findings)).len()
                + told(|findings| check_doctest("docs/book/src/a.md", text, doctests, findings))
                    .len()
        };
        assert_eq!(check("```rust\n```"), 1);
        assert_eq!(check("```rust,no_run\n```"), 1);
        assert_eq!(check("```rust,ignore\n```"), 0);
        assert_eq!(check("```sh\n```"), 0);
    }

    #[test]
    fn names_stand_in_the_files_beside_them() {
        let files = BTreeMap::from([("crates/a/src/b.rs", "pub fn edge_of(a: u32) -> Edge")]);
        let check = |row: &str| told(|findings| check_names("c.md", row, &files, findings));
        assert!(check("| `x \\| y` | `crates/a/src/b.rs` | `edge_of`, `Edge` |").is_empty());
        assert!(check("| x | `crates/a/src/b.rs` | |").is_empty());
        let found = check("| x | `crates/a/src/b.rs` | `edge`, `Edge` |");
        assert_eq!(found, ["c.md:1: `crates/a/src/b.rs` does not have `edge`"]);
    }
}
