//! Records as other programs write them, read from every kind of file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use interplay_files::{FileError, RecordReader, RecordWriter};
use serde_json::{Value, json};

fn packed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

/// The text as a plain and as a compressed file.
fn files(folder: &Path, text: impl AsRef<[u8]>) -> [PathBuf; 2] {
    let [plain, gz] = ["in.jsonl", "in.jsonl.gz"].map(|name| folder.join(name));
    fs::write(&plain, &text).unwrap();
    fs::write(&gz, packed(text.as_ref())).unwrap();
    [plain, gz]
}

fn all(reader: &mut RecordReader) -> Result<Vec<(u64, Value)>, FileError> {
    let mut records = Vec::new();
    while let Some(record) = reader.next("a value")? {
        records.push(record);
    }
    Ok(records)
}

fn read(path: &Path) -> Result<Vec<(u64, Value)>, FileError> {
    all(&mut RecordReader::open(path)?)
}

#[test]
fn plain_and_compressed_files_read_alike() {
    let folder = tempfile::tempdir().unwrap();
    for path in files(folder.path(), "1\n\n  \n2") {
        let mut reader = RecordReader::open(path).unwrap();
        let records = all(&mut reader).unwrap();
        assert_eq!(records, [(1, json!(1)), (4, json!(2))]);
        let (size, done) = reader.progress();
        assert_eq!(size, done);
    }
    // What a file holds counts, not only its name.
    let path = folder.path().join("compressed");
    fs::write(&path, packed(b"1\n")).unwrap();
    assert_eq!(read(&path).unwrap(), [(1, json!(1))]);
    fs::write(folder.path().join("empty.gz"), "").unwrap();
    assert_eq!(read(&folder.path().join("empty.gz")).unwrap(), []);
}

#[test]
fn byte_order_marks_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    // At the start, on a line of its own, and where files were joined; with CR LF.
    let text = "\u{feff}1\r\n\u{feff}\r\n\u{feff}\u{feff} {\"a\": \"\u{feff}\"}\r\n2\r\n";
    for path in files(folder.path(), text) {
        let records = read(&path).unwrap();
        let expected = [(1, json!(1)), (3, json!({"a": "\u{feff}"})), (4, json!(2))];
        assert_eq!(records, expected);
    }
    let path = folder.path().join("sixteen.jsonl");
    fs::write(&path, b"\xff\xfe{\0}\0").unwrap();
    let message = RecordReader::open(&path).unwrap_err().to_string();
    assert!(message.contains("UTF-16"), "{message}");
}

#[test]
fn what_json_lacks_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let text = concat!(
        r#"{"id": "\ud83d", "\udc00": [NaN, {"x": -Infinity}], "text": "NaN \ud83d\ude00"}"#,
        "\n[Infinity]\n"
    );
    for path in files(folder.path(), text) {
        let expected = json!({
            "id": "\u{fffd}", "\u{fffd}": [null, {"x": null}], "text": "NaN \u{1f600}",
        });
        let records = read(&path).unwrap();
        assert_eq!(records, [(1, expected), (2, json!([null]))]);
    }
    for path in files(folder.path(), b"\"a\xffb\"\n") {
        assert_eq!(read(&path).unwrap(), [(1, json!("a\u{fffd}b"))]);
    }
}

#[test]
fn an_unreadable_line_is_named_or_skipped() {
    let folder = tempfile::tempdir().unwrap();
    for path in files(folder.path(), "[1]\nnot JSON\n[3]\n[4,") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let message = read(&path).unwrap_err().to_string();
        assert!(message.contains(&format!("{name}, line 2: ")), "{message}");
        let mut reader = RecordReader::open(&path).unwrap().skip_unreadable(true);
        let records = all(&mut reader).unwrap();
        assert_eq!(records, [(1, json!([1])), (3, json!([3]))]);
        let skipped = reader.skipped();
        assert_eq!((skipped.count, skipped.first.len()), (2, 2));
        let message = skipped.first[1].to_string();
        let cut =
            "line 4: EOF while parsing a value at column 3, the line is cut off; expected a value";
        assert!(message.contains(cut), "{message}");
    }
    let mut reader = RecordReader::open(folder.path().join("in.jsonl")).unwrap();
    reader.next::<Value>("a value").unwrap();
    let error = reader.error("too large");
    assert!(reader.reject(error).is_err());
}

