//! Rule: the files of a crate do not import each other in a circle.
//!
//! A file imports another where it uses an item that the other defines. A `mod` declaration is no
//! import, and neither is a module's `pub use` of what its own children define: an item that comes
//! through such a facade counts for the file that defines it.

mod mentions;
mod modules;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;

use anyhow::{Result, ensure};

use self::modules::{Import, Tree};
use super::finding::Finding;
use crate::repository;

/// Imports that may be part of a circle, as beginnings of the importing and the imported path.
/// Empty when the circles are gone: remove an entry together with the circles that need it.
const TOLERATED: &[(&str, &str)] = &[];

/// Checks every package of the workspace.
pub(super) fn check(root: &Path, findings: &mut Vec<Finding>) -> Result<()> {
    let mut imports = Vec::new();
    for package in packages(root)? {
        imports.push(package_imports(root, &package)?);
    }
    check_imports(&imports.concat(), TOLERATED, findings);
    Ok(())
}

/// Prints every circle of the package with this name, or of all packages if it is empty.
pub fn list(root: &Path, name: &str) -> Result<()> {
    let packages: Vec<String> = packages(root)?
        .into_iter()
        .filter(|package| name.is_empty() || package.rsplit('/').next() == Some(name))
        .collect();
    ensure!(
        !packages.is_empty(),
        "the workspace has no package `{name}`"
    );
    for package in packages {
        let imports = package_imports(root, &package)?;
        let circles = circles(&imports);
        println!("{package}: {} circles", circles.len());
        for circle in circles {
            println!("  {}", describe(&circle));
        }
    }
    Ok(())
}

fn check_imports(imports: &[Import], tolerated: &[(&str, &str)], findings: &mut Vec<Finding>) {
    let tolerates = |(from, to): &(&str, &str), import: &Import| {
        import.from.starts_with(from) && import.to.starts_with(to)
    };
    let strict: Vec<Import> = imports
        .iter()
        .filter(|import| !tolerated.iter().any(|entry| tolerates(entry, import)))
        .cloned()
        .collect();
    for circle in circles(&strict) {
        let message = format!("files import each other: {}", describe(&circle));
        findings.push(Finding::new(&circle[0].from, circle[0].line, message));
    }
    let all = circles(imports);
    for entry in tolerated {
        if !all.iter().flatten().any(|import| tolerates(entry, import)) {
            let message =
                format!("no circle needs the entry {entry:?} any more; remove it from TOLERATED");
            findings.push(Finding::new("xtask/src/tidy/circles/mod.rs", 0, message));
        }
    }
}

/// The folders of the workspace's packages.
fn packages(root: &Path) -> Result<Vec<String>> {
    let crates = repository::crates(root)?;
    let folders = crates.iter().map(|name| format!("crates/{name}"));
    Ok(folders.chain(["xtask".to_owned()]).collect())
}

/// The imports in a package's library, its program and everything in `src/bin`.
fn package_imports(root: &Path, package: &str) -> Result<Vec<Import>> {
    let mut imports = Vec::new();
    for file in roots(root, package)? {
        imports.extend(Tree::read(root, &file)?.imports());
    }
    Ok(imports)
}

/// The root files of a package's crates, by their paths from the repository's root.
fn roots(root: &Path, package: &str) -> Result<Vec<String>> {
    let mut files = vec![
        format!("{package}/src/lib.rs"),
        format!("{package}/src/main.rs"),
    ];
    if let Ok(entries) = std::fs::read_dir(root.join(package).join("src/bin")) {
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".rs") {
                files.push(format!("{package}/src/bin/{name}"));
            }
        }
    }
    files.retain(|file| root.join(file).exists());
    Ok(files)
}

/// The circle as a chain of files, each with the line and the path that lead to the next.
fn describe(circle: &[&Import]) -> String {
    let mut text = circle[0].from.clone();
    for import in circle {
        text += &format!(
            "\n    -> {} (line {}: {})",
            import.to, import.line, import.path
        );
    }
    text
}

