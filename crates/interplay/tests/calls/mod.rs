//! Calls of the command `interplay` in a folder of their own, and what they leave there.

#![allow(dead_code, reason = "no test needs all of them")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// A command line in a folder; arguments are separated by spaces.
pub fn command(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_interplay"));
    command
        .args(arguments.split_whitespace())
        .current_dir(folder);
    command
}

/// Calls the command in a folder.
pub fn call(folder: &Path, arguments: &str) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Calls the command, which must succeed; gives back what it prints.
pub fn succeed(folder: &Path, arguments: &str) -> String {
    let output = call(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{arguments}` failed:\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Calls the command, which must refuse with one message that has all these parts, and must leave
/// the folder as it was.
pub fn refuse(folder: &Path, arguments: &str, parts: &[&str]) {
    let before = content(folder);
    let output = call(folder, arguments);
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "`{arguments}`:\n{message}");
    assert!(output.stdout.is_empty(), "`{arguments}` printed something");
    assert_eq!(
        message.matches("error: ").count(),
        1,
        "`{arguments}`:\n{message}"
    );
    for part in parts {
        assert!(
            message.contains(part),
            "`{arguments}` does not say `{part}`:\n{message}"
        );
    }
    assert_eq!(content(folder), before, "`{arguments}` changed something");
}

/// Every file below a folder with its bytes, sorted by name.
pub fn content(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                files.push((path.display().to_string(), Vec::new()));
                folders.push(path);
            } else {
                files.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }
    files.sort();
    files
}

/// The records of a JSONL file.
pub fn records(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub fn write_records(path: &Path, records: &[Value]) {
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    fs::write(path, lines).unwrap();
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