#[test]
fn all_bad_records_are_reported_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let lines = |count: u64| -> String {
        let line = |number: u64| match number % 4 {
            3 => "not JSON\n".to_owned(),
            _ => format!("{number}\n"),
        };
        (1..=count).map(line).collect()
    };
    for path in files(folder.path(), lines(12)) {
        let mut reader = RecordReader::open(&path).unwrap().report_all();
        assert_eq!(all(&mut reader).unwrap().len(), 9);
        // A record that turns out to be bad later is listed at its position.
        reader.reject(reader.error_at(4, "too large")).unwrap();
        let message = reader.finish().unwrap_err().to_string();
        let list: Vec<&str> = message.lines().collect();
        assert!(
            list[0].ends_with(": 4 records cannot be used:"),
            "{message}"
        );
        for (line, number) in list[1..].iter().zip([3, 4, 7, 11]) {
            assert!(line.contains(&format!(", line {number}: ")), "{message}");
        }
        reader.finish().unwrap();

        let mut reader = RecordReader::open(&path).unwrap().report_all();
        reader.next::<Value>("a value").unwrap();
        reader.reject(reader.error("too small")).unwrap();
        let message = reader.finish().unwrap_err().to_string();
        assert!(message.ends_with(", line 1: too small"), "{message}");
    }
    for path in files(folder.path(), lines(100)) {
        let mut reader = RecordReader::open(&path).unwrap().report_all();
        all(&mut reader).unwrap();
        let message = reader.finish().unwrap_err().to_string();
        assert!(message.contains(": 25 records") && message.ends_with("\n  and 5 more"));
        let skipping = RecordReader::open(&path).unwrap().skip_unreadable(true);
        let mut reader = skipping.report_all();
        all(&mut reader).unwrap();
        reader.finish().unwrap();
        let skipped = reader.skipped();
        assert_eq!((skipped.count, skipped.first.len()), (25, 20));
    }
}

#[test]
fn broken_compression_is_an_error_even_where_lines_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.jsonl.gz");
    let lines: String = (0..10_000).map(|line| format!("{line}\n")).collect();
    let bytes = packed(lines.as_bytes());
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let mut reader = RecordReader::open(&path).unwrap().skip_unreadable(true);
    let message = all(&mut reader).unwrap_err().to_string();
    assert!(message.contains("in.jsonl.gz, line "), "{message}");
    fs::write(&path, "1\n").unwrap();
    assert!(read(&path).is_err());
    assert!(RecordReader::open(folder.path()).is_err());
    assert!(RecordReader::open(folder.path().join("gone")).is_err());
}

#[test]
fn written_records_read_back_and_parquet_is_not_pretended() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["out.jsonl", "out.jsonl.gz"] {
        let path = folder.path().join(name);
        let mut output = RecordWriter::create(&path).unwrap();
        output.record(&json!({"a": 1})).unwrap();
        assert!(!path.exists());
        output.finish().unwrap();
        assert_eq!(read(&path).unwrap(), [(1, json!({"a": 1}))]);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let message = RecordWriter::create(folder.path().join("out.parquet")).unwrap_err();
    assert!(message.to_string().contains(".jsonl"), "{message}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_is_refused_by_a_build_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.parquet");
    fs::write(&path, "PAR1").unwrap();
    let message = read(&path).unwrap_err().to_string();
    assert!(message.contains("feature `parquet`"), "{message}");
}

#[cfg(feature = "parquet")]
mod parquet_files {
    use std::fs::File;
    use std::sync::Arc;

    use parquet::data_type::{
        BoolType, ByteArray, ByteArrayType, DoubleType, FloatType, Int32Type, Int64Type,
    };
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    use serde::Deserialize;

    use super::*;

