//! Calls of the command `interplay` in a folder of their own, and what they leave there.

#![allow(dead_code, reason = "no test needs all of them")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
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

/// Writes bytes, compressed.
pub fn write_gz(path: &Path, bytes: &[u8]) {
    let mut encoder = GzEncoder::new(fs::File::create(path).unwrap(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap();
}

/// A column of a table.
pub enum Column<'a> {
    Texts(&'a [&'a str]),
    Numbers(&'a [i64]),
    Flags(&'a [bool]),
}

/// Writes a table as Parquet, as another program would: one row group, nothing null.
pub fn write_table(path: &Path, columns: &[(&str, Column<'_>)]) {
    let fields = columns.iter().map(|(name, column)| match column {
        Column::Texts(_) => format!("required binary {name} (UTF8);"),
        Column::Numbers(_) => format!("required int64 {name};"),
        Column::Flags(_) => format!("required boolean {name};"),
    });
    let schema = format!("message table {{ {} }}", fields.collect::<String>());
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let file = fs::File::create(path).unwrap();
    let properties = Arc::new(WriterProperties::default());
    let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for (_, values) in columns {
        let mut column = group.next_column().unwrap().unwrap();
        match values {
            Column::Texts(texts) => {
                let texts: Vec<ByteArray> = texts.iter().map(|text| (*text).into()).collect();
                let typed = column.typed::<ByteArrayType>();
                typed.write_batch(&texts, None, None).unwrap();
            }
            Column::Numbers(numbers) => {
                let typed = column.typed::<Int64Type>();
                typed.write_batch(numbers, None, None).unwrap();
            }
            Column::Flags(flags) => {
                let typed = column.typed::<BoolType>();
                typed.write_batch(flags, None, None).unwrap();
            }
        }
        column.close().unwrap();
    }
    group.close().unwrap();
    writer.close().unwrap();
}

pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}