/// Shortest circles, chosen so that every import that belongs to a circle is in at least one.
fn circles(imports: &[Import]) -> Vec<Vec<&Import>> {
    let mut from: BTreeMap<&str, Vec<&Import>> = BTreeMap::new();
    for import in imports {
        from.entry(&import.from).or_default().push(import);
    }
    let mut found: Vec<Vec<&Import>> = imports
        .iter()
        .filter_map(|import| {
            let mut circle = vec![import];
            circle.extend(shortest(&from, &import.to, &import.from)?);
            Some(circle)
        })
        .collect();
    found.sort_by_key(Vec::len);
    let mut covered = BTreeSet::new();
    found.retain(|circle| {
        let new = !covered.contains(&circle[0]);
        if new {
            covered.extend(circle.iter().copied());
        }
        new
    });
    found
}

/// The shortest chain of imports from a file to another.
fn shortest<'a>(
    imports: &BTreeMap<&str, Vec<&'a Import>>,
    from: &'a str,
    to: &str,
) -> Option<Vec<&'a Import>> {
    let mut reached: BTreeMap<&str, Option<&'a Import>> = BTreeMap::from([(from, None)]);
    let mut waiting = VecDeque::from([from]);
    while let Some(file) = waiting.pop_front() {
        if file == to {
            let mut chain = Vec::new();
            let mut at = file;
            while let Some(import) = reached[at] {
                chain.push(import);
                at = &import.from;
            }
            chain.reverse();
            return Some(chain);
        }
        for import in imports.get(file).into_iter().flatten().copied() {
            if !reached.contains_key(import.to.as_str()) {
                reached.insert(&import.to, Some(import));
                waiting.push_back(&import.to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a library whose files are given by their paths below `src`.
    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let imports = imports(files);
        circles(&imports)
            .iter()
            .map(|circle| chain(circle))
            .collect()
    }

    fn imports(files: &[(&str, &str)]) -> Vec<Import> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join("a/src").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        package_imports(folder.path(), "a").unwrap()
    }

    fn chain(circle: &[&Import]) -> String {
        let files = circle.iter().map(|import| import.from.as_str());
        let files = files.chain([circle[0].from.as_str()]);
        let names = files.map(|file| file.trim_start_matches("a/src/").trim_end_matches(".rs"));
        names.collect::<Vec<_>>().join(" -> ")
    }

    const LIB: (&str, &str) = ("lib.rs", "mod a; mod b; mod c;");

    #[test]
    fn a_circle_of_uses_is_a_chain_of_paths_with_lines() {
        let files = [
            LIB,
            ("a.rs", "//! A\nuse crate::b::B;\npub struct A;"),
            ("b.rs", "use super::c::{self, C as Other};\npub struct B;"),
            ("c.rs", "use crate::{b, a::A as _};\npub struct C;"),
        ];
        let imports = imports(&files);
        let circles = circles(&imports);
        assert_eq!(circles.len(), 1);
        assert_eq!(
            describe(&circles[0]),
            "a/src/a.rs\n    -> a/src/b.rs (line 2: crate::b::B)\n    \
             -> a/src/c.rs (line 1: super::c::C)\n    -> a/src/a.rs (line 1: crate::a::A)"
        );
    }

    #[test]
    fn files_without_a_circle_pass() {
        let files = [
            LIB,
            ("a.rs", "use crate::{b::B, c::C}; use std::fmt; use ::b::c;"),
            ("b.rs", "use crate::c::C; pub struct B;"),
            ("c.rs", "pub struct C; pub fn a() { let b = C; b.a(); }"),
        ];
        assert!(found(&files).is_empty());
    }

    #[test]
    fn paths_in_code_macros_and_serde_attributes_count() {
        for inside in [
            "fn f() { crate::b::g(); }",
            "fn f() { use crate::b; b::g(); }",
            "use crate::b; fn f() { b::g(); }",
            "fn f() { println!(\"{}\", crate::b::g()); }",
            "impl crate::b::B<u8> {}",
            "use super::*; fn f() { b::g() }",
            "use super::b::*; fn f() { g() }",
            "#[derive(D)] struct S { #[serde(default = \"crate::b::g\")] s: u8 }",
        ] {
            let b = "pub struct B<T>(T); pub fn g() { crate::a::own() }";
            let files = [LIB, ("a.rs", inside), ("b.rs", b), ("c.rs", "")];
            let files = files.map(|(name, text)| match name {
                "a.rs" => (name, format!("{text} pub fn own() {{}}")),
                _ => (name, text.to_owned()),
            });
            let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
            assert_eq!(found(&files), ["a -> b -> a"], "{inside}");
        }
    }

    #[test]
    fn tests_comments_and_names_of_other_things_do_not_count() {
        let b = "use crate::a::A; pub struct B; pub fn g() {}";
        for inside in [
            "#[cfg(test)] mod tests { use crate::b::B; }",
            "#[cfg(test)] use crate::b::B;",
            "#[cfg(all(test, unix))] fn f() { crate::b::g() }",
            "impl A { #[cfg(test)] fn f() { crate::b::g() } }",
            "/// See [`crate::b::B`].\nfn f() {}",
            "use other::b; fn f() { b::g() }",
            "fn f(x: X) { x.g(); x::<B>(); Vec::<u8>::g(); }",
            "use super::b; fn f() -> impl Sized + use<> {}",
        ] {
            let a = format!("{inside} pub struct A;");
            let files = [LIB, ("a.rs", &a), ("b.rs", b), ("c.rs", "")];
            assert_eq!(found(&files), [""; 0], "{inside}");
        }
    }

    #[test]
    fn a_facade_is_no_import_and_what_it_re_exports_counts_for_its_own_file() {
        let files = [
            ("lib.rs", "mod part; pub use part::{One, Two};"),
            (
                "part/mod.rs",
                "mod one; mod two; pub use one::One; pub(crate) use two::*;",
            ),
            ("part/one.rs", "use super::Two; pub struct One;"),
            ("part/two.rs", "pub struct Two;"),
        ];
        assert!(found(&files).is_empty());
        let mut circle = files;
        circle[3].1 = "use crate::One; pub struct Two;";
        assert_eq!(found(&circle), ["part/one -> part/two -> part/one"]);
    }

    #[test]
    fn a_parent_that_uses_its_child_must_not_be_used_by_it() {
        let files = [
            ("lib.rs", "mod part;"),
            (
                "part.rs",
                "mod one; pub const LIMIT: u8 = 1; fn f() { one::g() }",
            ),
            ("part/one.rs", "pub fn g() -> u8 { super::LIMIT }"),
        ];
        assert_eq!(found(&files), ["part -> part/one -> part"]);
        let mut apart = files;
        apart[1].1 = "mod one; pub const LIMIT: u8 = 1; pub use one::g;";
        assert!(found(&apart).is_empty());
    }

    #[test]
    fn macros_nested_modules_and_own_paths_are_followed() {
        let files = [
            (
                "lib.rs",
                "#[macro_use] mod a; #[path = \"else/where.rs\"] mod b;",
            ),
            (
                "a.rs",
                "macro_rules! twice { ($b:expr) => { $crate::b::g($b) } } mod inner { mod deep; }",
            ),
            ("a/inner/deep.rs", "fn f() {}"),
            ("else/where.rs", "pub fn g() { twice!(1) }"),
        ];
        assert_eq!(found(&files), ["a -> else/where -> a"]);
    }

    #[test]
    fn tolerated_imports_pass_until_nothing_needs_them() {
        let files = [
            LIB,
            ("a.rs", "use crate::b::B; pub struct A;"),
            ("b.rs", "use crate::a::A; pub struct B;"),
            ("c.rs", "use crate::a::A;"),
        ];
        let imports = imports(&files);
        let findings = |tolerated: &[(&str, &str)]| {
            let mut findings = Vec::new();
            check_imports(&imports, tolerated, &mut findings);
            findings.iter().map(Finding::to_string).collect::<Vec<_>>()
        };
        assert!(findings(&[])[0].starts_with("a/src/a.rs:1: files import each other: a/src/a.rs"));
        assert!(findings(&[("a/src/b.rs", "a/src/a.rs")]).is_empty());
        assert!(findings(&[("a/", "a/")]).is_empty());
        let stale = findings(&[("a/", "a/"), ("a/src/c.rs", "a/src/a.rs")]);
        assert_eq!(stale.len(), 1);
        assert!(stale[0].contains("a/src/c.rs"), "{stale:?}");
    }
}
