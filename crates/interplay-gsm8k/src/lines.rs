//! JSON lines as other programs write them.
//!
//! Python's `json` writes `NaN`, `Infinity` and `-Infinity` for numbers that JSON lacks. Other
//! programs begin a text with a byte order mark and end its lines in CR LF.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use serde::de::DeserializeOwned;

use crate::LineFault;

/// Numbers that JSON lacks; each counts as `null`.
const NO_NUMBERS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Opens a file of lines, compressed by gzip or not, whatever its name.
pub(crate) fn open(path: &Path) -> io::Result<Box<dyn BufRead>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    let mut file = BufReader::new(file);
    Ok(match file.fill_buf()?.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(BufReader::new(MultiGzDecoder::new(file))),
        false => Box::new(file),
    })
}

/// The records of a text, each with its line from 1. Blank lines count and are ignored.
pub(crate) fn records<T: DeserializeOwned>(
    mut input: impl BufRead,
) -> impl Iterator<Item = io::Result<(u64, Result<T, LineFault>)>> {
    let mut number = 0;
    let mut line = Vec::new();
    std::iter::from_fn(move || {
        loop {
            line.clear();
            match input.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            number += 1;
            let text = match number {
                1 => line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line),
                _ => &line,
            };
            if !text.trim_ascii().is_empty() {
                return Some(Ok((number, record(text.trim_ascii_end()))));
            }
        }
    })
}

fn record<T: DeserializeOwned>(line: &[u8]) -> Result<T, LineFault> {
    let read = serde_json::from_slice(line).or_else(|error| match without_nan(line) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    });
    read.map_err(|error| {
        let reason = error.to_string();
        let end = reason.rfind(" at line ").unwrap_or(reason.len());
        LineFault::Json {
            reason: reason[..end].to_owned(),
            column: error.column(),
        }
    })
}

/// The line with `null` for numbers that JSON lacks; none where there are none.
fn without_nan(line: &[u8]) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(line.len());
    let (mut at, mut in_text) = (0, false);
    while let Some(&byte) = line.get(at) {
        let word = NO_NUMBERS
            .iter()
            .find(|word| !in_text && line[at..].starts_with(word));
        if let Some(word) = word {
            output.extend_from_slice(b"null");
            at += word.len();
            continue;
        }
        let length = match byte {
            b'\\' if in_text => 2.min(line.len() - at),
            _ => 1,
        };
        in_text ^= byte == b'"';
        output.extend_from_slice(&line[at..at + length]);
        at += length;
    }
    (output != line).then_some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_other_programs_write() {
        let text = "\u{feff}{\"a\": 1, \"b\": NaN}\r\n\r\n  \n{\"a\": 2, \"b\": [-Infinity, \"NaN \\\" NaN\"]}";
        #[derive(serde::Deserialize)]
        struct Record {
            a: u64,
        }
        let read: Vec<_> = records::<Record>(text.as_bytes())
            .map(|read| read.unwrap())
            .collect();
        let read: Vec<_> = read
            .into_iter()
            .map(|(line, read)| (line, read.unwrap().a))
            .collect();
        assert_eq!(read, [(1, 1), (4, 2)]);
    }

    #[test]
    fn texts_are_left_alone() {
        assert_eq!(without_nan(br#"{"a": "NaN", "NaN\"": 1}"#), None);
        assert_eq!(without_nan(b"\"\\"), None);
        let mended = without_nan(br#"["NaN", NaN, Infinity]"#).unwrap();
        assert_eq!(mended, br#"["NaN", null, null]"#);
    }

    #[test]
    fn a_fault_has_a_reason_and_a_column() {
        let fault = record::<Vec<u64>>(b"[1").unwrap_err().to_string();
        assert!(
            fault.contains("column 2") && !fault.contains("line"),
            "{fault}"
        );
    }
}
