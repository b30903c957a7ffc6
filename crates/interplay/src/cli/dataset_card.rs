//! The card of a corpus: a `README.md` from which the Hugging Face Hub and `datasets` learn what a file holds.
//!
//! Source: the metadata of dataset cards of the Hugging Face Hub. Texts in it are JSON strings, which YAML reads.
//! Deviations: the license is `unknown`, since it is the owner's to choose.

use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf, absolute};

use anyhow::{Context as _, Result, bail};
use interplay::tasks::Dataset;
use serde_json::json;

/// The classes of size that the Hub knows, each with the number of problems below which it ends.
const SIZES: [(u64, &str); 7] = [
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
    (u64::MAX, "100M<n<1B"),
];

/// What a card says about a corpus.
pub(super) struct DatasetCard<'a> {
    pub dataset: &'a Dataset,
    pub seed: u64,
    /// The problems that were drawn, and the number of those that were written.
    pub drawn: u64,
    pub written: u64,
    /// What was left out of the problems drawn, in words.
    pub selection: &'a [String],
    /// The file of the problems, by its path from the card's folder.
    pub file: String,
}

/// The path of a file from the folder of its card, with `/`.
///
/// # Errors
/// A file that is not below that folder, where no card could name it.
pub(super) fn file_from(card: &Path, file: &Path) -> Result<String> {
    let absolute =
        |path: &Path| absolute(path).with_context(|| format!("the path {}", path.display()));
    let folder: PathBuf = absolute(card)?
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    let file = absolute(file)?;
    let Ok(inside) = file.strip_prefix(&folder) else {
        bail!(
            "--card is {}, and {} is not below its folder; a card names files of its own folder or below, so write it \
             there",
            card.display(),
            file.display()
        );
    };
    let names = inside.components().map(Component::as_os_str);
    let names: Vec<_> = names.map(|name| name.to_string_lossy()).collect();
    Ok(names.join("/"))
}

impl DatasetCard<'_> {
    /// The whole file.
    pub(super) fn text(&self) -> Result<String> {
        let size = SIZES.iter().find(|(end, _)| self.written < *end);
        let size = size.map_or("n>1T", |(_, size)| size);
        let mut card = format!(
            "---\nlicense: unknown\nlanguage:\n- en\ntask_categories:\n- text-generation\ntags:\n- interplay\n- reasoning\n\
             - math\n- synthetic\nsize_categories:\n- {size}\nconfigs:\n- config_name: default\n  data_files: {}\n---\n",
            json!(self.file),
        );
        let _ = write!(
            card,
            "\n# Reasoning problems\n\n{} problems with gold solutions, each a directed graph of quantities told in \
             words, of exactly known difficulty: `op` is the number of edges that the answer needs.\n\n",
            self.written
        );
        card.push_str(
            "| share | op | context | dialect | mode | layers |\n|---|---|---|---|---|---|\n",
        );
        for part in &self.dataset.spec().mixture {
            let (dialect, mode) = (part.dialect.name(), part.mode.name());
            let _ = writeln!(
                card,
                "| {:.4} | {} | {} | {dialect} | {mode} | {} |",
                part.weight, part.op, part.context, part.d
            );
        }
        card.push_str(
            "\n## Fields\n\n\
             | field | holds |\n|---|---|\n\
             | `problem`, `question` | the statements and the question |\n\
             | `solution` | the gold solution, with `Answer: N.` at its end |\n\
             | `op` | the difficulty |\n\
             | `id` | the index in the sequence of problems drawn |\n\
             | `template`, `mode`, `length`, `d` | the context, the direction, the published class of length, the layers |\n",
        );
        let _ = write!(
            card,
            "\n## How it was made\n\nThe first {} problems of this specification with seed {}, by `interplay generate` {}",
            self.drawn,
            self.seed,
            env!("CARGO_PKG_VERSION")
        );
        match self.selection {
            [] => card.push_str(".\n"),
            some => {
                let _ = writeln!(card, ": {}.", some.join("; "));
            }
        }
        let spec = toml::to_string(self.dataset.spec()).context("writing the specification")?;
        let _ = write!(
            card,
            "\n```toml\n{spec}```\n\n## Checking a solution\n\nEvery step of a completion is checked, not the answer \
             alone:\n\n```python\nimport interplay\nverdict = interplay.verify(row, completion)  # a row of this data \
             set\nprint(verdict.explain())\n```\n"
        );
        Ok(card)
    }
}
