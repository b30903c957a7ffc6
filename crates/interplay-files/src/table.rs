//! A table for data frames, as CSV, JSON lines or Parquet.
//!
//! Source: RFC 4180 for CSV, with LF at the end of lines, as pandas and polars write it.

use std::path::Path;

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::column::{Column, Value};
use crate::record_writer::TextOutput;
use crate::records::ends_in;
use crate::{FileError, RecordWriter, check_output};

/// Named columns of the same length.
///
/// ```
/// use interplay_files::{Column, Table};
///
/// let table = Table::new([
///     ("op", Column::Texts(vec![Some("4".into()), None])),
///     ("problems", Column::Integers(vec![24, 48])),
///     ("estimate", Column::Numbers(vec![Some(0.5), Some(0.25)])),
/// ]);
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.csv");
/// table.write(&path)?;
/// assert_eq!(std::fs::read_to_string(&path)?, "op,problems,estimate\n4,24,0.5\n,48,0.25\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<(&'static str, Column)>,
}

/// A row as a JSON object with the columns in their order.
struct Row<'t>(&'t Table, usize);

impl Serialize for Row<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(table, row) = self;
        let mut map = serializer.serialize_map(Some(table.columns.len()))?;
        for (name, column) in &table.columns {
            map.serialize_entry(name, &column.value(*row))?;
        }
        map.end()
    }
}

/// What a file of this name holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    JsonLines,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        let bare = path.with_extension("");
        let path = match ends_in(path, "gz") {
            true => bare.as_path(),
            false if ends_in(path, "parquet") => return Some(Self::Parquet),
            false => path,
        };
        match path.extension()?.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

impl Table {
    /// # Panics
    /// Where columns have different lengths.
    #[must_use]
    pub fn new(columns: impl IntoIterator<Item = (&'static str, Column)>) -> Self {
        let columns: Vec<_> = columns.into_iter().collect();
        if let Some((first, column)) = columns.first() {
            for (name, other) in &columns {
                assert_eq!(other.len(), column.len(), "rows of `{name}` and `{first}`");
            }
        }
        Self { columns }
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Refuses a file that a table cannot be written to, before any work is done.
    ///
    /// # Errors
    /// What [`check_output`] refuses, a name that says none of the formats, and Parquet in a build
    /// without the feature `parquet`.
    pub fn check_output(path: &Path) -> Result<(), FileError> {
        format(path)?;
        check_output(path)
    }

    /// Writes the table as CSV (`.csv`), JSON lines (`.jsonl`), either compressed (`.gz` after it), or
    /// Parquet (`.parquet`). The file appears when it is complete; an existing one is replaced.
    ///
    /// # Errors
    /// As for [`Table::check_output`], and data that cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), FileError> {
        let path = path.as_ref();
        match format(path)? {
            Format::Csv => self.write_csv(path),
            Format::JsonLines => {
                let mut output = RecordWriter::create(path)?;
                for row in 0..self.len() {
                    output.record(&Row(self, row))?;
                }
                output.finish()
            }
            #[cfg(feature = "parquet")]
            Format::Parquet => crate::parquet_table::write(path, &self.columns),
            #[cfg(not(feature = "parquet"))]
            Format::Parquet => Err(without_parquet(path)),
        }
    }

    fn write_csv(&self, path: &Path) -> Result<(), FileError> {
        let mut output = TextOutput::create(path)?;
        let names = self.columns.iter().map(|(name, _)| quoted(name));
        output.text(&line(names))?;
        for row in 0..self.len() {
            let values = self.columns.iter().map(|(_, column)| column.value(row));
            output.text(&line(values.map(|value| match value {
                Value::None => String::new(),
                Value::Text(text) => quoted(text),
                Value::Integer(number) => number.to_string(),
                Value::Number(number) => number.to_string(),
            })))?;
        }
        output.finish()
    }
}

fn format(path: &Path) -> Result<Format, FileError> {
    let not_an_output = |reason| FileError::NotAnOutput {
        path: path.to_owned(),
        reason,
    };
    match Format::of(path) {
        None => Err(not_an_output(
            "its name does not say what it is to hold; expected a name that ends in .csv, .jsonl \
             (or either with .gz) or .parquet",
        )),
        Some(Format::Parquet) if cfg!(not(feature = "parquet")) => Err(without_parquet(path)),
        Some(format) => Ok(format),
    }
}

fn without_parquet(path: &Path) -> FileError {
    FileError::NotAnOutput {
        path: path.to_owned(),
        reason: "this program was built without the feature `parquet`; build it with that feature, or \
                 choose a name that ends in .csv or .jsonl",
    }
}

fn line(values: impl Iterator<Item = String>) -> String {
    let mut line = values.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// A text in quotes, where it needs them. An empty text is told from no value by its quotes.
fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']);
    match plain {
        true => text.to_owned(),
        false => format!("\"{}\"", text.replace('"', "\"\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordReader;
    use serde_json::{Value as Json, json};

    fn table() -> Table {
        let texts = ["zoo", "a \"b\", c", ""].map(|text| Some(text.to_owned()));
        let mut texts = texts.to_vec();
        texts.push(None);
        Table::new([
            ("context", Column::Texts(texts)),
            ("problems", Column::Integers(vec![1, -2, 3, 4])),
            (
                "share",
                Column::Numbers(vec![Some(0.1), None, Some(1.0), Some(0.0)]),
            ),
        ])
    }

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.csv");
        table().write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(
            text,
            "context,problems,share\nzoo,1,0.1\n\"a \"\"b\"\", c\",-2,\n\"\",3,1\n,4,0\n"
        );
    }

    #[test]
    fn rows_read_back_from_every_format() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a.jsonl", "a.jsonl.gz", "a.parquet"];
        let readable = if cfg!(feature = "parquet") { 3 } else { 2 };
        for name in &names[..readable] {
            let path = folder.path().join(name);
            table().write(&path).unwrap();
            let mut reader = RecordReader::open(&path).unwrap();
            let mut rows = Vec::new();
            while let Some((_, row)) = reader.next::<Json>("a row").unwrap() {
                rows.push(row);
            }
            let expected = [
                json!({"context": "zoo", "problems": 1, "share": 0.1}),
                json!({"context": "a \"b\", c", "problems": -2, "share": null}),
                json!({"context": "", "problems": 3, "share": 1.0}),
                json!({"context": null, "problems": 4, "share": 0.0}),
            ];
            assert_eq!(rows, expected, "{name}");
        }
        let order = std::fs::read_to_string(folder.path().join("a.jsonl")).unwrap();
        assert!(order.starts_with("{\"context\":\"zoo\",\"problems\":1,\"share\":0.1}\n"));
    }

    #[test]
    fn a_name_that_says_no_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "a.gz", "a.txt", "a.parquet.gz", "a.json"] {
            let error = table().write(folder.path().join(name)).unwrap_err();
            assert!(error.to_string().contains(".csv, .jsonl"), "{error}");
        }
        let gone = folder.path().join("gone/a.csv");
        assert!(Table::check_output(&gone).is_err());
        #[cfg(not(feature = "parquet"))]
        {
            let error = Table::check_output(&folder.path().join("a.parquet")).unwrap_err();
            assert!(error.to_string().contains("feature `parquet`"), "{error}");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
