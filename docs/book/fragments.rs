//! The TOML blocks of the book are what the program reads.
//!
//! A block with `items` is a context. Every other block is a part of an experiment: it extends the experiments that come
//! with the program until one of them takes it. Keys that an experiment does not have at its top are settings of the
//! stage `grpo`.

use std::fs;
use std::path::{Path, PathBuf};

use interplay::study::{Study, StudyChanges};
use interplay::tasks::{Context, ContextLibrary};
use interplay::{ExperimentSpec, Plan};
use toml::{Table, Value};

/// The keys at the top of an experiment file.
const TOP: [&str; 14] = [
    "name",
    "seed",
    "extends",
    "without",
    "device",
    "held_out",
    "bands",
    "tasks",
    "tokenizer",
    "model",
    "evaluate",
    "budget",
    "stage",
    "study",
];

#[test]
fn every_toml_block_is_read() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for path in chapters(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let text = fs::read_to_string(&path).unwrap();
        for block in blocks(&text) {
            seen += 1;
            if let Err(reason) = check(&block) {
                wrong.push(format!("{}: {reason}\n{block}", path.display()));
            }
        }
    }
    assert!(seen > 0);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The Markdown files below a folder.
fn chapters(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(chapters(&path));
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The blocks marked `toml`.
fn blocks(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "```toml" {
            let inside = lines.by_ref().take_while(|line| *line != "```");
            found.push(inside.map(|line| format!("{line}\n")).collect());
        }
    }
    found
}

fn check(block: &str) -> Result<(), String> {
    let fragment: Table = toml::from_str(block).map_err(|error| error.to_string())?;
    if fragment.contains_key("items") {
        let read = Context::from_toml(block, "block");
        return read.map(drop).map_err(|error| error.to_string());
    }
    let mut reasons = String::new();
    for (preset, _) in ExperimentSpec::PRESETS {
        match extends(preset, &fragment) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons += &format!("\n  extending `{preset}`: {reason}"),
        }
    }
    Err(reasons)
}

/// Whether a preset with the fragment can be planned.
fn extends(preset: &str, fragment: &Table) -> Result<(), String> {
    let (mut whole, mut training) = (Table::new(), Table::new());
    whole.insert("name".into(), "fragment".into());
    whole.insert("extends".into(), preset.into());
    for (key, value) in fragment {
        let table = match TOP.contains(&key.as_str()) {
            true => &mut whole,
            false => &mut training,
        };
        table.insert(key.clone(), value.clone());
    }
    if !training.is_empty() {
        let mut stage = Table::new();
        stage.insert("name".into(), "grpo".into());
        stage.insert("training".into(), Value::Table(training));
        whole.insert("stage".into(), Value::Array(vec![Value::Table(stage)]));
    }
    let text = toml::to_string(&whole).map_err(|error| error.to_string())?;
    if fragment.contains_key("study") {
        let study = Study::from_toml(&text, Path::new("fragment"), &StudyChanges::default());
        return study.map(drop).map_err(|error| error.to_string());
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("fragment.toml");
    fs::write(&path, text).map_err(|error| error.to_string())?;
    let spec = ExperimentSpec::load_with(&path, &[]).map_err(|error| error.to_string())?;
    let plan = Plan::resolve(spec, None, &ContextLibrary::embedded());
    plan.map(drop).map_err(|error| error.to_string())
}
