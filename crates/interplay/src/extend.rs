//! Experiments that extend another one: `extends = "staged"` takes everything from that preset, or from a file such as
//! `"common.toml"` beside the file, which then says only what differs.
//!
//! Top-level tables such as `evaluate` are merged key by key. Stages are added after those that are there; one that has
//! the name of a stage that is there changes it, as `like` does (`inherit.rs`), and `without` leaves stages out, which
//! others can still be `like`. A file with `init` takes over neither `tokenizer` nor `model`. A table `[study]` is never taken over.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::error::InterplayError;
use crate::inherit::{LEFT_OUT, change, named};
use crate::stage::INIT;

const EXTENDS: &str = "extends";
const WITHOUT: &str = "without";

/// How many files may extend one another in a row.
const DEEPEST: usize = 8;

/// Reads an experiment from text and writes out what it extends; `presets` are the names and texts that it may name,
/// and `origin` is its file, for messages and to find files beside it.
///
/// # Errors
/// Text that is not TOML, a file or preset that is not there, and stages to leave out that are not there.
pub(crate) fn read_extended(
    text: &str,
    origin: &Path,
    presets: &[(&str, &str)],
) -> Result<Table, InterplayError> {
    read(text, origin, presets, 0)
}

fn read(
    text: &str,
    origin: &Path,
    presets: &[(&str, &str)],
    depth: usize,
) -> Result<Table, InterplayError> {
    let bad = |reason: String| InterplayError::BadSpec {
        path: origin.to_owned(),
        reason,
    };
    let mut own: Table = toml::from_str(text).map_err(|error| bad(error.to_string()))?;
    let Some(extended) = own.remove(EXTENDS) else {
        return match own.get(WITHOUT) {
            None => Ok(own),
            Some(_) => Err(bad(format!(
                "key `{WITHOUT}`: expected only beside `{EXTENDS}`"
            ))),
        };
    };
    let known = || {
        presets
            .iter()
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let Some(name) = extended.as_str() else {
        let expected = format!("a preset ({}) or a file, as a text", known());
        return Err(bad(format!(
            "key `{EXTENDS}`: found {extended}, expected {expected}"
        )));
    };
    if depth == DEEPEST {
        return Err(bad(format!(
            "key `{EXTENDS}`: more than {DEEPEST} files extend one another; is one of them its own parent?"
        )));
    }
    let preset = presets.iter().find(|(known, _)| *known == name);
    let parent = match preset {
        Some((name, text)) => read(text, Path::new(name), presets, depth + 1)?,
        None if name.ends_with(".toml") => {
            let path = origin.parent().unwrap_or(Path::new("")).join(name);
            let text = fs::read_to_string(&path).map_err(InterplayError::io("read", &path))?;
            read(&text, &path, presets, depth + 1)?
        }
        None => {
            let expected = format!("a preset ({}) or a file that ends in .toml", known());
            return Err(bad(format!(
                "key `{EXTENDS}`: found `{name}`, expected {expected}"
            )));
        }
    };
    extend(parent, own).map_err(bad)
}

/// Puts what an experiment says over what it extends.
fn extend(mut whole: Table, mut own: Table) -> Result<Table, String> {
    whole.remove("study");
    if own.contains_key(INIT) {
        // The folder gives both.
        whole.remove("tokenizer");
        whole.remove("model");
    }
    let mut stages = take_stages(&mut whole)?;
    for name in take_names(&mut own)? {
        let Some(Value::Table(left_out)) = stages.iter_mut().find(|stage| named(stage, &name))
        else {
            let there: Vec<&str> = stages.iter().filter_map(name_of).collect();
            let there = there.join(", ");
            return Err(format!(
                "key `{WITHOUT}`: found {name}, expected one of the stages that are there: {there}"
            ));
        };
        left_out.insert(LEFT_OUT.to_owned(), true.into());
    }
    for stage in take_stages(&mut own)? {
        let name = stage.get("name");
        let same = stages
            .iter()
            .position(|there| name.is_some_and(|name| named(there, name)));
        match (same.map(|place| (place, &mut stages[place])), stage) {
            (Some((place, Value::Table(there))), stage) if there.contains_key(LEFT_OUT) => {
                stages.remove(place);
                stages.push(stage);
            }
            (Some((_, Value::Table(there))), Value::Table(stage)) => change(there, stage),
            (_, stage) => stages.push(stage),
        }
    }
    for (key, value) in own {
        match (whole.get_mut(&key), value) {
            (Some(Value::Table(there)), Value::Table(value)) => there.extend(value),
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
    whole.insert("stage".into(), Value::Array(stages));
    Ok(whole)
}

fn take_stages(table: &mut Table) -> Result<Vec<Value>, String> {
    match table.remove("stage") {
        None => Ok(Vec::new()),
        Some(Value::Array(stages)) => Ok(stages),
        Some(other) => Err(format!(
            "key `stage`: found {}, expected tables `[[stage]]`",
            other.type_str()
        )),
    }
}

/// The stages to leave out.
fn take_names(table: &mut Table) -> Result<Vec<Value>, String> {
    match table.remove(WITHOUT) {
        None => Ok(Vec::new()),
        Some(Value::Array(names)) => Ok(names),
        Some(other) => Err(format!(
            "key `{WITHOUT}`: found {other}, expected a list of the names of stages"
        )),
    }
}

fn name_of(stage: &Value) -> Option<&str> {
    stage.get("name")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESETS: [(&str, &str); 2] = [
        (
            "whole",
            r#"
            name = "whole"
            [study]
            question = "?"
            [evaluate]
            completions = 4
            ks = [1]
            data = { op = 2 }
            [[stage]]
            name = "base"
            kind = "pretrain"
            [stage.training]
            budget_tokens = 10
            rows = 2
            [[stage]]
            name = "more"
            kind = "midtrain"
            "#,
        ),
        ("itself", "extends = 'itself'"),
    ];

    fn read(text: &str) -> Result<Table, String> {
        let read = read_extended(text, Path::new("own.toml"), &PRESETS);
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn says_only_what_differs() {
        let found = read(
            r#"
            name = "own"
            extends = "whole"
            without = ["more"]
            [evaluate]
            completions = 8
            [[stage]]
            name = "base"
            training = { budget_tokens = 20 }
            [[stage]]
            name = "other"
            like = "base"
            "#,
        )
        .unwrap();
        let wanted: Table = toml::from_str(
            r#"
            name = "own"
            [evaluate]
            completions = 8
            ks = [1]
            data = { op = 2 }
            [[stage]]
            name = "base"
            kind = "pretrain"
            training = { budget_tokens = 20, rows = 2 }
            [[stage]]
            name = "more"
            kind = "midtrain"
            left-out = true
            [[stage]]
            name = "other"
            like = "base"
            "#,
        )
        .unwrap();
        assert_eq!(found, wanted);
    }

    #[test]
    fn a_stage_that_is_left_out_can_be_defined_anew() {
        let text = "extends = 'whole'\nwithout = ['base']\n[[stage]]\nname = 'base'\nkind = 'grpo'";
        let found = read(text).unwrap();
        let stages = found["stage"].as_array().unwrap();
        let names: Vec<Option<&str>> = stages.iter().map(name_of).collect();
        assert_eq!(names, [Some("more"), Some("base")]);
        assert_eq!(stages[1].as_table().map(Table::len), Some(2));
    }

    #[test]
    fn reads_files_beside_the_file() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(
            folder.path().join("common.toml"),
            "extends = 'whole'\nseed = 3",
        )
        .unwrap();
        let own = folder.path().join("own.toml");
        let found = read_extended("extends = 'common.toml'", &own, &PRESETS).unwrap();
        assert_eq!(
            (&found["seed"], &found["name"]),
            (&3.into(), &"whole".into())
        );
        let missing = read_extended("extends = 'none.toml'", &own, &PRESETS).unwrap_err();
        assert!(missing.to_string().contains("none.toml"), "{missing}");
    }

    #[test]
    fn says_what_cannot_be_extended() {
        for (text, expected) in [
            (
                "extends = 'stagd'",
                "found `stagd`, expected a preset (whole, itself) or a file",
            ),
            ("extends = 3", "found 3, expected a preset"),
            ("extends = 'itself'", "more than 8 files"),
            ("without = ['base']", "only beside `extends`"),
            (
                "extends = 'whole'\nwithout = ['bas']",
                "found \"bas\", expected one of the stages that are there: base, more",
            ),
            ("extends = 'whole'\nwithout = 'base'", "expected a list"),
            ("extends = 'whole'\nstage = 3", "expected tables"),
        ] {
            let message = read(text).unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
