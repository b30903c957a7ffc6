//! The TOML blocks of the book are what the program reads.
//!
//! A block with `items` is a context. Every other block is a fragment of an experiment: it is laid over the experiments
//! that come with the program until one of them takes it. Keys that no experiment has at its top are settings of a GRPO
//! stage (`training`).

use std::fs;
use std::path::{Path, PathBuf};

use interplay::study::{Study, StudyChanges};
use interplay::tasks::{Context, ContextLibrary};
use interplay::{ExperimentSpec, Plan};
use toml::{Table, Value};

/// The keys at the top of an experiment file.
const TOP: [&str; 11] = [
    "name",
    "seed",
    "device",
    "held_out",
    "bands",
    "tasks",
    "tokenizer",
    "model",
    "evaluate",
    "budget",
    "study",
];

#[test]
fn every_toml_block_is_read() {
    let mut wrong = Vec::new();
    let mut seen = 0;
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
    for (name, text) in ExperimentSpec::PRESETS.iter().chain(&Study::PRESETS) {
        match accepts(text, &fragment) {
            Ok(()) => return Ok(()),
            Err(reason) => reasons += &format!("\n  over `{name}`: {reason}"),
        }
    }
    Err(reasons)
}

/// Whether an experiment with the fragment laid over it can be planned.
fn accepts(experiment: &str, fragment: &Table) -> Result<(), String> {
    let mut whole: Table = toml::from_str(experiment).map_err(|error| error.to_string())?;
    whole.remove("study");
    if fragment.contains_key("budget") {
        leave_open(&mut whole);
    }
    lay_over(&mut whole, fragment);
    let text = toml::to_string(&whole).map_err(|error| error.to_string())?;
    if fragment.contains_key("study") {
        let study = Study::from_toml(&text, Path::new("block"), &StudyChanges::default());
        return study.map(drop).map_err(|error| error.to_string());
    }
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let path = folder.path().join("experiment.toml");
    fs::write(&path, text).map_err(|error| error.to_string())?;
    let spec = ExperimentSpec::load_with(&path, &[]).map_err(|error| error.to_string())?;
    let plan = Plan::resolve(spec, None, &ContextLibrary::embedded());
    plan.map(drop).map_err(|error| error.to_string())
}

/// Leaves out how long the stages run, which a budget says.
fn leave_open(experiment: &mut Table) {
    for stage in experiment
        .get_mut("stage")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        let kind = stage
            .get("kind")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        let Some(training) = stage.get_mut("training").and_then(Value::as_table_mut) else {
            continue;
        };
        match kind.as_str() {
            "midtrain" => training.remove("budget_tokens"),
            "grpo" => training.remove("steps"),
            _ => None,
        };
    }
}

/// Lays a fragment over an experiment: tables are merged, stages are added, everything else is replaced.
fn lay_over(experiment: &mut Table, fragment: &Table) {
    for (key, value) in fragment {
        match key.as_str() {
            "stage" => {
                let stages = experiment.get_mut(key).and_then(Value::as_array_mut);
                if let (Some(stages), Some(new)) = (stages, value.as_array()) {
                    stages.extend(new.iter().cloned());
                }
            }
            top if TOP.contains(&top) => merge(experiment, key, value),
            _ => {
                let stages = experiment.get_mut("stage").and_then(Value::as_array_mut);
                let is_grpo =
                    |stage: &&mut Value| stage.get("kind").and_then(Value::as_str) == Some("grpo");
                let stage = stages.and_then(|stages| stages.iter_mut().find(is_grpo));
                let training = stage.and_then(|stage| stage.get_mut("training"));
                if let Some(training) = training.and_then(Value::as_table_mut) {
                    merge(training, key, value);
                }
            }
        }
    }
}

fn merge(table: &mut Table, key: &str, value: &Value) {
    match (table.get_mut(key).and_then(Value::as_table_mut), value) {
        (Some(old), Value::Table(new)) => {
            new.iter().for_each(|(key, value)| merge(old, key, value))
        }
        _ => {
            table.insert(key.to_owned(), value.clone());
        }
    }
}
