//! Reads JSON lines, passes over unreadable ones, and writes the others to a file that appears when
//! it is whole.
//!
//! `cargo run -p interplay-files --example clean_records`

use std::fs;

use interplay_files::{FileError, RecordReader, RecordWriter};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
struct Answer {
    id: u64,
    text: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let (given, cleaned) = (
        folder.path().join("given.jsonl"),
        folder.path().join("cleaned.jsonl"),
    );
    // A byte order mark, a bare NaN, an unfinished line and a record of another kind.
    let lines = concat!(
        "\u{feff}{\"id\": 1, \"text\": \"42\", \"loss\": NaN}\r\n",
        "{\"id\": 2, \"te\n",
        "{\"id\": 3, \"text\": \"43\"}\n",
        "{\"id\": \"four\", \"text\": \"44\"}\n",
    );
    fs::write(&given, lines).map_err(FileError::io("write", &given))?;

    let mut reader = RecordReader::open(&given)?.skip_unreadable(true);
    let mut writer = RecordWriter::create(&cleaned)?;
    while let Some((_, answer)) = reader.next::<Answer>("an answer with `id` and `text`")? {
        writer.record(&answer)?;
    }
    assert!(!cleaned.exists());
    writer.finish()?;

    print!("{}", interplay_files::read_text(&cleaned)?);
    println!("{} lines were skipped:", reader.skipped().count);
    for error in &reader.skipped().first {
        println!("  {error}");
    }
    Ok(())
}
