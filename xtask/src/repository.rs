//! The repository: its root, its crates, its text files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml::Table;

/// The folders and files that hold sources and documents; build output and runs are elsewhere.
const SOURCES: [&str; 15] = [
    ".cargo",
    ".ci",
    ".github",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "Cargo.toml",
    "README.md",
    "crates",
    "deny.toml",
    "docs",
    "examples",
    "fuzz",
    "python",
    "xtask",
];

/// Folders of generated files inside them.
const GENERATED: [&str; 5] = [
    "__pycache__",
    ".pytest_cache",
    "artifacts",
    "corpus",
    "target",
];

/// The root of the checkout that this program was built from.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// A text file, by its path from the root, with `/` on every platform.
pub struct TextFile {
    pub path: String,
    pub text: String,
}

impl TextFile {
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    pub fn is_markdown(&self) -> bool {
        self.path.ends_with(".md")
    }
}

/// Every text file of the project, sorted by path. Files that are not UTF-8 are data, not text.
pub fn text_files(root: &Path) -> Result<Vec<TextFile>> {
    let mut files = Vec::new();
    for source in SOURCES {
        let path = root.join(source);
        if path.exists() {
            collect(root, &path, &mut files)?;
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(root: &Path, path: &Path, files: &mut Vec<TextFile>) -> Result<()> {
    if path.is_dir() {
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| GENERATED.contains(&name)) {
            return Ok(());
        }
        let entries = fs::read_dir(path).with_context(|| format!("reading {}", path.display()))?;
        for entry in entries {
            collect(root, &entry?.path(), files)?;
        }
        return Ok(());
    }
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    if let Ok(text) = String::from_utf8(bytes) {
        let path = path.strip_prefix(root).unwrap_or(path);
        let names: Vec<_> = path.iter().map(|name| name.to_string_lossy()).collect();
        files.push(TextFile {
            path: names.join("/"),
            text,
        });
    }
    Ok(())
}

/// The manifest of a crate in `crates/`.
pub fn manifest(root: &Path, name: &str) -> Result<Table> {
    let path = root.join("crates").join(name).join("Cargo.toml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    text.parse()
        .with_context(|| format!("parsing {}", path.display()))
}

/// The names of the folders in `crates/`, sorted; each is also its crate's name.
pub fn crates(root: &Path) -> Result<Vec<String>> {
    let folder = root.join("crates");
    let entries = fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.path().join("Cargo.toml").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}
