//! Links in Markdown files: the files that they lead to exist, and so do the headings.
//!
//! Relative links and those to the web address of a file of the repository are followed; other addresses are not, since
//! that would need a network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::finding::Finding;

/// A link or an image, with its line from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link<'t> {
    pub(super) line: usize,
    pub(super) target: &'t str,
}

/// Where links may lead: the texts of the Markdown files by path from the root, and the root.
pub(super) struct Targets<'a> {
    root: &'a Path,
    /// The web address of the repository's files, up to their paths.
    web: String,
    texts: BTreeMap<String, String>,
}

impl<'a> Targets<'a> {
    /// `repository` is the web address of the repository. `texts` holds the Markdown files as readers see them.
    pub(super) fn new(root: &'a Path, repository: &str, texts: BTreeMap<String, String>) -> Self {
        let web = format!("{repository}/blob/main/");
        Self { root, web, texts }
    }

    /// Checks the links in `text`, which stands in the file `path` and is shown as the file `shown`; both are paths from
    /// the root.
    pub(super) fn check(&self, path: &str, shown: &str, text: &str, findings: &mut Vec<Finding>) {
        for Link { line, target } in links(text) {
            let (file, heading) = match target.split_once('#') {
                Some((file, heading)) => (file, Some(heading)),
                None => (target, None),
            };
            let file = match file.strip_prefix(&self.web) {
                Some(file) => file.to_owned(),
                None if file.contains("://") || file.starts_with("mailto:") => continue,
                None if file.is_empty() => shown.to_owned(),
                None => match resolved(shown, file) {
                    Some(file) => file,
                    None => {
                        let message = format!("the link `{target}` leads out of the repository");
                        findings.push(Finding::new(path, line, message));
                        continue;
                    }
                },
            };
            if !self.root.join(&file).exists() {
                let message =
                    format!("the link `{target}` leads to `{file}`, which does not exist");
                findings.push(Finding::new(path, line, message));
                continue;
            }
            let Some(heading) = heading else { continue };
            let known = self.texts.get(&file).map(|text| headings(text));
            if known.is_none_or(|known| !known.contains(heading)) {
                let message = format!("the link `{target}`: `{file}` has no heading `{heading}`");
                findings.push(Finding::new(path, line, message));
            }
        }
    }
}

/// The path from the root that a relative link in a file leads to; none above the root.
pub(super) fn resolved(from: &str, target: &str) -> Option<String> {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    let mut path = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::Normal(name) => path.push(name),
            Component::ParentDir if !path.pop() => return None,
            Component::RootDir | Component::Prefix(_) => return None,
            Component::ParentDir | Component::CurDir => {}
        }
    }
    let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
    Some(names.join("/"))
}

/// The lines of a Markdown text outside fenced blocks, from 1.
pub(super) fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    (1..).zip(text.lines()).filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// The links and images of a Markdown text.
pub(super) fn links(text: &str) -> Vec<Link<'_>> {
    let mut found = Vec::new();
    for (line, words) in prose(text) {
        let mut rest = words;
        while let Some(at) = rest.find("](") {
            // Behind an odd number of backticks this is code.
            let coded = words[..words.len() - rest.len() + at].matches('`').count() % 2 == 1;
            rest = &rest[at + 2..];
            let Some(end) = rest.find(')') else { break };
            let target = rest[..end].split_whitespace().next();
            if let (false, Some(target)) = (coded, target) {
                found.push(Link { line, target });
            }
            rest = &rest[end..];
        }
    }
    found
}

/// The names by which headings can be linked, as mdBook and GitHub make them.
pub(super) fn headings(text: &str) -> BTreeSet<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut names = BTreeSet::new();
    for (_, line) in prose(text) {
        let words = line.trim_start_matches('#');
        let level = line.len() - words.len();
        if !(1..=6).contains(&level) || !words.starts_with(' ') {
            continue;
        }
        let name = heading_name(words.trim());
        let count = counts.entry(name.clone()).or_default();
        names.insert(match *count {
            0 => name,
            again => format!("{name}-{again}"),
        });
        *count += 1;
    }
    names
}

fn heading_name(words: &str) -> String {
    let letters = without_addresses(words).into_iter();
    let kept = letters.filter_map(|letter| match letter {
        letter if letter.is_whitespace() => Some('-'),
        letter if letter.is_alphanumeric() || "_-".contains(letter) => Some(letter),
        _ => None,
    });
    kept.flat_map(char::to_lowercase).collect()
}

/// A heading's letters without the addresses of its links.
fn without_addresses(words: &str) -> Vec<char> {
    let mut kept = Vec::new();
    let mut rest = words;
    while let Some((before, after)) = rest.split_once("](") {
        kept.extend(before.chars());
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    kept.extend(rest.chars());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_outside_of_code() {
        let text =
            "see [a](b.md#c) and ![d](e.svg \"E\")\n```\n[f](g.md)\n```\n`[h](i.md)` [`j`](k.md)";
        let found: Vec<_> = links(text)
            .into_iter()
            .map(|link| (link.line, link.target))
            .collect();
        assert_eq!(found, [(1, "b.md#c"), (1, "e.svg"), (5, "k.md")]);
    }

    #[test]
    fn headings_are_named_as_mdbook_names_them() {
        let text = "# The paper's reward, as written\n## `interplay-eval`\n## A [link](b.md)\n\
                    ```\n# no heading\n```\n## A link\n#nor this\n";
        let expected = [
            "a-link",
            "a-link-1",
            "interplay-eval",
            "the-papers-reward-as-written",
        ];
        assert_eq!(Vec::from_iter(headings(text)), expected);
    }

    #[test]
    fn relative_targets_are_resolved_from_their_file() {
        let resolve = |target| resolved("docs/book/src/findings/edge.md", target);
        assert_eq!(
            resolve("../concepts.md").as_deref(),
            Some("docs/book/src/concepts.md")
        );
        assert_eq!(
            resolve("./budget.md").as_deref(),
            Some("docs/book/src/findings/budget.md")
        );
        assert_eq!(resolve("../../../../../up.md"), None);
    }

    #[test]
    fn links_to_nowhere_are_reported_with_their_lines() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.md"), "").unwrap();
        std::fs::write(folder.path().join("b.md"), "").unwrap();
        let text = "# Here\n[1](b.md) [2](#here) [3](b.md#there) [4](https://a.org/r/blob/main/b.md#there)\n\
                    [5](c.md)\n[6](#gone)\n[7](b.md#gone)\n[8](https://a.org/r/blob/main/c.md)\n[9](../c.md)\n\
                    [10](https://b.org/any)";
        let texts = [("a.md", text), ("b.md", "## There")];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let targets = Targets::new(folder.path(), "https://a.org/r", BTreeMap::from(texts));
        let mut findings = Vec::new();
        targets.check("a.md", "a.md", text, &mut findings);
        let lines: Vec<usize> = findings.iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7], "{findings:?}");
    }
}