    const SCHEMA: &str = "message table {
        optional binary id (UTF8);
        required boolean right;
        required int64 count;
        required int32 small (INTEGER(32, false));
        optional double reward;
        required float share;
        required binary raw;
        optional group texts (LIST) { repeated group list { required binary element (UTF8); } }
    }";

    fn write(path: &Path) {
        let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
        let properties = Arc::new(WriterProperties::default());
        let file = File::create(path).unwrap();
        let mut writer = SerializedFileWriter::new(file, schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        let texts = |texts: &[&str]| texts.iter().map(|text| ByteArray::from(*text)).collect();
        let binary: Vec<Vec<ByteArray>> = vec![texts(&["p-1"]), texts(&["x", "y"])];
        macro_rules! column {
            ($type:ty, $values:expr, $present:expr, $repeated:expr) => {
                let mut column = group.next_column().unwrap().unwrap();
                let column_of = column.typed::<$type>();
                column_of.write_batch($values, $present, $repeated).unwrap();
                column.close().unwrap();
            };
        }
        column!(ByteArrayType, &binary[0], Some(&[1, 0]), None);
        column!(BoolType, &[true, false], None, None);
        column!(Int64Type, &[-7, 8], None, None);
        column!(Int32Type, &[-1, 3], None, None);
        column!(DoubleType, &[f64::NAN, 0.5], Some(&[1, 1]), None);
        column!(FloatType, &[0.25, 0.5], None, None);
        column!(ByteArrayType, &binary[1], None, None);
        column!(
            ByteArrayType,
            &texts_of(),
            Some(&[2, 2, 1]),
            Some(&[0, 1, 0])
        );
        group.close().unwrap();
        writer.close().unwrap();
    }

    fn texts_of() -> Vec<ByteArray> {
        ["a", "b"].map(ByteArray::from).to_vec()
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Typed {
        id: Option<String>,
        right: bool,
        count: i64,
        small: u32,
        reward: Option<f64>,
        raw: String,
        texts: Vec<String>,
        #[serde(default)]
        absent: Option<u8>,
    }

    #[test]
    fn rows_read_like_lines() {
        let folder = tempfile::tempdir().unwrap();
        // Known by what it holds, whatever its name.
        for name in ["in.parquet", "table"] {
            let path = folder.path().join(name);
            write(&path);
            let mut reader = RecordReader::open(&path).unwrap();
            let (number, first) = reader.next::<Typed>("a row").unwrap().unwrap();
            let expected = Typed {
                id: Some("p-1".into()),
                right: true,
                count: -7,
                small: u32::MAX,
                reward: None,
                raw: "x".into(),
                texts: vec!["a".into(), "b".into()],
                absent: None,
            };
            assert_eq!((number, first), (1, expected));
            let (number, second) = reader.next::<Value>("a row").unwrap().unwrap();
            let expected = json!({
                "id": null, "right": false, "count": 8, "small": 3, "reward": 0.5, "share": 0.5,
                "raw": "y", "texts": [],
            });
            assert_eq!((number, second), (2, expected));
            assert_eq!(reader.next::<Value>("a row").unwrap(), None);
            let (size, done) = reader.progress();
            assert_eq!(size, done);
        }
    }

    #[test]
    fn rows_of_another_kind_and_broken_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.parquet");
        write(&path);
        #[derive(Debug, Deserialize)]
        struct Other {
            #[expect(dead_code)]
            missing: u8,
        }
        let mut reader = RecordReader::open(&path).unwrap();
        let message = reader.next::<Other>("a row").unwrap_err().to_string();
        assert!(
            message.contains("in.parquet, row 1: missing field `missing`; expected a row"),
            "{message}"
        );
        let mut reader = RecordReader::open(&path).unwrap().skip_unreadable(true);
        assert!(reader.next::<Other>("a row").unwrap().is_none());
        assert_eq!(reader.skipped().count, 2);

        let bytes = fs::read(&path).unwrap();
        for cut in [0, 3, 4, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            let message = read(&path).unwrap_err().to_string();
            assert!(message.contains("in.parquet"), "{message}");
        }
        // Flipped bytes are an error or other values, never a panic or an endless file.
        std::panic::set_hook(Box::new(|_| {}));
        for at in 0..bytes.len() {
            let mut broken = bytes.clone();
            broken[at] ^= 0xff;
            fs::write(&path, &broken).unwrap();
            let _ = read(&path);
        }
    }
}
